package provider_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/provider"
)

// spy is an account that remembers what it was asked to check.
type spy struct {
	provider.Account
	mu   sync.Mutex
	tags []map[string]string
}

func (s *spy) Check(req account.CheckRequest) (account.CheckResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tags = append(s.tags, req.DefaultTags)
	return account.CheckResult{
		Inputs:   req.NewInputs,
		Failures: []account.Failure{{Property: "bucket", Reason: "too long"}},
	}, nil
}

func serve(t *testing.T, acc provider.Account) *provider.Server {
	t.Helper()
	server, err := provider.Serve(acc)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return server
}

// dial opens a connection to one of the server's providers, as the engine does.
func dial(t *testing.T, server *provider.Server, name string) pulumirpc.ResourceProviderClient {
	t.Helper()
	for _, entry := range strings.Split(server.Attach(), ",") {
		pkg, port, _ := strings.Cut(entry, ":")
		if pkg != name {
			continue
		}
		conn, err := grpc.NewClient("127.0.0.1:"+port, grpc.WithTransportCredentials(insecure.NewCredentials()))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return pulumirpc.NewResourceProviderClient(conn)
	}
	t.Fatalf("%s is not in %s", name, server.Attach())
	return nil
}

func properties(t *testing.T, fields map[string]any) *structpb.Struct {
	t.Helper()
	made, err := structpb.NewStruct(fields)
	require.NoError(t, err)
	return made
}

const (
	providerURN = "urn:pulumi:test::small::pulumi:providers:aws::default"
	bucketURN   = "urn:pulumi:test::small::aws:s3/bucketV2:BucketV2::store"
)

func TestEachConnectionHasItsOwnConfiguration(t *testing.T) {
	t.Parallel()
	acc := &spy{}
	server := serve(t, acc)
	first, second := dial(t, server, "aws"), dial(t, server, "aws")
	for client, tags := range map[pulumirpc.ResourceProviderClient]string{
		first: `{"tags":{"Owner":"one"}}`, second: `{"tags":{"Owner":"two"}}`,
	} {
		_, err := client.Configure(t.Context(), &pulumirpc.ConfigureRequest{
			AcceptSecrets: true, Args: properties(t, map[string]any{"defaultTags": tags}),
		})
		require.NoError(t, err)
	}
	for _, client := range []pulumirpc.ResourceProviderClient{first, second, first} {
		response, err := client.Check(t.Context(), &pulumirpc.CheckRequest{
			Urn: bucketURN, News: properties(t, map[string]any{"bucket": "store"}),
		})
		require.NoError(t, err)
		require.Equal(t, "bucket", response.GetFailures()[0].GetProperty())
		require.Equal(t, "too long", response.GetFailures()[0].GetReason())
	}
	require.Equal(t, []map[string]string{{"Owner": "one"}, {"Owner": "two"}, {"Owner": "one"}}, acc.tags)
}

