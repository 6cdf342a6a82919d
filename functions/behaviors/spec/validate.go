package spec

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/functions/behaviors/pattern"
)

var (
	distributionID = regexp.MustCompile(`^E[A-Z0-9]{6,20}$`)
	owner          = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$`)
	originID       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	hostLabel      = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	policyID       = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

// viewerPolicies are the values of ViewerProtocolPolicy.
var viewerPolicies = []string{"allow-all", "https-only", "redirect-to-https"}

// maxReadTimeout is the longest response timeout that AWS grants on request, in seconds.
const maxReadTimeout = 180

// faults collects what is wrong, each with its field.
type faults []error

func (f *faults) add(field, format string, args ...any) {
	*f = append(*f, fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...)))
}

// require notes a fault of a field unless ok.
func (f *faults) require(ok bool, field string, value any, want string) {
	if !ok {
		f.add(field, "%#v, want %s", value, want)
	}
}

// Validate names every field that CloudFront, or the merge, could not use.
func (in Input) Validate() error {
	var f faults
	f.distribution(in)
	return errors.Join(append(f, in.ValidateContent())...)
}

// ValidateContent is Validate without the distribution's ID, for a configuration that was read from a file.
func (in Input) ValidateContent() error {
	var f faults
	f.owner(in)
	f.require(originID.MatchString(in.Origin.ID), "origin.id", in.Origin.ID,
		"1 to 128 letters, digits, dots, underscores or hyphens, such as alb-origin")
	f.require(isHost(in.Origin.DomainName), "origin.domainName", in.Origin.DomainName,
		"a host name in lower case, such as edit.example.com")
	f.require(in.Origin.ReadTimeoutSeconds >= 1 && in.Origin.ReadTimeoutSeconds <= maxReadTimeout,
		"origin.readTimeoutSeconds", in.Origin.ReadTimeoutSeconds, "1 to 180 seconds")
	f.require(in.Quotas.Behaviors > 0, "quotas.behaviors", in.Quotas.Behaviors, "a positive number")
	f.require(in.Quotas.Origins > 0, "quotas.origins", in.Quotas.Origins, "a positive number")
	f.require(len(in.Behaviors) > 0, "behaviors", len(in.Behaviors), "at least one")
	for i, b := range in.Behaviors {
		f.behavior(fmt.Sprintf("behaviors[%d]", i), b)
	}
	f.order(in.Behaviors)
	f.rights(in)
	return errors.Join(f...)
}

// ValidateForDelete names what is missing to take ours out: no more than where it is and whose it is, so that a fault
// elsewhere never keeps anybody from cleaning up.
func (in Input) ValidateForDelete() error {
	var f faults
	f.distribution(in)
	f.owner(in)
	return errors.Join(f...)
}

func (f *faults) distribution(in Input) {
	f.require(distributionID.MatchString(in.DistributionID), "distributionId", in.DistributionID,
		"a CloudFront distribution ID such as E2QWRUHAPOMQZL")
}

func (f *faults) owner(in Input) {
	f.require(owner.MatchString(in.Owner), "owner", in.Owner,
		"1 to 128 letters, digits, dots, underscores, slashes or hyphens, such as webordinary-live-edit/prod")
}

func (f *faults) behavior(field string, b Behavior) {
	if err := pattern.Check(b.PathPattern); err != nil {
		f.add(field+".pathPattern", "%v", err)
	}
	f.require(isMethodSet(b.AllowedMethods), field+".allowedMethods", b.AllowedMethods,
		fmt.Sprintf("one of %v, %v, %v", ReadMethods, OptionsMethods, AllMethods))
	f.require(slices.Contains(viewerPolicies, b.ViewerProtocolPolicy), field+".viewerProtocolPolicy",
		b.ViewerProtocolPolicy, "one of "+strings.Join(viewerPolicies, ", "))
	f.require(policyID.MatchString(b.CachePolicyID), field+".cachePolicyId", b.CachePolicyID,
		"the ID of a cache policy, such as "+CachingDisabled)
	f.require(policyID.MatchString(b.OriginRequestPolicyID), field+".originRequestPolicyId", b.OriginRequestPolicyID,
		"the ID of an origin request policy, such as "+AllViewerExceptHostHeader)
}

// order names a behavior that could never be reached because an earlier one of ours takes all its requests.
func (f *faults) order(behaviors []Behavior) {
	for later := range behaviors {
		for earlier := range later {
			if pattern.New(behaviors[earlier].PathPattern).Covers(pattern.New(behaviors[later].PathPattern)) {
				f.add(fmt.Sprintf("behaviors[%d].pathPattern", later),
					"%q is never reached, behaviors[%d] %q comes first and matches all of it",
					behaviors[later].PathPattern, earlier, behaviors[earlier].PathPattern)
			}
		}
	}
}

// isMethodSet says whether the methods are one of CloudFront's three sets, in any order.
func isMethodSet(methods []string) bool {
	sorted := func(list []string) []string { return slices.Sorted(slices.Values(list)) }
	for _, set := range [][]string{ReadMethods, OptionsMethods, AllMethods} {
		if slices.Equal(sorted(methods), sorted(set)) {
			return true
		}
	}
	return false
}

// isHost says whether a name is a fully qualified host name, with the limits of RFC 1035.
func isHost(name string) bool {
	labels := strings.Split(name, ".")
	if len(name) > 253 || len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if !hostLabel.MatchString(label) {
			return false
		}
	}
	return true
}
