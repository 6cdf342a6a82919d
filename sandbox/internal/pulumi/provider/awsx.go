package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	construct "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// awsxProvider is the provider awsx: components only, whose children are
// registered with the engine and so end up at the provider aws.
type awsxProvider struct {
	pulumirpc.UnimplementedResourceProviderServer

	mu     sync.Mutex
	engine *grpc.ClientConn
}

// constructor builds one component.
type constructor func(*pulumi.Context, string, construct.ConstructInputs, pulumi.ResourceOption) (pulumi.ComponentResource, error)

var constructors = map[string]constructor{
	"awsx:ec2:DefaultVpc": newDefaultVpc,
	"awsx:ec2:Vpc":        newVpc,
}

// Handshake connects to the engine, which components log to.
func (p *awsxProvider) Handshake(
	_ context.Context, req *pulumirpc.ProviderHandshakeRequest,
) (*pulumirpc.ProviderHandshakeResponse, error) {
	if err := p.connect(req.GetEngineAddress()); err != nil {
		return nil, err
	}
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true}, nil
}

// Attach connects to the engine, if it has not shaken hands before.
func (p *awsxProvider) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, p.connect(req.GetAddress())
}

func (p *awsxProvider) connect(address string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.engine != nil {
		return nil
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		return fmt.Errorf("connect to the engine: %w", err)
	}
	p.engine = conn
	return nil
}

// Close releases the connection to the engine.
func (p *awsxProvider) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.engine == nil {
		return nil
	}
	return p.engine.Close()
}

// CheckConfig accepts any configuration; components take theirs from aws.
func (p *awsxProvider) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.GetNews()}, nil
}

// DiffConfig finds no configuration that matters.
func (p *awsxProvider) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

// Configure says the same as the handshake.
func (p *awsxProvider) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{
		AcceptSecrets: true, SupportsPreview: true, AcceptResources: true, AcceptOutputs: true,
	}, nil
}

// Cancel has nothing to cancel: a construction ends with its call.
func (p *awsxProvider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (p *awsxProvider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: awsxVersion}, nil
}

// GetSchema is asked by tools only; programs bring the SDK.
func (p *awsxProvider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: string(minimalSchema("awsx", awsxVersion))}, nil
}

// Construct registers a component and its children.
func (p *awsxProvider) Construct(
	ctx context.Context, req *pulumirpc.ConstructRequest,
) (*pulumirpc.ConstructResponse, error) {
	build, ok := constructors[req.GetType()]
	if !ok {
		return nil, status.Errorf(codes.Unimplemented, "the sandbox does not know the component %s; it has %s",
			req.GetType(), strings.Join(knownComponents(), ", "))
	}
	return construct.Construct(ctx, req, p.engine, func(
		ctx *pulumi.Context, _, name string, inputs construct.ConstructInputs, options pulumi.ResourceOption,
	) (*construct.ConstructResult, error) {
		component, err := build(ctx, name, inputs, options)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", req.GetType(), name, err)
		}
		return construct.NewConstructResult(component)
	})
}

func knownComponents() []string {
	return slices.Sorted(maps.Keys(constructors))
}

// awsxAWSVersion is the version of the provider aws that this awsx release
// registers its children with. It differs from the program's, as in reality, so
// that the state has two default providers.
const awsxAWSVersion = "6.66.3"

// child returns the options of a resource within a component.
func child(parent pulumi.Resource, more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(parent), pulumi.Version(awsxAWSVersion)}, more...)
}

// bare is a child of which only ID and identity matter.
type bare struct{ pulumi.CustomResourceState }
