package foundation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/webordinary/live-edit/cmd/probe/report"
)

// repository is the name of the stack's repository, from its URL.
func (c *Checker) repository() string {
	_, name, _ := strings.Cut(c.text("repositoryUrl"), "/")
	return name
}

// registry looks for the repository and its lifecycle policy.
func (c *Checker) registry(ctx context.Context) {
	name := c.repository()
	if name == "" {
		c.Book.Missed(report.Registry, "the output repositoryUrl is missing")
		return
	}
	_, err := c.Registry.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}})
	if isError[*ecrtypes.RepositoryNotFoundException](err) {
		c.registryFault(ctx, "no repository", "the repository "+name, "there is none")
		return
	}
	if err != nil {
		c.Book.Missed(report.Registry, err.Error())
		return
	}
	policy, err := c.Registry.GetLifecyclePolicy(ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: &name})
	if isError[*ecrtypes.LifecyclePolicyNotFoundException](err) {
		c.registryFault(ctx, "no lifecycle policy", "the lifecycle policy of "+name, "there is none, so images pile up")
		return
	}
	if err != nil {
		c.Book.Missed(report.Registry, err.Error())
		return
	}
	count := imagesKept(aws.ToString(policy.LifecyclePolicyText))
	if count == 0 {
		c.registryFault(ctx, "another lifecycle policy", "the lifecycle policy of "+name, "none of its rules expires images by their number")
		return
	}
	c.measured(ctx, report.Registry, fmt.Sprintf("keeps %d images", count))
}

func (c *Checker) registryFault(ctx context.Context, measured, asked, came string) {
	c.measured(ctx, report.Registry, measured, report.Fault{
		Asked: asked, Came: came, Do: "`pulumi refresh --preview-only` shows what is gone, `pulumi up` puts it back", Symptom: report.Drift,
	})
}

// imagesKept is how many images a lifecycle policy keeps; 0 if it does not limit their number.
func imagesKept(policy string) int {
	var document struct {
		Rules []struct {
			Selection struct {
				CountType   string `json:"countType"`
				CountNumber int    `json:"countNumber"`
			} `json:"selection"`
			Action struct {
				Type string `json:"type"`
			} `json:"action"`
		} `json:"rules"`
	}
	if json.Unmarshal([]byte(policy), &document) != nil {
		return 0
	}
	for _, rule := range document.Rules {
		if rule.Action.Type == "expire" && rule.Selection.CountType == "imageCountMoreThan" {
			return rule.Selection.CountNumber
		}
	}
	return 0
}

// image looks for the image that the task definition names.
func (c *Checker) image(ctx context.Context, definition *ecstypes.TaskDefinition) {
	asked, found := 0, []string{}
	for _, container := range definition.ContainerDefinitions {
		image := aws.ToString(container.Image)
		name, tag, ok := cutTag(image)
		if !ok || name != c.text("repositoryUrl") {
			continue // of another registry, which is not the stack's
		}
		asked++
		detail, err := c.tagged(ctx, tag)
		switch {
		case isError[*ecrtypes.ImageNotFoundException](err), isError[*ecrtypes.RepositoryNotFoundException](err):
			c.measured(ctx, report.Image, "tag "+tag+" is missing", report.Fault{
				Asked: "the image " + image + " of the task definition", Came: "it is not in the registry",
				Do: "push it, or correct imageTag (docs/operations.md, \"Deploy a new image\")", Symptom: report.ImageProblem,
			})
			return
		case err != nil:
			c.Book.Missed(report.Image, err.Error())
			return
		}
		if container.VersionConsistency != ecstypes.VersionConsistencyDisabled && !strings.HasPrefix(tag, "sha256:") {
			c.measured(ctx, report.Image, "tag "+tag+" is pinned", report.Fault{
				Asked: "the container " + aws.ToString(container.Name) + " of the task definition",
				Came:  "its versionConsistency is not disabled: ECS keeps the image of the last deployment, whatever is pushed (D19)",
				Do:    "`pulumi up` puts the task definition back", Symptom: report.ImageProblem,
			})
			return
		}
		found = append(found, fmt.Sprintf("%s, pushed %s, %d MB", tag, aws.ToTime(detail.ImagePushedAt).UTC().Format(time.DateOnly),
			aws.ToInt64(detail.ImageSizeInBytes)/1_000_000))
	}
	if asked == 0 {
		c.measured(ctx, report.Image, "not of this registry", report.Fault{
			Asked: "the task definition's image", Came: "none of its containers has one of " + c.text("repositoryUrl"),
			Do: "`pulumi up` puts the task definition back", Symptom: report.Drift,
		})
		return
	}
	c.measured(ctx, report.Image, strings.Join(found, "; "))
}

func (c *Checker) tagged(ctx context.Context, tag string) (*ecrtypes.ImageDetail, error) {
	id := ecrtypes.ImageIdentifier{ImageTag: &tag}
	if strings.HasPrefix(tag, "sha256:") {
		id = ecrtypes.ImageIdentifier{ImageDigest: &tag}
	}
	name := c.repository()
	found, err := c.Registry.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RepositoryName: &name, ImageIds: []ecrtypes.ImageIdentifier{id},
	})
	if err != nil {
		return nil, err
	}
	if len(found.ImageDetails) == 0 {
		return nil, &ecrtypes.ImageNotFoundException{}
	}
	return &found.ImageDetails[0], nil
}

// cutTag splits an image's name into repository and tag or digest; without one the tag is latest.
func cutTag(image string) (name, tag string, ok bool) {
	if tagged, digest, ok := strings.Cut(image, "@"); ok {
		name, _, ok = cutTag(tagged)
		return name, digest, ok
	}
	slash := strings.LastIndexByte(image, '/')
	if slash < 0 {
		return "", "", false
	}
	if base, tag, ok := strings.Cut(image[slash:], ":"); ok {
		return image[:slash] + base, tag, true
	}
	return image, "latest", true
}

// isError says whether an error is of an AWS service's modeled type.
func isError[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}
