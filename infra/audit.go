package infra

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudtrail"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/policy"
)

const auditToken = "webordinary:infra:Audit"

// auditDays is how long the trail's records stay: a year is what reviews ask for, and at a few megabytes a day it costs
// cents.
const auditDays = 365

// AuditArgs describes the watch over the secrets.
type AuditArgs struct {
	Names config.Names
	// ExistingTrail creates no trail: the account has one that logs read management events in this region.
	ExistingTrail bool
	// Shared secrets are watched; Readers are the roles whose reads are expected.
	Shared  pulumi.StringArray
	Readers []pulumi.StringInput
	// Tokens are the further clients', each of which only its own client's roles are expected to read.
	Tokens []auditedToken
	// BucketName is the bucket of the trail's records.
	BucketName string
	Alerts     *Alerts
	keeping    keeping
}

// auditedToken is a further client's GitHub token with its readers.
type auditedToken struct {
	client  config.Client
	names   config.Names
	arn     pulumi.StringOutput
	readers []pulumi.StringInput
}

// Audit records who reads the secrets and reports everybody but the tasks: people, other roles, and attempts that AWS
// refused. It is off by default.
//
// The trail writes to S3, and EventBridge reports. The usual way, a metric filter on the trail's log group, is not used: it
// would cost $0.50 per GB of the account's whole management traffic, and its alarm would not say who it was. The first
// trail of an account that records management events is free; a second one costs $2.00 per 100,000 events, so say
// existingTrail where there is one.
type Audit struct {
	pulumi.ResourceState
}

