package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func quietly(string) {}

// small is a run small enough for a test.
func small() *report { return simulate(20, 6, quietly) }

// TestTheSameSeedsGiveTheSameBytes: the document and its charts are part of the repository.
func TestTheSameSeedsGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	a, b := small(), small()
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

// TestScenarios holds what the scenarios are there to show.
func TestScenarios(t *testing.T) {
	t.Parallel()
	r := small()
	for _, o := range append([]outcome{r.Bursts, r.Unprotected, r.Tab, r.Bots[0], r.Bots[1], r.sumSites()}, r.Editors...) {
		require.Zero(t, o.Lost, "%s: requests were lost", o.Name)
	}
	tails := r.Bursts.Billed - r.Bursts.Edited
	require.Greater(t, tails, time.Duration(0))
	require.Less(t, tails, 24*10*time.Minute, "each session adds its wake and no more than seven idle minutes")
	require.Len(t, r.Tab.Runs, 1, "the forgotten tab woke the service again")
	require.Less(t, r.Tab.Billed, time.Hour)
	require.Empty(t, r.Bots[1].Runs, "scanners without credentials woke the service")
	require.NotEmpty(t, r.Bots[0].Runs)
	require.Greater(t, r.Editors[1].Billed, 2*r.Editors[0].Billed, "three tasks cost three times as much")
	require.Less(t, r.Bursts.Redirected, r.Unprotected.Redirected, "protection keeps people from the waker")
	for _, site := range r.Sites {
		require.Less(t, site.Dollars.total(), 2.0)
	}
	require.GreaterOrEqual(t, mostAtOnce(r.Sites), 1)
}

// TestWakesDependOnWhatTheyShould: longer intervals, larger images and late containers wait longer.
func TestWakesDependOnWhatTheyShould(t *testing.T) {
	t.Parallel()
	fast := specified
	fast.HealthInterval = 5 * time.Second
	slowImage, late, zstd := fast, fast, fast
	slowImage.ImageMB, late.ListensEarly, zstd.Zstd = 900, false, true
	base := measure(fast, "", false, 60)
	require.Greater(t, measure(specified, "", false, 60).P95, base.P95)
	require.Greater(t, measure(slowImage, "", false, 60).P50, base.P50)
	require.Greater(t, measure(late, "", false, 60).P50, base.P50)
	require.Less(t, measure(zstd, "", false, 60).P50, base.P50)
	require.GreaterOrEqual(t, base.P99, base.P95)
	require.GreaterOrEqual(t, base.P95, base.P50)
	require.GreaterOrEqual(t, measure(specified, "", true, 60).P99, base.P50)
}

// TestPublishedFigures holds the model against the figures that it was made from.
func TestPublishedFigures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		setup    setup
		from, to float64 // seconds of the pull, from its middle
	}{
		{setup{ImageMB: 413, CPU: 1}, 42, 44},
		{setup{ImageMB: 900, CPU: 1}, 69, 71},
		{setup{ImageMB: 217, Zstd: true, CPU: 1}, 19, 23},
	} {
		pull := c.setup.timing().Pull
		middle := (pull.Least + pull.Most).Seconds() / 2
		require.GreaterOrEqual(t, middle, c.from)
		require.LessOrEqual(t, middle, c.to)
	}
}

func TestWriting(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, write("/dev/null/x", small()), "write charts")
	require.NoError(t, write(t.TempDir(), small()))
}
