package infra

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/ci"
	"github.com/webordinary/live-edit/infra/config"
)

// deployOperations adds what watches the stack and what its workflows run as. Nothing depends on it. The dashboard shows
// every alarm, so it comes after all of them.
func deployOperations(ctx *pulumi.Context, cfg *config.Config, base *foundation, editors []*editor) error {
	if err := deployAudit(ctx, cfg, base, editors); err != nil {
		return err
	}
	if err := deployObservability(ctx, cfg, base, editors); err != nil {
		return err
	}
	return deployCI(ctx, cfg)
}

func deployAudit(ctx *pulumi.Context, cfg *config.Config, base *foundation, editors []*editor) error {
	if !cfg.Observability.AuditTrail {
		return nil
	}
	accountID, err := lookUpAccount(ctx)
	if err != nil {
		return err
	}
	var further []pulumi.StringInput
	for _, arn := range cfg.Observability.SecretReaderArns {
		further = append(further, pulumi.String(arn))
	}
	args := &AuditArgs{
		Names: cfg.Names(), ExistingTrail: cfg.Observability.ExistingTrail, BucketName: cfg.Names().AuditBucket(accountID), Alerts: base.Alerts,
		keeping: keepingOf(cfg),
		Shared: pulumi.StringArray{
			base.Secrets.AnthropicAPIKeyArn, base.Secrets.GitHubTokenArn, base.Secrets.AWSCredentialsArn,
		},
	}
	for _, e := range editors {
		readers := []pulumi.StringInput{e.service.executionRole.Arn, base.Roles.TaskOf(e.client).Arn}
		args.Readers = slices.Concat(args.Readers, readers)
		if !e.client.First {
			args.Tokens = append(args.Tokens, auditedToken{
				client: e.client, names: cfg.NamesOf(e.client), arn: base.Secrets.TokenArns[e.client.ID], readers: slices.Concat(readers, further),
			})
		}
	}
	args.Readers = slices.Concat(args.Readers, further)
	_, err = NewAudit(ctx, "audit", args)
	return err
}

// deployObservability adds what watches each client's editor, and for the first one's the dashboard and the budget, which are the stack's.
func deployObservability(ctx *pulumi.Context, cfg *config.Config, base *foundation, editors []*editor) error {
	if !cfg.Observability.Alarms && cfg.Observability.MonthlyBudgetUSD <= 0 {
		return nil
	}
	last := slices.Clone(editors)
	slices.Reverse(last) // the dashboard shows the alarms that there are before it
	for _, e := range last {
		if !e.client.First && !cfg.Observability.Alarms {
			continue
		}
		if _, err := NewObservability(ctx, logicalName("observability", e.client), &ObservabilityArgs{
			Observability: cfg.Observability, Names: cfg.NamesOf(e.client), Region: cfg.Region, Alerts: base.Alerts, Task: cfg.ServiceOf(e.client),
			EditorOnly: !e.client.First, AsksWho: cfg.Auth.On() && !cfg.Sharing.Has(config.PartLoadBalancer), Service: e.service,
			LoadBalancerArn: base.LoadBalancer.Arn, FileSystemID: base.Workspace.FileSystemID,
		}); err != nil {
			return err
		}
	}
	return nil
}

func deployCI(ctx *pulumi.Context, cfg *config.Config) error {
	if cfg.CI.Repository == "" {
		return nil
	}
	accountID, err := lookUpAccount(ctx)
	if err != nil {
		return err
	}
	hosts := make([]string, 0, len(cfg.Clients))
	for _, client := range cfg.Clients {
		hosts = append(hosts, client.Site.FQDN())
	}
	_, err = ci.New(ctx, "ci", &ci.Args{
		CI: cfg.CI, Names: cfg.Names(), Stack: cfg.Stack, Region: cfg.Region, AccountID: accountID,
		EditHosts: hosts, Clients: cfg.Several(), DedicatedVpc: cfg.Network.Dedicated,
	})
	return err
}

// lookUpAccount returns the ID of the account that the stack is deployed to.
func lookUpAccount(ctx *pulumi.Context) (string, error) {
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{})
	if err != nil {
		return "", fmt.Errorf("look up the account: %w", err)
	}
	return caller.AccountId, nil
}
