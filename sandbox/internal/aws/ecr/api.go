package ecr

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// The service answers Amazon ECR, AWS JSON 1.1. Images are what PushImage has put into the registry. Layers are
// not kept: PutImage takes the manifest of any image.
func init() {
	wire.Register(&wire.Service{Name: "ecr", Protocol: wire.JSON{}, Operations: map[string]wire.Handler{
		"DescribeRepositories": wire.JSONOperation(describeRepositories),
		"DescribeImages":       wire.JSONOperation(describeImages),
		"BatchGetImage":        wire.JSONOperation(batchGetImage),
		"PutImage":             wire.JSONOperation(putImage),
		"GetLifecyclePolicy":   wire.JSONOperation(getLifecyclePolicy),
	}})
}

func repositoryARN(name string) string {
	return "arn:" + view.Partition + ":ecr:" + view.Region + ":" + view.AccountID + ":repository/" + name
}

func repository(x *wire.Exchange, name string) (view.Resource, error) {
	for _, r := range x.Store.List(view.TypeRepository) {
		if view.Text(r, "name") == name {
			return r, nil
		}
	}
	return view.Resource{}, wire.Refuse("RepositoryNotFoundException",
		"The repository with name '%s' does not exist in the registry with id '%s'", name, view.AccountID)
}

type repositoryView struct {
	ARN           string `json:"repositoryArn"`
	RegistryID    string `json:"registryId"`
	Name          string `json:"repositoryName"`
	URI           string `json:"repositoryUri"`
	TagMutability string `json:"imageTagMutability,omitempty"`
}

func describeRepositories(x *wire.Exchange, in *struct {
	RegistryID      string   `json:"registryId"`
	RepositoryNames []string `json:"repositoryNames"`
},
) (any, error) {
	names := in.RepositoryNames
	if len(names) == 0 {
		if err := x.Allow("ecr:DescribeRepositories", repositoryARN("*"), nil); err != nil {
			return nil, err
		}
		for _, r := range x.Store.List(view.TypeRepository) {
			names = append(names, view.Text(r, "name"))
		}
	}
	views := []repositoryView{}
	for _, name := range names {
		if err := x.Allow("ecr:DescribeRepositories", repositoryARN(name), nil); err != nil {
			return nil, err
		}
		r, err := repository(x, name)
		if err != nil {
			return nil, err
		}
		views = append(views, repositoryView{
			ARN: repositoryARN(name), RegistryID: view.AccountID, Name: name, TagMutability: view.Text(r, "imageTagMutability"),
			URI: view.AccountID + ".dkr.ecr." + view.Region + ".amazonaws.com/" + name,
		})
	}
	return map[string]any{"repositories": views}, nil
}

func getLifecyclePolicy(x *wire.Exchange, in *struct {
	RegistryID     string `json:"registryId"`
	RepositoryName string `json:"repositoryName"`
},
) (any, error) {
	if err := x.Allow("ecr:GetLifecyclePolicy", repositoryARN(in.RepositoryName), nil); err != nil {
		return nil, err
	}
	if _, err := repository(x, in.RepositoryName); err != nil {
		return nil, err
	}
	for _, r := range x.Store.List(view.TypeLifecyclePolicy) {
		if view.Text(r, "repository") == in.RepositoryName {
			return map[string]string{
				"registryId": view.AccountID, "repositoryName": in.RepositoryName, "lifecyclePolicyText": view.Text(r, "policy"),
			}, nil
		}
	}
	return nil, wire.Refuse("LifecyclePolicyNotFoundException",
		"Lifecycle policy does not exist for the repository with name '%s' in the registry with id '%s'", in.RepositoryName, view.AccountID)
}

type imageID struct {
	Digest string `json:"imageDigest,omitempty"`
	Tag    string `json:"imageTag,omitempty"`
}

func (id imageID) names(image *Image) bool {
	return image.Named(id.Digest, id.Tag)
}