func TestCheckConfig(t *testing.T) {
	t.Parallel()
	client := dial(t, serve(t, &spy{}), "aws")
	for name, test := range map[string]struct {
		config   map[string]any
		property string
		reason   string
	}{
		"nothing":       {config: map[string]any{}},
		"ours":          {config: map[string]any{"region": "us-west-2", "defaultTags": `{"tags":{"a":"b"}}`}},
		"no tags in it": {config: map[string]any{"defaultTags": `{}`}},
		"another region": {
			map[string]any{"region": "eu-central-1"},
			"region",
			`the simulated account has the region us-west-2 only, not "eu-central-1"`,
		},
		"tags that are no JSON": {map[string]any{"defaultTags": "{"}, "defaultTags", "is not JSON"},
		"tags that are a list":  {map[string]any{"defaultTags": "[]"}, "defaultTags", "must be an object with the key tags, not []"},
		"a list of tags":        {map[string]any{"defaultTags": `{"tags":[]}`}, "defaultTags", "must be a map of strings, not []"},
		"a tag that is a number": {
			map[string]any{"defaultTags": `{"tags":{"a":1}}`}, "defaultTags", "defaultTags.tags.a must be a string, not number",
		},
		"structured, not encoded": {config: map[string]any{"defaultTags": map[string]any{"tags": map[string]any{"a": "b"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response, err := client.CheckConfig(t.Context(), &pulumirpc.CheckRequest{
				Urn: providerURN, News: properties(t, test.config),
			})
			require.NoError(t, err)
			if test.property == "" {
				require.Empty(t, response.GetFailures())
				return
			}
			require.Len(t, response.GetFailures(), 1)
			require.Equal(t, test.property, response.GetFailures()[0].GetProperty())
			require.Contains(t, response.GetFailures()[0].GetReason(), test.reason)
		})
	}
}

func TestDiffConfig(t *testing.T) {
	t.Parallel()
	client := dial(t, serve(t, &spy{}), "aws")
	diff := func(from, to map[string]any) *pulumirpc.DiffResponse {
		response, err := client.DiffConfig(t.Context(), &pulumirpc.DiffRequest{
			Urn: providerURN, OldInputs: properties(t, from), News: properties(t, to),
		})
		require.NoError(t, err)
		return response
	}
	region, tags := map[string]any{"region": "us-west-2"}, map[string]any{"region": "us-west-2", "defaultTags": "{}"}
	require.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, diff(region, region).GetChanges())
	require.Equal(t, pulumirpc.DiffResponse_DIFF_SOME, diff(region, tags).GetChanges())
	require.Empty(t, diff(region, tags).GetReplaces())
	require.Equal(t, []string{"region"}, diff(region, map[string]any{"region": "us-east-1"}).GetReplaces())
}

func TestWhoTheProvidersAre(t *testing.T) {
	t.Parallel()
	server := serve(t, &spy{})
	for name, version := range map[string]string{"aws": "6.83.4", "awsx": "2.22.0"} {
		client := dial(t, server, name)
		info, err := client.GetPluginInfo(t.Context(), &emptypb.Empty{})
		require.NoError(t, err)
		require.Equal(t, version, info.GetVersion())
		schema, err := client.GetSchema(t.Context(), &pulumirpc.GetSchemaRequest{})
		require.NoError(t, err)
		require.JSONEq(t, `{"name":"`+name+`","version":"`+version+`"}`, schema.GetSchema())
		handshake, err := client.Handshake(t.Context(), &pulumirpc.ProviderHandshakeRequest{EngineAddress: "127.0.0.1:1"})
		require.NoError(t, err)
		require.True(t, handshake.GetAcceptSecrets() && handshake.GetAcceptResources() && handshake.GetAcceptOutputs())
		_, err = client.Cancel(t.Context(), &emptypb.Empty{})
		require.NoError(t, err)
	}
}

// stuck is an account in which a check never ends.
type stuck struct {
	provider.Account
	reached chan struct{}
	release chan struct{}
}

func (s stuck) Check(account.CheckRequest) (account.CheckResult, error) {
	close(s.reached)
	<-s.release
	return account.CheckResult{}, nil
}

func TestCloseBreaksOffWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	acc := stuck{reached: make(chan struct{}), release: make(chan struct{})}
	server, err := provider.Serve(acc)
	require.NoError(t, err)
	client := dial(t, server, "aws")
	failed := make(chan error)
	go func() {
		_, err := client.Check(context.WithoutCancel(t.Context()), &pulumirpc.CheckRequest{Urn: bucketURN, News: &structpb.Struct{}})
		failed <- err
	}()
	<-acc.reached
	closed := make(chan error)
	go func() { closed <- server.Close() }()
	require.Error(t, <-failed, "the caller is told at once")
	close(acc.release)
	require.NoError(t, <-closed)

	_, err = client.GetPluginInfo(t.Context(), &emptypb.Empty{})
	require.Error(t, err)
}

// busy is an account that refuses to delete a cluster a few times.
type busy struct {
	provider.Account
	refusals []error
	asked    int
}

func (b *busy) Delete(context.Context, account.DeleteRequest) error {
	if b.asked++; b.asked > len(b.refusals) {
		return nil
	}
	return b.refusals[b.asked-1]
}

// TestDeletingWaitsForWhatPasses: for tasks that are being stopped, or that somebody may still begin to stop, and for nothing else.
func TestDeletingWaitsForWhatPasses(t *testing.T) {
	t.Parallel()
	running := &account.Error{Type: "aws:ecs/cluster:Cluster", Code: "ClusterContainsTasksException"}
	acc := &busy{refusals: []error{running, errors.Join(running, account.ErrPasses)}}
	request := &pulumirpc.DeleteRequest{Id: "c", Urn: "urn:pulumi:test::small::aws:ecs/cluster:Cluster::c", Properties: properties(t, nil)}
	_, err := dial(t, serve(t, acc), "aws").Delete(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, 3, acc.asked)
	acc = &busy{refusals: []error{&account.Error{Type: "aws:ecs/cluster:Cluster", Code: "ClusterContainsServicesException"}}}
	_, err = dial(t, serve(t, acc), "aws").Delete(t.Context(), request)
	require.ErrorContains(t, err, "ClusterContainsServicesException")
	require.Equal(t, 1, acc.asked)
}
