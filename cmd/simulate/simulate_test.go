package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/cmd/simulate/timing"
	"github.com/webordinary/live-edit/cost"
	"github.com/webordinary/live-edit/functions/scaler/requests"
)

func quietly(string) {}

// small is a run small enough for a test, made once.
var small = sync.OnceValue(func() *report { return simulate(20, 6, quietly) })

// TestTheSameSeedsGiveTheSameBytes: the document and its charts are part of the repository.
func TestTheSameSeedsGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	a, b := small(), simulate(20, 6, quietly)
	require.Equal(t, a.document(), b.document())
	require.Equal(t, a.charts(), b.charts())
	require.NotContains(t, a.document(), "{{")
	for name, svg := range a.charts() {
		require.Contains(t, a.document(), "(img/"+name+")")
		requireXML(t, name, svg)
	}
	require.Equal(t, len(a.charts()), strings.Count(a.document(), "(img/"))
}

func requireXML(t *testing.T, name, svg string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err, name)
	}
}

// fiveMinutes is the specification's service, whatever a stack's default is.
func fiveMinutes() timing.Setup {
	setup := timing.Specified
	setup.Idle = 5 * time.Minute
	return setup
}

// TestScenarios holds what the scenarios are there to show.
func TestScenarios(t *testing.T) {
	t.Parallel()
	r := small()
	for _, o := range r.months() {
		require.Zero(t, o.Lost, "%s: requests were lost", o.Name)
	}
	require.Zero(t, r.lost(), "wakes were lost")
	tails := r.Bursts.Billed - r.Bursts.Edited
	require.Greater(t, tails, time.Duration(0))
	require.Less(t, tails, 24*(timing.Specified.Idle+5*time.Minute), "each session adds its wake and no more than two minutes to the idle time")
	require.Len(t, r.Tab.Runs, 1, "the forgotten tab woke the service again")
	require.Less(t, r.Tab.Billed, time.Hour)
	require.Empty(t, r.Bots[1].Runs, "scanners without credentials woke the service")
	require.NotEmpty(t, r.Bots[0].Runs)
	require.Greater(t, len(r.Bots[0].Runs), len(r.Bots[2].Runs), "evidence lets more of them through than guesses did")
	require.Greater(t, r.Editors[1].Billed, 2*r.Editors[0].Billed, "three tasks cost three times as much")
	protected, unprotected := burstsMonth(fiveMinutes(), 1, true), burstsMonth(fiveMinutes(), 1, false)
	require.Less(t, protected.Redirected, unprotected.Redirected, "protection keeps people from the waker")
	for _, site := range r.Sites {
		require.Less(t, site.Dollars.total(), 2.0)
	}
	require.GreaterOrEqual(t, mostAtOnce(r.Sites), 1)
}

// TestScannersCostWhatPreviewSays holds the figures of package cost, which pulumi preview warns by, against the simulation.
func TestScannersCostWhatPreviewSays(t *testing.T) {
	t.Parallel()
	visits := 0
	for i := range scanners {
		if scanners[i].wakes(nil) {
			visits += scanners[i].Visits
		}
		require.False(t, scanners[i].wakes([]requests.Credential{{Header: "X-Key"}}), "%s wakes without the credential", scanners[i].Name)
	}
	require.Equal(t, cost.ScannerWakes, visits)
	task := cost.Task{CPU: 2048, MemoryMB: 4096, PublicAddress: true}
	simulated := scannerMonths(fiveMinutes())[0].Dollars.Tasks
	require.InEpsilon(t, simulated, cost.Scanners(task, 5), 0.1)
	small := cost.Task{CPU: 512, MemoryMB: 1024, ARM: true}
	require.Less(t, cost.Scanners(small, 5), 0.25*cost.Scanners(task, 5))
	require.Greater(t, cost.Scanners(task, 30), 3*cost.Scanners(task, 5))
}

