package spec

import (
	"fmt"
	"regexp"
	"strings"
)

// Right is what CloudFront asks of the caller of UpdateDistribution because of a setting of the distribution's owner. The
// whole configuration is submitted, so a setting that nobody changed may be asked about, too.
type Right struct {
	// Actions are IAM actions, as a policy spells them.
	Actions []string
	// ARN is the one resource that they are needed on.
	ARN string
	// Setting is where the owner set it, for people.
	Setting string
}

// String names the right for people.
func (r Right) String() string {
	return fmt.Sprintf("%s on %s (%s)", strings.Join(r.Actions, " and "), r.ARN, r.Setting)
}

// rightKind is a kind of resource that a distribution can hold, and what its presence asks of the caller.
type rightKind struct {
	arn     *regexp.Regexp
	example string
	actions []string
}

// rightKinds are CloudFront's: standard logging (legacy) to S3 (CloudFront Developer Guide, "Permissions required to
// configure standard logging"), web ACLs of AWS WAF and WAF Classic (aws-sdk-java issue 2901: "Unable to verify read
// permissions on Web ACL"), and Lambda@Edge ("IAM permissions required to associate Lambda@Edge functions"; the star is
// part of the documented action).
var rightKinds = []rightKind{
	{
		regexp.MustCompile(`^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`), "arn:aws:s3:::site-logs",
		[]string{"s3:GetBucketAcl", "s3:PutBucketAcl"},
	},
	{
		regexp.MustCompile(`^arn:aws[a-z-]*:wafv2:us-east-1:\d{12}:global/webacl/[\w-]{1,128}/[\w-]{1,36}$`),
		"arn:aws:wafv2:us-east-1:123456789012:global/webacl/site/473e64fd-f30b-4765-81a0-62ad96dd167a",
		[]string{"wafv2:GetWebACL"},
	},
	{
		regexp.MustCompile(`^arn:aws[a-z-]*:waf::\d{12}:webacl/[\w-]{1,128}$`),
		"arn:aws:waf::123456789012:webacl/473e64fd-f30b-4765-81a0-62ad96dd167a",
		[]string{"waf:GetWebACL"},
	},
	{
		regexp.MustCompile(`^arn:aws[a-z-]*:lambda:us-east-1:\d{12}:function:[\w-]{1,64}:\d+$`),
		"arn:aws:lambda:us-east-1:123456789012:function:site-auth:7",
		[]string{"lambda:GetFunction", "lambda:EnableReplication*"},
	},
}

// RightOn is the right that a resource asks for, and false if CloudFront asks nothing about resources of its kind.
func RightOn(arn string) (Right, bool) {
	for _, kind := range rightKinds {
		if kind.arn.MatchString(arn) {
			return Right{Actions: kind.actions, ARN: arn}, true
		}
	}
	return Right{}, false
}

// RightExamples are ARNs of each kind, for messages.
func RightExamples() []string {
	examples := make([]string, 0, len(rightKinds))
	for _, kind := range rightKinds {
		examples = append(examples, kind.example)
	}
	return examples
}

// rights names what is no ARN of a known kind.
func (f *faults) rights(in Input) {
	for i, arn := range in.Rights {
		_, ok := RightOn(arn)
		f.require(ok, fmt.Sprintf("rights[%d]", i), arn, "the ARN of a log bucket, a web ACL or a function version in us-east-1, such as "+
			strings.Join(RightExamples(), ", "))
	}
}