// NewAudit registers the trail, the report and its alarm.
func NewAudit(ctx *pulumi.Context, name string, args *AuditArgs, opts ...pulumi.ResourceOption) (*Audit, error) {
	audit := &Audit{}
	if err := ctx.RegisterComponentResource(auditToken, name, audit, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	if !args.ExistingTrail {
		if err := audit.addTrail(ctx, name, args); err != nil {
			return nil, err
		}
	}
	reports := []readReport{{name: name, names: args.Names, secrets: args.Shared, readers: args.Readers}}
	for _, token := range args.Tokens {
		reports = append(reports, readReport{
			name: logicalName(name, token.client), names: token.names, secrets: pulumi.StringArray{token.arn}, readers: token.readers,
		})
	}
	for _, report := range reports {
		if err := audit.addReport(ctx, args, report); err != nil {
			return nil, err
		}
	}
	return audit, ctx.RegisterResourceOutputs(audit, pulumi.Map{})
}

// earlierTrailToken was the component around the trail and the bucket's policy, until this program registered both itself
// (D39).
const earlierTrailToken = "awsx:cloudtrail:Trail"

// addTrail registers the trail, on a bucket that outlives it.
func (a *Audit) addTrail(ctx *pulumi.Context, name string, args *AuditArgs) error {
	earlier := pulumi.CreateURN(pulumi.String(name+"-trail"), pulumi.String(earlierTrailToken), a.URN(),
		pulumi.String(ctx.Project()), pulumi.String(ctx.Stack()))
	inEarlier := pulumi.Aliases([]pulumi.Alias{{Name: pulumi.String(name + "-trail"), ParentURN: earlier}})
	delivery, err := a.addBucket(ctx, name+"-bucket", args, inEarlier)
	if err != nil {
		return err
	}
	_, err = cloudtrail.NewTrail(ctx, name+"-trail", &cloudtrail.TrailArgs{
		Name:                       pulumi.String(args.Names.Other("edit-audit")),
		S3BucketName:               delivery.Bucket, // CloudTrail tries it when the trail is made
		EnableLogFileValidation:    pulumi.Bool(true),
		IncludeGlobalServiceEvents: pulumi.Bool(false), // secrets are regional
		IsMultiRegionTrail:         pulumi.Bool(false),
	}, component.Child(a, inEarlier)...)
	return component.Created(name+"-trail", err)
}

// deliveryPolicy lets CloudTrail, and nobody else, write records that belong to the bucket's owner.
func deliveryPolicy(bucket *s3.BucketV2) policy.Document {
	cloudTrail := &policy.Principal{Services: []string{"cloudtrail.amazonaws.com"}}
	return policy.Document{Statements: []policy.Statement{
		{
			Sid: "AWSCloudTrailAclCheck", Principal: cloudTrail,
			Actions: []string{"s3:GetBucketAcl"}, Resources: policy.Resources(bucket.Arn),
		},
		{
			Sid: "AWSCloudTrailWrite", Principal: cloudTrail,
			Actions: []string{"s3:PutObject"}, Resources: policy.Resources(pulumi.Sprintf("%s/*", bucket.Arn)),
			Conditions: []policy.Condition{policy.When("StringEquals", "s3:x-amz-acl", pulumi.String("bucket-owner-full-control"))},
		},
	}}
}

// addBucket registers the private bucket of the records, and the policy that lets CloudTrail write them, which it returns.
// The records outlive the stack; what was retained comes back through adopt.
func (a *Audit) addBucket(
	ctx *pulumi.Context, name string, args *AuditArgs, policyAliases pulumi.ResourceOption,
) (*s3.BucketPolicy, error) {
	bucket, err := s3.NewBucketV2(ctx, name, &s3.BucketV2Args{
		Bucket: pulumi.String(args.BucketName),
	}, args.keeping.retained(a, name)...)
	if err != nil {
		return nil, component.Created(name, err)
	}
	block, err := s3.NewBucketPublicAccessBlock(ctx, name+"-public-access-block", &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.Bucket,
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, settingOf(a)...)
	if err != nil {
		return nil, component.Created(name+"-public-access-block", err)
	}
	_, err = s3.NewBucketLifecycleConfigurationV2(ctx, name+"-lifecycle", &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.Bucket,
		Rules: s3.BucketLifecycleConfigurationV2RuleArray{s3.BucketLifecycleConfigurationV2RuleArgs{
			Id:         pulumi.String("expire"),
			Status:     pulumi.String("Enabled"),
			Filter:     &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")},
			Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(auditDays)},
		}},
	}, settingOf(a)...)
	if err != nil {
		return nil, component.Created(name+"-lifecycle", err)
	}
	// S3 answers a policy and a public-access block written at once with a conflict, so one waits for the other.
	delivery, err := s3.NewBucketPolicy(ctx, name+"-policy", &s3.BucketPolicyArgs{
		Bucket: bucket.Bucket, Policy: deliveryPolicy(bucket).JSON(),
	}, settingOf(a, policyAliases, pulumi.DependsOn([]pulumi.Resource{block}))...)
	return delivery, component.Created(name+"-policy", err)
}

// readReport is some secrets, and who is expected to read them.
type readReport struct {
	name    string
	names   config.Names
	secrets pulumi.StringArray
	readers []pulumi.StringInput
}

// addReport reports each unexpected read with who, what and from where, and raises an alarm beside it: the message can be
// lost, since EventBridge gives its best effort only, and the alarm keeps a history.
func (a *Audit) addReport(ctx *pulumi.Context, args *AuditArgs, report readReport) error {
	rule, err := newEventAlert(ctx, report.name+"-secret-read", &eventAlertArgs{
		Name:          report.names.Other("edit-secret-read"),
		Description:   "Reads of the live editor's secrets by anybody but its tasks",
		Pattern:       report.unexpectedReads(),
		ReadOnlyCalls: true,
		Message: "Somebody other than the live editor's tasks read one of its secrets, or tried to. " +
			"If you do not know who, rotate it (docs/operations.md).",
		Facts: map[string]string{
			"who": "$.detail.userIdentity", "secret": "$.detail.requestParameters.secretId",
			"from": "$.detail.sourceIPAddress", "time": "$.time", "event": "$.detail.eventID",
		},
		TopicArn: args.Alerts.TopicArn,
	}, a)
	if err != nil {
		return err
	}
	return args.Alerts.newAlarm(ctx, report.name+"-secret-read-alarm", &alarmArgs{
		Name: report.names.Other("edit-secret-read"),
		Description: "Somebody other than the live editor's tasks read one of its secrets, or tried to. " +
			"The report beside this alarm and CloudTrail's event history say who.",
		Namespace: "AWS/Events", MetricName: "TriggeredRules", Dimensions: pulumi.StringMap{"RuleName": rule.Name},
		Statistic: "Sum", PeriodSeconds: 300, Periods: 1, Comparison: "GreaterThanOrEqualToThreshold", Threshold: 1,
		MissingData: "notBreaching",
	}, component.Child(a)...)
}

