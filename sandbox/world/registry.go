package world

import (
	"slices"
	"time"
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
