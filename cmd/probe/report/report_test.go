package report_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/cmd/probe/report"
)

func seconds(values ...int) []time.Duration {
	out := make([]time.Duration, len(values))
	for i, v := range values {
		out[i] = time.Duration(v) * time.Second
	}
	return out
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values   []time.Duration
		p50, p95 int
	}{
		{nil, 0, 0},
		{seconds(7), 7, 7},
		{seconds(40, 20), 20, 40},
		{seconds(30, 10, 20), 20, 30},
		{seconds(4, 3, 2, 1), 2, 4},
		{seconds(20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1), 10, 19},
		{seconds(21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1), 11, 20},
	} {
		before := append([]time.Duration(nil), c.values...)
		assert.Equal(t, time.Duration(c.p50)*time.Second, report.Percentile(c.values, 50), "%v", c.values)
		assert.Equal(t, time.Duration(c.p95)*time.Second, report.Percentile(c.values, 95), "%v", c.values)
		assert.Equal(t, before, c.values, "the order of the measurements stays")
	}
}

func newBook() *report.Book {
	limits := report.DefaultLimits()
	return report.NewBook(report.Criteria(&limits))
}

func find(t testing.TB, rows []report.Result, id string) report.Result {
	t.Helper()
	for _, row := range rows {
		if row.ID == id {
			return row
		}
	}
	require.Failf(t, "no such criterion", "%s", id)
	return report.Result{}
}

var broken = report.Fault{Asked: "GET /", Came: "500", Do: "mend it", Symptom: report.NoRule}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	b := newBook()
	b.Pass(report.DNS, "2 addresses")
	b.Pass(report.DNS, "of an alias")
	b.Pass(report.DNS, "of an alias")
	b.Missed(report.DNS, "what was measured stands")
	b.Pass(report.TLS, "first")
	b.Fail(report.TLS, "second", broken)
	b.Pass(report.TLS, "third")
	b.Missed(report.API, "no answer")
	b.Missed(report.API, "a later reason")
	b.Left(report.Preview, "not asked for")
	b.Missed(report.Socket, "not at first")
	b.Pass(report.Socket, "open")
	b.Measured(report.Starts, "started")
	b.Measured(report.Sleeps, "late", broken)
	assert.True(t, b.Failed(report.TLS))
	assert.False(t, b.Failed(report.DNS))
	assert.False(t, b.Open(report.API))
	assert.True(t, b.Open(report.WakeTime))
	rows := b.Results([]string{report.Sleeps, report.DNS}, "not reached")

	dns := find(t, rows, report.DNS)
	assert.Equal(t, report.Pass, dns.Verdict)
	assert.Equal(t, "2 addresses; of an alias", dns.Measured)
	assert.False(t, dns.Accepted, "nothing failed")
	tls := find(t, rows, report.TLS)
	assert.Equal(t, report.Fail, tls.Verdict, "one failure fails it")
	assert.Equal(t, []report.Fault{broken}, tls.Faults)
	assert.Equal(t, "no answer", find(t, rows, report.API).Reason)
	assert.Equal(t, report.Pass, find(t, rows, report.Socket).Verdict)
	assert.Equal(t, report.Pass, find(t, rows, report.Starts).Verdict)
	assert.True(t, find(t, rows, report.Sleeps).Accepted)
	assert.Equal(t, "not reached", find(t, rows, report.WakeTime).Reason)
	assert.Contains(t, find(t, rows, report.Cost).Reason, "make cost")
	assert.Panics(t, func() { b.Pass("typo", "") })
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		note     func(*report.Book)
		accepted string
		broken   bool
		code     int
	}{
		"all well":                  {func(*report.Book) {}, "", false, report.ExitPass},
		"left out":                  {func(b *report.Book) { b.Left(report.API, "not asked for") }, "", false, report.ExitPass},
		"failed":                    {func(b *report.Book) { b.Fail(report.API, "x", broken) }, "", false, report.ExitFail},
		"accepted":                  {func(b *report.Book) { b.Fail(report.API, "x", broken) }, report.API, false, report.ExitPass},
		"another one is accepted":   {func(b *report.Book) { b.Fail(report.API, "x", broken) }, report.TLS, false, report.ExitFail},
		"not measured":              {func(b *report.Book) { b.Missed(report.API, "x") }, "", false, report.ExitUnmeasured},
		"acceptance is of failures": {func(b *report.Book) { b.Missed(report.API, "x") }, report.API, false, report.ExitUnmeasured},
		"failed and not measured": {
			func(b *report.Book) { b.Missed(report.API, "x"); b.Fail(report.TLS, "x", broken) }, "", false, report.ExitFail,
		},
		"interrupted":           {func(*report.Book) {}, "", true, report.ExitUnmeasured},
		"failed, interrupted":   {func(b *report.Book) { b.Fail(report.API, "x", broken) }, "", true, report.ExitFail},
		"accepted, interrupted": {func(b *report.Book) { b.Fail(report.API, "x", broken) }, report.API, true, report.ExitUnmeasured},
	} {
		b := newBook()
		c.note(b)
		limits := report.DefaultLimits()
		for _, criterion := range report.Criteria(&limits) {
			if b.Open(criterion.ID) && criterion.Limit != "" && criterion.ID != report.Cost {
				b.Pass(criterion.ID, "")
			}
		}
		r := report.Report{Results: b.Results([]string{c.accepted}, ""), Interrupted: c.broken}
		assert.Equal(t, c.code, r.ExitCode(), name)
	}
}

