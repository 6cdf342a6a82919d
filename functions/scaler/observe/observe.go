// Package observe reads the facts of a decision from ECS, Elastic Load Balancing and CloudWatch: no more of them than
// asked for, side by side where AWS allows it, and each group on its own, so that one failing API does not hide what the
// others know.
package observe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// Subject is the service that is observed.
type Subject struct {
	Cluster, Service string
	// RuleARN is the waker's listener rule. SignInRuleARN is the other one, where people sign in; else empty.
	RuleARN, SignInRuleARN string
	// APIGroupARN and PreviewGroupARN are the target groups of /api and /preview.
	APIGroupARN, PreviewGroupARN string
	// Layout decodes the rule's priority.
	Layout decide.Layout
	// Window is how far back metrics are read.
	Window time.Duration
}

// Observer reads facts about one subject.
type Observer struct {
	Subject
	ECS        ECS
	ELB        ELB
	CloudWatch CloudWatch
}

// Observation is that of one decision: facts of one call's rounds belong together.
type Observation struct {
	observer *Observer
	// deployedAt is when the present deployment was made; failures before it no longer matter.
	deployedAt time.Time
	// live are the ARNs of the tasks that ECS means to keep; nil until listed.
	live []string
	// addresses of the running ones; nil while unknown.
	addresses map[string]bool
}

// Begin starts an observation.
func (o *Observer) Begin() *Observation { return &Observation{observer: o} }

// group is one Need and how it is read. The function writes its own fields of the facts only.
type group struct {
	need decide.Need
	read func(context.Context, *decide.Facts) error
}

// Observe reads the needed facts into f. Each need ends up in Have or in Missing; the error joins what failed. Groups that
// build on another one, failures on the service, protection and health on the tasks, come in a later round than it.
func (l *Observation) Observe(ctx context.Context, need decide.Need, f *decide.Facts) error {
	var groups []group
	for _, g := range []group{
		{decide.NeedRule, l.readRule},
		{decide.NeedService, l.readService},
		{decide.NeedHealth, l.readHealth},
		{decide.NeedTraffic, l.readTraffic},
		{decide.NeedRuleAgain, l.readRule},
	} {
		if need&g.need != 0 {
			groups = append(groups, g)
		}
	}
	if about := need & (decide.NeedTasks | decide.NeedFailures); about != 0 {
		groups = append(groups, group{about, func(ctx context.Context, f *decide.Facts) error {
			return l.readTasks(ctx, about, f)
		}})
	}
	if need&decide.NeedProtection != 0 {
		groups = append(groups, group{decide.NeedProtection, l.readProtection})
	}
	return readAll(ctx, groups, f)
}

func readAll(ctx context.Context, groups []group, f *decide.Facts) error {
	failed := make([]error, len(groups))
	var wg sync.WaitGroup
	for i, g := range groups {
		wg.Go(func() { failed[i] = g.read(ctx, f) })
	}
	wg.Wait()
	var problems []error
	for i, err := range failed {
		if err == nil {
			f.Have |= groups[i].need
			continue
		}
		f.Missing |= groups[i].need
		problems = append(problems, fmt.Errorf("observe %s: %w", groups[i].need, err))
	}
	return errors.Join(problems...)
}
