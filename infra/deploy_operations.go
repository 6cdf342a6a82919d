package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/ci"
	"github.com/webordinary/live-edit/infra/config"
)

// deployOperations adds what watches the stack and what its workflows run as. Nothing depends on it. The dashboard shows
// every alarm, so it comes after all of them.
func deployOperations(ctx *pulumi.Context, cfg *config.Config, base *foundation, service *EditService) error {
	if err := deployAudit(ctx, cfg, base, service); err != nil {
		return err
	}
	if err := deployObservability(ctx, cfg, base, service); err != nil {
		return err
	}
	return deployCI(ctx, cfg)
}

func deployAudit(ctx *pulumi.Context, cfg *config.Config, base *foundation, service *EditService) error {
	if !cfg.Observability.AuditTrail {
		return nil
	}
	accountID, err := lookUpAccount(ctx)
	if err != nil {
		return err
	}
	readers := []pulumi.StringInput{service.executionRole.Arn, base.Roles.Task.Arn}
	for _, arn := range cfg.Observability.SecretReaderArns {
		readers = append(readers, pulumi.String(arn))
	}
	_, err = NewAudit(ctx, "audit", &AuditArgs{
		Names: cfg.Names(), ExistingTrail: cfg.Observability.ExistingTrail, Secrets: base.Secrets, Readers: readers,
		BucketName: cfg.Names().AuditBucket(accountID), Alerts: base.Alerts, keeping: keepingOf(cfg),
	})
	return err
}

func deployObservability(ctx *pulumi.Context, cfg *config.Config, base *foundation, service *EditService) error {
	if !cfg.Observability.Alarms && cfg.Observability.MonthlyBudgetUSD <= 0 {
		return nil
	}
	_, err := NewObservability(ctx, "observability", &ObservabilityArgs{
		Observability: cfg.Observability, Names: cfg.Names(), Region: cfg.Region, Alerts: base.Alerts, Task: cfg.Service,
		Service: service, LoadBalancerArn: base.LoadBalancer.Arn, FileSystemID: base.Workspace.FileSystemID,
	})
	return err
}

func deployCI(ctx *pulumi.Context, cfg *config.Config) error {
	if cfg.CI.Repository == "" {
		return nil
	}
	accountID, err := lookUpAccount(ctx)
	if err != nil {
		return err
	}
	_, err = ci.New(ctx, "ci", &ci.Args{
		CI: cfg.CI, Names: cfg.Names(), Stack: cfg.Stack, Region: cfg.Region, AccountID: accountID,
		EditHost: cfg.Site.FQDN(), DedicatedVpc: cfg.Network.Dedicated,
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