func sample() *report.Report {
	b := newBook()
	b.Pass(report.DNS, "2 addresses")
	b.Fail(report.TLS, "another host’s", broken)
	b.Fail(report.WakeTime, "p95 48s", report.Fault{Asked: "a wake", Came: "48s", Do: "hurry"})
	b.Missed(report.Workspace, "the service did not wake, and that is a long story which nobody wants to read in a table")
	b.AddWake(report.Wake{Took: 48 * time.Second, Stages: []report.Stage{{Name: "asked", At: time.Second}, {Name: "pulling", At: 90 * time.Second}}})
	b.AddWake(report.Wake{Took: 31 * time.Second})
	return &report.Report{
		URL: "https://edit.example.test", Started: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Took: 400 * time.Second, Speed: 1,
		Results: b.Results([]string{report.WakeTime}, "interrupted"), Wakes: b.Wakes(), Interrupted: true,
		Leftover: []string{"/api/check/probe-1-kept"},
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, sample().Text(&out))
	text := out.String()
	lines := strings.Split(text, "\n")
	limits := report.DefaultLimits()
	criteria := report.Criteria(&limits)
	column := strings.Index(lines[0], "Measured")
	require.Positive(t, column)
	for i, criterion := range criteria {
		row := []rune(lines[i+2])
		assert.True(t, strings.HasPrefix(lines[i+2], criterion.Text), "%s", lines[i+2])
		require.Greater(t, len(row), column)
		assert.Equal(t, ' ', row[column-1], "%s", lines[i+2])
		assert.NotEqual(t, ' ', row[column], "every criterion says what was measured, or why not: %s", lines[i+2])
		assert.LessOrEqual(t, utf8.RuneCountInString(lines[i+2]), 170)
	}
	for _, part := range []string{
		"fail (accepted)", "and that is a lon…", "NOT MEASURED redirect, default-answer, deployed, ", "NOT MEASURED workspace: the service did not wake, and that is a long story which nobody",
		"FAIL tls: another host’s\n  asked  GET /\n  came   500\n  do     mend it\n  see    docs/troubleshooting.md, \"Webordinary ALB - No target configured\"",
		"1  48s: asked 1.0s, pulling 1m30s", "p50 31s, p95 48s", "1 passed, 1 failed, 1 failed as accepted, 25 not measured; 6m40s",
		"Interrupted", "curl -fL --retry 6 -X DELETE https://edit.example.test/api/check/probe-1-kept",
	} {
		assert.Contains(t, text, part)
	}
	assert.NotContains(t, text, "wall")

	fast := sample()
	fast.Speed = 60
	out.Reset()
	require.NoError(t, fast.Text(&out))
	assert.Contains(t, out.String(), "p95 48s (800ms wall)")
	assert.Contains(t, out.String(), "60 times as fast as this machine's clock: 10 ms of work here count as 600ms")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAReportThatCannotBeWrittenSaysSo(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, sample().Text(full{}), "no space left")
	require.ErrorContains(t, sample().JSON(full{}), "no space left")
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, sample().JSON(&out))
	var document struct {
		URL            string
		ExitCode       int
		Interrupted    bool
		Speed, Seconds float64
		Criteria       []map[string]any
		Wakes          []struct {
			Seconds float64
			Stages  map[string]float64
		}
		P50      float64 `json:"wakeP50Seconds"`
		P95      float64 `json:"wakeP95Seconds"`
		Leftover []string
	}
	require.NoError(t, json.Unmarshal([]byte(out.String()), &document))
	assert.Equal(t, "https://edit.example.test", document.URL)
	assert.Equal(t, report.ExitFail, document.ExitCode)
	assert.True(t, document.Interrupted)
	assert.InDelta(t, 400, document.Seconds, 0)
	assert.Equal(t, []float64{31, 48}, []float64{document.P50, document.P95})
	require.Len(t, document.Wakes, 2)
	assert.Equal(t, map[string]float64{"asked": 1, "pulling": 90}, document.Wakes[0].Stages)
	assert.Equal(t, []string{"/api/check/probe-1-kept"}, document.Leftover)
	require.Len(t, document.Criteria, 28)
	tls := document.Criteria[1]
	assert.Equal(t, "tls", tls["id"])
	assert.Equal(t, "fail", tls["verdict"])
	assert.Equal(t, "T00 acceptance 4, T02 §7", tls["source"])
	assert.Equal(t, []any{map[string]any{
		"asked": "GET /", "came": "500", "do": "mend it", "symptom": "Webordinary ALB - No target configured",
	}}, tls["faults"])
}

