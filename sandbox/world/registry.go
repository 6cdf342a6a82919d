package world

import (
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Image is one image in the registry.
type Image struct {
	Repository string    `json:"repository"`
	Tag        string    `json:"tag"`
	Digest     string    `json:"digest"`
	PushedAt   time.Time `json:"pushedAt"`
	SizeBytes  int64     `json:"sizeBytes"`
}

// PushImage puts an image into the registry under a tag, which moves if another image had it.
func (w *World) PushImage(image Image) error {
	if image.Digest == "" {
		image.Digest = "sha256:" + shortID(image.Repository, image.Tag, image.PushedAt.UnixNano()) + shortID(image.Tag, image.PushedAt.UnixNano())
	}
	id := image.Repository + ":" + image.Tag
	return save(w.store, TypeImage, id, image)
}

// Images lists the images of a repository, newest first.
func Images(store Store, repository string) ([]*Image, error) {
	all, err := load[Image](store, TypeImage)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(i *Image) bool { return i.Repository != repository })
	slices.SortStableFunc(all, func(a, b *Image) int { return b.PushedAt.Compare(a.PushedAt) })
	return all, nil
}

// PutSecret gives a secret a value out of band, as an operator does with `aws secretsmanager put-secret-value`. The value
// becomes AWSCURRENT.
func PutSecret(store Store, secretARN, value string, now time.Time) error {
	version := shortID(secretARN, now.UnixNano(), len(store.List(typeSecretVersion)))
	id := version[:8] + "-" + version[8:12] + "-" + version[12:16] + "-" + version[16:20] + "-" + version[20:]
	for _, old := range store.List(typeSecretVersion) {
		if textOf(old, "secretId") != secretARN {
			continue
		}
		if err := store.Mutate(typeSecretVersion, old.ID, func(state resource.PropertyMap) error {
			state["versionStages"] = resource.NewPropertyValue([]any{"AWSPREVIOUS"})
			return nil
		}); err != nil {
			return fmt.Errorf("put a value into secret %s: %w", secretARN, err)
		}
	}
	return save(store, typeSecretVersion, secretARN+"|"+id, map[string]any{
		"arn": secretARN, "secretId": secretARN, "secretString": value, "versionId": id, "versionStages": []string{"AWSCURRENT"},
	})
}
