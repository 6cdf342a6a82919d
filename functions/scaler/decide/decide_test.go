package decide_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

var update = flag.Bool("update", false, "write testdata/decisions.txt anew")

// TestEveryDecision holds every decision there is against the rules that the design states. They are written from the
// design's side, not from the code's: what must be true whenever such a step is taken, and when it must be taken.
func TestEveryDecision(t *testing.T) {
	t.Parallel()
	leaves := 0
	starts(func(name string, s start) {
		grow(s, func(l leaf) {
			leaves++
			for rule, holds := range designRules {
				require.True(t, holds(&l), "%s\n%s: %v\n-> %s", rule, name, l.path, describe(&l.plan))
			}
		})
	})
	require.Greater(t, leaves, 1000, "the tree has shrunk: are outcomes missing?")
}

// TestDecisionTable compares the whole tree with the reviewed table: one line for every way to a decision.
func TestDecisionTable(t *testing.T) {
	t.Parallel()
	var lines []string
	starts(func(name string, s start) {
		grow(s, func(l leaf) {
			lines = append(lines, strings.Join(append([]string{name}, l.path...), ", ")+" -> "+describe(&l.plan))
		})
	})
	sort.Strings(lines)
	lines = slices.Compact(lines)
	table := strings.Join(lines, "\n") + "\n"
	path := filepath.Join("testdata", "decisions.txt")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(path, []byte(table), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), table, "a decision has changed; if that is meant, run: go test ./functions/scaler/decide -update")
}

// TestOnlyObservedFactsCount fills every field that was not observed with nonsense: the decision must not see it.
func TestOnlyObservedFactsCount(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	starts(func(name string, s start) {
		grow(s, func(l leaf) {
			for range 3 {
				spoilt := spoil(l.facts, random)
				require.Equal(t, l.plan, policy.Decide(&spoilt, l.start.intent), "%s: %v", name, l.path)
			}
		})
	})
}

// spoil replaces what f does not have.
func spoil(f decide.Facts, random *rand.Rand) decide.Facts {
	moment := func() time.Time { return noon.Add(-time.Duration(random.IntN(1200)) * time.Second) }
	some := func() int32 { return random.Int32N(4) }
	if f.Have&decide.NeedHealth == 0 {
		f.Health = decide.Health{API: some(), Preview: some(), Unreachable: random.IntN(2) == 0}
	}
	if f.Have&decide.NeedTasks == 0 {
		f.Tasks = decide.Tasks{Live: some(), Running: some(), Oldest: moment(), Stage: decide.StageStarting}
	}
	if f.Have&decide.NeedFailures == 0 {
		f.Failures = decide.Failures{Count: 5 * some(), Oldest: moment(), Last: moment(), Class: decide.ClassExit}
	}
	if f.Have&decide.NeedProtection == 0 {
		f.Protection = decide.Protection{Active: random.IntN(2) == 0}
	}
	if f.Have&decide.NeedTraffic == 0 {
		f.Traffic = decide.Traffic{Last: moment(), Watermark: moment(), UpSince: moment()}
	}
	if f.Have&decide.NeedRule == 0 {
		f.Rule = decide.Position{Phase: decide.Phase(random.IntN(5)), Since: moment()}
	}
	if f.Have&decide.NeedService == 0 {
		f.Service = decide.Service{Desired: some(), Running: some()}
	}
	return f
}

func describe(p *decide.Plan) string {
	var parts []string
	for _, step := range p.Steps() {
		switch step.Kind {
		case decide.StepMove:
			parts = append(parts, "rule to "+step.Phase.String()+map[bool]string{true: " now"}[step.Mark])
		case decide.StepStart:
			parts = append(parts, "count to 1")
		case decide.StepStop:
			parts = append(parts, "count to 0")
		case decide.StepStopIdle:
			parts = append(parts, "count to 0 unless somebody came")
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing"}
	}
	told := p.State.String()
	if p.State == decide.StateWaking {
		told += "/" + p.Stage.String()
	}
	if p.State == decide.StateFailing {
		told += "/" + string(p.Class)
	}
	return fmt.Sprintf("%s [%s; %s]", strings.Join(parts, ", "), told, p.Reason)
}

// BenchmarkDecide measures the whole exchange of a decision: all rounds, with the facts at hand.
func BenchmarkDecide(b *testing.B) {
	ago := func(minutes int) time.Time {
		return noon.Truncate(time.Minute).Add(-time.Duration(minutes) * time.Minute)
	}
	base := decide.Facts{
		Now: noon, Have: ^decide.Need(0), Service: decide.Service{Desired: 1, Running: 1},
		Health: decide.Health{API: 1, Preview: 1}, Tasks: decide.Tasks{Live: 1, Running: 1, Oldest: ago(30)},
		Traffic: decide.Traffic{Last: ago(9), Watermark: ago(1), UpSince: ago(20)},
	}
	for name, c := range map[string]struct {
		rule   decide.Position
		intent decide.Intent
	}{
		"asleep tick":   {decide.Position{Phase: decide.PhaseAsleep}, decide.Tick},
		"awake tick":    {decide.Position{Phase: decide.PhaseAwake}, decide.Tick},
		"waking look":   {decide.Position{Phase: decide.PhaseWaking, Since: ago(1)}, decide.Query},
		"draining tick": {decide.Position{Phase: decide.PhaseDraining, Since: ago(3)}, decide.Tick},
	} {
		b.Run(name, func(b *testing.B) {
			f := base
			f.Rule = c.rule
			b.ReportAllocs()
			for b.Loop() {
				sink = policy.Decide(&f, c.intent)
			}
		})
	}
}

var sink decide.Plan
