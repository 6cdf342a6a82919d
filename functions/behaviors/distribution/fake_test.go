package distribution_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/behaviors/distribution"
	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/merge"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

const id = "E2QWRUHAPOMQZL"

// memory is a store with one distribution, like CloudFront's: a write needs the present version and makes a new one.
type memory struct {
	mu      sync.Mutex
	xml     string
	version int
	gone    bool

	reads, writes int
	// beforeWrite runs before each write is looked at, with the count of writes so far.
	beforeWrite func(n int)
	// loseAnswers makes writes succeed and report failure.
	loseAnswers bool
}

func (m *memory) etag() string { return fmt.Sprintf("E%d", m.version) }

func (m *memory) Read(context.Context, string) (distribution.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if m.gone {
		return distribution.Snapshot{}, distribution.ErrGone
	}
	return distribution.Snapshot{ETag: m.etag(), XML: []byte(m.xml)}, nil
}

func (m *memory) Write(_ context.Context, _ string, s distribution.Snapshot) error {
	if m.beforeWrite != nil {
		m.beforeWrite(m.writes)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if s.ETag != m.etag() {
		return fmt.Errorf("%w: version %s", distribution.ErrConflict, m.etag())
	}
	m.xml, m.version = string(s.XML), m.version+1
	if m.loseAnswers {
		return fmt.Errorf("connection reset by peer")
	}
	return nil
}

// change is another writer: it changes the configuration, whatever its version.
func (m *memory) change(f func(xml string) string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.xml, m.version = f(m.xml), m.version+1
}

// clock records the waits and takes no time.
type clock struct {
	mu    sync.Mutex
	waits []time.Duration
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits = append(c.waits, d)
	return ctx.Err()
}

func applier(store distribution.Store, c *clock) *distribution.Applier {
	return &distribution.Applier{
		Store: store, Sleep: c.sleep,
		Jitter: func(below time.Duration) time.Duration { return below - 1 },
	}
}

func input(stack string) spec.Input {
	in := spec.LiveEdit(id, "webordinary-live-edit/"+stack,
		spec.Origin{ID: "alb-origin-" + stack, DomainName: "edit.ameliastamps.com"}).WithDefaults()
	for i := range in.Behaviors {
		in.Behaviors[i].PathPattern = "/" + stack + in.Behaviors[i].PathPattern
	}
	return in
}

func ensuring(in spec.Input) distribution.Planner {
	return func(doc *document.Document) (merge.Plan, error) {
		return merge.Ensure(doc, in, merge.Owners{in.Owner})
	}
}

func removing(in spec.Input) distribution.Planner {
	return func(doc *document.Document) (merge.Plan, error) {
		return merge.Remove(doc, merge.Owners{in.Owner}, in.Behaviors)
	}
}

func site(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "s3-spa.xml"))
	require.NoError(t, err)
	return string(text)
}
