package policies

import (
	"strings"

	awspolicy "github.com/hashicorp/awspolicyequivalence"
)

// Equal reports whether the provider shows no difference between two
// policies. It is the provider's own comparison (SuppressEquivalentPolicyDiffs),
// so that a preview here shows what a preview on AWS shows: order and one value
// or a list of it don't matter, the case of actions and of condition keys does.
func Equal(a, b string) bool {
	if a == b || (noPolicy(a) && noPolicy(b)) {
		return true
	}
	equal, err := awspolicy.PoliciesAreEquivalent(a, b)
	return err == nil && equal
}

func noPolicy(text string) bool {
	text = strings.TrimSpace(text)
	return text == "" || text == "{}"
}