// secretRead selects CloudTrail's records of reads. AWS records one per secret, also for batches.
type secretRead struct {
	EventSource []string    `json:"eventSource"`
	EventName   []string    `json:"eventName"`
	Parameters  readOf      `json:"requestParameters"`
	Identities  []callerHas `json:"$or"`
}

type readOf struct {
	SecretID []string `json:"secretId"`
}

// callerHas selects by the role behind the caller's session.
type callerHas struct {
	UserIdentity struct {
		SessionContext struct {
			SessionIssuer struct {
				Arn oneOf `json:"arn"`
			} `json:"sessionIssuer"`
		} `json:"sessionContext"`
	} `json:"userIdentity"`
}

func callerRole(arn oneOf) callerHas {
	var c callerHas
	c.UserIdentity.SessionContext.SessionIssuer.Arn = arn
	return c
}

// unexpectedReads selects reads by any role but the readers, and by whoever has no role: users and the root user.
func (r readReport) unexpectedReads() pulumi.AnyOutput {
	return pulumi.All(r.secrets.ToStringArrayOutput(), pulumi.StringArray(r.readers).ToStringArrayOutput()).
		ApplyT(func(values []any) any {
			arns, _ := values[0].([]string)
			readers, _ := values[1].([]string)
			return eventPattern{
				Source:     []string{"aws.secretsmanager"},
				DetailType: []string{"AWS API Call via CloudTrail"},
				Detail: secretRead{
					EventSource: []string{"secretsmanager.amazonaws.com"},
					EventName:   []string{"GetSecretValue"},
					Parameters:  readOf{SecretID: spellings(arns)},
					Identities:  []callerHas{callerRole(nobodyOf(readers)), callerRole(absent())},
				},
			}
		}).(pulumi.AnyOutput)
}

// nobodyOf matches every role but the readers. A pattern has 2,048 characters at most (EventBridge quotas), which is few roles' ARNs:
// those of further clients, which end in two hyphens and an ID, are named by what they have in common.
func nobodyOf(readers []string) oneOf {
	exact := make([]any, 0, len(readers))
	var patterns []string
	further := false
	for _, reader := range readers {
		common, _, isFurther := strings.Cut(reader, "--")
		if isFurther {
			reader, further = common+"--*", true
		}
		if !slices.Contains(patterns, reader) {
			patterns, exact = append(patterns, reader), append(exact, reader)
		}
	}
	if !further {
		return anythingBut(exact...)
	}
	return notWildcard(patterns...)
}

// spellings are all the ways to name each secret in a request: complete ARN, ARN without the six characters that Secrets
// Manager appends, and name. CloudTrail records what the caller wrote.
func spellings(arns []string) []string {
	const suffix = len("-AbCdEf")
	var all []string
	for _, arn := range arns {
		_, name, found := strings.Cut(arn, ":secret:")
		if !found || len(name) <= suffix {
			all = append(all, arn)
			continue
		}
		all = append(all, arn, arn[:len(arn)-suffix], name[:len(name)-suffix])
	}
	return all
}
