package ecr

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/account/jsontext"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
)

type lifecyclePolicy struct {
	Rules []lifecycleRule `json:"rules"`
}

type lifecycleRule struct {
	RulePriority int    `json:"rulePriority"`
	Description  string `json:"description"`
	Selection    struct {
		TagStatus      string   `json:"tagStatus"`
		TagPrefixList  []string `json:"tagPrefixList"`
		TagPatternList []string `json:"tagPatternList"`
		CountType      string   `json:"countType"`
		CountUnit      string   `json:"countUnit"`
		CountNumber    int      `json:"countNumber"`
	} `json:"selection"`
	Action struct {
		Type string `json:"type"`
	} `json:"action"`
}

// CheckLifecycle returns what PutLifecyclePolicy would refuse, by the rules of
// the ECR user guide, "Lifecycle policy parameters".
func CheckLifecycle(text string) []string {
	var p lifecyclePolicy
	if err := jsontext.Strict(text, &p); err != nil {
		return []string{fmt.Sprintf("Lifecycle policy validation failure: %v", err)}
	}
	if len(p.Rules) == 0 || len(p.Rules) > 50 {
		return []string{fmt.Sprintf("Lifecycle policy validation failure: %d rules, expected 1 to 50", len(p.Rules))}
	}
	var faults []string
	highest := 0
	for _, r := range p.Rules {
		highest = max(highest, r.RulePriority)
	}
	seen := map[int]bool{}
	for i, r := range p.Rules {
		add := func(format string, args ...any) {
			faults = append(faults, fmt.Sprintf("Lifecycle policy validation failure: rules[%d]: ", i)+fmt.Sprintf(format, args...))
		}
		if r.RulePriority < 1 {
			add("rulePriority %d must be at least 1", r.RulePriority)
		}
		if seen[r.RulePriority] {
			add("rulePriority %d is used twice", r.RulePriority)
		}
		seen[r.RulePriority] = true
		if r.Selection.TagStatus == "any" && r.RulePriority != highest {
			add("a rule for any tag must have the highest rulePriority, so that it is evaluated last")
		}
		if r.Action.Type != "expire" {
			add("action.type %q, expected \"expire\"", r.Action.Type)
		}
		checkSelection(r, add)
	}
	return faults
}

func checkSelection(r lifecycleRule, add func(format string, args ...any)) {
	s := r.Selection
	if !slices.Contains([]string{"any", "tagged", "untagged"}, s.TagStatus) {
		add("selection.tagStatus %q, expected any, tagged or untagged", s.TagStatus)
	}
	lists := len(s.TagPrefixList) + len(s.TagPatternList)
	switch {
	case s.TagStatus == "tagged" && lists == 0:
		add("selection.tagPrefixList or tagPatternList is required for tagged images")
	case s.TagStatus == "tagged" && len(s.TagPrefixList) > 0 && len(s.TagPatternList) > 0:
		add("selection has both tagPrefixList and tagPatternList")
	case s.TagStatus != "tagged" && lists > 0:
		add("selection.tagPrefixList and tagPatternList are for tagged images only")
	}
	switch s.CountType {
	case "imageCountMoreThan":
		if s.CountUnit != "" {
			add("selection.countUnit is for sinceImagePushed only")
		}
	case "sinceImagePushed":
		if s.CountUnit != "days" {
			add("selection.countUnit %q, expected \"days\"", s.CountUnit)
		}
	default:
		add("selection.countType %q, expected imageCountMoreThan or sinceImagePushed", s.CountType)
	}
	if s.CountNumber < 1 {
		add("selection.countNumber %d must be at least 1", s.CountNumber)
	}
}

// PushedImage is an image as a lifecycle policy sees it.
type PushedImage struct {
	Digest   string
	Tags     []string
	PushedAt time.Time
}

// ExpiredImages returns the digests of the images that a lifecycle policy expires, by the evaluation rules of the ECR
// user guide: an image belongs to the first rule, by priority, whose tags it matches, and only that rule can expire it;
// later rules count it all the same. It fails on a policy that CheckECRLifecycle would refuse.
func ExpiredImages(policy string, images []PushedImage, now time.Time) ([]string, error) {
	if faults := CheckLifecycle(policy); len(faults) > 0 {
		return nil, errors.New(strings.Join(faults, "; "))
	}
	var p lifecyclePolicy
	if err := jsontext.Strict(policy, &p); err != nil {
		return nil, err
	}
	slices.SortFunc(p.Rules, func(a, b lifecycleRule) int { return cmp.Compare(a.RulePriority, b.RulePriority) })
	images = slices.Clone(images)
	slices.SortStableFunc(images, func(a, b PushedImage) int { return b.PushedAt.Compare(a.PushedAt) })
	var expired []string
	taken := map[string]bool{}
	for _, rule := range p.Rules {
		selected := slices.DeleteFunc(slices.Clone(images), func(i PushedImage) bool { return !rule.selects(i) })
		for n, image := range selected {
			if !taken[image.Digest] && rule.expires(n, now.Sub(image.PushedAt)) {
				expired = append(expired, image.Digest)
			}
			taken[image.Digest] = true
		}
	}
	return expired, nil
}

// selects says whether the rule is for an image with these tags: each prefix and each pattern has to fit one of them.
func (r *lifecycleRule) selects(image PushedImage) bool {
	some := func(fits func(tag string) bool) bool { return slices.ContainsFunc(image.Tags, fits) }
	switch r.Selection.TagStatus {
	case "any":
		return true
	case "untagged":
		return len(image.Tags) == 0
	}
	for _, prefix := range r.Selection.TagPrefixList {
		if !some(func(tag string) bool { return strings.HasPrefix(tag, prefix) }) {
			return false
		}
	}
	for _, pattern := range r.Selection.TagPatternList {
		if !some(func(tag string) bool { return policies.Match(pattern, tag) }) {
			return false
		}
	}
	return true
}

// expires says whether the image at that place from the newest, of that age, is one too many or too old.
func (r *lifecycleRule) expires(place int, age time.Duration) bool {
	if r.Selection.CountType == "sinceImagePushed" {
		return age > time.Duration(r.Selection.CountNumber)*24*time.Hour
	}
	return place >= r.Selection.CountNumber
}
