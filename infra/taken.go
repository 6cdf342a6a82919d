package infra

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/efs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// What holds data outlives its stack (D6): a destroy keeps it, a lost state forgets it, another program may have made it. AWS refuses a
// second one of the name, but only in the middle of the deployment, and without saying what to do (D56).

// errTaken marks a name that something in the account has already.
var errTaken = errors.New("the account has this already, and this stack did not make it")

// holder finds what has a name.
type holder struct {
	// property is the input that is the name.
	property resource.PropertyKey
	// find returns the ID by which it is imported, and an error where there is none, or none that can be seen.
	find func(ctx *pulumi.Context, name string) (id string, err error)
}

// holders are the types that are retained, all of which can be adopted.
var holders = map[string]holder{
	"aws:ecr/repository:Repository": {"name", func(ctx *pulumi.Context, name string) (string, error) {
		found, err := ecr.LookupRepository(ctx, &ecr.LookupRepositoryArgs{Name: name})
		if err != nil {
			return "", err
		}
		return found.Name, nil
	}},
	"aws:secretsmanager/secret:Secret": {"name", func(ctx *pulumi.Context, name string) (string, error) {
		found, err := secretsmanager.LookupSecret(ctx, &secretsmanager.LookupSecretArgs{Name: &name})
		if err != nil {
			return "", err
		}
		return found.Arn, nil
	}},
	"aws:efs/fileSystem:FileSystem": {"creationToken", func(ctx *pulumi.Context, name string) (string, error) {
		found, err := efs.LookupFileSystem(ctx, &efs.LookupFileSystemArgs{CreationToken: &name})
		if err != nil {
			return "", err
		}
		return found.FileSystemId, nil
	}},
	"aws:s3/bucketV2:BucketV2": {"bucket", func(ctx *pulumi.Context, name string) (string, error) {
		found, err := s3.LookupBucket(ctx, &s3.LookupBucketArgs{Bucket: name})
		if err != nil {
			return "", err
		}
		return found.Bucket, nil
	}},
}

// refuseTaken returns the option that refuses, in previews too, to create what is there, with the command that takes it over. A look-up
// that fails refuses nothing: AWS has the last word when it is created.
func refuseTaken(ctx *pulumi.Context) (pulumi.ResourceOption, error) {
	hook, err := ctx.RegisterResourceHook("refuse-taken-names", func(args *pulumi.ResourceHookArgs) error {
		kind, known := holders[string(args.Type)]
		name := textOf(args.NewInputs, kind.property)
		if !known || name == "" {
			return nil
		}
		id, err := kind.find(ctx, name)
		if err != nil || id == "" {
			return nil //nolint:nilerr // not there, or not to be seen
		}
		return fmt.Errorf("%w: %s; docs/operations.md, \"Deploy again on what was kept\". To take it over with what it holds:\n"+
			"  pulumi config set --plaintext --path 'adopt.%s' %s", errTaken, name, args.Name, id)
	}, &pulumi.ResourceHookOptions{OnDryRun: true})
	if err != nil {
		return nil, fmt.Errorf("register the hook that looks for taken names: %w", err)
	}
	return pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeCreate: []*pulumi.ResourceHook{hook}}), nil
}
