package scheduler

import (
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecr"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// ContainerImage is the digest that a container of a task runs, or of all tasks of a deployment.
type ContainerImage struct {
	Container string `json:"container"`
	Digest    string `json:"digest"`
}

// digestOf finds a container's digest; "" when there is none.
func digestOf(images []ContainerImage, container string) string {
	if i := slices.IndexFunc(images, func(image ContainerImage) bool { return image.Container == container }); i >= 0 {
		return images[i].Digest
	}
	return ""
}

// imageRef names an image of this account's registry, by digest where there is one and otherwise by tag.
type imageRef struct{ text, repository, tag, digest string }

// ownImage reads what a container definition calls its image; ok is false for an image of another registry.
func ownImage(image string) (ref imageRef, ok bool) {
	registry, name, found := strings.Cut(image, "/")
	if !found || !strings.HasPrefix(registry, view.AccountID+".dkr.ecr.") {
		return imageRef{}, false
	}
	name, digest, _ := strings.Cut(name, "@")
	repository, tag, tagged := strings.Cut(name, ":")
	switch {
	case digest != "":
		tag = "" // Docker does not look at the tag of a reference with a digest
	case !tagged:
		tag = "latest"
	}
	return imageRef{text: image, repository: repository, tag: tag, digest: digest}, true
}

// unresolvedAttempts is how many failed pulls end a deployment's wait for its digests ("Container image resolution" in
// the ECS developer guide).
const unresolvedAttempts = 3

// images pulls the images of this account's registry; others are taken to exist.
func (c *start) images() error {
	c.task.Images = nil
	for _, container := range c.containers {
		ref, own := ownImage(container.Image)
		if !own {
			continue
		}
		if digest := digestOf(c.deployment.Images, container.Name); digest != "" && ref.digest == "" {
			ref.text, ref.tag, ref.digest = ref.text+"@"+digest, "", digest
		}
		digest, err := c.pull(ref)
		if err != nil {
			c.deployment.Unresolved++
			return err
		}
		c.task.Images = append(c.task.Images, ContainerImage{container.Name, digest})
	}
	c.pin()
	return nil
}

// pin makes what a deployment's first task has pulled the images of all its tasks, whatever becomes of the tags: "the
// first task started by the service scheduler during deployment is used to establish the image digests", of the
// containers whose versionConsistency is not disabled. A change of the desired count is no deployment.
func (c *start) pin() {
	if len(c.deployment.Images) > 0 || c.deployment.Unresolved >= unresolvedAttempts {
		return
	}
	var pinned []ContainerImage
	for _, container := range c.containers {
		if digest := digestOf(c.task.Images, container.Name); digest != "" && container.VersionConsistency != "disabled" {
			pinned = append(pinned, ContainerImage{container.Name, digest})
		}
	}
	c.deployment.Images = pinned
}

// pull finds the image's digest, or says in ECS's words why it cannot be pulled.
func (c *start) pull(ref imageRef) (digest string, err error) {
	const failed = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
	r, ok := view.FindBy(c.store, view.TypeRepository, "name", ref.repository)
	if !ok {
		return "", &StartFailure{Reason: failed + ref.text + ": " + ref.text + ": not found"}
	}
	for _, action := range []string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"} {
		message, err := c.refused(c.definition.ExecutionRoleARN, action, view.Text(r, "arn"))
		if err != nil {
			return "", err
		}
		if message != "" {
			return "", &StartFailure{Reason: failed + ref.text + ": pulling from host failed with status code [manifests " +
				ref.tag + ref.digest + "]: 403 Forbidden: " + message}
		}
	}
	image, err := ecr.FindImage(c.store, ref.repository, ref.digest, ref.tag)
	if err != nil {
		return "", err
	}
	if image == nil {
		return "", &StartFailure{Reason: failed + ref.text + ": " + ref.text + ": not found"}
	}
	return image.Digest, nil
}
