// Package infratest runs a Pulumi program under the SDK's mocks and records every registration request, so that tests
// assert on what was registered after the run: inputs, parents, options and dependencies as the engine would see them.
package infratest

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Project is the Pulumi project's name, the namespace of its configuration keys.
const Project = "webordinary-live-edit"

// Identity of the account that the mocks answer for, the spec's.
const (
	AccountID = "942734823970"
	Region    = "us-west-2"
)

// Program builds a stack and returns its outputs.
type Program func(*pulumi.Context) (pulumi.Map, error)

// Run describes one run of a program.
type Run struct {
	Stack string
	// Config holds full keys ("webordinary-live-edit:zone") and values as Pulumi hands them to programs: text, or JSON.
	Config map[string]string
	// Secrets is configuration that is marked secret, by full key.
	Secrets map[string]string
	// DryRun runs as in a preview: what AWS would assign is unknown.
	DryRun bool
	// References are the outputs of other stacks, by stack name.
	References map[string]map[string]any
	// FailInvokes makes an invoke fail, by token.
	FailInvokes map[string]error
	// Invokes answers an invoke instead of the mocks, by token.
	Invokes map[string]func(args resource.PropertyMap) (map[string]any, error)
}

// Deployment is what a run registered.
type Deployment struct {
	Resources []Resource
	// Outputs are the stack's outputs; those that are unknown in a dry run are left out.
	Outputs map[string]any
	// SecretOutputs are the names of the outputs that are marked secret, in order.
	SecretOutputs []string
	// References are the full names of the stacks that the run referred to, in order.
	References []string
	// OutputsRegistered counts the resources that registered their outputs, the stack included.
	OutputsRegistered int
}

// Resource is one registration request.
type Resource struct {
	Type, Name, URN string
	Custom          bool
	// Inputs as registered; secrets are marked.
	Inputs resource.PropertyMap
	// Request is the full registration request.
	Request *pulumirpc.RegisterResourceRequest
}

// Do runs program and fails the test if the program fails.
func (r Run) Do(t testing.TB, program Program) *Deployment {
	t.Helper()
	deployment, err := r.Try(program)
	require.NoError(t, err)
	return deployment
}

// Try runs program and returns its error.
func (r Run) Try(program Program) (*Deployment, error) {
	recorder := &recorder{run: r}
	deployment := &Deployment{Outputs: map[string]any{}}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		built, err := program(ctx)
		if err != nil {
			return err
		}
		deployment.export(ctx, built)
		return nil
	}, pulumi.WithMocksWithOrganization("organization", Project, r.Stack, recorder), r.apply)
	if err != nil {
		return nil, err
	}
	recorder.guard.Lock()
	defer recorder.guard.Unlock()
	deployment.Resources = recorder.resources
	deployment.References = recorder.references
	deployment.OutputsRegistered = recorder.outputsRegistered
	sort.Slice(deployment.Resources, func(i, j int) bool { return deployment.Resources[i].URN < deployment.Resources[j].URN })
	sort.Strings(deployment.References)
	return deployment, nil
}

// export exports the outputs and waits for each: an apply that nobody waits for may run after the program has ended.
// A failed output is left out here; the run reports it.
func (d *Deployment) export(ctx *pulumi.Context, outputs pulumi.Map) {
	names := make([]string, 0, len(outputs))
	for name, value := range outputs {
		ctx.Export(name, value)
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		result, err := internals.UnsafeAwaitOutput(ctx.Context(), pulumi.ToOutput(outputs[name]))
		if err != nil || !result.Known {
			continue
		}
		d.Outputs[name] = result.Value
		if result.Secret {
			d.SecretOutputs = append(d.SecretOutputs, name)
		}
	}
}

func (r Run) apply(info *pulumi.RunInfo) {
	info.DryRun = r.DryRun
	info.Config = map[string]string{}
	for key, value := range r.Config {
		info.Config[key] = value
	}
	info.ConfigSecretKeys = nil
	for key, value := range r.Secrets {
		info.Config[key] = value
		info.ConfigSecretKeys = append(info.ConfigSecretKeys, key)
	}
}

