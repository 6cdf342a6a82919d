package infra

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/infratest"
)

// markerToken is a resource that no component knows.
const markerToken = "test:index:Marker"

// builders build one component each, with what it needs around it; only the component gets the options.
var builders = map[string]func(*pulumi.Context, *config.Config, *foundation, []pulumi.ResourceOption) error{
	"Network": func(ctx *pulumi.Context, cfg *config.Config, _ *foundation, opts []pulumi.ResourceOption) error {
		_, err := NewNetwork(ctx, "under-test", &NetworkArgs{Network: cfg.Network}, opts...)
		return err
	},
	"MountRoles": func(ctx *pulumi.Context, cfg *config.Config, _ *foundation, opts []pulumi.ResourceOption) error {
		_, err := NewMountRoles(ctx, "under-test", &MountRolesArgs{Names: cfg.Names()}, opts...)
		return err
	},
	"Registry": func(ctx *pulumi.Context, cfg *config.Config, _ *foundation, opts []pulumi.ResourceOption) error {
		_, err := NewRegistry(ctx, "under-test", &RegistryArgs{Name: "r", ImagesToKeep: 10, keeping: keepingOf(cfg)}, opts...)
		return err
	},
	"Secrets": func(ctx *pulumi.Context, cfg *config.Config, _ *foundation, opts []pulumi.ResourceOption) error {
		_, err := NewSecrets(ctx, "under-test", &SecretsArgs{
			Names: cfg.Names(), Values: map[string]string{"githubToken": "x"}, keeping: keepingOf(cfg),
		}, opts...)
		return err
	},
	"Workspace": func(ctx *pulumi.Context, cfg *config.Config, base *foundation, opts []pulumi.ResourceOption) error {
		_, err := NewWorkspace(ctx, "under-test", &WorkspaceArgs{
			Names: cfg.Names(), Network: base.Network, Roles: base.Roles, Clients: cfg.Workspace.Clients, keeping: keepingOf(cfg),
		}, opts...)
		return err
	},
	"WorkspaceBucket": func(ctx *pulumi.Context, cfg *config.Config, _ *foundation, opts []pulumi.ResourceOption) error {
		_, err := NewWorkspaceBucket(ctx, "under-test", &WorkspaceBucketArgs{Name: pulumi.String("b"), keeping: keepingOf(cfg)}, opts...)
		return err
	},
	"LoadBalancer": func(ctx *pulumi.Context, cfg *config.Config, base *foundation, opts []pulumi.ResourceOption) error {
		_, err := NewLoadBalancer(ctx, "under-test", &LoadBalancerArgs{
			LoadBalancer: cfg.LoadBalancer, Name: "l", SecurityGroupName: "s", Network: base.Network, Site: cfg.Site,
			keeping: keepingOf(cfg),
		}, opts...)
		return err
	},
	"EditService": func(ctx *pulumi.Context, cfg *config.Config, base *foundation, opts []pulumi.ResourceOption) error {
		_, err := NewEditService(ctx, "under-test", &EditServiceArgs{
			Service: cfg.Service, Names: cfg.Names(), Region: cfg.Region, Client: cfg.Clients[0],
			TaskRole: base.Roles.Task, Network: base.Network, Registry: base.Registry, Secrets: base.Secrets,
			Workspace: base.Workspace, BucketName: base.BucketName, LoadBalancer: base.LoadBalancer,
		}, opts...)
		return err
	},
	"Dns": func(ctx *pulumi.Context, cfg *config.Config, base *foundation, opts []pulumi.ResourceOption) error {
		_, err := NewDns(ctx, "under-test", &DnsArgs{Site: cfg.Site, Target: base.LoadBalancer.DNSName}, opts...)
		return err
	},
	"Alerts": func(ctx *pulumi.Context, cfg *config.Config, _ *foundation, opts []pulumi.ResourceOption) error {
		_, err := NewAlerts(ctx, "under-test", &AlertsArgs{TopicName: "t", Email: "a@b.co"}, opts...)
		return err
	},
}

