package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployOperations adds what watches the stack and what its workflows run as. Nothing depends on it.
func deployOperations(ctx *pulumi.Context, cfg *Config, base *foundation, service *EditService) error {
	if cfg.Observability.Alarms || cfg.Observability.MonthlyBudgetUSD > 0 {
		if _, err := NewObservability(ctx, "observability", &ObservabilityArgs{
			ObservabilityConfig: cfg.Observability, Names: cfg.Names(), Region: cfg.Region, Alerts: base.Alerts, Task: cfg.Service,
			Service: service, LoadBalancerArn: base.LoadBalancer.Arn, FileSystemID: base.Workspace.FileSystemID,
		}); err != nil {
			return err
		}
	}
	if !cfg.Observability.AuditTrail && cfg.CI.Repository == "" {
		return nil
	}
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{})
	if err != nil {
		return fmt.Errorf("look up the account: %w", err)
	}
	if cfg.Observability.AuditTrail {
		if err := deployAudit(ctx, cfg, base, service, caller.AccountId); err != nil {
			return err
		}
	}
	if cfg.CI.Repository == "" {
		return nil
	}
	_, err = NewCI(ctx, "ci", &CIArgs{
		CIConfig: cfg.CI, Names: cfg.Names(), Stack: cfg.Stack, Region: cfg.Region, AccountID: caller.AccountId,
		EditHost: cfg.Site.FQDN(), DedicatedVpc: cfg.Network.Dedicated,
	})
	return err
}

func deployAudit(ctx *pulumi.Context, cfg *Config, base *foundation, service *EditService, accountID string) error {
	readers := []pulumi.StringInput{service.executionRole.Arn, base.Roles.Task.Arn}
	for _, arn := range cfg.Observability.SecretReaderArns {
		readers = append(readers, pulumi.String(arn))
	}
	_, err := NewAudit(ctx, "audit", &AuditArgs{
		Names: cfg.Names(), ExistingTrail: cfg.Observability.ExistingTrail, Secrets: base.Secrets, Readers: readers,
		BucketName: cfg.Names().AuditBucket(accountID), Alerts: base.Alerts, keeping: cfg.keeping(),
	})
	return err
}
