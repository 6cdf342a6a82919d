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
	// silentFor is how long the file system may not have answered before the task takes no session: two looks, and time for an answer.
	silentFor = 2*lookAtFiles + 5*time.Second
)

// health is whether sessions can be served at all. That one of them can't start is no reason to replace the task.
type health struct {
	mu      sync.Mutex
	good    time.Time // when the file system was last readable
	doubted time.Time // when a lease could not be kept, which tells sooner than a look
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

func (h *health) doubt(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.doubted = at
}

// trusted says whether the file system has answered lately, so that a session may be taken.
func (h *health) trusted(at time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return at.Sub(h.good) < silentFor && h.good.After(h.doubted)
}

// aside says that sessions are better off with other tasks: this one goes, or its file system does not answer.
func (h *Host) aside() bool { return h.going.Load() || !h.health.trusted(time.Now()) }

// watchFiles looks at the file system again and again. A look that hangs is the only one under way.
func (h *Host) watchFiles(ctx context.Context) {
	ticker := time.NewTicker(lookAtFiles)
	defer ticker.Stop()
	for {
		began := time.Now()
		_, err := os.ReadDir(h.settings.Workspace)
		if err == nil {
			h.health.note(began)
			h.remember()
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
