package infra

import (
	"errors"
	"fmt"
	"math"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicequotas"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/config"
)

var errQuota = errors.New("the account's quota is too small")

// quotaNeed is what a stack needs of one of the account's quotas.
type quotaNeed struct {
	service, code, name string
	// least is what the stack cannot do without; enough is with what it never gets in its own way, as far as this stack goes.
	least, enough float64
	// wanted is the value to ask AWS for.
	wanted float64
	// why says what least is for, short what happens between least and enough, and instead what could be configured.
	why, short, instead string
}

// keptConcurrency is what Lambda keeps for functions without reserved concurrency: 100 where the quota is the usual 1,000,
// and no less than 10 in the accounts that begin with less (its refusal names the number: "below its minimum value of [10]").
const keptConcurrency, keptConcurrencyOfNewAccounts = 100, 10

// usualConcurrency is AWS's default of concurrent executions, which new accounts get on demand.
const usualConcurrency = 1000

// quotaNeeds are those of the quotas that new accounts are known to lack (B3, M7).
func quotaNeeds(cfg *config.Config) []quotaNeed {
	needs := []quotaNeed{processorNeed(cfg)}
	concurrency := 0
	for _, client := range cfg.Clients {
		concurrency += client.Concurrency
	}
	if concurrency == 0 {
		return needs // nothing is reserved
	}
	wakers, instead := "waker", "scalerConcurrency: 0, which reserves none"
	if len(cfg.Clients) > 1 {
		wakers = fmt.Sprintf("%d clients' wakers", len(cfg.Clients))
		instead = "a smaller scalerConcurrency, of single clients or of all (0 reserves none)"
	}
	reserved := float64(concurrency + cleanupConcurrency)
	return append(needs, quotaNeed{
		service: "lambda", code: "L-B99A9384", name: "Concurrent executions",
		least: reserved + keptConcurrencyOfNewAccounts, enough: reserved + keptConcurrency,
		wanted: max(usualConcurrency, reserved+keptConcurrency),
		why: fmt.Sprintf("%g reserved for the %s and the cleanup, and %d that Lambda keeps for other functions",
			reserved, wakers, keptConcurrencyOfNewAccounts),
		short:   fmt.Sprintf("Lambda may refuse to reserve %g of it, as it keeps up to %d for other functions.", reserved, keptConcurrency),
		instead: instead,
	})
}

// processorNeed: without room for what always runs, or for the largest single task, the stack cannot do; with room for every client's most
// tasks and one more it never gets in its own way.
func processorNeed(cfg *config.Config) quotaNeed {
	var least, enough, wanted float64
	most, why := 0, ""
	for _, client := range cfg.Clients {
		cpu := float64(client.CPU) / 1024
		always := cpu * float64(cfg.Service.MinCapacity)
		if least += always; cpu > least {
			least = cpu
		}
		enough += cpu * float64(client.MaxCapacity+1)
		wanted += cpu * float64(2*client.MaxCapacity)
		most += client.MaxCapacity
		why = fmt.Sprintf("%d task(s) of %g vCPU", max(cfg.Service.MinCapacity, 1), cpu)
	}
	if len(cfg.Clients) > 1 {
		why = fmt.Sprintf("the largest task, or %d task(s) of each of %d clients", cfg.Service.MinCapacity, len(cfg.Clients))
	}
	return quotaNeed{
		service: "fargate", code: "L-3032A538", name: "Fargate On-Demand vCPU resource count",
		least: least, enough: enough, wanted: math.Ceil(wanted), why: why,
		short: fmt.Sprintf("Not all of %d tasks start, or a deployment while all run waits until one has gone (a deployment starts "+
			"the new task before it stops the old one).", most),
		instead: "a smaller taskCpu",
	}
}

// checkQuotas fails before anything is created where a quota is too small, and warns where it may be or cannot be read:
// AWS would refuse in the middle of the deployment, or start no task.
func checkQuotas(ctx *pulumi.Context, cfg *config.Config) error {
	var failed []error
	for _, need := range quotaNeeds(cfg) {
		quota, err := servicequotas.LookupServiceQuota(ctx, &servicequotas.LookupServiceQuotaArgs{
			ServiceCode: need.service, QuotaCode: &need.code,
		})
		warning, tooSmall := need.judge(cfg.Region, quota, err)
		if warning != "" {
			if err := ctx.Log.Warn(warning, nil); err != nil {
				return err
			}
		}
		failed = append(failed, tooSmall)
	}
	return errors.Join(failed...)
}

// judge says what is wrong with a quota that was looked up, or with the look-up: a warning where the stack may work all the
// same, an error where it cannot.
func (q quotaNeed) judge(region string, found *servicequotas.LookupServiceQuotaResult, failed error) (warning string, tooSmall error) {
	switch {
	case failed != nil:
		return fmt.Sprintf("the account's quota %q could not be read (%v). This stack needs at least %g (%s): compare with "+
			"`aws service-quotas get-service-quota --region %s --service-code %s --quota-code %s`.",
			q.name, failed, q.least, q.why, region, q.service, q.code), nil
	case found.Value < q.least:
		return "", fmt.Errorf("%w: %q is %g in %s, and this stack needs at least %g (%s); raise it: `%s`, or configure %s",
			errQuota, q.name, found.Value, region, q.least, q.why, q.raise(region), q.instead)
	case found.Value < q.enough:
		return fmt.Sprintf("the account's quota %q is %g in %s. %s Raise it: `%s`.", q.name, found.Value, region, q.short, q.raise(region)), nil
	}
	return "", nil
}

// raise is the command that asks AWS for more.
func (q quotaNeed) raise(region string) string {
	return fmt.Sprintf("aws service-quotas request-service-quota-increase --region %s --service-code %s --quota-code %s --desired-value %g",
		region, q.service, q.code, q.wanted)
}
