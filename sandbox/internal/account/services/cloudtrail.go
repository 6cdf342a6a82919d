package services

import (
	"regexp"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/document"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

func init() { Register(cloudtrailKinds()) }

func cloudtrailKinds() map[string]*Kind {
	return map[string]*Kind{
		"aws:cloudtrail/trail:Trail": {
			Refs: []Ref{
				{Path: "s3BucketName", To: toBucket},
				{Path: "cloudWatchLogsRoleArn", To: toRole},
				{Path: "kmsKeyId", To: toKey},
			},
			Unique: []Unique{{Paths: []string{"name"}, Code: "TrailAlreadyExistsException", Message: "Trail %s already exists in the account"}},
			Check:  checkTrail,
			Verify: verifyTrail,
			Create: func(c *Call) error {
				name := c.Str("name")
				c.ID = ARN("cloudtrail", "trail/"+name)
				c.Set("arn", c.ID)
				c.Set("homeRegion", Region)
				c.Set("snsTopicArn", "")
				return nil
			},
		},
	}
}

var trailName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]$`)

func checkTrail(c *Checker) {
	if name, ok := c.Text("name"); ok && !trailName.MatchString(name) {
		c.Fail("name", "InvalidTrailNameException: trail name %q must have 3 to 128 letters, numbers and . _ -, and begin and end with a "+
			"letter or number", name)
	}
	if c.Set("cloudWatchLogsGroupArn") != c.Set("cloudWatchLogsRoleArn") {
		c.Fail("cloudWatchLogsGroupArn", "InvalidParameterCombinationException: cloudWatchLogsGroupArn and cloudWatchLogsRoleArn go together")
	}
	if arn, ok := c.Text("cloudWatchLogsGroupArn"); ok && !strings.HasSuffix(arn, ":*") {
		c.Fail("cloudWatchLogsGroupArn", "InvalidCloudWatchLogsLogGroupArnException: the ARN must end in :*, got %q", arn)
	}
	for _, f := range props.All(c.In, "eventSelectors[*].dataResources[*].type") {
		types := []string{"AWS::DynamoDB::Table", "AWS::Lambda::Function", "AWS::S3::Object"}
		if s := textOf(f.Value); s != "" && !strings.Contains(strings.Join(types, " "), s) {
			c.Fail(f.Path, "InvalidEventSelectorsException: data resource type %q is not one of %q", s, types)
		}
	}
}

// verifyTrail: CloudTrail tries the bucket and the log group when a trail is made.
func verifyTrail(c *Call) {
	if c.DryRun {
		return
	}
	if c.Touches("s3BucketName") {
		c.verifyTrailBucket()
	}
	if arn := c.Str("cloudWatchLogsGroupArn"); arn != "" && c.Touches("cloudWatchLogsGroupArn", "cloudWatchLogsRoleArn") {
		if len(c.By(typeLogGroup, "arn", strings.TrimSuffix(arn, ":*"))) == 0 {
			c.Refuse("cloudWatchLogsGroupArn", "InvalidCloudWatchLogsLogGroupArnException", "You must specify a log group ARN that exists: %s", arn)
		}
		if role, ok := c.verifyAssumable("cloudWatchLogsRoleArn", "cloudtrail.amazonaws.com", "InvalidCloudWatchLogsRoleArnException",
			"You must specify a role that CloudTrail can assume."); ok {
			stream := strings.TrimSuffix(arn, ":*") + ":log-stream:" + AccountID + "_CloudTrail_" + Region
			for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
				if !roleAllows(c.View, role, action, stream) {
					c.Refuse("cloudWatchLogsRoleArn", "InvalidCloudWatchLogsRoleArnException", "Access denied. Check the permissions for your role: "+
						"%s may not call %s on %s; its policy must exist first (dependsOn)", role.ID, action, stream)
				}
			}
		}
	}
}

func (c *Call) verifyTrailBucket() {
	bucket := c.Str("s3BucketName")
	text := ""
	if r, ok := c.Get(typeBucketPolicy, bucket); ok {
		text = props.Str(r.State, "policy")
	} else if r, ok := toBucket.Find(c.View, bucket); ok {
		text = props.Str(r.State, "policy")
	}
	p, err := document.ParsePolicy(text, document.ResourcePolicy)
	logs := "arn:aws:s3:::" + strings.TrimSuffix(bucket+"/"+c.Str("s3KeyPrefix"), "/") + "/AWSLogs/" + AccountID + "/log"
	for _, need := range []struct{ action, resource string }{{"s3:GetBucketAcl", "arn:aws:s3:::" + bucket}, {"s3:PutObject", logs}} {
		if text == "" || err != nil || !allowsService(p, "cloudtrail.amazonaws.com", need.action, need.resource) {
			c.Refuse("s3BucketName", "InsufficientS3BucketPolicyException", "Incorrect S3 bucket policy is detected for bucket: %s; it must allow "+
				"cloudtrail.amazonaws.com to call %s on %s, and exist first (dependsOn)", bucket, need.action, need.resource)
		}
	}
}

// allowsService reports whether a resource policy lets a service act.
func allowsService(p *document.Policy, service, action, resource string) bool {
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
