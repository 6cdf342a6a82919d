// Package cloudtrail is AWS CloudTrail in the sandbox.
package cloudtrail

import (
	_ "embed"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
	"github.com/webordinary/live-edit/sandbox/internal/aws/kms"
	"github.com/webordinary/live-edit/sandbox/internal/aws/s3"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("cloudtrail", schemaJSON)
	kind.Register(cloudtrailKinds())
}

func cloudtrailKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		"aws:cloudtrail/trail:Trail": {
			Refs: []kind.Ref{
				{Path: "s3BucketName", To: s3.ToBucket},
				{Path: "cloudWatchLogsRoleArn", To: iam.ToRole},
				{Path: "kmsKeyId", To: kms.ToKey},
			},
			Unique: []kind.Unique{{Paths: []string{"name"}, Code: "TrailAlreadyExistsException", Message: "Trail %s already exists in the account"}},
			Check:  checkTrail,
			Verify: verifyTrail,
			Create: func(c *kind.Call) error {
				name := c.Str("name")
				c.ID = view.ARN("cloudtrail", "trail/"+name)
				return nil
			},
		},
	}
}

func checkTrail(c *kind.Checker) {
	if arn, ok := c.Text("cloudWatchLogsGroupArn"); ok && !strings.HasSuffix(arn, ":*") {
		c.Fail("cloudWatchLogsGroupArn", "InvalidCloudWatchLogsLogGroupArnException: the ARN must end in :*, got %q", arn)
	}
	for _, f := range props.All(c.In, "eventSelectors[*].dataResources[*].type") {
		types := []string{"AWS::DynamoDB::Table", "AWS::Lambda::Function", "AWS::S3::Object"}
		if s := kind.TextOf(f.Value); s != "" && !strings.Contains(strings.Join(types, " "), s) {
			c.Fail(f.Path, "InvalidEventSelectorsException: data resource type %q is not one of %q", s, types)
		}
	}
}

// verifyTrail: CloudTrail tries the bucket and the log group when a trail is made.
func verifyTrail(c *kind.Call) {
	if c.DryRun {
		return
	}
	if c.Touches("s3BucketName") {
		verifyTrailBucket(c)
	}
	if arn := c.Str("cloudWatchLogsGroupArn"); arn != "" && c.Touches("cloudWatchLogsGroupArn", "cloudWatchLogsRoleArn") {
		if len(c.By(view.TypeLogGroup, "arn", strings.TrimSuffix(arn, ":*"))) == 0 {
			c.Refuse("cloudWatchLogsGroupArn", "InvalidCloudWatchLogsLogGroupArnException", "You must specify a log group ARN that exists: %s", arn)
		}
		if role, ok := iam.VerifyAssumable(c, "cloudWatchLogsRoleArn", "cloudtrail.amazonaws.com", "InvalidCloudWatchLogsRoleArnException",
			"You must specify a role that CloudTrail can assume."); ok {
			stream := strings.TrimSuffix(arn, ":*") + ":log-stream:" + view.AccountID + "_CloudTrail_" + view.Region
			for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
				if !iam.RoleAllows(c.View, role, action, stream) {
					c.Refuse("cloudWatchLogsRoleArn", "InvalidCloudWatchLogsRoleArnException", "Access denied. Check the permissions for your role: "+
						"%s may not call %s on %s; its policy must exist first (dependsOn)", role.ID, action, stream)
				}
			}
		}
	}
}

func verifyTrailBucket(c *kind.Call) {
	bucket := c.Str("s3BucketName")
	text := ""
	if r, ok := c.Get(view.TypeBucketPolicy, bucket); ok {
		text = props.Str(r.State, "policy")
	} else if r, ok := s3.ToBucket.Find(c.View, bucket); ok {
		text = props.Str(r.State, "policy")
	}
	p, err := policies.Parse(text, policies.Resource)
	logs := "arn:aws:s3:::" + strings.TrimSuffix(bucket+"/"+c.Str("s3KeyPrefix"), "/") + "/AWSLogs/" + view.AccountID + "/log"
	for _, need := range []struct{ action, resource string }{{"s3:GetBucketAcl", "arn:aws:s3:::" + bucket}, {"s3:PutObject", logs}} {
		if text == "" || err != nil || !allowsService(p, "cloudtrail.amazonaws.com", need.action, need.resource) {
			c.Refuse("s3BucketName", "InsufficientS3BucketPolicyException", "Incorrect S3 bucket policy is detected for bucket: %s; it must allow "+
				"cloudtrail.amazonaws.com to call %s on %s, and exist first (dependsOn)", bucket, need.action, need.resource)
		}
	}
}

// allowsService reports whether a resource policy lets a service act.
func allowsService(p *policies.Policy, service, action, resource string) bool {
	for _, s := range p.Statements {
		if s.Effect != "Allow" || !s.CoversAction(action) || !s.CoversResource(resource) {
			continue
		}
		for _, principal := range append(s.Principals["Service"], s.Principals["AWS"]...) {
			if principal == service || principal == "*" {
				return true
			}
		}
	}
	return false
}
