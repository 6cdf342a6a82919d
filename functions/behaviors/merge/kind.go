package merge

import (
	"slices"

	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// standardOnly are members of a cache behavior that CloudFront refuses on a multi-tenant distribution (CloudFront API
// reference, "CacheBehavior": "This field only supports standard distributions").
var standardOnly = []string{"TrustedSigners", "SmoothStreaming", "MinTTL", "DefaultTTL", "MaxTTL"}

// multiTenant says whether the distribution serves distribution tenants instead of viewers of its own.
func (c config) multiTenant() bool { return c.root.Text("ConnectionMode") == "tenant-only" }

// staging says whether the distribution serves only what a continuous deployment policy sends it.
func (c config) staging() bool { return c.root.Text("Staging") == "true" }

// behaviorNode is a behavior of ours in the form that this kind of distribution takes.
func (c config) behaviorNode(b spec.Behavior, originID string) *document.Node {
	node := behaviorNode(b, originID)
	if !c.multiTenant() {
		return node
	}
	return document.NewObject(node.Name(), slices.DeleteFunc(slices.Clone(node.Children()), func(member *document.Node) bool {
		return slices.Contains(standardOnly, member.Name())
	})...)
}

// kindWarnings are what follows for our behaviors from the kind of distribution that they are on.
func (c config) kindWarnings() []string {
	var found []string
	if c.root.Text("Enabled") == "false" {
		found = append(found, "the distribution is disabled: it answers no requests")
	}
	if c.multiTenant() {
		found = append(found, "the distribution is multi-tenant: our behaviors answer on the domains of every one of its tenants, and on none "+
			"of its own")
	}
	if c.staging() {
		found = append(found, "this is a staging distribution: viewers do not reach it, but for those that the primary distribution's "+
			"continuous deployment policy sends; name the primary distribution in distributionId")
	}
	if c.root.Text("ContinuousDeploymentPolicyId") != "" {
		found = append(found, "the distribution has a continuous deployment policy: requests that it sends to the "+
			"staging distribution do not meet our behaviors, and promoting that one takes them off until the next daily run")
	}
	return append(found, c.gateWarnings()...)
}

// gateWarnings are of what the owner puts before the whole distribution: it judges editors, too, whom the site's visitors' rules
// were not made for.
func (c config) gateWarnings() []string {
	var found []string
	if restriction := c.root.Child("Restrictions").Child("GeoRestriction"); restriction != nil {
		switch restriction.Text("RestrictionType") {
		case "whitelist":
			found = append(found, "geo restriction: editors in other countries than those that the distribution allows get 403")
		case "blacklist":
			found = append(found, "geo restriction: editors in countries that the distribution blocks get 403")
		}
	}
	if acl := c.root.Text("WebACLId"); acl != "" {
		found = append(found, "the distribution's web ACL also judges what editors send: rules on the size or the markup of a body, such as "+
			"AWSManagedRulesCommonRuleSet's, refuse saving a page with 403")
	}
	return found
}
