package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/webordinary/live-edit/cmd/probe/target"
)

// files are the check files of this run in the workspace (docs/container-contract.md, "The check endpoint"). It knows
// which exist, so that none is left behind.
type files struct {
	suite *Suite

	mu    sync.Mutex
	there []string // paths
}

// path of the check file with this name.
func (f *files) path(name string) string { return "/api/check/" + f.suite.Name + "-" + name }

// put stores a file. It is remembered before, since an answer may get lost.
func (f *files) put(ctx context.Context, site Site, name, content string) (*target.Answer, error) {
	f.mu.Lock()
	if path := f.path(name); !slices.Contains(f.there, path) {
		f.there = append(f.there, path)
	}
	f.mu.Unlock()
	return f.suite.do(ctx, site, target.Request{
		Method: http.MethodPut, Path: f.path(name), Body: content, Header: http.Header{"Content-Type": {"text/plain"}},
	})
}

func (f *files) get(ctx context.Context, site Site, name string) (*target.Answer, error) {
	return f.suite.do(ctx, site, get(f.path(name)))
}

// remove deletes a file, and forgets it when it is gone.
func (f *files) remove(ctx context.Context, site Site, path string) (*target.Answer, error) {
	answer, err := f.suite.do(ctx, site, target.Request{Method: http.MethodDelete, Path: path})
	if err == nil && isGone(answer) {
		f.forget(path)
	}
	return answer, err
}

func isGone(answer *target.Answer) bool {
	return answer.OK() || answer.From == target.Container && answer.Status == http.StatusNotFound
}

func (f *files) forget(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.there = slices.DeleteFunc(f.there, func(p string) bool { return p == path })
}

// Leftover lists the paths of check files that are still there.
func (s *Suite) Leftover() []string {
	s.files.mu.Lock()
	defer s.files.mu.Unlock()
	return slices.Clone(s.files.there)
}

// cleanupWait is how long the deletion of a check file may take altogether: if the service sleeps it has to wake first.
const cleanupWait = 3 * time.Minute

// Cleanup deletes the check files that are still there. Files that were refused in the first place are not there.
func (s *Suite) Cleanup(ctx context.Context) error {
	paths := s.Leftover()
	if len(paths) == 0 {
		return nil
	}
	s.Progress.Begin(fmt.Sprintf("deleting %d check files; if the service sleeps, this wakes it", len(paths)))
	var faults []error
	end := s.Clock.Now().Add(cleanupWait)
	for _, path := range paths {
		if err := s.removeLate(ctx, path, end); err != nil {
			faults = append(faults, fmt.Errorf("check file %s is still there: %w", path, err))
		}
	}
	return errors.Join(faults...)
}

// removeLate deletes a file of a service that may be asleep: the waker holds such a call, redirects it to itself, or asks
// to come back.
func (s *Suite) removeLate(ctx context.Context, path string, end time.Time) error {
	for {
		answer, err := s.files.remove(ctx, s.Site, path)
		switch {
		case err == nil && isGone(answer):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && answer.From == target.Container && answer.Status < http.StatusInternalServerError,
			!s.Clock.Now().Before(end):
			return errors.New(came(answer, err))
		}
		if err := s.Clock.Sleep(ctx, wakeLook); err != nil {
			return err
		}
	}
}
