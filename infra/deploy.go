package infra

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/functions/behaviors/spec"
	"github.com/webordinary/live-edit/infra/config"
)

// Deploy is the program of every stack: main.go runs it under the Pulumi CLI, the sandbox runs it inline.
func Deploy(ctx *pulumi.Context) error {
	outputs, err := Build(ctx)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		ctx.Export(name, outputs[name])
	}
	return nil
}

// Build registers every resource of the configured stack and returns the stack's outputs.
func Build(ctx *pulumi.Context) (pulumi.Map, error) {
	cfg, err := config.Load(ctx)
	if err != nil {
		return nil, err
	}
	cfg, err = lookUp(ctx, cfg)
	if err != nil {
		return nil, err
	}
	base, err := deployFoundation(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("deploy the foundation of stack %q: %w", cfg.Stack, err)
	}
	editors, err := deployEditors(ctx, cfg, base)
	if err != nil {
		return nil, fmt.Errorf("deploy the live-edit service of stack %q: %w", cfg.Stack, err)
	}
	if err := deployOperations(ctx, cfg, base, editors); err != nil {
		return nil, fmt.Errorf("deploy what watches and deploys stack %q: %w", cfg.Stack, err)
	}
	return stackOutputs(cfg, base, editors[0].service), nil
}

// lookUp asks the account for what the configuration leaves to it, and whether there is room, before anything is created. It
// returns the configuration with what it found filled in, and reports everything that it misses at once.
func lookUp(ctx *pulumi.Context, cfg *config.Config) (*config.Config, error) {
	failed := []error{checkSharedStack(ctx, cfg), checkQuotas(ctx, cfg), checkMountPolicy(cfg)}
	completed := *cfg
	sites, err := lookUpSites(ctx, cfg)
	if err := errors.Join(append(failed, err)...); err != nil {
		return nil, fmt.Errorf("nothing was deployed of stack %q: %w", cfg.Stack, err)
	}
	completed.Clients = slices.Clone(cfg.Clients)
	for i, site := range sites {
		completed.Clients[i].Site = site
	}
	completed.Site = sites[0]
	return &completed, nil
}

// foundation is what tasks, functions and alarms build on (T00), created here or lent by another stack.
type foundation struct {
	Network      *Network
	Roles        *MountRoles
	Registry     RegistryOutputs
	Secrets      SecretsOutputs
	Pending      []string
	Workspace    WorkspaceOutputs
	BucketName   pulumi.StringOutput
	LoadBalancer LoadBalancerOutputs
	Alerts       *Alerts
	// SignIn is nil where nobody is asked who he is.
	SignIn *SignIn
}

func deployFoundation(ctx *pulumi.Context, cfg *config.Config) (*foundation, error) {
	shared, err := newSharedStack(ctx, cfg.Sharing)
	if err != nil {
		return nil, err
	}
	network := &NetworkArgs{Network: cfg.Network, Region: cfg.Region}
	sameVpc, err := keepVpc(ctx, network)
	if err != nil {
		return nil, err
	}
	sameSuffix, err := keepSuffix(ctx, cfg.Names())
	if err != nil {
		return nil, err
	}
	base := &foundation{}
	if base.Network, err = NewNetwork(ctx, "network", network, sameVpc); err != nil {
		return nil, err
	}
	if base.Roles, err = NewMountRoles(ctx, "mount-roles", &MountRolesArgs{
		Names: cfg.Names(), Further: namesOf(cfg, cfg.Clients[1:]),
	}, sameSuffix); err != nil {
		return nil, err
	}
	for _, deploy := range []func(*pulumi.Context, *config.Config, *sharedStack) error{
		base.deployRegistry, base.deploySecrets, base.deployWorkspace, base.deployBucket, base.deployLoadBalancer,
	} {
		if err := deploy(ctx, cfg, shared); err != nil {
			return nil, err
		}
	}
	base.Alerts, err = NewAlerts(ctx, "alerts", &AlertsArgs{
		TopicName: cfg.Names().Other("edit-alerts"), Email: cfg.Observability.AlarmEmail,
	})
	return base, err
}

func (f *foundation) deployRegistry(ctx *pulumi.Context, cfg *config.Config, shared *sharedStack) error {
	if cfg.Sharing.Has(config.PartRegistry) {
		f.Registry = shared.registry()
		return nil
	}
	registry, err := NewRegistry(ctx, "registry", &RegistryArgs{
		Name: cfg.Names().Repository(), ImagesToKeep: cfg.Registry.ImagesToKeep, keeping: keepingOf(cfg),
	})
	if err != nil {
		return err
	}
	f.Registry = registry.Outputs()
	return nil
}

