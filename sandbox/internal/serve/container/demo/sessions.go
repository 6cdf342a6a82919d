package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Who gives a sign of life is at work for a minute; while anybody is, the task is protected for three minutes, again every
// minute (docs/container-contract.md, "Saying that a session is busy").
const (
	atWorkFor      = time.Minute
	renewEvery     = time.Minute
	protectMinutes = 3
	agentTimeout   = 5 * time.Second
)

// sessions knows who is at work and keeps the task protected meanwhile. Times are the service's, since the start.
type sessions struct {
	demo *demo
	wake chan struct{} // something changed that cannot wait for the next renewal

	mu        sync.Mutex
	busyUntil map[string]time.Duration
	protected bool
}

func newSessions(d *demo) *sessions {
	return &sessions{demo: d, wake: make(chan struct{}, 1), busyUntil: map[string]time.Duration{}}
}

// sign is a sign of life of a person, or of a job that runs for that long.
func (s *sessions) sign(name string, job time.Duration) {
	s.mu.Lock()
	until := s.demo.serviceTime() + max(job, atWorkFor)
	s.busyUntil[name] = max(until, s.busyUntil[name])
	protected := s.protected
	s.mu.Unlock()
	if !protected {
		s.poke()
	}
}

// end says that a session stopped working.
func (s *sessions) end(name string) {
	s.mu.Lock()
	delete(s.busyUntil, name)
	s.mu.Unlock()
	s.poke()
}

func (s *sessions) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// left says for how long each session still counts as at work.
func (s *sessions) left() map[string]time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]time.Duration{}
	for name, until := range s.busyUntil {
		if left := until - s.demo.serviceTime(); left > 0 {
			out[name] = left
		}
	}
	return out
}

// atWork lists who works, by name, and forgets who does not any more.
func (s *sessions) atWork() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, out := s.demo.serviceTime(), []string{}
	for name, until := range s.busyUntil {
		if until <= now {
			delete(s.busyUntil, name)
			continue
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func (s *sessions) isProtected() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.protected
}

// keepBusy renews and releases the protection, and saves edits, until the process is told to end.
func (d *demo) keepBusy(ctx context.Context) {
	ticker := time.NewTicker(d.wall(renewEvery))
	defer ticker.Stop()
	for {
		d.sessions.update(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			d.saveIfDirty()
		case <-d.sessions.wake:
		}
	}
}

// update protects the task while somebody works and releases it when nobody does any more.
func (s *sessions) update(ctx context.Context) {
	names := s.atWork()
	want := (len(names) > 0 || s.demo.faults[stayProtected]) && !s.demo.faults[neverProtect]
	if !want && !s.isProtected() {
		return
	}
	if err := s.demo.protect(ctx, want); err != nil {
		say("task protection: %v", err) // the next minute tries again
		return
	}
	s.mu.Lock()
	changed := s.protected != want
	s.protected = want
	s.mu.Unlock()
	switch {
	case want && changed:
		say("protected the task: %v at work", names)
	case changed:
		say("released the task: nobody at work")
	}
}

// protect tells the ECS agent ("Amazon ECS task scale-in protection endpoint" in the developer guide).
func (d *demo) protect(ctx context.Context, on bool) error {
	if d.agent == "" {
		return fmt.Errorf("ECS_AGENT_URI is not set: nobody can be told that a session is busy")
	}
	order := map[string]any{"ProtectionEnabled": on}
	if on {
		order["ExpiresInMinutes"] = protectMinutes
	}
	body, err := json.Marshal(order)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, agentTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, d.agent+"/task-protection/v1/state", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	const most = 4 << 10
	answer, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return err
	}
	var failed struct {
		Failure, Error json.RawMessage
	}
	if response.StatusCode != http.StatusOK || json.Unmarshal(answer, &failed) != nil || failed.Failure != nil || failed.Error != nil {
		return fmt.Errorf("the agent answered %d: %s", response.StatusCode, answer)
	}
	return nil
}
