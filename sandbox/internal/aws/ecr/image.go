package ecr

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Image is what a digest names in the registry. A tag belongs to one image at a time; an image that has lost its tags
// stays under its digest until the repository's lifecycle policy expires it.
type Image struct {
	Repository string    `json:"repositoryName"`
	Digest     string    `json:"digest"`
	Tags       []string  `json:"tags"` // sorted
	PushedAt   time.Time `json:"pushedAt"`
	SizeBytes  int64     `json:"sizeBytes"`
	// Manifest is what the digest is the hash of; empty for an image that was pushed without one.
	Manifest string `json:"manifest,omitempty"`
}

func (i *Image) id() string { return i.Repository + "@" + i.Digest }

// Named says whether the image has that digest and that tag; an empty one fits every image.
func (i *Image) Named(digest, tag string) bool {
	return (digest == "" || digest == i.Digest) && (tag == "" || slices.Contains(i.Tags, tag))
}

// pushing makes a push one thing: its tags leave other images, and the lifecycle policy looks at all.
var pushing sync.Mutex

// PushImage puts an image into the registry. Its tags move away from the images that had them, and then the
// repository's lifecycle policy is applied; ECR takes up to 24 hours for that ("Lifecycle policies" in its guide).
// Without a Digest each push makes another image, as a build does; with the digest of an image that is there, that
// image gets the tags.
func PushImage(store view.Store, image Image) error {
	pushing.Lock()
	defer pushing.Unlock()
	now := image.PushedAt
	if image.Digest == "" {
		image.Digest = "sha256:" + view.ShortID(image.Repository, image.Tags, now.UnixNano()) + view.ShortID(image.Tags, now.UnixNano())
	}
	images, err := Images(store, image.Repository)
	if err != nil {
		return fmt.Errorf("push image %s: %w", image.id(), err)
	}
	for _, other := range images {
		if other.Digest == image.Digest {
			image = Image{
				Repository: image.Repository, Digest: image.Digest, Tags: append(other.Tags, image.Tags...),
				PushedAt: other.PushedAt, SizeBytes: other.SizeBytes, Manifest: other.Manifest,
			}
			continue
		}
		left := slices.DeleteFunc(slices.Clone(other.Tags), func(tag string) bool { return slices.Contains(image.Tags, tag) })
		if len(left) == len(other.Tags) {
			continue
		}
		other.Tags = left
		if err := view.Save(store, view.RuntimeImage, other.id(), other); err != nil {
			return err
		}
	}
	slices.Sort(image.Tags)
	image.Tags = slices.Compact(image.Tags)
	if err := view.Save(store, view.RuntimeImage, image.id(), image); err != nil {
		return err
	}
	return expireImages(store, image.Repository, now)
}

// expireImages applies the lifecycle policy of a repository, if it has one.
func expireImages(store view.Store, repository string, now time.Time) error {
	policy, ok := view.FindBy(store, view.TypeLifecyclePolicy, "repository", repository)
	if !ok {
		return nil
	}
	images, err := Images(store, repository)
	if err != nil {
		return fmt.Errorf("apply the lifecycle policy of %s: %w", repository, err)
	}
	pushed := make([]PushedImage, len(images))
	for i, image := range images {
		pushed[i] = PushedImage{Digest: image.Digest, Tags: image.Tags, PushedAt: image.PushedAt}
	}
	expired, err := ExpiredImages(view.Text(policy, "policy"), pushed, now)
	if err != nil {
		return fmt.Errorf("apply the lifecycle policy of %s: %w", repository, err)
	}
	for _, digest := range expired {
		if err := store.Remove(view.RuntimeImage, (&Image{Repository: repository, Digest: digest}).id()); err != nil {
			return fmt.Errorf("expire image %s of %s: %w", digest, repository, err)
		}
	}
	return nil
}

// Images lists the images of a repository, newest first.
func Images(store view.Store, repository string) ([]*Image, error) {
	all, err := view.All[Image](store, view.RuntimeImage)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(i *Image) bool { return i.Repository != repository })
	slices.SortStableFunc(all, func(a, b *Image) int { return b.PushedAt.Compare(a.PushedAt) })
	return all, nil
}

// FindImage finds the image of a repository that a digest or a tag names; nil when there is none.
func FindImage(store view.Store, repository, digest, tag string) (*Image, error) {
	images, err := Images(store, repository)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(images, func(image *Image) bool { return image.Named(digest, tag) }); i >= 0 {
		return images[i], nil
	}
	return nil, nil
}
