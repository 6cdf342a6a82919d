package decide_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// TestEveryCombination goes through every combination of phase, age, intent, count, health, tasks, failures, protection
// and traffic, each known or unknown, whether a decision would ask for it or not: the design's rules hold with all facts
// at hand, too, and nothing is asked for that has been tried.
func TestEveryCombination(t *testing.T) {
	t.Parallel()
	combinations := 0
	starts(func(name string, s start) {
		if s.missing != 0 {
			return // blind: nothing else is looked at, which TestEveryDecision holds
		}
		combine(decide.Facts{Now: noon, Rule: s.rule, Service: s.service}, s.missing, func(all decide.Facts) {
			if t.Failed() || !possible(&all) {
				return // the first one says enough
			}
			combinations++
			l := leaf{start: s, facts: all, plan: policy.Decide(&all, s.intent)}
			if l.plan.Need != 0 {
				t.Errorf("%s asks for %s again: %+v", name, l.plan.Need, all)
			}
			for rule, holds := range designRules {
				if !holds(&l) {
					t.Errorf("%s\n%s: %+v\n-> %s", rule, name, all, describe(&l.plan))
				}
			}
		})
		require.False(t, t.Failed(), name)
	})
	require.Greater(t, combinations, 500_000, "combinations are missing")
}

// possible leaves out what contradicts itself: targets that are healthy without a running task, and requests that reached
// the service while the waker had been in front of it for minutes.
func possible(f *decide.Facts) bool {
	const both = decide.NeedHealth | decide.NeedTasks
	if f.Have&both == both && f.Tasks.Running == 0 && f.Health != (decide.Health{}) {
		return false
	}
	if all := f.Failures; f.Have&decide.NeedFailures != 0 && all.Count > 0 && f.Have&decide.NeedRule != 0 &&
		f.Rule.Phase == decide.PhaseWaking && all.Oldest.Before(f.Rule.Since) && !all.Last.Before(f.Rule.Since) {
		return false // the oldest of this wake's is not older than the wake
	}
	behind := f.Rule.Phase == decide.PhaseDraining && f.Have&decide.NeedTraffic != 0
	return !behind || !f.Traffic.Last.After(f.Rule.Since.Add(time.Minute))
}

// combine visits the facts with every outcome of every observation.
func combine(f decide.Facts, missing decide.Need, visit func(decide.Facts)) {
	const basics = decide.NeedRule | decide.NeedService
	f.Missing |= missing
	f.Have |= basics &^ missing
	for need := decide.NeedRule; need <= decide.NeedRuleAgain; need <<= 1 {
		if need&basics != 0 || (f.Have|f.Missing)&need != 0 {
			continue
		}
		for _, o := range outcomes[need] {
			next := f
			if o.missing {
				next.Missing |= need
			} else {
				next.Have |= need
				o.set(&next)
			}
			combine(next, missing, visit)
		}
		return
	}
	visit(f)
}
