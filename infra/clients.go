package infra

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/config"
)

// editor is what a client has of its own.
type editor struct {
	client  config.Client
	service *EditService
	scaler  *Scaler
	dns     *Dns
}

// logicalName is the name of a client's component: the plain one for the first client, whose resources are those of a stack with one.
func logicalName(name string, client config.Client) string {
	if client.First {
		return name
	}
	return name + "--" + client.ID
}

// namesOf are the naming schemes of clients beside the first one, by ID.
func namesOf(cfg *config.Config, clients []config.Client) map[string]config.Names {
	names := map[string]config.Names{}
	for _, client := range clients {
		names[client.ID] = cfg.NamesOf(client)
	}
	return names
}

// tenants are the clients with an editor among several, who get a room each.
func (f *foundation) tenants(cfg *config.Config) []Tenant {
	if !cfg.Several() {
		return nil
	}
	tenants := make([]Tenant, 0, len(cfg.Clients))
	for _, client := range cfg.Clients {
		tenants = append(tenants, Tenant{ID: client.ID, RoleArn: f.Roles.TaskOf(client).Arn})
	}
	return tenants
}

// workspaceOf is the file system as a client sees it: among several clients through the door of its own room.
func (f *foundation) workspaceOf(cfg *config.Config, client config.Client) WorkspaceOutputs {
	workspace := f.Workspace
	if cfg.Several() {
		room := workspace.Rooms[client.ID]
		workspace.ClientAccessPointID, workspace.ClientAccessPointArn = room.ID, room.Arn
	}
	return workspace
}

// secretsOf are the secrets with the client's token.
func (f *foundation) secretsOf(client config.Client) SecretsOutputs {
	secrets := f.Secrets
	if !client.First {
		secrets.GitHubTokenArn = secrets.TokenArns[client.ID]
	}
	return secrets
}

// deployEditors adds each client's editor, the first one's first, and what they share. Order matters where Pulumi cannot infer it: what
// other things refer to comes first, the edge last, so that it goes first on destroy.
func deployEditors(ctx *pulumi.Context, cfg *config.Config, base *foundation) ([]*editor, error) {
	if err := deployCertificates(ctx, cfg, base); err != nil {
		return nil, err
	}
	var err error
	if base.SignIn, err = deploySignIn(ctx, cfg, base); err != nil {
		return nil, err
	}
	editors := make([]*editor, 0, len(cfg.Clients))
	var first *EditService
	for _, client := range cfg.Clients {
		e, err := deployEditor(ctx, cfg, base, client, first)
		if err != nil {
			return nil, fmt.Errorf("client %s: %w", client.ID, err)
		}
		editors = append(editors, e)
		first = editors[0].service
	}
	if advice := scannerAdvice(cfg, base.Network.AssignPublicIP); advice != "" {
		if err := ctx.Log.Warn(advice, &pulumi.LogArgs{Resource: editors[0].scaler}); err != nil {
			return nil, fmt.Errorf("warn of scanners: %w", err)
		}
	}
	if err := deployCleanup(ctx, cfg, base); err != nil {
		return nil, err
	}
	for _, e := range editors {
		var err error
		if e.dns, err = NewDns(ctx, logicalName("dns", e.client), &DnsArgs{Site: e.client.Site, Target: base.LoadBalancer.DNSName}); err != nil {
			return nil, err
		}
	}
	e := editors[0] // a distribution's behaviours are the first client's
	return editors, deployEdge(ctx, cfg, base.Alerts, append(e.service.answering(), e.scaler.rule, e.dns.record))
}