// TestWakesDependOnWhatTheyShould: longer intervals, larger images and late containers wait longer.
func TestWakesDependOnWhatTheyShould(t *testing.T) {
	t.Parallel()
	fast := timing.Specified
	fast.HealthInterval = 5 * time.Second
	slowImage, late, soci := fast, fast, fast
	slowImage.ImageMB, late.HealthWaits, soci.SOCI = 900, true, true
	base := measure(fast, "", false, 60)
	waits, waitsFast := timing.Specified, fast
	waits.HealthWaits, waitsFast.HealthWaits = true, true
	require.Greater(t, measure(waits, "", false, 60).P95, measure(waitsFast, "", false, 60).P95, "without a supervisor the interval counts")
	require.Equal(t, base.P95, measure(timing.Specified, "", false, 60).P95, "with one it does not")
	whenever := timing.Specified
	whenever.CheckedWhenever = true
	require.Greater(t, measure(whenever, "", false, 60).P95, base.P95)
	onDisk, inImage, rare := fast, fast, fast
	onDisk.Dependencies, inImage.Dependencies, rare.TailShare = timing.Unpacked, timing.InTheTask, 0.5
	require.Less(t, measure(onDisk, "", false, 60).P50, base.P50)
	require.Less(t, measure(inImage, "", false, 60).P50, measure(onDisk, "", false, 60).P50)
	require.Greater(t, measure(rare, "", false, 60).P95, base.P95+20*time.Second)
	require.Greater(t, measure(slowImage, "", false, 60).P50, base.P50)
	require.Greater(t, measure(late, "", false, 60).P50, base.P50)
	require.Less(t, measure(soci, "", false, 60).P50, base.P50)
	require.GreaterOrEqual(t, base.P99, base.P95)
	require.GreaterOrEqual(t, base.P95, base.P50)
	require.GreaterOrEqual(t, measure(timing.Specified, "", true, 60).P99, base.P50)
}

// TestPublishedWholes holds sums of the components against published times that span several of them: the model may be a few
// seconds too quick, as docs/simulation.md says, and never slower than all that was published.
func TestPublishedWholes(t *testing.T) {
	t.Parallel()
	for i := range wholes {
		w := &wholes[i]
		least, most := w.model()
		require.Less(t, least, w.Published[1], "%s: the model is slower than anything published", w.Name)
		require.Greater(t, most+1, w.Published[0], "%s: the model is quicker than anything published", w.Name)
	}
}

// TestComponentsAreLabelled: a figure without samples is no publication, and what was measured says where.
func TestComponentsAreLabelled(t *testing.T) {
	t.Parallel()
	for _, c := range timing.Components {
		require.LessOrEqual(t, c.Least, c.Most, c.Name)
		require.NotEmpty(t, c.Source, c.Name)
		if c.N == "0" {
			require.Contains(t, []timing.Origin{timing.Inferred, timing.Assumed}, c.Origin, c.Name)
		}
		if c.Origin == timing.Published || c.Origin == timing.Measured {
			require.Regexp(t, `20\d\d-\d\d`, c.Source, "%s: no date", c.Name)
		}
	}
	require.Equal(t, timing.PulledPlain.Times(1), (&timing.Setup{ImageMB: 413}).Pull())
	require.Equal(t, timing.AstroEFS.Times(1), (&timing.Setup{CPU: 2}).DevServer())
	require.Equal(t, timing.AstroLocal.Times(1), (&timing.Setup{CPU: 2, Dependencies: timing.InTheTask}).DevServer())
}

// TestDocumentIsUpToDate holds docs/simulation.md and its charts against what the command writes today.
func TestDocumentIsUpToDate(t *testing.T) {
	t.Parallel()
	if runtime.GOARCH != "amd64" {
		t.Skip("the document was made on amd64; other processors may fuse floating-point operations and round differently")
	}
	docs := filepath.Join("..", "..", "docs")
	found := simulate(defaultWakes, defaultSites, quietly)
	const advice = "what is decided or simulated has changed; if that is meant, run: make simulate"
	have, err := os.ReadFile(filepath.Join(docs, "simulation.md"))
	require.NoError(t, err)
	require.Equal(t, found.document(), string(have), advice)
	decisions, err := os.ReadFile(filepath.Join(docs, "decisions.md"))
	require.NoError(t, err)
	require.Contains(t, string(decisions), headlineTable(found.Headlines), "docs/decisions.md D2 tells other figures")
	charts := found.charts()
	for name, svg := range charts {
		have, err := os.ReadFile(filepath.Join(docs, "img", name))
		require.NoError(t, err)
		require.Equal(t, svg, string(have), "%s: %s", name, advice)
	}
	files, err := filepath.Glob(filepath.Join(docs, "img", "simulation-*.svg"))
	require.NoError(t, err)
	require.Len(t, files, len(charts), "a chart that nobody writes any more")
}

// TestVisitorsAreToldTheTruth holds what the waiting page says against what a wake is simulated to take.
func TestVisitorsAreToldTheTruth(t *testing.T) {
	t.Parallel()
	row := measure(timing.Specified, "", false, 200)
	require.InDelta(t, requests.TypicalWake.Seconds(), row.P50.Seconds(), 10)
}

