package act_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/act"
	"github.com/webordinary/live-edit/functions/scaler/decide"
)

var (
	noon     = time.Date(2026, 3, 2, 12, 4, 20, 0, time.UTC)
	layout   = decide.Layout{Base: 100}
	errThere = errors.New("the answer was lost")
)

// account keeps what the actor changes, and a journal.
type account struct {
	journal  []string
	priority int
	// attempts of the SDK that each call asked for; 0 means its default.
	attempts []int
	fail     map[string]error
	// between is done after the count has been set.
	between func(*account)
}

func (a *account) note(entry string) error {
	a.journal = append(a.journal, entry)
	return a.fail[entry]
}

func (a *account) UpdateService(
	ctx context.Context, in *ecs.UpdateServiceInput, opts ...func(*ecs.Options),
) (*ecs.UpdateServiceOutput, error) {
	var o ecs.Options
	for _, opt := range opts {
		opt(&o)
	}
	a.attempts = append(a.attempts, o.RetryMaxAttempts)
	err := a.note("count " + strconv.Itoa(int(*in.DesiredCount)))
	if a.between != nil {
		a.between(a)
		a.between = nil
	}
	return &ecs.UpdateServiceOutput{}, errors.Join(err, ctx.Err())
}

func (a *account) SetRulePriorities(
	_ context.Context, in *elb.SetRulePrioritiesInput, opts ...func(*elb.Options),
) (*elb.SetRulePrioritiesOutput, error) {
	var o elb.Options
	for _, opt := range opts {
		opt(&o)
	}
	a.attempts = append(a.attempts, o.RetryMaxAttempts)
	a.priority = int(*in.RulePriorities[0].Priority)
	return &elb.SetRulePrioritiesOutput{}, a.note("rule " + strconv.Itoa(a.priority))
}

func (a *account) DescribeRules(context.Context, *elb.DescribeRulesInput, ...func(*elb.Options)) (*elb.DescribeRulesOutput, error) {
	err := a.note("look")
	priority := strconv.Itoa(a.priority)
	return &elb.DescribeRulesOutput{Rules: []types.Rule{{Priority: &priority}}}, err
}

func (a *account) actor() *act.Actor {
	return &act.Actor{
		Subject: act.Subject{Cluster: "cluster", Service: "edit", RuleARN: "rule", Layout: layout},
		ECS:     a, ELB: a, Now: func() time.Time { return noon },
	}
}

// plan gives the steps of a decision.
func plan(t *testing.T, in decide.Intent, f *decide.Facts) []decide.Step {
	t.Helper()
	policy := decide.NewPolicy(5 * time.Minute)
	f.Now, f.Have = noon, ^decide.Need(0)
	p := policy.Decide(f, in)
	return p.Steps()
}

func draining() *decide.Facts {
	since := noon.Truncate(time.Minute).Add(-3 * time.Minute)
	return &decide.Facts{
		Rule: decide.Position{Phase: decide.PhaseDraining, Since: since}, Service: decide.Service{Desired: 1, Running: 1},
		Traffic: decide.Traffic{Watermark: since},
	}
}

func TestWakeMovesTheRuleFirst(t *testing.T) {
	t.Parallel()
	a := &account{}
	steps := plan(t, decide.Ask, &decide.Facts{Rule: decide.Position{Phase: decide.PhaseAsleep}})
	actor := a.actor()
	actor.Now = func() time.Time { return noon.Add(time.Duration(len(a.journal)) * time.Second) } // each call takes one
	outcome, err := actor.Do(t.Context(), steps)
	require.NoError(t, err)
	require.Equal(t, act.Outcome{Done: 2, Asked: noon.Add(time.Second)}, outcome, "asked when the count's call began")
	waking := layout.Encode(decide.Position{Phase: decide.PhaseWaking, Since: noon})
	require.Equal(t, []string{"rule " + strconv.Itoa(waking), "count 1"}, a.journal)
	require.Equal(t, []int{0, 0}, a.attempts, "the SDK's retries are welcome")
}

func TestStepsStopAtTheFirstFailure(t *testing.T) {
	t.Parallel()
	a := &account{fail: map[string]error{"rule " + strconv.Itoa(layout.Encode(decide.Position{Phase: decide.PhaseWaking, Since: noon})): errThere}}
	outcome, err := a.actor().Do(t.Context(), plan(t, decide.Ask, &decide.Facts{Rule: decide.Position{Phase: decide.PhaseAsleep}}))
	require.ErrorIs(t, err, errThere)
	require.ErrorContains(t, err, "move waker rule rule")
	require.Zero(t, outcome.Done)
	require.Len(t, a.journal, 1)
}

