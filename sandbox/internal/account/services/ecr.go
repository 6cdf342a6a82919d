package services

import (
	"regexp"

	"github.com/webordinary/live-edit/sandbox/internal/account/document"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// repositoryName is the pattern of the ECR API reference, CreateRepository.
var repositoryName = regexp.MustCompile(`^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$`)

func init() { Register(ecrKinds()) }

func ecrKinds() map[string]*Kind {
	onRepository := []Ref{{Path: "repository", To: toRepository, OnDelete: Cascade}}
	setIDs := func(c *Call) error {
		c.ID = c.Str("repository")
		c.Set("registryId", AccountID)
		return nil
	}
	return map[string]*Kind{
		typeRepository: {
			Unique: []Unique{{
				Paths: []string{"name"}, Code: "RepositoryAlreadyExistsException",
				Message: "The repository with name '%s' already exists in the registry with id '" + AccountID + "'",
				Adopt:   "import it with ID (it may have been kept by an earlier destroy), or choose another name",
			}},
			Check:  checkRepository,
			Create: createRepository,
			Delete: deleteRepository,
		},
		"aws:ecr/lifecyclePolicy:LifecyclePolicy": {
			Refs: onRepository, Overwrites: true,
			Check: func(c *Checker) {
				if text, ok := c.Text("policy"); ok {
					for _, fault := range document.CheckECRLifecycle(text) {
						c.Fail("policy", "InvalidParameterException: %s", fault)
					}
				}
			},
			Create: setIDs,
		},
		"aws:ecr/repositoryPolicy:RepositoryPolicy": {
			Refs: onRepository, Overwrites: true,
			Check: inTurn(func(c *Checker) { checkPolicy(c, "policy", policyRule{kind: document.BoundPolicy, max: 10240}) },
				repositoryPlace.check),
			Verify: repositoryPlace.verify,
			Create: setIDs,
		},
	}
}

func checkRepository(c *Checker) {
	if name, ok := c.Text("name"); ok && (len(name) < 2 || len(name) > 256 || !repositoryName.MatchString(name)) {
		c.Fail("name", "InvalidParameterException: Invalid parameter at 'repositoryName' failed to satisfy constraint: %q must have 2 to 256 "+
			"characters, lower-case letters, numbers and single . _ - between them, in parts separated by /", name)
	}
	for i, e := range props.Objects(c.In, "encryptionConfigurations[*]") {
		if props.Str(e, "encryptionType") == "AES256" && props.Has(e, "kmsKey") {
			c.Fail("encryptionConfigurations["+props.Number(float64(i))+"].kmsKey", "InvalidParameterException: a KMS key needs encryptionType KMS")
		}
	}
}

func createRepository(c *Call) error {
	c.ID = c.Str("name")
	c.Set("arn", ARN("ecr", "repository/"+c.ID))
	c.Set("registryId", AccountID)
	c.Set("repositoryUrl", AccountID+".dkr.ecr."+Region+".amazonaws.com/"+c.ID)
	return nil
}

func deleteRepository(c *Call) {
	images := len(c.By(RuntimeImage, "repositoryName", c.Old.ID))
	if images == 0 {
		return
	}
	if !props.Bool(c.Old.State, "forceDelete") {
		c.Refuse("", "RepositoryNotEmptyException", "The repository with name '%s' in registry with id '%s' cannot be deleted because it still "+
			"contains images (%d); delete them or set forceDelete", c.Old.ID, AccountID, images)
		return
	}
	for _, image := range c.By(RuntimeImage, "repositoryName", c.Old.ID) {
		c.Tx.Remove(image.Type, image.ID)
	}
}

var (
	toRepository = Target{
		Types: []string{typeRepository}, By: []string{"id"},
		Code: "RepositoryNotFoundException", Message: "The repository with name '%s' does not exist in the registry with id '" + AccountID + "'",
	}
)

// repositoryPlace is a repository's policy.
var repositoryPlace = policyPlace{
	path: "policy", kind: document.BoundPolicy, vendor: "ecr",
	code:      "InvalidParameterException",
	principal: "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided': Principal not found",
	badAction: "InvalidParameterException",
	action:    "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
}
