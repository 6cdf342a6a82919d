package schedule

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/events/expressions"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Functions runs a function; *runner.Runtime does.
type Functions interface {
	Invoke(ctx context.Context, call runner.Invocation) (*runner.Result, error)
}

// Firing is one invocation by a rule, when it is over.
type Firing struct {
	At       time.Time // when the rule was due
	Rule     string    // its name
	Function string    // ARN of the target
	Result   *runner.Result
	// Err says why the function did not run, or how it failed.
	Err error
}

// Runner fires rules.
type Runner struct {
	Store     view.Store
	Functions Functions
	// Report, if set, is told about every invocation when it is over.
	Report func(Firing)

	mu      sync.Mutex
	last    time.Time       // up to when rules have been fired
	running map[string]bool // by target
	pending sync.WaitGroup
}

type rule struct {
	Name       string `json:"name"`
	ARN        string `json:"arn"`
	Expression string `json:"scheduleExpression"`
	State      string `json:"state"`
	Enabled    *bool  `json:"isEnabled"`
}

func (r *rule) off() bool {
	return r.State != "" && !strings.HasPrefix(r.State, "ENABLED") || r.Enabled != nil && !*r.Enabled
}

type target struct {
	Rule  string  `json:"rule"`
	ID    string  `json:"targetId"`
	ARN   string  `json:"arn"`
	Input *string `json:"input"`
}

// Tick fires every rule that has become due since the call before, once each, and says when the next one will be; the zero
// time without schedules. The functions run in the background. The first call only begins to count.
func (r *Runner) Tick(ctx context.Context, now time.Time) (next time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := r.last
	if from.IsZero() {
		from = now
	}
	r.last = now
	var faults []error
	for _, found := range r.Store.List(view.TypeEventRule) {
		var rule rule
		if err := view.Decode(found.State, &rule); err != nil {
			faults = append(faults, fmt.Errorf("event rule %s: %w", found.ID, err))
			continue
		}
		if rule.Expression == "" || rule.off() {
			continue
		}
		expression, err := expressions.Parse(rule.Expression)
		if err != nil {
			faults = append(faults, fmt.Errorf("event rule %s: %w", rule.Name, err))
			continue
		}
		if due := expression.Next(from); !due.IsZero() && !due.After(now) {
			faults = append(faults, r.fire(ctx, &rule, due))
		}
		if due := expression.Next(now); !due.IsZero() && (next.IsZero() || due.Before(next)) {
			next = due
		}
	}
	return next, errors.Join(faults...)
}

// fire invokes the functions behind a rule. One that is still at work for the same target is left alone: on a clock that
// runs faster than the function can, its calls would pile up.
func (r *Runner) fire(ctx context.Context, rule *rule, due time.Time) error {
	for _, found := range r.Store.List(view.TypeEventTarget) {
		var t target
		if err := view.Decode(found.State, &t); err != nil {
			return fmt.Errorf("event target %s: %w", found.ID, err)
		}
		key := t.Rule + "/" + t.ID
		if t.Rule != rule.Name || !strings.Contains(t.ARN, ":function:") || r.running[key] {
			continue
		}
		payload, err := payloadOf(rule, &t, due)
		if err != nil {
			return err
		}
		if r.running == nil {
			r.running = map[string]bool{}
		}
		r.running[key] = true
		r.pending.Go(func() {
			firing := Firing{At: due, Rule: rule.Name, Function: t.ARN}
			firing.Result, firing.Err = r.Functions.Invoke(ctx, runner.Invocation{
				Function: t.ARN, Payload: payload, Service: runner.ServiceEvents, SourceARN: rule.ARN,
			})
			if firing.Err == nil {
				firing.Err = firing.Result.Err()
			}
			r.mu.Lock()
			delete(r.running, key)
			r.mu.Unlock()
			if r.Report != nil {
				r.Report(firing)
			}
		})
	}
	return nil
}

func payloadOf(rule *rule, t *target, due time.Time) ([]byte, error) {
	if t.Input != nil && *t.Input != "" {
		return []byte(*t.Input), nil
	}
	return runner.ScheduledEvent(rule.ARN, due)
}

// Wait waits for the invocations under way.
func (r *Runner) Wait() { r.pending.Wait() }