// TestDrainIsTriedOnce: a move that the SDK repeats for seconds would carry a mark older than itself.
func TestDrainIsTriedOnce(t *testing.T) {
	t.Parallel()
	a := &account{}
	quiet := noon.Truncate(time.Minute).Add(-9 * time.Minute)
	_, err := a.actor().Do(t.Context(), plan(t, decide.Tick, &decide.Facts{
		Rule: decide.Position{Phase: decide.PhaseAwake}, Service: decide.Service{Desired: 1},
		Traffic: decide.Traffic{Last: quiet, UpSince: quiet, Watermark: noon.Truncate(time.Minute).Add(-time.Minute)},
	}))
	require.NoError(t, err)
	require.Equal(t, layout.Encode(decide.Position{Phase: decide.PhaseDraining, Since: noon}), a.priority)
	require.Equal(t, []int{1}, a.attempts)
}

func TestSleepLooksOnceMore(t *testing.T) {
	t.Parallel()
	still := layout.Encode(decide.Position{Phase: decide.PhaseDraining, Since: noon.Add(-3 * time.Minute)})
	resumed := layout.Encode(decide.Position{Phase: decide.PhaseAwake, Since: noon})
	for name, c := range map[string]struct {
		account *account
		journal []string
		revived bool
		err     error
	}{
		"nobody came":   {&account{priority: still}, []string{"count 0", "look"}, false, nil},
		"somebody came": {&account{priority: still, between: func(a *account) { a.priority = resumed }}, []string{"count 0", "look", "count 1"}, true, nil},
		"the answer was lost, and somebody came": {
			&account{priority: still, fail: map[string]error{"count 0": errThere}, between: func(a *account) { a.priority = resumed }},
			[]string{"count 0", "look", "count 1"},
			true, nil,
		},
		"the answer was lost": {
			&account{priority: still, fail: map[string]error{"count 0": errThere}}, []string{"count 0", "look"}, false, errThere,
		},
		"cannot look": {&account{priority: still, fail: map[string]error{"look": errThere}}, []string{"count 0", "look"}, false, errThere},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outcome, err := c.account.actor().Do(t.Context(), plan(t, decide.Tick, draining()))
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.journal, c.account.journal)
			require.Equal(t, c.revived, outcome.Revived)
			require.Equal(t, 1, c.account.attempts[0], "the count is written once: its facts must not grow old")
		})
	}
}

func TestUnknownStepIsRefused(t *testing.T) {
	t.Parallel()
	a := &account{}
	_, err := a.actor().Do(t.Context(), []decide.Step{{Kind: 99}})
	require.ErrorContains(t, err, "unknown step")
	require.Empty(t, a.journal)
}

// pairs notes every rule that one call moves.
type pairs struct {
	account
	moved []map[string]int32
}

func (p *pairs) SetRulePriorities(
	_ context.Context, in *elb.SetRulePrioritiesInput, _ ...func(*elb.Options),
) (*elb.SetRulePrioritiesOutput, error) {
	one := map[string]int32{}
	for _, pair := range in.RulePriorities {
		one[*pair.RuleArn] = *pair.Priority
	}
	p.moved = append(p.moved, one)
	return &elb.SetRulePrioritiesOutput{}, nil
}

// TestBothRulesMoveAtOnce: one call moves the rule where people sign in with the waker's, in every phase.
func TestBothRulesMoveAtOnce(t *testing.T) {
	t.Parallel()
	p := &pairs{}
	actor := p.actor()
	actor.ELB, actor.SignInRuleARN = p, "sign-in"
	var steps []decide.Step
	for _, phase := range []decide.Phase{decide.PhaseAsleep, decide.PhaseWaking, decide.PhaseDraining, decide.PhaseAwake} {
		steps = append(steps, decide.Step{Kind: decide.StepMove, Phase: phase})
	}
	_, err := actor.Do(t.Context(), steps)
	require.NoError(t, err)
	require.Len(t, p.moved, 4)
	for i, place := range []int32{100, 100, 100, 189} {
		require.Len(t, p.moved[i], 2)
		require.Equal(t, place, p.moved[i]["sign-in"])
	}
	require.Equal(t, int32(101), p.moved[0]["rule"])
	require.Equal(t, int32(190), p.moved[3]["rule"])
}