// deployEditor adds one client's service and scaler (T02). The tasks of all clients share the first one's security group.
func deployEditor(
	ctx *pulumi.Context, cfg *config.Config, base *foundation, client config.Client, first *EditService,
) (*editor, error) {
	names := cfg.NamesOf(client)
	door, err := base.SignIn.newDoor(ctx, logicalName("editors", client), names, client)
	if err != nil {
		return nil, err
	}
	service, err := NewEditService(ctx, logicalName("edit", client), &EditServiceArgs{
		Service: cfg.ServiceOf(client), Names: names, Region: cfg.Region, Client: client, Narrow: cfg.Several(), Neighbour: first,
		Origins:  cfg.OriginsOf(client),
		TaskRole: base.Roles.TaskOf(client), Network: base.Network, Registry: base.Registry, Secrets: base.secretsOf(client),
		Workspace: base.workspaceOf(cfg, client), BucketName: base.BucketName, LoadBalancer: base.LoadBalancer, Door: door,
	})
	if err != nil {
		return nil, err
	}
	scaler, err := NewScaler(ctx, logicalName("scaler", client), &ScalerArgs{
		Scaler: cfg.ScalerOf(client), Names: names, Service: service, ListenerArn: base.LoadBalancer.HTTPSListenerArn,
		Host: client.Site.FQDN(), RulePriorityBase: client.RulePriorityBase, IdleMinutes: cfg.Service.AutoShutdownMinutes,
		Alerts: base.Alerts, Alarms: cfg.Observability.Alarms, Door: door,
	})
	return &editor{client: client, service: service, scaler: scaler}, err
}

// anybodyMayEdit is what auth none means, in every preview.
const anybodyMayEdit = "auth is none: whoever finds %s may edit the site, with the stack's Claude key and the client's GitHub token. " +
	"`auth: cognito` and editors of the client's entry let invited people in only (docs/operations.md, \"Who may edit\")."

// deploySignIn registers what says who somebody is, or warns that nobody is asked.
func deploySignIn(ctx *pulumi.Context, cfg *config.Config, base *foundation) (*SignIn, error) {
	if !cfg.Auth.On() {
		return nil, ctx.Log.Warn(fmt.Sprintf(anybodyMayEdit, "https://"+cfg.Site.FQDN()), nil)
	}
	account, err := lookUpAccount(ctx)
	if err != nil {
		return nil, err
	}
	return NewSignIn(ctx, "sign-in", &SignInArgs{
		Auth: cfg.Auth, ClientSecret: cfg.Secrets.Values[config.OIDCClientSecret], Names: cfg.Names(), Region: cfg.Region, AccountID: account,
		Clients: cfg.Clients, LoadBalancer: base.LoadBalancer, keeping: keepingOf(cfg),
	})
}

// deployCertificates adds what further clients' hosts need beside the listener's own certificate; mostly nothing, as it is a wildcard.
func deployCertificates(ctx *pulumi.Context, cfg *config.Config, base *foundation) error {
	var arns []string
	for _, client := range cfg.Clients[1:] {
		if arn := client.Site.CertificateArn; arn != "" && arn != cfg.Site.CertificateArn {
			arns = append(arns, arn)
		}
	}
	if len(arns) == 0 {
		return nil
	}
	_, err := NewCertificates(ctx, "certificates", &CertificatesArgs{ListenerArn: base.LoadBalancer.HTTPSListenerArn, CertificateArns: arns})
	return err
}

// lookUpSites completes each client's site with its zone's ID and its certificate. The listener's own certificate is the first client's; a
// stack that borrows the load balancer has none to look up for hosts in its own zone.
func lookUpSites(ctx *pulumi.Context, cfg *config.Config) ([]config.Site, error) {
	var failed []error
	sites := make([]config.Site, 0, len(cfg.Clients))
	for _, client := range cfg.Clients {
		site := client.Site
		var err error
		if !cfg.Sharing.Has(config.PartLoadBalancer) || site.Zone != cfg.Site.Zone {
			site.CertificateArn, err = certificateFor(ctx, client.Site)
			failed = append(failed, err)
		}
		site.HostedZoneID, err = hostedZoneFor(ctx, client.Site)
		failed = append(failed, err)
		sites = append(sites, site)
	}
	return sites, errors.Join(failed...)
}
