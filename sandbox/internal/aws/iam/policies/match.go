package policies

import (
	"slices"
	"strings"
)

// Match reports whether text matches an IAM pattern, in which * stands for any run of characters (also none) and ? for
// exactly one. It works on bytes, as ARNs and action names are ASCII, and needs no more than len(pattern)*len(text) steps.
func Match(pattern, text string) bool {
	p, t := 0, 0
	star, resume := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			resume++
			p, t = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// ARNParts is the number of colon-separated parts of an ARN; the sixth, the resource, may itself contain colons.
const ARNParts = 6

// MatchARN compares an ARN with a pattern part by part, so that a wildcard cannot reach from one part into the next
// (arn:aws:ecs:*:123456789012:... does not match another account). A pattern that ends early must end in *, which then
// stands for the rest.
func MatchARN(pattern, arn string) bool {
	if pattern == "*" {
		return true
	}
	want := strings.SplitN(pattern, ":", ARNParts)
	got := strings.SplitN(arn, ":", ARNParts)
	last := len(want) - 1
	if len(got) < len(want) {
		return false
	}
	if len(want) < len(got) {
		if !strings.HasSuffix(want[last], "*") {
			return false
		}
		got = append(got[:last:last], strings.Join(got[last:], ":"))
	}
	for i := range want {
		if !Match(want[i], got[i]) {
			return false
		}
	}
	return true
}

// CoversAction reports whether the statement is about that action. IAM ignores the case of actions.
func (s Statement) CoversAction(action string) bool {
	matches := func(pattern string) bool { return Match(strings.ToLower(pattern), strings.ToLower(action)) }
	if len(s.NotActions) > 0 {
		return !slices.ContainsFunc(s.NotActions, matches)
	}
	return slices.ContainsFunc(s.Actions, matches)
}

// CoversResource reports whether the statement is about that resource.
func (s Statement) CoversResource(arn string) bool {
	matches := func(pattern string) bool { return MatchARN(pattern, arn) }
	if len(s.NotResources) > 0 {
		return !slices.ContainsFunc(s.NotResources, matches)
	}
	return slices.ContainsFunc(s.Resources, matches)
}
