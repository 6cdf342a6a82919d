package infra

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
)

const registryToken = "webordinary:infra:Registry"

// RegistryArgs describes the image registry (T00 §1).
type RegistryArgs struct {
	// Name of the repository.
	Name string
	// ImagesToKeep is how many images stay, whatever their tags.
	ImagesToKeep int
	keeping      keeping
}

// RegistryOutputs is what others need of a registry, this stack's or another's.
type RegistryOutputs struct {
	// RepositoryURL is what one pushes to, without a tag.
	RepositoryURL pulumi.StringOutput
	RepositoryArn pulumi.StringOutput
}

// Registry is the ECR repository of the container image, with scan on push and a lifecycle policy; its images
// outlive the stack.
type Registry struct {
	pulumi.ResourceState

	RepositoryURL pulumi.StringOutput `pulumi:"repositoryUrl"`
	RepositoryArn pulumi.StringOutput `pulumi:"repositoryArn"`
}

// NewRegistry registers the repository and its lifecycle policy.
func NewRegistry(ctx *pulumi.Context, name string, args *RegistryArgs, opts ...pulumi.ResourceOption) (*Registry, error) {
	registry := &Registry{}
	if err := ctx.RegisterComponentResource(registryToken, name, registry, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	repositoryName := name + "-repository"
	repository, err := ecr.NewRepository(ctx, repositoryName, &ecr.RepositoryArgs{
		Name:               pulumi.String(args.Name),
		ImageTagMutability: pulumi.String("MUTABLE"),
		ImageScanningConfiguration: &ecr.RepositoryImageScanningConfigurationArgs{
			ScanOnPush: pulumi.Bool(true),
		},
	}, args.keeping.retained(registry, repositoryName)...)
	if err != nil {
		return nil, component.Created(repositoryName, err)
	}
	policy, err := keepLastImages(args.ImagesToKeep)
	if err != nil {
		return nil, err
	}
	if _, err := ecr.NewLifecyclePolicy(ctx, name+"-lifecycle", &ecr.LifecyclePolicyArgs{
		Repository: repository.Name,
		Policy:     pulumi.String(policy),
	}, settingOf(registry)...); err != nil {
		return nil, component.Created(name+"-lifecycle", err)
	}
	registry.RepositoryURL = repository.RepositoryUrl
	registry.RepositoryArn = repository.Arn
	return registry, ctx.RegisterResourceOutputs(registry, pulumi.Map{
		"repositoryUrl": registry.RepositoryURL,
		"repositoryArn": registry.RepositoryArn,
	})
}

// Outputs is what other components take.
func (r *Registry) Outputs() RegistryOutputs {
	return RegistryOutputs{RepositoryURL: r.RepositoryURL, RepositoryArn: r.RepositoryArn}
}

type lifecycleSelection struct {
	TagStatus   string `json:"tagStatus"`
	CountType   string `json:"countType"`
	CountNumber int    `json:"countNumber"`
}

type lifecycleRule struct {
	RulePriority int                `json:"rulePriority"`
	Description  string             `json:"description"`
	Selection    lifecycleSelection `json:"selection"`
	Action       map[string]string  `json:"action"`
}

// keepLastImages is the ECR lifecycle policy that expires all but the newest count images, tagged or not (T00 §1).
func keepLastImages(count int) (string, error) {
	policy, err := json.Marshal(map[string][]lifecycleRule{"rules": {{
		RulePriority: 1,
		Description:  fmt.Sprintf("Keep last %d images", count),
		Selection:    lifecycleSelection{TagStatus: "any", CountType: "imageCountMoreThan", CountNumber: count},
		Action:       map[string]string{"type": "expire"},
	}}})
	if err != nil {
		return "", fmt.Errorf("marshal ECR lifecycle policy: %w", err)
	}
	return string(policy), nil
}
