package awsapi

import (
	"encoding/json"
	"slices"

	"github.com/webordinary/live-edit/sandbox/account"
	"github.com/webordinary/live-edit/sandbox/world"
)

const (
	typeRepository      = "aws:ecr/repository:Repository"
	typeLifecyclePolicy = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
)

// ecrService answers Amazon ECR, AWS JSON 1.1. Images are what world.PushImage has put into the registry.
func ecrService() *service {
	return &service{name: "ecr", protocol: jsonProtocol{}, operations: map[string]handler{
		"DescribeRepositories": jsonOperation(describeRepositories),
		"DescribeImages":       jsonOperation(describeImages),
		"BatchGetImage":        jsonOperation(batchGetImage),
		"GetLifecyclePolicy":   jsonOperation(getLifecyclePolicy),
	}}
}

func repositoryARN(name string) string {
	return "arn:" + account.Partition + ":ecr:" + account.Region + ":" + account.ID + ":repository/" + name
}

func (x *exchange) repository(name string) (account.Resource, error) {
	for _, r := range x.server.options.Store.List(typeRepository) {
		if property(r, "name") == name {
			return r, nil
		}
	}
	return account.Resource{}, refuse("RepositoryNotFoundException",
		"The repository with name '%s' does not exist in the registry with id '%s'", name, account.ID)
}

type repositoryView struct {
	ARN           string `json:"repositoryArn"`
	RegistryID    string `json:"registryId"`
	Name          string `json:"repositoryName"`
	URI           string `json:"repositoryUri"`
	TagMutability string `json:"imageTagMutability,omitempty"`
}

func describeRepositories(x *exchange, in *struct {
	RegistryID      string   `json:"registryId"`
	RepositoryNames []string `json:"repositoryNames"`
},
) (any, error) {
	names := in.RepositoryNames
	if len(names) == 0 {
		if err := x.allow("ecr:DescribeRepositories", repositoryARN("*"), nil); err != nil {
			return nil, err
		}
		for _, r := range x.server.options.Store.List(typeRepository) {
			names = append(names, property(r, "name"))
		}
	}
	views := []repositoryView{}
	for _, name := range names {
		if err := x.allow("ecr:DescribeRepositories", repositoryARN(name), nil); err != nil {
			return nil, err
		}
		r, err := x.repository(name)
		if err != nil {
			return nil, err
		}
		views = append(views, repositoryView{
			ARN: repositoryARN(name), RegistryID: account.ID, Name: name, TagMutability: property(r, "imageTagMutability"),
			URI: account.ID + ".dkr.ecr." + account.Region + ".amazonaws.com/" + name,
		})
	}
	return map[string]any{"repositories": views}, nil
}

func getLifecyclePolicy(x *exchange, in *struct {
	RegistryID     string `json:"registryId"`
	RepositoryName string `json:"repositoryName"`
},
) (any, error) {
	if err := x.allow("ecr:GetLifecyclePolicy", repositoryARN(in.RepositoryName), nil); err != nil {
		return nil, err
	}
	if _, err := x.repository(in.RepositoryName); err != nil {
		return nil, err
	}
	for _, r := range x.server.options.Store.List(typeLifecyclePolicy) {
		if property(r, "repository") == in.RepositoryName {
			return map[string]string{
				"registryId": account.ID, "repositoryName": in.RepositoryName, "lifecyclePolicyText": property(r, "policy"),
			}, nil
		}
	}
	return nil, refuse("LifecyclePolicyNotFoundException",
		"Lifecycle policy does not exist for the repository with name '%s' in the registry with id '%s'", in.RepositoryName, account.ID)
}

type imageID struct {
	Digest string `json:"imageDigest,omitempty"`
	Tag    string `json:"imageTag,omitempty"`
}

func (id imageID) names(image *world.Image) bool {
	return (id.Digest == "" || id.Digest == image.Digest) && (id.Tag == "" || id.Tag == image.Tag)
}

type imagesInput struct {
	RegistryID         string    `json:"registryId"`
	RepositoryName     string    `json:"repositoryName"`
	ImageIDs           []imageID `json:"imageIds"`
	AcceptedMediaTypes []string  `json:"acceptedMediaTypes"`
}

// images authorises the call and returns the repository's images.
func (x *exchange) images(action string, in *imagesInput) ([]*world.Image, error) {
	if err := x.allow(action, repositoryARN(in.RepositoryName), nil); err != nil {
		return nil, err
	}
	if _, err := x.repository(in.RepositoryName); err != nil {
		return nil, err
	}
	return world.Images(x.server.options.Store, in.RepositoryName)
}

type imageDetail struct {
	RegistryID string   `json:"registryId"`
	Repository string   `json:"repositoryName"`
	Digest     string   `json:"imageDigest"`
	Tags       []string `json:"imageTags"`
	SizeBytes  int64    `json:"imageSizeInBytes"`
	PushedAt   epoch    `json:"imagePushedAt"`
}

func describeImages(x *exchange, in *imagesInput) (any, error) {
	images, err := x.images("ecr:DescribeImages", in)
	if err != nil {
		return nil, err
	}
	for _, id := range in.ImageIDs {
		if !slices.ContainsFunc(images, id.names) {
			return nil, refuse("ImageNotFoundException", "The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the "+
				"repository with name '%s' in the registry with id '%s'", orNull(id.Digest), orNull(id.Tag), in.RepositoryName, account.ID)
		}
	}
	details := []imageDetail{}
	for _, image := range images {
		if len(in.ImageIDs) > 0 && !slices.ContainsFunc(in.ImageIDs, func(id imageID) bool { return id.names(image) }) {
			continue
		}
		details = append(details, imageDetail{
			RegistryID: account.ID, Repository: image.Repository, Digest: image.Digest, Tags: []string{image.Tag},
			SizeBytes: image.SizeBytes, PushedAt: stamp(image.PushedAt),
		})
	}
	return map[string]any{"imageDetails": details}, nil
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

func batchGetImage(x *exchange, in *imagesInput) (any, error) {
	images, err := x.images("ecr:BatchGetImage", in)
	if err != nil {
		return nil, err
	}
	found, failures := []any{}, []any{}
	for _, id := range in.ImageIDs {
		i := slices.IndexFunc(images, id.names)
		if i < 0 {
			failures = append(failures, map[string]any{
				"imageId": id, "failureCode": "ImageNotFound", "failureReason": "Requested image not found",
			})
			continue
		}
		manifest, err := json.Marshal(map[string]any{
			"schemaVersion": 2, "mediaType": manifestType,
			"config": map[string]any{"digest": images[i].Digest, "size": images[i].SizeBytes},
		})
		if err != nil {
			return nil, err
		}
		found = append(found, map[string]any{
			"registryId": account.ID, "repositoryName": in.RepositoryName, "imageManifest": string(manifest),
			"imageManifestMediaType": manifestType, "imageId": imageID{images[i].Digest, images[i].Tag},
		})
	}
	return map[string]any{"images": found, "failures": failures}, nil
}

const manifestType = "application/vnd.oci.image.manifest.v1+json"
