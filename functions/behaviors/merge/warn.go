package merge

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/pattern"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// defaultErrorTTL is how long CloudFront caches an error answer that has no setting of its own, in seconds (CloudFront
// Developer Guide, "Control how long CloudFront caches errors").
const defaultErrorTTL = 10

// warnings are the settings of the owner that get in the way of our behaviors. They are reported and never changed.
func (c config) warnings(owners Owners, wanted []spec.Behavior) []string {
	mine := c.owned(owners, wanted)
	if len(mine.behaviors) == 0 {
		return nil
	}
	var found []string
	found = append(found, c.rewrittenErrors(wanted)...)
	found = append(found, c.cachedErrors()...)
	found = append(found, c.sharedPaths(mine)...)
	return append(found, c.kindWarnings()...)
}

// rewrittenErrors warns of error pages: they are the distribution's, so they replace our answers too.
func (c config) rewrittenErrors(wanted []spec.Behavior) []string {
	var rules []string
	for _, rule := range c.errors.entries() {
		if page := rule.Text("ResponsePagePath"); page != "" {
			code := rule.Text("ErrorCode")
			rules = append(rules, fmt.Sprintf("%s becomes %s with %s", code, orSame(rule.Text("ResponseCode"), code), page))
		}
	}
	if len(rules) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("custom error responses also replace the answers of %s: %s; "+
		"a single-page site can use a CloudFront function on its own behaviors instead",
		strings.Join(paths(wanted), ", "), strings.Join(rules, ", "))}
}

func orSame(response, code string) string {
	if response == "" {
		return code
	}
	return response
}

// cachedErrors warns that an answer of 503, which the load balancer gives while no task runs, outlives its cause.
func (c config) cachedErrors() []string {
	ttl := defaultErrorTTL
	for _, rule := range c.errors.entries() {
		if rule.Text("ErrorCode") != "503" {
			continue
		}
		if seconds, err := strconv.Atoi(rule.Text("ErrorCachingMinTTL")); err == nil {
			ttl = seconds
		}
	}
	if ttl == 0 {
		return nil
	}
	return []string{fmt.Sprintf("a 503 to a GET is cached for %d s, whatever its Cache-Control; "+
		"a custom error response for 503 with ErrorCachingMinTTL 0 turns that off", ttl)}
}

// sharedPaths warns of requests that match a behavior of ours and one of the owner's.
func (c config) sharedPaths(mine owned) []string {
	var found []string
	for _, b := range mine.behaviors {
		ours, at := pattern.New(b.Text("PathPattern")), c.behaviors.items.Index(b)
		for _, f := range c.foreignBehaviors(mine) {
			theirs, first := pattern.New(f.Text("PathPattern")), c.behaviors.items.Index(f) < at
			if text := shared(ours, theirs, first); text != "" {
				found = append(found, fmt.Sprintf(text, ours, theirs, target(f)))
			}
		}
	}
	return found
}

// shared is the warning for two behaviors that both match some request; its arguments are our pattern, theirs, and
// their origin.
func shared(ours, theirs pattern.Pattern, theirsFirst bool) string {
	switch relation := pattern.Relate(theirs, ours); {
	case relation == pattern.Disjoint || relation == pattern.Broader && !theirsFirst:
		return ""
	case theirsFirst:
		return "of the requests for %[1]s, those that match the owner's %[2]s go to %[3]s"
	case relation == pattern.Narrower:
		return "the owner's %[2]s (%[3]s) is never reached, because our %[1]s comes first"
	default:
		return "requests that match both our %[1]s and the owner's %[2]s come to us, not to %[3]s"
	}
}

func target(b *document.Node) string { return b.Text("TargetOriginId") }
