package ecr_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	sandbox "github.com/webordinary/live-edit/sandbox/internal/aws/ecr"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

func TestLifecyclePolicy(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	arn := "arn:aws:ecr:us-west-2:942734823970:repository/" + awstest.Repository
	get := func(permission, repository string) (*ecr.GetLifecyclePolicyOutput, error) {
		return ecr.NewFromConfig(e.As(permission)).GetLifecyclePolicy(e.Context(), &ecr.GetLifecyclePolicyInput{RepositoryName: &repository})
	}
	_, err := get("ecr:GetLifecyclePolicy "+arn, awstest.Repository)
	awstest.As[*ecrtypes.LifecyclePolicyNotFoundException](t, err)
	awstest.Put(e.Store, "aws:ecr/lifecyclePolicy:LifecyclePolicy", awstest.Repository, map[string]any{
		"repository": awstest.Repository, "policy": `{"rules":[]}`,
	})
	out, err := get("ecr:GetLifecyclePolicy "+arn, awstest.Repository)
	require.NoError(t, err)
	assert.JSONEq(t, `{"rules":[]}`, *out.LifecyclePolicyText)
	_, err = get("ecr:GetLifecyclePolicy *", "none")
	awstest.As[*ecrtypes.RepositoryNotFoundException](t, err)
	_, err = get("ecr:GetLifecyclePolicy "+arn+"x", awstest.Repository)
	awstest.Refused(t, err, "AccessDeniedException", "ecr:GetLifecyclePolicy")
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	repository := aws.String(awstest.Repository)
	require.NoError(t, sandbox.PushImage(e.Store, sandbox.Image{Repository: *repository, Tags: []string{"latest"}, PushedAt: awstest.Epoch, SizeBytes: 5e8}))
	client := ecr.NewFromConfig(e.As("ecr:* *"))
	repositories, err := client.DescribeRepositories(e.Context(), &ecr.DescribeRepositoriesInput{})
	require.NoError(t, err)
	require.Len(t, repositories.Repositories, 1)
	assert.Equal(t, "942734823970.dkr.ecr.us-west-2.amazonaws.com/"+*repository, *repositories.Repositories[0].RepositoryUri)
	images, err := client.DescribeImages(e.Context(), &ecr.DescribeImagesInput{
		RepositoryName: repository, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: aws.String("latest")}},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"latest"}, images.ImageDetails[0].ImageTags)
	assert.Equal(t, int64(5e8), *images.ImageDetails[0].ImageSizeInBytes)
	assert.Equal(t, awstest.Epoch, images.ImageDetails[0].ImagePushedAt.UTC())
	got, err := client.BatchGetImage(e.Context(), &ecr.BatchGetImageInput{
		RepositoryName: repository, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: aws.String("latest")}, {ImageTag: aws.String("none")}},
	})
	require.NoError(t, err)
	assert.Equal(t, *images.ImageDetails[0].ImageDigest, *got.Images[0].ImageId.ImageDigest)
	assert.Equal(t, ecrtypes.ImageFailureCodeImageNotFound, got.Failures[0].FailureCode)
	_, err = client.DescribeImages(e.Context(), &ecr.DescribeImagesInput{
		RepositoryName: repository, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: aws.String("none")}},
	})
	awstest.As[*ecrtypes.ImageNotFoundException](t, err)
	_, err = client.DescribeRepositories(e.Context(), &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"none"}})
	awstest.As[*ecrtypes.RepositoryNotFoundException](t, err)
}

func TestPutImage(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := ecr.NewFromConfig(e.As("ecr:* *"))
	put := func(manifest, tag string) (*ecrtypes.Image, error) {
		in := &ecr.PutImageInput{RepositoryName: aws.String(awstest.Repository), ImageManifest: aws.String(manifest)}
		if tag != "" {
			in.ImageTag = aws.String(tag)
		}
		out, err := client.PutImage(e.Context(), in)
		if err != nil {
			return nil, err
		}
		return out.Image, nil
	}
	const one, two = `{"schemaVersion":2,"config":{"size":5},"layers":[{"size":30},{"size":7}]}`, `{"schemaVersion":2}`
	image, err := put(one, "latest")
	require.NoError(t, err)
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(one)))
	assert.Equal(t, digest, *image.ImageId.ImageDigest)
	_, err = put(one, "latest")
	awstest.As[*ecrtypes.ImageAlreadyExistsException](t, err)
	_, err = put(one, "v1")
	require.NoError(t, err, "another tag of the same image")
	e.At(60)
	_, err = put(two, "latest")
	require.NoError(t, err)

	described, err := client.DescribeImages(e.Context(), &ecr.DescribeImagesInput{RepositoryName: aws.String(awstest.Repository)})
	require.NoError(t, err)
	require.Len(t, described.ImageDetails, 2)
	assert.Equal(t, []string{"latest"}, described.ImageDetails[0].ImageTags)
	assert.Equal(t, []string{"v1"}, described.ImageDetails[1].ImageTags, "latest has moved")
	assert.Equal(t, int64(42), *described.ImageDetails[1].ImageSizeInBytes)
	got, err := client.BatchGetImage(e.Context(), &ecr.BatchGetImageInput{
		RepositoryName: aws.String(awstest.Repository), ImageIds: []ecrtypes.ImageIdentifier{{ImageDigest: aws.String(digest)}},
	})
	require.NoError(t, err)
	assert.Equal(t, one, *got.Images[0].ImageManifest)

	for _, bad := range []string{"{", `{"schemaVersion":1}`} {
		_, err = put(bad, "x")
		awstest.As[*ecrtypes.InvalidParameterException](t, err)
	}
	awstest.Set(e.Store, "aws:ecr/repository:Repository", awstest.Repository, "imageTagMutability", "IMMUTABLE")
	_, err = put(`{"schemaVersion":2,"layers":[]}`, "latest")
	awstest.As[*ecrtypes.ImageTagAlreadyExistsException](t, err)
	_, err = put(`{"schemaVersion":2,"layers":[]}`, "v2")
	require.NoError(t, err)
}

func TestEachPermissionOfTheRegistry(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	arn := "arn:aws:ecr:us-west-2:942734823970:repository/" + awstest.Repository
	calls := map[string]func(*ecr.Client) error{
		"ecr:DescribeRepositories": func(c *ecr.Client) error {
			_, err := c.DescribeRepositories(e.Context(), &ecr.DescribeRepositoriesInput{RepositoryNames: []string{awstest.Repository}})
			return err
		},
		"ecr:DescribeImages": func(c *ecr.Client) error {
			_, err := c.DescribeImages(e.Context(), &ecr.DescribeImagesInput{RepositoryName: aws.String(awstest.Repository)})
			return err
		},
		"ecr:PutImage": func(c *ecr.Client) error {
			_, err := c.PutImage(e.Context(), &ecr.PutImageInput{
				RepositoryName: aws.String(awstest.Repository), ImageManifest: aws.String(`{"schemaVersion":2}`),
			})
			return err
		},
		"ecr:BatchGetImage": func(c *ecr.Client) error {
			_, err := c.BatchGetImage(e.Context(), &ecr.BatchGetImageInput{
				RepositoryName: aws.String(awstest.Repository), ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: aws.String("x")}},
			})
			return err
		},
	}
	for action, call := range calls {
		awstest.Refused(t, call(ecr.NewFromConfig(e.As())), "AccessDeniedException", action)
		awstest.Refused(t, call(ecr.NewFromConfig(e.As(action+" "+arn+"x"))), "AccessDeniedException", action)
		require.NoError(t, call(ecr.NewFromConfig(e.As(action+" "+arn))), action)
	}
}
