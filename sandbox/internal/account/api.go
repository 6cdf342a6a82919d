package account

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/account/store"
)

// Resource is one thing in the account: a Pulumi-managed resource, a foreign
// one, or a runtime fact that the API front keeps (a running task, an image).
//
// Type is the Pulumi type token, such as "aws:ecs/service:Service", or a
// "runtime:..." token for facts of the API front. ID is the provider's ID. URN
// names the Pulumi resource that created it and is empty for everything that
// exists outside Pulumi. Inputs are the last checked inputs, State is what Read
// returns: inputs, defaults and computed outputs.
type Resource = store.Resource

// Failure is one faulty property found by Check: its path (empty when the fault
// concerns the resource as a whole) and the reason, with value and rule.
type Failure = schema.Failure

// Error is the refusal of a create, update or delete: which resource, property
// and value, AWS's error code, and the rule. Several are joined.
type Error = kind.Error

// ErrPasses stands beside a refusal whose reason goes away by itself.
var ErrPasses = kind.ErrPasses

// CheckRequest asks for validation of a resource's inputs.
type CheckRequest struct {
	URN  string
	Type string
	// OldInputs are the last checked inputs; nil for a new resource.
	OldInputs resource.PropertyMap
	// NewInputs are the program's; unknowns and secrets are allowed.
	NewInputs resource.PropertyMap
	// DefaultTags are the provider's defaultTags.tags.
	DefaultTags map[string]string
	// RandomSeed is the engine's seed for generated names; nil means random.
	RandomSeed []byte
	// Autonaming carries the engine's pulumi:autonaming decision; nil means the
	// provider's own way: name, hyphen, seven hexadecimal digits.
	Autonaming *Autonaming
}

// AutonamingMode says what to do with the engine's proposed name.
type AutonamingMode int

// The engine's modes, see pulumirpc.CheckRequest.AutonamingOptions.
const (
	// AutonamingPropose allows the provider to adapt the proposed name.
	AutonamingPropose AutonamingMode = iota
	// AutonamingEnforce demands the proposed name literally.
	AutonamingEnforce
	// AutonamingDisable demands an explicit name.
	AutonamingDisable
)

// Autonaming is the engine's naming decision for one resource.
type Autonaming struct {
	ProposedName string
	Mode         AutonamingMode
}

// CheckResult holds the checked inputs, or the failures.
type CheckResult struct {
	// Inputs are the inputs with defaults, generated names and default tags.
	// Unknown values stay unknown, secret ones stay secret.
	Inputs   resource.PropertyMap
	Failures []Failure
}

// DiffRequest asks what an update with new inputs would do.
type DiffRequest struct {
	URN  string
	Type string
	ID   string
	// OldInputs are the last checked inputs, OldState the last known state.
	OldInputs resource.PropertyMap
	OldState  resource.PropertyMap
	// NewInputs are the result of Check.
	NewInputs resource.PropertyMap
	// IgnoreChanges are property paths whose changes do not count.
	IgnoreChanges []string
}

// PropertyDiff is the change of one property: its path, such as "tags.Name" or
// "conditions[0]", its kind, and whether AWS must replace the resource for it.
type PropertyDiff = schema.Change

// DiffKind is the kind of a property's change.
type DiffKind = schema.ChangeKind

// The kinds of change of a property.
const (
	DiffAdd    = schema.Add
	DiffDelete = schema.Delete
	DiffUpdate = schema.Update
)

// DiffResult is the outcome of a Diff; no properties means nothing to do.
type DiffResult struct {
	// Properties are sorted by path.
	Properties []PropertyDiff
	// DeleteBeforeReplace is true when old and new cannot exist side by side.
	DeleteBeforeReplace bool
}

// CreateRequest asks for a new resource.
type CreateRequest struct {
	URN    string
	Type   string
	Inputs resource.PropertyMap
	// DryRun is a preview: nothing is kept and computed outputs are unknown.
	DryRun bool
}

// ReadRequest asks for a resource's present state. Without Inputs and State it is
// an import: ID is then what a user passes to `pulumi import`.
type ReadRequest struct {
	URN    string
	Type   string
	ID     string
	Inputs resource.PropertyMap
	State  resource.PropertyMap
}

// UpdateRequest asks for a change in place.
type UpdateRequest struct {
	URN       string
	Type      string
	ID        string
	OldInputs resource.PropertyMap
	OldState  resource.PropertyMap
	NewInputs resource.PropertyMap
	// IgnoreChanges are property paths that stay as they are in the account.
	IgnoreChanges []string
	// DryRun is a preview: nothing is kept.
	DryRun bool
}

// DeleteRequest asks for the removal of a resource.
type DeleteRequest struct {
	URN    string
	Type   string
	ID     string
	Inputs resource.PropertyMap
	State  resource.PropertyMap
}

// InvokeRequest is a data-source call, such as "aws:ec2/getVpc:getVpc".
type InvokeRequest struct {
	Token string
	Args  resource.PropertyMap
}

// InvokeResult is the answer to an InvokeRequest.
type InvokeResult struct {
	Return   resource.PropertyMap
	Failures []Failure
}
