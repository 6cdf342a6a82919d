package engine

import (
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Result is what an operation did, or in a preview would do. A failed operation
// has one too: what was done before it failed.
type Result struct {
	// Changes counts resources by what happened to them.
	Changes map[apitype.OpType]int
	// Steps are the resources that did not stay the same, in the engine's order.
	Steps []Step
	// Diagnostics are the engine's and the program's warnings and errors.
	Diagnostics []Diagnostic
	// Outputs are the stack's outputs after the operation.
	Outputs auto.OutputMap
	// Stdout is what Pulumi printed.
	Stdout string
}

// Step is one thing that happens to one resource. A replacement has several: the
// new one's creation, the replacement itself, the old one's deletion.
type Step struct {
	Op   apitype.OpType
	URN  resource.URN
	Type string
	Name string
	// Diff are the paths of the changed properties with the kind of change.
	Diff map[string]apitype.DiffKind
}

// Diagnostic is a message from the engine or the program.
type Diagnostic struct {
	// Severity is "warning" or "error".
	Severity string
	// URN is the resource that it concerns, or empty.
	URN string
	// Message is its text.
	Message string
}

// Unchanged tells whether nothing happened to any resource.
func (r Result) Unchanged() bool {
	for op, count := range r.Changes {
		if op != apitype.OpSame && op != apitype.OpRead && count > 0 {
			return false
		}
	}
	return true
}

// StepsOf returns the operations on resources of a type, such as
// "aws:ecs/service:Service".
func (r Result) StepsOf(typ string) []apitype.OpType {
	var ops []apitype.OpType
	for _, step := range r.Steps {
		if step.Type == typ {
			ops = append(ops, step.Op)
		}
	}
	return ops
}

// Errors are the messages of severity error.
func (r Result) Errors() []Diagnostic {
	var found []Diagnostic
	for _, d := range r.Diagnostics {
		if d.Severity == "error" {
			found = append(found, d)
		}
	}
	return found
}

// recorder turns the engine's event stream into a result.
type recorder struct {
	stream chan events.EngineEvent
	done   chan struct{}

	// The recording goroutine's own until done.
	refreshing map[string]bool // by URN
	result     Result
}

func newRecorder() *recorder {
	r := &recorder{
		stream: make(chan events.EngineEvent), done: make(chan struct{}), refreshing: map[string]bool{},
	}
	go r.record()
	return r
}

func (r *recorder) record() {
	defer close(r.done)
	for event := range r.stream {
		r.take(event.EngineEvent)
	}
}

func (r *recorder) take(event apitype.EngineEvent) {
	switch {
	case event.ResourcePreEvent != nil:
		r.step(event.ResourcePreEvent.Metadata)
	case event.ResOutputsEvent != nil:
		r.refreshed(event.ResOutputsEvent.Metadata)
	case event.DiagnosticEvent != nil:
		r.diagnostic(event.DiagnosticEvent)
	case event.SummaryEvent != nil:
		r.result.Changes = event.SummaryEvent.ResourceChanges
	}
}

func (r *recorder) step(meta apitype.StepEventMetadata) {
	switch meta.Op {
	case apitype.OpSame, apitype.OpRead:
	case apitype.OpRefresh:
		r.refreshing[meta.URN] = true
	default:
		r.result.Steps = append(r.result.Steps, newStep(meta))
	}
}

// refreshed records what a refresh found. Before that, each resource is only
// announced, with the operation "refresh".
func (r *recorder) refreshed(meta apitype.StepEventMetadata) {
	if r.refreshing[meta.URN] && meta.Op != apitype.OpSame && meta.Op != apitype.OpRefresh {
		r.result.Steps = append(r.result.Steps, newStep(meta))
	}
	delete(r.refreshing, meta.URN)
}

func newStep(meta apitype.StepEventMetadata) Step {
	urn := resource.URN(meta.URN)
	step := Step{Op: meta.Op, URN: urn, Type: meta.Type, Name: urn.Name(), Diff: map[string]apitype.DiffKind{}}
	for _, property := range meta.Diffs { // all that an update's events carry
		step.Diff[property] = apitype.DiffUpdate
	}
	for path, diff := range meta.DetailedDiff {
		step.Diff[path] = diff.Kind
	}
	return step
}

func (r *recorder) diagnostic(event *apitype.DiagnosticEvent) {
	if event.Severity != "error" && event.Severity != "warning" {
		return
	}
	r.result.Diagnostics = append(r.result.Diagnostics,
		Diagnostic{Severity: event.Severity, URN: event.URN, Message: event.Message})
}

// finish returns the result after the operation has returned.
func (r *recorder) finish() Result {
	r.closeStream()
	<-r.done
	return r.result
}

// closeStream closes the stream if the SDK has not: it does so at the end of the
// CLI's events, and so not when the CLI ended before it sent any. Nobody sends
// any more once the operation has returned.
func (r *recorder) closeStream() {
	defer func() { _ = recover() }() // closed already
	close(r.stream)
}