// everyOption are options of all kinds, in a slice with room for more: who appends to it writes into the caller's.
func everyOption(marker pulumi.Resource) []pulumi.ResourceOption {
	return append(make([]pulumi.ResourceOption, 0, 32),
		pulumi.Aliases([]pulumi.Alias{{Name: pulumi.String("earlier-name")}}),
		pulumi.DependsOn([]pulumi.Resource{marker}),
		pulumi.IgnoreChanges([]string{"name", "tags"}),
		pulumi.ReplaceOnChanges([]string{"name"}),
		pulumi.AdditionalSecretOutputs([]string{"arn"}),
		pulumi.DeleteBeforeReplace(true),
		pulumi.RetainOnDelete(true),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "1h"}),
		pulumi.Protect(true),
	)
}

// registrations builds one component and returns the requests of the whole run by logical name, without those of what
// stands around it.
func registrations(t *testing.T, component string, withOptions bool) map[string]*pulumirpc.RegisterResourceRequest {
	t.Helper()
	deployment := infratest.Run{Stack: "test"}.Do(t, func(ctx *pulumi.Context) (pulumi.Map, error) {
		cfg, err := config.Load(ctx)
		if err != nil {
			return nil, err
		}
		base, err := deployFoundation(ctx, cfg)
		if err != nil {
			return nil, err
		}
		marker := &pulumi.CustomResourceState{}
		if err := ctx.RegisterResource(markerToken, "marker", nil, marker); err != nil {
			return nil, err
		}
		var opts []pulumi.ResourceOption
		if withOptions {
			opts = everyOption(marker)
		}
		before := slices.Clone(opts[:cap(opts)])
		if err := builders[component](ctx, cfg, base, opts); err != nil {
			return nil, err
		}
		for i, option := range opts[:cap(opts)] {
			assert.Equal(t, before[i] == nil, option == nil, "the caller's slice of options was written to")
		}
		return nil, nil
	})
	requests := map[string]*pulumirpc.RegisterResourceRequest{}
	for _, r := range deployment.Resources {
		requests[r.Name] = r.Request
	}
	return requests
}

// The same as TestCallersOptionsReachTheComponentOnly, observed instead of read: with and without options, all
// children are registered alike.
func TestChildrenAreRegisteredAlikeWhateverTheCallersOptions(t *testing.T) {
	t.Parallel()
	for component := range builders {
		t.Run(component, func(t *testing.T) {
			t.Parallel()
			plain, optioned := registrations(t, component, false), registrations(t, component, true)
			require.Equal(t, slices.Sorted(maps.Keys(plain)), slices.Sorted(maps.Keys(optioned)))
			children := 0
			for name, request := range optioned {
				if name == "under-test" {
					assert.Equal(t, []string{"name", "tags"}, request.GetIgnoreChanges())
					assert.True(t, request.GetProtect())
					assert.Len(t, request.GetAliases(), 1)
					assert.Equal(t, []string{"urn:pulumi:test::webordinary-live-edit::test:index:Marker::marker"}, request.GetDependencies())
					continue
				}
				if resource.URN(request.GetParent()).Name() == "under-test" {
					children++
					assert.True(t, request.GetProtect(), "%s undoes the protection of its component", name)
				}
				assert.JSONEq(t, withoutProtect(t, plain[name]), withoutProtect(t, request), name)
			}
			assert.Positive(t, children)
		})
	}
}

// withoutProtect renders a request. The SDK hands protect on to children by itself, as Pulumi documents.
func withoutProtect(t *testing.T, request *pulumirpc.RegisterResourceRequest) string {
	t.Helper()
	own, ok := proto.Clone(request).(*pulumirpc.RegisterResourceRequest)
	require.True(t, ok)
	own.Protect = nil
	data, err := json.Marshal(own)
	require.NoError(t, err)
	return string(data)
}

func TestEveryRetainedResourceCanBeAdopted(t *testing.T) {
	t.Parallel()
	ids := map[string]string{}
	for _, name := range config.Adoptable {
		ids[name] = "id-of-" + name
	}
	adopt, err := json.Marshal(ids)
	require.NoError(t, err)
	plain := infratest.Settings{"adopt": string(adopt), "auditTrail": "true"}
	deployment := infratest.Run{Stack: "test", Config: plain.Qualified()}.Do(t, Build)

	imported := map[string]string{}
	for _, r := range deployment.Resources {
		if id := r.Request.GetImportId(); id != "" {
			imported[r.Name] = id
			assert.True(t, r.Request.GetRetainOnDelete(), "%s can be adopted, but is not kept on destroy", r.Name)
		}
	}
	assert.Equal(t, ids, imported)
}