// TestEveryAcceptanceCriterionIsInTheTable counts the criteria of both specifications: nine of T00, eight of T02, and the
// items of T00's checklist that can be asked for.
func TestEveryAcceptanceCriterionIsInTheTable(t *testing.T) {
	t.Parallel()
	limits := report.DefaultLimits()
	sources := ""
	ids := map[string]bool{}
	for _, c := range report.Criteria(&limits) {
		sources += c.Source + ";"
		assert.False(t, ids[c.ID], c.ID)
		ids[c.ID] = true
	}
	for _, want := range []string{
		"T00 acceptance 1", "T00 acceptance 2", "T00 acceptance 3", "T00 acceptance 4", "T00 acceptance 5", "T00 acceptance 6",
		"T00 acceptance 7", "T00 acceptance 8", "T00 acceptance 9", "checklist 1", "checklist 2", "checklist 3", "checklist 5", "checklist 6",
		"T02 acceptance 1", "T02 acceptance 2", "T02 acceptance 3", "T02 acceptance 4", "T02 acceptance 5", "T02 acceptance 6",
		"T02 acceptance 7", "T02 acceptance 8", "T02 testing plan 6",
	} {
		assert.Contains(t, sources, want)
	}
}

// symptoms are all that faults point at.
var symptoms = []report.Symptom{
	report.NoAddress, report.BadCertificate, report.NoRule, report.WrongDefault, report.NoRedirect, report.CannotStart, report.ImageProblem,
	report.NetworkProblem, report.HealthProblem, report.SlowWake, report.SocketRefused, report.SocketDrops, report.NeverSleeps,
	report.WorkspaceLost, report.NoCheckEndpoint, report.BlockedHost, report.NotOnCloudFront, report.NoEdgeSocket, report.EdgeErrorsKept,
	report.Drift, report.SecretOpen, report.MissingOutput,
}

// TestSymptomsAreRowsOfTheDocument looks each symptom up, markup aside.
func TestSymptomsAreRowsOfTheDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/troubleshooting.md")
	require.NoError(t, err)
	rows := map[string]bool{}
	for line := range strings.SplitSeq(string(text), "\n") {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			rows[strings.TrimSpace(strings.ReplaceAll(cells[1], "`", ""))] = true
		}
	}
	for _, symptom := range symptoms {
		assert.True(t, rows[string(symptom)], "docs/troubleshooting.md has no row %q", symptom)
	}
	for _, class := range []string{
		"image", "secret", "file-system", "network", "capacity", "memory", "health-check", "exit", "logs", "timeout", "other", "",
	} {
		assert.Contains(t, symptoms, report.OfClass(class), class)
	}
}
