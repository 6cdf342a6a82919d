package authz

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// glob reports whether s matches the pattern, in which * stands for any run of characters (also none) and ? for
// exactly one. It works on bytes, as ARNs and action names are ASCII, and needs no more than len(pattern)*len(s) steps.
func glob(pattern, s string) bool {
	p, i := 0, 0
	star, resume := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			resume++
			p, i = star+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// matchAction compares action names, which IAM treats as case-insensitive.
func matchAction(pattern, action string) bool {
	return glob(strings.ToLower(pattern), strings.ToLower(action))
}

// arnParts is the number of colon-separated parts of an ARN; the sixth, the resource, may itself contain colons.
const arnParts = 6

// matchARN compares an ARN with a pattern part by part, so that a wildcard cannot reach from one part into the next
// (arn:aws:ecs:*:123456789012:... does not match another account). A pattern that ends early must end in *, which then
// stands for the rest.
func matchARN(pattern, arn string) bool {
	if pattern == "*" {
		return true
	}
	want := strings.SplitN(pattern, ":", arnParts)
	got := strings.SplitN(arn, ":", arnParts)
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
		if !glob(want[i], got[i]) {
			return false
		}
	}
	return true
}

func anyMatch(patterns []string, value string, match func(pattern, value string) bool) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, value) })
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