// TestWhatWaitingLessCosts holds what the idle times, waking on intent and three clients are there to show.
func TestWhatWaitingLessCosts(t *testing.T) {
	t.Parallel()
	rows := small().Idle
	for i := range rows[1:] {
		less, more := &rows[i], &rows[i+1]
		if less.Habit == more.Habit {
			require.Greater(t, more.sum.Billed, less.sum.Billed)
			require.GreaterOrEqual(t, more.warm(), less.warm())
		}
	}
	require.Greater(t, rows[7].warm(), rows[3].warm()+20, "short visits gain from long idle times, single sessions hardly")
	intent := small().Intent
	require.Less(t, percentile(sorted(intent[1].sum.Opened), 0.5), percentile(sorted(intent[0].sum.Opened), 0.5)/2)
	require.Greater(t, intent[len(intent)-3].sum.InVain, intent[len(intent)-2].sum.InVain, "the cap holds wakes back")
	tenants := small().Tenants
	require.Equal(t, 3, tenants[0].Most)
}

// TestTheCapIsNeverExceeded, whatever comes: not by a wake that is under way, nor by one that nobody uses.
func TestTheCapIsNeverExceeded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		row := &warmRow{
			Idle: time.Duration(rapid.IntRange(1, 30).Draw(r, "idle")) * time.Minute, Intents: rapid.IntRange(0, 150).Draw(r, "intents"),
			Cap: rapid.Float64Range(0, 3).Draw(r, "cap"),
		}
		s := timing.Specified
		s.Idle, s.ImageMB = row.Idle, rapid.Float64Range(50, 2000).Draw(r, "image")
		const days = 30 * 24 * time.Hour
		st := newSite(s, monthBegins, days, rapid.Uint64().Draw(r, "seed"))
		work := bursts(st.random)[:rapid.IntRange(0, 5).Draw(r, "sessions")]
		for _, each := range work {
			st.join(each)
		}
		st.intend(work, row)
		o := st.finish("", s, 0)
		require.LessOrEqual(r, o.InVain.Hours(), row.Cap)
		if row.Cap < 0.1 {
			require.Zero(r, o.InVain, "there is no room for a single wake in vain")
		}
	})
}

// TestLostRequestsAreCounted breaks the service: what is not served must not look like a quick wake.
func TestLostRequestsAreCounted(t *testing.T) {
	t.Parallel()
	never := timing.Specified
	never.ImageMB = 100_000 // its pull takes longer than anybody waits
	row := measure(never, "", true, 3)
	require.Equal(t, 3, row.Lost)
	require.Zero(t, row.Within30)
	require.Equal(t, 3, (&report{Sizes: []wakeRow{row}}).lost())
	month := burstsMonth(never, 1, true)
	require.Positive(t, month.Lost, "visits are given up after %s", patience)
	require.Zero(t, month.Served)
	row1 := wakeRow{Lost: 1}
	for _, r := range []*report{
		{Bursts: outcome{tally: tally{Lost: 1}}},
		{Unprotected: outcome{tally: tally{Lost: 1}}},
		{Tab: outcome{tally: tally{Lost: 1}}},
		{Editors: []outcome{{tally: tally{Lost: 1}}}},
		{Bots: []outcome{{tally: tally{Lost: 1}}}},
		{Sites: []outcome{{tally: tally{Lost: 1}}}},
		{Headlines: []wakeRow{row1}},
		{Levers: []leverRow{{Specified: row1}}},
		{Levers: []leverRow{{Fast: row1}}},
		{Goals: []goalRow{{wakeRow: row1}}},
		{Idle: []warmRow{{sum: outcome{tally: tally{Lost: 1}}}}},
		{Intent: []warmRow{{sum: outcome{tally: tally{Lost: 1}}}}},
		{Tenants: []clientsRow{{outcome: outcome{tally: tally{Lost: 1}}}}},
	} {
		require.Equal(t, 1, r.lost())
	}
}

func TestWriting(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, write("/dev/null/x", small()), "write charts")
	require.NoError(t, write(t.TempDir(), small()))
}

// TestTwentyFourClientsWakeAtOnce: each has a function, a rule and a service of its own, so that the 24th waits no longer than the first, and
// nobody's request is lost.
func TestTwentyFourClientsWakeAtOnce(t *testing.T) {
	t.Parallel()
	const clients = 24
	outcomes := make([]outcome, clients)
	for i := range outcomes {
		st := newSite(timing.Specified, monthBegins, 24*time.Hour, uint64(900+i))
		st.join(session{From: monthBegins.Add(9 * time.Hour), Length: 30 * time.Minute, Pause: 40 * time.Second, Protects: true})
		outcomes[i] = st.finish("", timing.Specified, 0)
		require.Zero(t, outcomes[i].Lost, "client %d", i)
		require.NotEmpty(t, outcomes[i].Wakes, "client %d", i)
	}
	require.Equal(t, clients, mostAtOnce(outcomes), "all are awake at once")
}