func (f *foundation) deploySecrets(ctx *pulumi.Context, cfg *config.Config, shared *sharedStack) error {
	if cfg.Sharing.Has(config.PartSecrets) {
		f.Secrets = shared.secrets()
		return nil
	}
	secrets, err := NewSecrets(ctx, "secrets", &SecretsArgs{
		Names: cfg.Names(), Values: cfg.Secrets.Values, Further: namesOf(cfg, cfg.Tenants()[1:]), Tokens: cfg.Secrets.GitHubTokens,
		keeping: keepingOf(cfg),
	})
	if err != nil {
		return err
	}
	f.Secrets, f.Pending = secrets.Outputs(), secrets.Pending
	if len(f.Pending) == 0 {
		return nil
	}
	return ctx.Log.Warn(fmt.Sprintf("secrets without a configured value: %s. Until each has one, put with "+
		"`pulumi config set --secret KEY` (anthropicApiKey, githubToken, awsCredentials) or by hand (docs/operations.md, step 6), tasks "+
		"that need it cannot start.",
		strings.Join(f.Pending, ", ")), nil)
}

func (f *foundation) deployWorkspace(ctx *pulumi.Context, cfg *config.Config, shared *sharedStack) error {
	if cfg.Sharing.Has(config.PartWorkspace) {
		f.Workspace = shared.workspace(cfg, f.Network)
		return nil
	}
	workspace, err := NewWorkspace(ctx, "workspace", &WorkspaceArgs{
		Names: cfg.Names(), Network: f.Network, Roles: f.Roles, ExtraMountRoleArns: cfg.Workspace.MountRoleArns,
		RefuseOtherRoles: cfg.Workspace.RefuseOtherRoles, Clients: cfg.Workspace.Clients, Tenants: f.tenants(cfg),
		Backups: cfg.Workspace.Backups, keeping: keepingOf(cfg),
	})
	if err != nil {
		return err
	}
	f.Workspace = workspace.Outputs()
	return nil
}

// deployBucket goes with the workspace: whoever lends the file system lends the bucket.
func (f *foundation) deployBucket(ctx *pulumi.Context, cfg *config.Config, shared *sharedStack) error {
	if cfg.Sharing.Has(config.PartWorkspace) {
		f.BucketName = shared.bucketName()
		return nil
	}
	accountID, err := lookUpAccount(ctx)
	if err != nil {
		return err
	}
	bucket, err := NewWorkspaceBucket(ctx, "workspace-bucket", &WorkspaceBucketArgs{
		Existing: cfg.Workspace.Bucket,
		Name:     pulumi.String(cfg.Names().WorkspaceBucket(accountID)),
		keeping:  keepingOf(cfg),
	})
	if err != nil {
		return err
	}
	f.BucketName = bucket.BucketName
	return nil
}

func (f *foundation) deployLoadBalancer(ctx *pulumi.Context, cfg *config.Config, shared *sharedStack) error {
	if cfg.Sharing.Has(config.PartLoadBalancer) {
		f.LoadBalancer = shared.loadBalancer(cfg, f.Network)
		return nil
	}
	balancer, err := NewLoadBalancer(ctx, "load-balancer", &LoadBalancerArgs{
		LoadBalancer:      cfg.LoadBalancer,
		Name:              cfg.Names().LoadBalancer(),
		SecurityGroupName: cfg.Names().SecurityGroup("alb"),
		Network:           f.Network,
		Site:              cfg.Site,
		AsksIssuer:        cfg.Auth.On(),
		keeping:           keepingOf(cfg),
	})
	if err != nil {
		return err
	}
	f.LoadBalancer = balancer.Outputs()
	return nil
}

// deployEdge adds our behaviours to the distribution of another stack, where one is configured. They come after all
// that answers their requests.
func deployEdge(ctx *pulumi.Context, cfg *config.Config, alerts *Alerts, behind []pulumi.Resource) error {
	if cfg.Edge.DistributionID == "" {
		return ctx.Log.Info("no distributionId is configured, so no CloudFront distribution is touched: the editor is reached at "+
			"https://"+cfg.Site.FQDN()+" only.", nil)
	}
	_, err := NewEdgeBehaviors(ctx, "edge", &EdgeBehaviorsArgs{
		Edge: cfg.Edge, Names: cfg.Names(), Owner: spec.Owner(ctx.Project(), ctx.Stack()), OriginDomain: cfg.Site.FQDN(),
		Alerts: alerts, Alarms: cfg.Observability.Alarms, Behind: behind,
	})
	return err
}
