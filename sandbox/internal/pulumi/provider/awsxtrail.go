package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	construct "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// trailInputs are the inputs of awsx:cloudtrail:Trail that the sandbox knows.
// All but the first two are the trail's own.
var trailInputs = []string{
	"s3Bucket", "cloudWatchLogsGroup",
	"advancedEventSelectors", "enableLogFileValidation", "enableLogging", "eventSelectors",
	"includeGlobalServiceEvents", "insightSelectors", "isMultiRegionTrail", "isOrganizationTrail",
	"kmsKeyId", "name", "s3KeyPrefix", "snsTopicName", "tags",
}

// trailArgs are the inputs that decide about further resources.
type trailArgs struct {
	S3Bucket            *ownOrExisting `pulumi:"s3Bucket"`
	CloudWatchLogsGroup *ownOrExisting `pulumi:"cloudWatchLogsGroup"`
}

// ownOrExisting lets the component make something or use what is there.
type ownOrExisting struct {
	Enable   *bool          `pulumi:"enable"`
	Args     map[string]any `pulumi:"args"`
	Existing *existing      `pulumi:"existing"`
}

type existing struct {
	Arn  *string `pulumi:"arn"`
	Name *string `pulumi:"name"`
}

const bucketArnPrefix = "arn:aws:s3:::"

// bucketName is the name of an existing bucket, which is also the end of its ARN.
func (e *existing) bucketName() (string, error) {
	switch {
	case e.Name != nil:
		return *e.Name, nil
	case e.Arn != nil && strings.HasPrefix(*e.Arn, bucketArnPrefix):
		return strings.TrimPrefix(*e.Arn, bucketArnPrefix), nil
	}
	return "", errors.New("s3Bucket.existing: expected the bucket's name, or its ARN " + bucketArnPrefix + "NAME")
}

// trailBucket is the bucket that the trail writes to.
type trailBucket struct {
	pulumi.CustomResourceState

	Arn    pulumi.StringOutput `pulumi:"arn"`
	Bucket pulumi.StringOutput `pulumi:"bucket"`
}

// trailComponent is awsx:cloudtrail:Trail: a trail with a bucket for its logs
// and, if asked for, a log group. What is not made stays nil.
type trailComponent struct {
	pulumi.ResourceState

	Bucket   pulumi.ResourceOutput `pulumi:"bucket"`
	LogGroup pulumi.ResourceOutput `pulumi:"logGroup"`
	Trail    pulumi.ResourceOutput `pulumi:"trail"`
}

func newTrail(
	ctx *pulumi.Context, name string, inputs construct.ConstructInputs, options pulumi.ResourceOption,
) (pulumi.ComponentResource, error) {
	if err := onlyInputs(inputs, trailInputs); err != nil {
		return nil, err
	}
	var args trailArgs
	if err := inputs.CopyTo(&args); err != nil {
		return nil, err
	}
	trail, err := inputs.Map()
	if err != nil {
		return nil, err
	}
	delete(trail, "s3Bucket")
	delete(trail, "cloudWatchLogsGroup")
	component := &trailComponent{}
	if err := ctx.RegisterComponentResource("awsx:cloudtrail:Trail", name, component, options); err != nil {
		return nil, err
	}
	builder := trailBuilder{ctx: ctx, name: name, component: component}
	if err := builder.build(args, trail); err != nil {
		return nil, err
	}
	return component, ctx.RegisterResourceOutputs(component, pulumi.Map{})
}

type trailBuilder struct {
	ctx       *pulumi.Context
	name      string
	component *trailComponent
}

func (b trailBuilder) build(args trailArgs, trail pulumi.Map) error {
	name, arn, err := b.bucket(args.S3Bucket)
	if err != nil {
		return err
	}
	policy := &bare{}
	err = b.ctx.RegisterResource(view.TypeBucketPolicy, b.name,
		pulumi.Map{"bucket": name, "policy": arn.ApplyT(deliveryPolicy)}, policy, child(b.component)...)
	if err != nil {
		return err
	}
	if err := b.logGroup(args.CloudWatchLogsGroup); err != nil {
		return err
	}
	trail["s3BucketName"] = name
	made := &bare{}
	err = b.ctx.RegisterResource("aws:cloudtrail/trail:Trail", b.name, trail, made,
		child(b.component, pulumi.DependsOn([]pulumi.Resource{policy}))...)
	b.component.Trail = pulumi.NewResourceOutput(made)
	return err
}

// bucket makes the bucket, or finds name and ARN of an existing one.
func (b trailBuilder) bucket(args *ownOrExisting) (name, arn pulumi.StringOutput, err error) {
	if args != nil && args.Existing != nil {
		bucket, err := args.Existing.bucketName()
		if err != nil {
			return name, arn, err
		}
		return pulumi.String(bucket).ToStringOutput(), pulumi.String(bucketArnPrefix + bucket).ToStringOutput(), nil
	}
	inputs := pulumi.Map{"forceDestroy": pulumi.Bool(true)}
	if args != nil {
		for key, value := range args.Args {
			inputs[key] = pulumi.Any(value)
		}
	}
	made := &trailBucket{}
	if err := b.ctx.RegisterResource(view.TypeOldBucket, b.name, inputs, made, child(b.component)...); err != nil {
		return name, arn, err
	}
	b.component.Bucket = pulumi.NewResourceOutput(made)
	return made.Bucket, made.Arn, nil
}

// logGroup makes the log group, if there is to be one. Like the real component
// it does not connect the trail to it: that one passes the ARN under a name that
// the trail does not have, and no role.
func (b trailBuilder) logGroup(args *ownOrExisting) error {
	if args == nil || args.Existing != nil || args.Enable == nil || !*args.Enable {
		return nil
	}
	inputs := pulumi.Map{}
	for key, value := range args.Args {
		inputs[key] = pulumi.Any(value)
	}
	made := &bare{}
	if err := b.ctx.RegisterResource(view.TypeLogGroup, b.name, inputs, made, child(b.component)...); err != nil {
		return err
	}
	b.component.LogGroup = pulumi.NewResourceOutput(made)
	return nil
}

// deliveryPolicy lets CloudTrail write to a bucket.
func deliveryPolicy(bucketArn string) (string, error) {
	principal := map[string]string{"Service": "cloudtrail.amazonaws.com"}
	document, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []map[string]any{
			{
				"Sid": "AWSCloudTrailAclCheck", "Effect": "Allow", "Principal": principal,
				"Action": []string{"s3:GetBucketAcl"}, "Resource": []string{bucketArn},
			},
			{
				"Sid": "AWSCloudTrailWrite", "Effect": "Allow", "Principal": principal,
				"Action": []string{"s3:PutObject"}, "Resource": []string{bucketArn + "/*"},
				"Condition": map[string]any{"StringEquals": map[string]string{"s3:x-amz-acl": "bucket-owner-full-control"}},
			},
		},
	})
	if err != nil {
		return "", fmt.Errorf("bucket policy: %w", err)
	}
	return string(document), nil
}
