package account

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Resource is one thing in the account: a Pulumi-managed resource, a foreign
// one, or a runtime fact that the API front keeps (a running task, an image).
type Resource struct {
	// Type is the Pulumi type token, such as "aws:ecs/service:Service", or a
	// "runtime:..." token for facts of the API front, such as "runtime:ecs/task".
	Type string
	// ID is the provider's ID: what the real provider uses for that type.
	ID string
	// URN names the Pulumi resource that created it; empty for everything that
	// exists outside Pulumi.
	URN string
	// Inputs are the last checked inputs.
	Inputs resource.PropertyMap
	// State is what Read returns: inputs, defaults and computed outputs.
	State resource.PropertyMap
}

// Failure is one faulty property found by Check.
type Failure struct {
	// Property is the path of the property, such as "conditions[0].pathPattern".
	// Empty when the fault concerns the resource as a whole.
	Property string
	// Reason says what is wrong with which value, and what is expected.
	Reason string
}

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

// DiffKind is the kind of a property's change.
type DiffKind int

// The kinds of change of a property.
const (
	DiffAdd DiffKind = iota
	DiffDelete
	DiffUpdate
)

// PropertyDiff is the change of one property.
type PropertyDiff struct {
	// Path is the property's path, such as "tags.Name" or `conditions[0]`.
	Path string
	Kind DiffKind
	// Replace is true when AWS cannot change the property in place.
	Replace bool
}

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

// ReadRequest asks for a resource's present state. Without State it is an
// import: ID is then what a user passes to `pulumi import`.
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

// Invoker runs a deployed Lambda function: aws:lambda/invocation:Invocation
// calls it on create, and with a CRUD lifecycle on update and delete too.
type Invoker interface {
	// Invoke runs function (an aws:lambda/function:Function) with payload and
	// returns its answer. A function error is returned as an error.
	Invoke(ctx context.Context, function Resource, payload []byte) ([]byte, error)
}
