package sweep

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/memfs"
	"github.com/webordinary/live-edit/functions/cleanup/policy"
	"github.com/webordinary/live-edit/functions/cleanup/report"
)

const day = 24 * time.Hour

// begin is the moment at which the tests' trees are looked at first.
var begin = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// testClock stands still except when somebody sleeps.
type testClock struct {
	nanos   atomic.Int64
	mu      sync.Mutex
	onSleep func()
}

func newClock() *testClock {
	c := &testClock{}
	c.nanos.Store(begin.UnixNano())
	return c
}

func (c *testClock) Now() time.Time { return time.Unix(0, c.nanos.Load()).UTC() }

func (c *testClock) Sleep(ctx context.Context, d time.Duration) error {
	if d > 0 {
		c.mu.Lock()
		if c.onSleep != nil {
			c.onSleep()
		}
		c.mu.Unlock()
		c.nanos.Add(int64(d))
	}
	return ctx.Err()
}

// fixture is a tree in memory with a clock.
type fixture struct {
	fs    *memfs.FS
	clock *testClock
	tags  atomic.Uint32
}

func newFixture() *fixture {
	w := &fixture{clock: newClock()}
	w.fs = memfs.New(w.clock.nanos.Load)
	return w
}

func testConfig() Config {
	c := DefaultConfig()
	c.Workers, c.Packers = 4, 2
	return c
}

func (w *fixture) options(root fsx.Dir, c Config) Options {
	return Options{
		Config: c, Root: root, Clock: w.clock, Log: slog.New(slog.DiscardHandler),
		Tag: func() string { return fmt.Sprintf("%08x", w.tags.Add(1)) },
	}
}

// run does one whole run without faults.
func (w *fixture) run(t require.TestingT, c Config) report.Summary {
	s, err := Run(context.Background(), w.options(w.fs.Root(), c))
	require.NoError(t, err)
	return s
}

// thread writes a thread file of a certain age.
func (w *fixture) thread(path, content string, age time.Duration) {
	w.fs.Write(path, []byte(content), begin.Add(-age).UnixNano())
}

func gzipped(content string) string {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = io.WriteString(z, content)
	_ = z.Close()
	return out.String()
}

func unpacked(t require.TestingT, packed string) string {
	z, err := gzip.NewReader(strings.NewReader(packed))
	require.NoError(t, err)
	content, err := io.ReadAll(z)
	require.NoError(t, err)
	return string(content)
}

// contents lists the files below the root, without what runs keep for
// themselves, each with its content (unpacked) and age.
func (w *fixture) contents(t require.TestingT) map[string]string {
	all := map[string]string{}
	for path, e := range w.fs.Tree() {
		if path == StateDir || strings.HasPrefix(path, StateDir+"/") {
			continue
		}
		text := e.Info.Kind.String() + " " + e.Target
		if e.Info.Kind == fsx.KindFile {
			content := e.Data
			if strings.HasSuffix(path, ".json.gz") && strings.HasPrefix(content, "\x1f\x8b") {
				content = unpacked(t, content)
			}
			text = fmt.Sprintf("%s %q", begin.Sub(e.Info.Modified()), content)
		}
		all[path] = text
	}
	return all
}

// requireNoneAside: nothing waits for a later run.
func (w *fixture) requireNoneAside(t require.TestingT, note any) {
	for path := range w.fs.Tree() {
		name := path[strings.LastIndex(path, "/")+1:]
		require.NotEqual(t, filetype.Aside, filetype.Classify(name), "%s is left: %v", path, note)
	}
}

const threads = "acme/bob/.claude/threads/"

func requireSkipped(t *testing.T, s report.Summary, want map[policy.Reason]int64) {
	t.Helper()
	got := map[policy.Reason]int64{}
	for r, n := range s.Counts.Skipped {
		if n > 0 {
			got[policy.Reason(r)] = n
		}
	}
	require.Equal(t, want, got)
}
