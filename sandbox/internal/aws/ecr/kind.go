// Package ecr is Amazon ECR in the sandbox.
package ecr

import (
	_ "embed"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("ecr", schemaJSON)
	kind.Register(ecrKinds())
}

func ecrKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeRepository: {
			Unique: []kind.Unique{{
				Paths: []string{"name"}, Code: "RepositoryAlreadyExistsException",
				Message: "The repository with name '%s' already exists in the registry with id '" + view.AccountID + "'",
				Adopt:   "import it with ID (it may have been kept by an earlier destroy), or choose another name",
			}},
			Create: createRepository,
			Delete: deleteRepository,
		},
		view.TypeLifecyclePolicy: {
			Refs:       []kind.Ref{{Path: "repository", To: toRepository, OnDelete: kind.Cascade}},
			Overwrites: true,
			Check: func(c *kind.Checker) {
				if text, ok := c.Text("policy"); ok {
					for _, fault := range CheckLifecycle(text) {
						c.Fail("policy", "InvalidParameterException: %s", fault)
					}
				}
			},
			Create: func(c *kind.Call) error {
				c.ID = c.Str("repository")
				c.Set("registryId", view.AccountID)
				return nil
			},
		},
	}
}

func createRepository(c *kind.Call) error {
	c.ID = c.Str("name")
	c.Set("repositoryUrl", view.AccountID+".dkr.ecr."+view.Region+".amazonaws.com/"+c.ID)
	return nil
}

func deleteRepository(c *kind.Call) {
	images := len(c.By(view.RuntimeImage, "repositoryName", c.Old.ID))
	if images == 0 {
		return
	}
	if !props.Bool(c.Old.State, "forceDelete") {
		c.Refuse("", "RepositoryNotEmptyException", "The repository with name '%s' in registry with id '%s' cannot be deleted because it still "+
			"contains images (%d); delete them or set forceDelete", c.Old.ID, view.AccountID, images)
		return
	}
	for _, image := range c.By(view.RuntimeImage, "repositoryName", c.Old.ID) {
		c.Tx.Remove(image.Type, image.ID)
	}
}

var toRepository = kind.Target{
	Types: []string{view.TypeRepository}, By: []string{"id"},
	Code:    "RepositoryNotFoundException",
	Message: "The repository with name '%s' does not exist in the registry with id '" + view.AccountID + "'",
}