// recorder is the mock of the engine and of the AWS providers.
type recorder struct {
	run               Run
	guard             sync.Mutex
	resources         []Resource
	references        []string
	outputsRegistered int
}

// RegisterResourceOutputs counts; the SDK does not hand the outputs on.
func (r *recorder) RegisterResourceOutputs() (*emptypb.Empty, error) {
	r.guard.Lock()
	defer r.guard.Unlock()
	r.outputsRegistered++
	return &emptypb.Empty{}, nil
}

// NewResource records the request and answers with the outputs AWS would assign.
func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken == "pulumi:pulumi:StackReference" {
		return r.readStack(args)
	}
	recorded := Resource{
		Type: args.TypeToken, Name: args.Name, Custom: args.Custom, Inputs: args.Inputs, Request: args.RegisterRPC,
	}
	if args.RegisterRPC != nil {
		recorded.URN = urnOf(r.run.Stack, args)
	}
	r.guard.Lock()
	r.resources = append(r.resources, recorded)
	r.guard.Unlock()
	id, outputs := assigned(args, r.run.DryRun)
	return id, outputs, nil
}

func urnOf(stack string, args pulumi.MockResourceArgs) string {
	parentType := ""
	if parent := resource.URN(args.RegisterRPC.GetParent()); parent != "" && parent.QualifiedType() != resource.RootStackType {
		parentType = string(parent.QualifiedType()) + "$"
	}
	return fmt.Sprintf("urn:pulumi:%s::%s::%s%s::%s", stack, Project, parentType, args.TypeToken, args.Name)
}

func (r *recorder) readStack(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	full := args.Inputs["name"].StringValue()
	r.guard.Lock()
	r.references = append(r.references, full)
	r.guard.Unlock()
	properties, err := r.stackOutputs(full)
	return full, properties, err
}

// stackOutputs answers as the engine does, to references and to the function that they are made of.
func (r *recorder) stackOutputs(full string) (resource.PropertyMap, error) {
	outputs, ok := r.run.References[full[strings.LastIndex(full, "/")+1:]]
	if !ok {
		return nil, fmt.Errorf("unknown stack %q", full)
	}
	return resource.PropertyMap{
		"name":              resource.NewProperty(full),
		"outputs":           resource.NewProperty(resource.NewPropertyMapFromMap(outputs)),
		"secretOutputNames": resource.NewProperty([]resource.PropertyValue{}),
	}, nil
}

// Call answers the look-ups of the program.
func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if err := r.run.FailInvokes[args.Token]; err != nil {
		return nil, err
	}
	if args.Token == "pulumi:pulumi:readStackOutputs" {
		return r.stackOutputs(args.Args["name"].StringValue())
	}
	answer := lookups[args.Token]
	if own := r.run.Invokes[args.Token]; own != nil {
		answer = own
	}
	if answer == nil {
		return nil, fmt.Errorf("the mocks have no answer for invoke %q", args.Token)
	}
	result, err := answer(args.Args)
	if err != nil {
		return nil, err
	}
	return resource.NewPropertyMapFromMap(result), nil
}

// Canonical renders every registration in a stable form, for comparing two runs byte for byte. Where in the sources a
// resource is registered is left out.
func (d *Deployment) Canonical() string {
	var b strings.Builder
	for _, r := range d.Resources {
		request := []byte("null") // a read
		if own, ok := proto.Clone(r.Request).(*pulumirpc.RegisterResourceRequest); ok && r.Request != nil {
			own.SourcePosition, own.StackTrace = nil, nil
			var err error
			if request, err = json.Marshal(own); err != nil {
				request = []byte(err.Error())
			}
		}
		_, _ = fmt.Fprintf(&b, "%s %s\n", r.URN, request)
	}
	return b.String()
}

// RequireSameText compares two runs rendered by [Deployment.Canonical]: it shows the first line that differs, not two stacks.
func RequireSameText(t testing.TB, want, got string) {
	t.Helper()
	if want == got {
		return
	}
	wanted, given := strings.Split(want, "\n"), strings.Split(got, "\n")
	require.Len(t, given, len(wanted), "number of resources")
	for i := range wanted {
		require.Equal(t, wanted[i], given[i])
	}
}
