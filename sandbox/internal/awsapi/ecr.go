package awsapi

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/webordinary/live-edit/sandbox/internal/world"
)

// ecrService answers Amazon ECR, AWS JSON 1.1. Images are what world.PushImage has put into the registry. Layers are
// not kept: PutImage takes the manifest of any image.
func ecrService() *service {
	return &service{name: "ecr", protocol: jsonProtocol{}, operations: map[string]handler{
		"DescribeRepositories": jsonOperation(describeRepositories),
		"DescribeImages":       jsonOperation(describeImages),
		"BatchGetImage":        jsonOperation(batchGetImage),
		"PutImage":             jsonOperation(putImage),
		"GetLifecyclePolicy":   jsonOperation(getLifecyclePolicy),
	}}
}

func repositoryARN(name string) string {
	return "arn:" + view.Partition + ":ecr:" + view.Region + ":" + view.AccountID + ":repository/" + name
}

func (x *exchange) repository(name string) (view.Resource, error) {
	for _, r := range x.server.options.Store.List(view.TypeRepository) {
		if property(r, "name") == name {
			return r, nil
		}
	}
	return view.Resource{}, refuse("RepositoryNotFoundException",
		"The repository with name '%s' does not exist in the registry with id '%s'", name, view.AccountID)
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
		for _, r := range x.server.options.Store.List(view.TypeRepository) {
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
			ARN: repositoryARN(name), RegistryID: view.AccountID, Name: name, TagMutability: property(r, "imageTagMutability"),
			URI: view.AccountID + ".dkr.ecr." + view.Region + ".amazonaws.com/" + name,
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
	for _, r := range x.server.options.Store.List(view.TypeLifecyclePolicy) {
		if property(r, "repository") == in.RepositoryName {
			return map[string]string{
				"registryId": view.AccountID, "repositoryName": in.RepositoryName, "lifecyclePolicyText": property(r, "policy"),
			}, nil
		}
	}
	return nil, refuse("LifecyclePolicyNotFoundException",
		"Lifecycle policy does not exist for the repository with name '%s' in the registry with id '%s'", in.RepositoryName, view.AccountID)
}

type imageID struct {
	Digest string `json:"imageDigest,omitempty"`
	Tag    string `json:"imageTag,omitempty"`
}

func (id imageID) names(image *world.Image) bool {
	return image.Named(id.Digest, id.Tag)
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
	Tags       []string `json:"imageTags,omitempty"`
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
				"repository with name '%s' in the registry with id '%s'", orNull(id.Digest), orNull(id.Tag), in.RepositoryName, view.AccountID)
		}
	}
	details := []imageDetail{}
	for _, image := range images {
		if len(in.ImageIDs) > 0 && !slices.ContainsFunc(in.ImageIDs, func(id imageID) bool { return id.names(image) }) {
			continue
		}
		details = append(details, imageDetail{
			RegistryID: view.AccountID, Repository: image.Repository, Digest: image.Digest, Tags: image.Tags,
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
		answer, err := viewImage(images[i], id.Tag)
		if err != nil {
			return nil, err
		}
		found = append(found, answer)
	}
	return map[string]any{"images": found, "failures": failures}, nil
}

// viewImage shows an image under the tag that it was asked for. One that was pushed without a manifest gets a plain one.
func viewImage(image *world.Image, tag string) (any, error) {
	manifest := image.Manifest
	if manifest == "" {
		made, err := json.Marshal(map[string]any{
			"schemaVersion": 2, "mediaType": manifestType,
			"config": map[string]any{"digest": image.Digest, "size": image.SizeBytes},
		})
		if err != nil {
			return nil, err
		}
		manifest = string(made)
	}
	return map[string]any{
		"registryId": view.AccountID, "repositoryName": image.Repository, "imageManifest": manifest,
		"imageManifestMediaType": manifestType, "imageId": imageID{image.Digest, tag},
	}, nil
}

type putImageInput struct {
	RegistryID     string `json:"registryId"`
	RepositoryName string `json:"repositoryName"`
	Manifest       string `json:"imageManifest"`
	MediaType      string `json:"imageManifestMediaType"`
	Tag            string `json:"imageTag"`
	Digest         string `json:"imageDigest"`
}

// putImage is the last step of a push: the manifest, whose hash is the image's digest, and its tag.
func putImage(x *exchange, in *putImageInput) (any, error) {
	if err := x.allow("ecr:PutImage", repositoryARN(in.RepositoryName), nil); err != nil {
		return nil, err
	}
	repository, err := x.repository(in.RepositoryName)
	if err != nil {
		return nil, err
	}
	if x.server.options.World == nil {
		return nil, notSupported("PutImage needs a simulated world")
	}
	image := &world.Image{
		Repository: in.RepositoryName, Manifest: in.Manifest, PushedAt: x.now,
		Digest: fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(in.Manifest))),
	}
	if image.SizeBytes, err = sizeInManifest(in.Manifest); err != nil {
		return nil, refuse("InvalidParameterException", "Invalid parameter at 'ImageManifest' failed to satisfy constraint: '%v'", err)
	}
	if in.Digest != "" && in.Digest != image.Digest {
		return nil, refuse("ImageDigestDoesNotMatchException", "The provided digest '%s' does not match the calculated digest '%s'",
			in.Digest, image.Digest)
	}
	if in.Tag != "" {
		image.Tags = []string{in.Tag}
	}
	if err := x.mayPut(repository, image, in.Tag); err != nil {
		return nil, err
	}
	if err := x.server.options.World.PushImage(*image); err != nil {
		return nil, err
	}
	answer, err := viewImage(image, in.Tag)
	return map[string]any{"image": answer}, err
}

// mayPut refuses an image that is there under that tag, and a tag that may not move.
func (x *exchange) mayPut(repository view.Resource, image *world.Image, tag string) error {
	same, err := world.FindImage(x.server.options.Store, image.Repository, image.Digest, tag)
	if err != nil {
		return err
	}
	if same != nil {
		return refuse("ImageAlreadyExistsException", "Image with digest '%s' and tag '%s' already exists in the repository with name '%s' in "+
			"registry with id '%s'", image.Digest, tag, image.Repository, view.AccountID)
	}
	if tag == "" || property(repository, "imageTagMutability") != "IMMUTABLE" {
		return nil
	}
	owner, err := world.FindImage(x.server.options.Store, image.Repository, "", tag)
	if err != nil || owner == nil {
		return err
	}
	return refuse("ImageTagAlreadyExistsException", "The image tag '%s' already exists in the '%s' repository and cannot be overwritten "+
		"because the tag is immutable.", tag, image.Repository)
}

// sizeInManifest adds up what an image's manifest says of its configuration and layers.
func sizeInManifest(text string) (int64, error) {
	var manifest struct {
		SchemaVersion int `json:"schemaVersion"`
		Config        struct {
			Size int64 `json:"size"`
		} `json:"config"`
		Layers []struct {
			Size int64 `json:"size"`
		} `json:"layers"`
	}
	if err := json.Unmarshal([]byte(text), &manifest); err != nil {
		return 0, fmt.Errorf("invalid JSON syntax: %w", err)
	}
	if manifest.SchemaVersion != 2 {
		return 0, fmt.Errorf("schemaVersion is %d, expected 2", manifest.SchemaVersion)
	}
	size := manifest.Config.Size
	for _, layer := range manifest.Layers {
		size += layer.Size
	}
	return size, nil
}

const manifestType = "application/vnd.oci.image.manifest.v1+json"
