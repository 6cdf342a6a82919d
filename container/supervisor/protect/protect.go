// Package protect keeps the task from being stopped while somebody is at work in it.
package protect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

const (
	// Minutes is how long the agent is told to protect. A supervisor that has crashed leaves a task that is protected for as long at most.
	Minutes = 3
	// RenewEvery is how often the agent is told again while somebody is at work.
	RenewEvery = time.Minute

	lookEvery = 2 * time.Second // for the end of work; its beginning pokes
	patience  = 5 * time.Second
)

// Guard tells the ECS agent whether the task is to be protected.
type Guard struct {
	Agent string // ECS_AGENT_URI
	Log   *slog.Logger
	// Busy says whether somebody is at work.
	Busy func() bool
	// Wall gives the machine's time for the service's.
	Wall func(time.Duration) time.Duration
	// Poke, when it can be received from, says that work may have begun.
	Poke <-chan struct{}
}

// Run works until ctx ends, and takes the protection back at the end: who is told to stop has nobody at work any more.
func (g *Guard) Run(ctx context.Context) {
	if g.Agent == "" {
		return // outside ECS nobody stops a task for being idle
	}
	ticker := time.NewTicker(g.Wall(lookEvery))
	defer ticker.Stop()
	var told time.Time // zero while the task isn't protected
	var failed time.Time
	for {
		busy := g.Busy()
		due := busy && (told.IsZero() || time.Since(told) >= g.Wall(RenewEvery)) || !busy && !told.IsZero()
		if due && time.Since(failed) >= g.Wall(lookEvery) {
			began := time.Now()
			switch err := g.tell(ctx, busy); {
			case err != nil && ctx.Err() == nil:
				failed = time.Now()
				g.Log.Error("the task can't be protected", "wanted", busy, "error", err)
			case busy:
				told = began
			default:
				told = time.Time{}
			}
		}
		select {
		case <-ctx.Done():
			if !told.IsZero() {
				_ = g.tell(context.WithoutCancel(ctx), false) // it runs out by itself
			}
			return
		case <-ticker.C:
		case <-g.Poke:
		}
	}
}

// tell is the agent's PUT ("Amazon ECS task scale-in protection endpoint" in the developer guide).
func (g *Guard) tell(ctx context.Context, on bool) error {
	order := map[string]any{"ProtectionEnabled": on}
	if on {
		order["ExpiresInMinutes"] = Minutes
	}
	body, err := json.Marshal(order)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, g.Agent+"/task-protection/v1/state", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask the ECS agent: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the ECS agent: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	const most = 4 << 10
	answer, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return fmt.Errorf("ask the ECS agent: %w", err)
	}
	return judge(response.StatusCode, answer)
}

var errRefused = errors.New("the ECS agent has not done it")

// judge reads an answer, which may refuse with any status.
func judge(status int, answer []byte) error {
	var said struct{ Failure, Error json.RawMessage }
	isNull := func(m json.RawMessage) bool { return len(m) == 0 || string(m) == "null" }
	if status != http.StatusOK || json.Unmarshal(answer, &said) != nil || !isNull(said.Failure) || !isNull(said.Error) {
		return fmt.Errorf("%w: status %d, %s", errRefused, status, answer)
	}
	return nil
}
