package engine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/account/store"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/provider"
)

// ledger notes what the operations of a run have made in the account, until the
// run has ended and the engine has it all in its state. After a run that was
// killed, it tells what the account has and the state has not.
type ledger struct {
	provider.Account
	dir string
	// full is called when there is no room for a change or a note: it makes room
	// and stops the runs.
	full func()
}

// entry is one note: a resource was made, or is gone again.
type entry struct {
	URN  resource.URN `json:"urn"`
	Type string       `json:"type"`
	ID   string       `json:"id"`
	Gone bool         `json:"gone,omitempty"`
}

// Create notes what it has made, before the engine learns of it.
func (l ledger) Create(ctx context.Context, req account.CreateRequest) (account.Resource, error) {
	made, err := l.Account.Create(ctx, req)
	if err != nil || req.DryRun {
		return made, l.noticed(err)
	}
	return made, l.note(entry{URN: resource.URN(req.URN), Type: req.Type, ID: made.ID})
}

// Update changes a resource.
func (l ledger) Update(ctx context.Context, req account.UpdateRequest) (account.Resource, error) {
	changed, err := l.Account.Update(ctx, req)
	return changed, l.noticed(err)
}

// noticed passes on an error, and has it known when it is for want of room.
func (l ledger) noticed(err error) error {
	if store.IsFull(err) && l.full != nil {
		l.full()
	}
	return err
}

// Delete notes what is gone.
func (l ledger) Delete(ctx context.Context, req account.DeleteRequest) error {
	if err := l.Account.Delete(ctx, req); err != nil {
		return l.noticed(err)
	}
	return l.note(entry{URN: resource.URN(req.URN), Type: req.Type, ID: req.ID, Gone: true})
}

func (l ledger) path(stack string) string { return filepath.Join(l.dir, stack+".made") }

// open tells whether there are notes on a stack.
func (l ledger) open(stack string) bool {
	_, err := os.Stat(l.path(stack))
	return err == nil
}

// note appends a note. Without room for it the run ends, and the note is tried
// again with the room that the run had in reserve: the account has the change
// already, and the next run must know.
func (l ledger) note(e entry) error {
	err := l.append(e)
	if store.IsFull(err) && l.full != nil {
		l.full()
		err = l.append(e)
	}
	return err
}

func (l ledger) append(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(l.path(string(e.URN.Stack())), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("note what was made: %w", err)
	}
	// One write, so lines of several operations do not mix; the newline in front
	// ends one that a full disk cut short.
	_, err = file.Write(append(append([]byte{'\n'}, line...), '\n'))
	return errors.Join(err, file.Close())
}

// unrecorded returns what was made for a stack and is not in its state.
func (l ledger) unrecorded(stack string, state *apitype.DeploymentV3) ([]entry, error) {
	data, err := os.ReadFile(l.path(stack))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what the last run made: %w", err)
	}
	settled := map[entry]bool{}
	for i := range state.Resources {
		r := &state.Resources[i]
		settled[entry{URN: r.URN, Type: string(r.Type), ID: string(r.ID)}] = true
	}
	var made []entry
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		var e entry
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue // the last line of a process that was killed while writing it
		}
		if e.Gone {
			e.Gone = false
			settled[e] = true
			continue
		}
		made = append(made, e)
	}
	var left []entry
	for _, e := range made {
		if !settled[e] {
			left = append(left, e)
		}
	}
	return left, lines.Err()
}

// forget ends the notes of a stack.
func (l ledger) forget(stack string) error {
	if err := os.Remove(l.path(stack)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget what was made: %w", err)
	}
	return nil
}
