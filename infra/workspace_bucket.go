package infra

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/policy"
)

const workspaceBucketToken = "webordinary:infra:WorkspaceBucket"

// WorkspaceBucketArgs describes the bucket that the container reads and writes (T02 §1).
type WorkspaceBucketArgs struct {
	// Existing is the name of a bucket that is already there; empty creates one.
	Existing string
	// Name of the bucket to create.
	Name    pulumi.StringInput
	keeping keeping
}

// WorkspaceBucket is the S3 bucket of workspaces. Created ones are private, versioned, encrypted, refuse plain HTTP and
// outlive the stack; existing ones are left as they are.
type WorkspaceBucket struct {
	pulumi.ResourceState

	BucketName pulumi.StringOutput `pulumi:"bucketName"`
	BucketArn  pulumi.StringOutput `pulumi:"bucketArn"`
}

// NewWorkspaceBucket registers the bucket or refers to the existing one.
func NewWorkspaceBucket(
	ctx *pulumi.Context, name string, args *WorkspaceBucketArgs, opts ...pulumi.ResourceOption,
) (*WorkspaceBucket, error) {
	bucket := &WorkspaceBucket{}
	if err := ctx.RegisterComponentResource(workspaceBucketToken, name, bucket, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	if args.Existing != "" {
		bucket.BucketName = pulumi.String(args.Existing).ToStringOutput()
	} else if err := bucket.create(ctx, name, args); err != nil {
		return nil, err
	}
	bucket.BucketArn = pulumi.Sprintf("arn:aws:s3:::%s", bucket.BucketName)
	return bucket, ctx.RegisterResourceOutputs(bucket, pulumi.Map{
		"bucketName": bucket.BucketName,
		"bucketArn":  bucket.BucketArn,
	})
}

func (b *WorkspaceBucket) create(ctx *pulumi.Context, name string, args *WorkspaceBucketArgs) error {
	bucket, err := s3.NewBucketV2(ctx, name, &s3.BucketV2Args{
		Bucket: args.Name.ToStringOutput().ToStringPtrOutput(),
	}, args.keeping.retained(b, name)...)
	if err != nil {
		return component.Created(name, err)
	}
	b.BucketName = bucket.Bucket
	if err := b.closeToPublic(ctx, name, bucket); err != nil {
		return err
	}
	if _, err := s3.NewBucketVersioningV2(ctx, name+"-versioning", &s3.BucketVersioningV2Args{
		Bucket: bucket.Bucket,
		VersioningConfiguration: &s3.BucketVersioningV2VersioningConfigurationArgs{
			Status: pulumi.String("Enabled"),
		},
	}, settingOf(b)...); err != nil {
		return component.Created(name+"-versioning", err)
	}
	_, err = s3.NewBucketServerSideEncryptionConfigurationV2(ctx, name+"-encryption",
		&s3.BucketServerSideEncryptionConfigurationV2Args{
			Bucket: bucket.Bucket,
			Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{
				s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
					ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
						SseAlgorithm: pulumi.String("AES256"),
					},
				},
			},
		}, settingOf(b)...)
	return component.Created(name+"-encryption", err)
}

func (b *WorkspaceBucket) closeToPublic(ctx *pulumi.Context, name string, bucket *s3.BucketV2) error {
	block, err := s3.NewBucketPublicAccessBlock(ctx, name+"-public-access-block", &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.Bucket,
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, settingOf(b)...)
	if err != nil {
		return component.Created(name+"-public-access-block", err)
	}
	if _, err := s3.NewBucketOwnershipControls(ctx, name+"-ownership", &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.Bucket,
		Rule:   &s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, settingOf(b)...); err != nil {
		return component.Created(name+"-ownership", err)
	}
	refusal := policy.Document{Statements: []policy.Statement{{
		Sid: "RefusePlainHTTP", Deny: true, Principal: &policy.Principal{Anyone: true},
		// The one wildcard action of the program refuses; it allows nothing.
		Actions:    []string{"s3:*"},
		Resources:  policy.Resources(bucket.Arn, pulumi.Sprintf("%s/*", bucket.Arn)),
		Conditions: []policy.Condition{policy.When("Bool", "aws:SecureTransport", pulumi.String("false"))},
	}}}
	// S3 answers a policy and a public-access block written at once with a conflict, so one waits for the other.
	_, err = s3.NewBucketPolicy(ctx, name+"-policy", &s3.BucketPolicyArgs{
		Bucket: bucket.Bucket,
		Policy: refusal.JSON(),
	}, settingOf(b, pulumi.DependsOn([]pulumi.Resource{block}))...)
	return component.Created(name+"-policy", err)
}
