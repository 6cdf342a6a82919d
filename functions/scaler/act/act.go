// Package act carries out plans. Every step is idempotent and safe to lose: the next call finds what is left to do.
package act

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// stepTimeout bounds each change. A plan is only as good as its facts are fresh: a change that hangs is better left to
// the next call.
const stepTimeout = 3 * time.Second

// Subject is the service that is changed.
type Subject struct {
	Cluster, Service string
	// RuleARN is the waker's listener rule. SignInRuleARN is the other one, where people sign in; else empty.
	RuleARN, SignInRuleARN string
	// Layout encodes its priority.
	Layout decide.Layout
}

// Actor changes one subject.
type Actor struct {
	Subject
	ECS ECS
	ELB ELB
	// Now is the clock that marks are taken from.
	Now func() time.Time
}

// Outcome says what became of a plan.
type Outcome struct {
	// Done counts the steps that were carried out.
	Done int
	// Revived is set when somebody came while the service was being put to sleep, and it was told to stay.
	Revived bool
	// Asked is when the call began that started the service; zero if the plan had no such step.
	Asked time.Time
}

// Do carries out the steps in order and stops at the first that fails.
func (a *Actor) Do(ctx context.Context, steps []decide.Step) (Outcome, error) {
	var outcome Outcome
	for _, step := range steps {
		if err := a.do(ctx, step, &outcome); err != nil {
			return outcome, err
		}
		outcome.Done++
	}
	return outcome, nil
}

func (a *Actor) do(ctx context.Context, step decide.Step, outcome *Outcome) error {
	switch step.Kind {
	case decide.StepMove:
		return a.move(ctx, step)
	case decide.StepStart:
		outcome.Asked = a.Now() // a task may exist before the answer comes
		return a.setDesired(ctx, 1)
	case decide.StepStop:
		return a.setDesired(ctx, 0)
	case decide.StepStopIdle:
		return a.stopIdle(ctx, outcome)
	default:
		return fmt.Errorf("%w: kind %d", errUnknownStep, step.Kind)
	}
}

var (
	errUnknownStep = errors.New("unknown step")
	errRuleGone    = errors.New("the listener rule does not exist")
)

// move puts the waker rule where the phase wants it. The minute is taken when the call is made, not when the facts were
// read, and a drain's move is tried once: a mark that is older than the move would cut the drain short.
func (a *Actor) move(ctx context.Context, step decide.Step) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	position := decide.Position{Phase: step.Phase}
	if step.Mark {
		position.Since = a.Now()
	}
	priority := a.Layout.Encode(position)
	var once []func(*elb.Options)
	if step.Phase == decide.PhaseDraining {
		once = append(once, onceELB)
	}
	pairs := []types.RulePriorityPair{place(&a.RuleARN, priority)}
	if a.SignInRuleARN != "" { // in the same call, which moves both or none
		pairs = append(pairs, place(&a.SignInRuleARN, a.Layout.SignIn(step.Phase)))
	}
	_, err := a.ELB.SetRulePriorities(ctx, &elb.SetRulePrioritiesInput{RulePriorities: pairs}, once...)
	if err != nil {
		return fmt.Errorf("move waker rule %s to priority %d (%s): %w", a.RuleARN, priority, step.Phase, err)
	}
	return nil
}

func place(ruleARN *string, priority int) types.RulePriorityPair {
	//nolint:gosec // at most 50,000, checked with the configuration
	return types.RulePriorityPair{RuleArn: ruleARN, Priority: aws.Int32(int32(priority))}
}

func (a *Actor) setDesired(ctx context.Context, count int32) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	_, err := a.ECS.UpdateService(ctx, &ecs.UpdateServiceInput{
		Cluster: &a.Cluster, Service: &a.Service, DesiredCount: aws.Int32(count),
	})
	if err != nil {
		return fmt.Errorf("set desired count of service %s to %d: %w", a.Service, count, err)
	}
	return nil
}

// stopIdle sets the count to 0 and looks at the rule again. The scaler writes the count and then reads the rule; a
// visitor's call writes the rule and then reads the count. So at least one of the two sees the other, and the service
// is told to stay before its scheduler, which takes seconds, has stopped anything. The count is written once, without
// the SDK's retries, because the facts behind it must not grow old.
func (a *Actor) stopIdle(ctx context.Context, outcome *Outcome) error {
	stop, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	_, stopErr := a.ECS.UpdateService(stop, &ecs.UpdateServiceInput{
		Cluster: &a.Cluster, Service: &a.Service, DesiredCount: aws.Int32(0),
	}, onceECS)
	// Even a call that failed here may have arrived there.
	phase, err := a.phase(ctx)
	if err != nil {
		return errors.Join(wrapStop(a.Service, stopErr), err)
	}
	if phase == decide.PhaseDraining {
		return wrapStop(a.Service, stopErr)
	}
	outcome.Revived = true
	return a.setDesired(ctx, 1)
}

func wrapStop(service string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("set desired count of service %s to 0: %w", service, err)
}

func (a *Actor) phase(ctx context.Context) (decide.Phase, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	out, err := a.ELB.DescribeRules(ctx, &elb.DescribeRulesInput{RuleArns: []string{a.RuleARN}})
	if err != nil {
		return decide.PhaseUnknown, fmt.Errorf("look at waker rule %s again: %w", a.RuleARN, err)
	}
	if len(out.Rules) != 1 {
		return decide.PhaseUnknown, fmt.Errorf("look at waker rule %s again: %w", a.RuleARN, errRuleGone)
	}
	priority, err := strconv.Atoi(aws.ToString(out.Rules[0].Priority))
	if err != nil {
		return decide.PhaseUnknown, fmt.Errorf("look at waker rule %s again: %w", a.RuleARN, err)
	}
	return a.Layout.Decode(priority, a.Now()).Phase, nil
}

func onceECS(o *ecs.Options) { o.RetryMaxAttempts = 1 }

func onceELB(o *elb.Options) { o.RetryMaxAttempts = 1 }
