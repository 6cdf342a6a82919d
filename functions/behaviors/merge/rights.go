package merge

import (
	"slices"
	"strings"

	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// rights are what the distribution's own settings ask of whoever updates it, in the order of the configuration, each once. A
// web ACL of WAF Classic is named by its ID alone; the account then comes from the viewer certificate's ARN, or stays a placeholder.
func (c config) rights() []spec.Right {
	var found []spec.Right
	add := func(setting, arn string) {
		if slices.ContainsFunc(found, func(r spec.Right) bool { return r.ARN == arn }) {
			return
		}
		if right, ok := spec.RightOn(arn); ok {
			right.Setting = setting
			found = append(found, right)
		}
	}
	if logging := c.root.Child("Logging"); logging.Text("Enabled") == "true" {
		host := logging.Text("Bucket") // site-logs.s3.amazonaws.com, or with a region
		add("Logging", "arn:aws:s3:::"+host[:max(0, strings.LastIndex(host, ".s3"))])
	}
	if acl := c.root.Text("WebACLId"); acl != "" {
		if !strings.HasPrefix(acl, "arn:") {
			acl = "arn:aws:waf::" + c.accountID() + ":webacl/" + acl
		}
		add("WebACLId", acl)
	}
	edge := func(setting string, b *document.Node) {
		for _, function := range lambdasOf(b) {
			add(setting, function)
		}
	}
	edge("Lambda@Edge of the default behavior", c.root.Child("DefaultCacheBehavior"))
	for _, b := range c.behaviors.entries() {
		edge("Lambda@Edge of "+b.Text("PathPattern"), b)
	}
	return found
}

// lambdasOf are the ARNs of a behavior's Lambda@Edge functions.
func lambdasOf(b *document.Node) []string {
	items := b.Child("LambdaFunctionAssociations").Child("Items")
	if items == nil {
		return nil
	}
	var arns []string
	for _, item := range items.Children() {
		arns = append(arns, item.Text("LambdaFunctionARN"))
	}
	return arns
}

// unknownAccount stands where the configuration does not tell the account.
const unknownAccount = "000000000000"

func (c config) accountID() string {
	parts := strings.Split(c.root.Child("ViewerCertificate").Text("ACMCertificateArn"), ":")
	if len(parts) > 4 && len(parts[4]) == len(unknownAccount) {
		return parts[4]
	}
	return unknownAccount
}