type imagesInput struct {
	RegistryID         string    `json:"registryId"`
	RepositoryName     string    `json:"repositoryName"`
	ImageIDs           []imageID `json:"imageIds"`
	AcceptedMediaTypes []string  `json:"acceptedMediaTypes"`
}

// images authorises the call and returns the repository's images.
func images(x *wire.Exchange, action string, in *imagesInput) ([]*Image, error) {
	if err := x.Allow(action, repositoryARN(in.RepositoryName), nil); err != nil {
		return nil, err
	}
	if _, err := repository(x, in.RepositoryName); err != nil {
		return nil, err
	}
	return Images(x.Store, in.RepositoryName)
}

type imageDetail struct {
	RegistryID string     `json:"registryId"`
	Repository string     `json:"repositoryName"`
	Digest     string     `json:"imageDigest"`
	Tags       []string   `json:"imageTags,omitempty"`
	SizeBytes  int64      `json:"imageSizeInBytes"`
	PushedAt   wire.Epoch `json:"imagePushedAt"`
}

func describeImages(x *wire.Exchange, in *imagesInput) (any, error) {
	images, err := images(x, "ecr:DescribeImages", in)
	if err != nil {
		return nil, err
	}
	for _, id := range in.ImageIDs {
		if !slices.ContainsFunc(images, id.names) {
			return nil, wire.Refuse("ImageNotFoundException", "The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the "+
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
			SizeBytes: image.SizeBytes, PushedAt: wire.Stamp(image.PushedAt),
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

func batchGetImage(x *wire.Exchange, in *imagesInput) (any, error) {
	images, err := images(x, "ecr:BatchGetImage", in)
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
func viewImage(image *Image, tag string) (any, error) {
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
func putImage(x *wire.Exchange, in *putImageInput) (any, error) {
	if err := x.Allow("ecr:PutImage", repositoryARN(in.RepositoryName), nil); err != nil {
		return nil, err
	}
	repository, err := repository(x, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	image := &Image{
		Repository: in.RepositoryName, Manifest: in.Manifest, PushedAt: x.Now,
		Digest: fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(in.Manifest))),
	}
	if image.SizeBytes, err = sizeInManifest(in.Manifest); err != nil {
		return nil, wire.Refuse("InvalidParameterException", "Invalid parameter at 'ImageManifest' failed to satisfy constraint: '%v'", err)
	}
	if in.Digest != "" && in.Digest != image.Digest {
		return nil, wire.Refuse("ImageDigestDoesNotMatchException", "The provided digest '%s' does not match the calculated digest '%s'",
			in.Digest, image.Digest)
	}
	if in.Tag != "" {
		image.Tags = []string{in.Tag}
	}
	if err := mayPut(x, repository, image, in.Tag); err != nil {
		return nil, err
	}
	if err := PushImage(x.Store, *image); err != nil {
		return nil, err
	}
	answer, err := viewImage(image, in.Tag)
	return map[string]any{"image": answer}, err
}

// mayPut refuses an image that is there under that tag, and a tag that may not move.
func mayPut(x *wire.Exchange, repository view.Resource, image *Image, tag string) error {
	same, err := FindImage(x.Store, image.Repository, image.Digest, tag)
	if err != nil {
		return err
	}
	if same != nil {
		return wire.Refuse("ImageAlreadyExistsException", "Image with digest '%s' and tag '%s' already exists in the repository with name "+
			"'%s' in registry with id '%s'", image.Digest, tag, image.Repository, view.AccountID)
	}
	if tag == "" || view.Text(repository, "imageTagMutability") != "IMMUTABLE" {
		return nil
	}
	owner, err := FindImage(x.Store, image.Repository, "", tag)
	if err != nil || owner == nil {
		return err
	}
	return wire.Refuse("ImageTagAlreadyExistsException", "The image tag '%s' already exists in the '%s' repository and cannot be overwritten "+
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
