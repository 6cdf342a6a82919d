package host

import (
	"context"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/telemetry"
)

const (
	// unreadableFor is how long the file system may not be readable before the task says that it can serve nobody.
	unreadableFor = time.Minute
	lookAtFiles   = 10 * time.Second
)

// health is whether sessions can be served at all. That one of them can't start is no reason to replace the task.
type health struct {
	mu   sync.Mutex
	good time.Time // when the file system was last readable
}

func (h *health) note(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at.After(h.good) {
		h.good = at
	}
}

func (h *health) ok(at time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return at.Sub(h.good) < unreadableFor
}

// watchFiles looks at the file system again and again. A look that hangs is the only one under way.
func (h *Host) watchFiles(ctx context.Context) {
	ticker := time.NewTicker(lookAtFiles)
	defer ticker.Stop()
	for {
		began := time.Now()
		_, err := os.ReadDir(h.settings.Workspace)
		if err == nil {
			h.health.note(began)
		} else {
			h.record.Log.Error("the workspaces can't be read", "path", h.settings.Workspace, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// serveHealth says whether this task listens and can serve. It touches no file, and waits for nobody.
func (h *Host) serveHealth(w http.ResponseWriter) {
	if !h.health.ok(time.Now()) {
		fail(w, http.StatusServiceUnavailable, "the workspaces have not been readable for a minute")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n")
}

// firstByte writes down the wake, as far as it happens in the task.
func (h *Host) firstByte(s *session) {
	h.woken.Do(func() {
		h.record.Woken(telemetry.Woken{
			Task: h.id.Task, Session: s.user, StartedAt: h.began, Claimed: s.since.Sub(h.began), FirstByte: time.Since(h.began),
		})
	})
}
