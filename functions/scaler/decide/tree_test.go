package decide_test

import (
	"fmt"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// noon is a moment in the middle of a minute, with every cycle of the layout somewhere in its middle.
var noon = time.Date(2026, 3, 2, 12, 4, 20, 0, time.UTC)

var policy = decide.NewPolicy(5 * time.Minute)

// observed is one possible outcome of observing a need.
type observed struct {
	name    string
	missing bool
	set     func(f *decide.Facts)
}

// outcomes are all the outcomes that make a difference, for each need. Times are relative to noon.
var outcomes = map[decide.Need][]observed{
	decide.NeedHealth: {
		{name: "healthy", set: func(f *decide.Facts) { f.Health = decide.Health{API: 1, Preview: 1} }},
		{name: "api only", set: func(f *decide.Facts) { f.Health = decide.Health{API: 2} }},
		{name: "preview only", set: func(f *decide.Facts) { f.Health = decide.Health{Preview: 1} }},
		{name: "unhealthy", set: func(f *decide.Facts) { f.Health = decide.Health{} }},
		{name: "unreachable", set: func(f *decide.Facts) { f.Health = decide.Health{Unreachable: true} }},
		{name: "health unknown", missing: true},
	},
	decide.NeedTasks: {
		{name: "no task", set: func(f *decide.Facts) { f.Tasks = decide.Tasks{} }},
		{name: "task pending", set: func(f *decide.Facts) {
			f.Tasks = decide.Tasks{Live: 1, Oldest: noon.Add(-30 * time.Second), Stage: decide.StagePulling}
		}},
		{name: "task running", set: running(30 * time.Second)},
		{name: "task running for 11 min", set: running(11 * time.Minute)},
		{name: "tasks unknown", missing: true},
	},
	decide.NeedFailures: {
		{name: "no failures", set: func(f *decide.Facts) { f.Failures = decide.Failures{} }},
		{name: "2 failures in 5 min", set: failures(2, 5*time.Minute, 10*time.Second)},
		{name: "3 failures, last 10 s ago", set: failures(3, 3*time.Minute, 10*time.Second)},
		{name: "3 failures, last 8 min ago", set: failures(3, 9*time.Minute, 8*time.Minute)},
		{name: "failures unknown", missing: true},
	},
	decide.NeedProtection: {
		{name: "unprotected", set: func(f *decide.Facts) { f.Protection = decide.Protection{} }},
		{name: "protected", set: func(f *decide.Facts) { f.Protection = decide.Protection{Active: true} }},
		{name: "protection unknown", missing: true},
	},
	decide.NeedTraffic: {
		{name: "requests a minute ago", set: traffic(time.Minute, time.Minute, 20*time.Minute)},
		{name: "last requests 4 min ago", set: traffic(4*time.Minute, time.Minute, 20*time.Minute)},
		{name: "last requests 4 min ago, a minute published since", set: traffic(4*time.Minute, 3*time.Minute, 20*time.Minute)},
		{name: "last requests 4 min ago, nothing published since", set: traffic(4*time.Minute, 4*time.Minute, 20*time.Minute)},
		{name: "last requests 7 min ago, nothing published since", set: traffic(7*time.Minute, 7*time.Minute, 20*time.Minute)},
		{name: "last requests 7 min ago", set: traffic(7*time.Minute, time.Minute, 20*time.Minute)},
		{name: "no requests", set: traffic(0, time.Minute, 20*time.Minute)},
		{name: "no requests, up for a minute", set: traffic(0, time.Minute, 2*time.Minute)},
		{name: "no requests, metrics stale", set: traffic(0, 10*time.Minute, 20*time.Minute)},
		{name: "no metrics at all", set: func(f *decide.Facts) { f.Traffic = decide.Traffic{} }},
		{name: "metrics unknown", missing: true},
	},
	decide.NeedRuleAgain: {
		{name: "as before", set: func(*decide.Facts) {}},
		{name: "waking by now", set: func(f *decide.Facts) {
			f.Rule = decide.Position{Phase: decide.PhaseWaking, Since: noon.Truncate(time.Minute)}
		}},
		{name: "rule unknown by now", missing: true},
	},
}

// running gives facts with a running task that was created so long ago.
func running(age time.Duration) func(*decide.Facts) {
	return func(f *decide.Facts) {
		f.Tasks = decide.Tasks{Live: 1, Running: 1, Oldest: noon.Add(-age), Stage: decide.StageChecking}
	}
}

// failures gives facts with so many failed tasks, the oldest created and the last stopped so long ago.
func failures(count int32, oldest, last time.Duration) func(*decide.Facts) {
	return func(f *decide.Facts) {
		f.Failures = decide.Failures{Count: count, Oldest: noon.Add(-oldest), Last: noon.Add(-last), Class: decide.ClassImage}
	}
}

// traffic gives facts with the newest request, the newest published minute and the first healthy minute so long ago;
// zero means none.
func traffic(last, published, up time.Duration) func(*decide.Facts) {
	ago := func(d time.Duration) time.Time {
		if d == 0 {
			return time.Time{}
		}
		return noon.Truncate(time.Minute).Add(-d)
	}
	return func(f *decide.Facts) {
		f.Traffic = decide.Traffic{Last: ago(last), Watermark: ago(published), UpSince: ago(up)}
	}
}

// start is a state of rule and service to grow a tree from.
type start struct {
	intent  decide.Intent
	rule    decide.Position
	service decide.Service
	// missing of rule and service.
	missing decide.Need
}

var intents = map[decide.Intent]string{decide.Tick: "tick", decide.Query: "look", decide.Touch: "touch", decide.Ask: "ask"}

// positions are the phases at every age that makes a difference.
func positions() map[string]decide.Position {
	marked := func(phase decide.Phase, minutes int) decide.Position {
		return decide.Position{Phase: phase, Since: noon.Truncate(time.Minute).Add(-time.Duration(minutes) * time.Minute)}
	}
	all := map[string]decide.Position{
		"unknown": {}, "asleep": {Phase: decide.PhaseAsleep}, "awake": {Phase: decide.PhaseAwake},
	}
	for phase, ages := range map[decide.Phase][]int{
		decide.PhaseWaking: {0, 8, 12, 14}, decide.PhaseDraining: {0, 2, 3, 5, 6}, decide.PhaseAwake: {0, 2, 3, 4},
	} {
		for _, age := range ages {
			all[fmt.Sprintf("%s %d min", phase, age)] = marked(phase, age)
		}
	}
	return all
}

// leaf is a decision and the way to it.
type leaf struct {
	start start
	facts decide.Facts
	path  []string
	plan  decide.Plan
}

// grow visits every decision that can follow from s, observing only what is asked for.
func grow(s start, visit func(leaf)) {
	facts := decide.Facts{Now: noon, Rule: s.rule, Service: s.service}
	var step func(f decide.Facts, path []string)
	step = func(f decide.Facts, path []string) {
		plan := policy.Decide(&f, s.intent)
		if plan.Need == 0 {
			visit(leaf{start: s, facts: f, path: path, plan: plan})
			return
		}
		need := plan.Need & -plan.Need // one at a time, lowest first
		if first := need & (decide.NeedRule | decide.NeedService); first != 0 {
			if s.missing&first != 0 {
				f.Missing |= first
			} else {
				f.Have |= first
			}
			step(f, path)
			return
		}
		for _, o := range outcomes[need] {
			next := f
			if o.missing {
				next.Missing |= need
			} else {
				next.Have |= need
				o.set(&next)
			}
			step(next, append(path[:len(path):len(path)], o.name))
		}
	}
	step(facts, nil)
}

// starts are all combinations of phase, age, intent and desired count.
func starts(visit func(name string, s start)) {
	for name, position := range positions() {
		for intent, intentName := range intents {
			for _, service := range []decide.Service{{}, {Running: 1}, {Desired: 1, Running: 1}, {Desired: 3, Pending: 3}} {
				visit(fmt.Sprintf("%s, %s, count %d", name, intentName, service.Desired), start{
					intent: intent, rule: position, service: service,
				})
			}
			visit(fmt.Sprintf("%s, %s, service unknown", name, intentName), start{
				intent: intent, rule: position, missing: decide.NeedService,
			})
		}
	}
	for intent := range intents {
		visit("rule unknown", start{intent: intent, service: decide.Service{Desired: 1}, missing: decide.NeedRule})
	}
}
