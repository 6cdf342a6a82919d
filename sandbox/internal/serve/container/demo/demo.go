package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// demo is the process's state.
type demo struct {
	settings
	began    time.Time
	files    *os.Root // the session's directory: nothing outside of it can be reached
	ready    atomic.Bool
	sessions *sessions
	behind   *behind // the supervisor, if there is one

	mu    sync.Mutex // guards what follows and the files
	saved savedState
	dirty bool
	// memory are checks that end with the process.
	memory map[string][]byte
}

// savedState is what survives a sleep.
type savedState struct {
	// Edits counts the clicks on the page's button.
	Edits int `json:"edits"`
	// Starts counts the starts of the process, this one included.
	Starts  int       `json:"starts"`
	SavedAt time.Time `json:"savedAt,omitzero"`
	// AtWork is until when each session is at work, on the clock on the wall; only behind a supervisor, where the API's process has to
	// tell the page's.
	AtWork map[string]time.Time `json:"atWork,omitempty"`
}

// stateFile is the session's file in its directory.
const stateFile = ".demo-session.json"

func newDemo(s settings) (*demo, error) {
	d := &demo{settings: s, began: time.Now()}
	d.sessions = newSessions(d)
	if s.faults[loseWorkspace] {
		var err error
		if d.directory, err = os.MkdirTemp("", "demo-lost-*"); err != nil {
			return nil, fmt.Errorf("fault %s: %w", loseWorkspace, err)
		}
	}
	if err := d.openSession(); err != nil {
		return nil, err
	}
	d.saved.Starts++
	return d, d.save()
}

// openSession opens the directory and reads what was saved before the last sleep.
func (d *demo) openSession() error {
	err := os.MkdirAll(d.directory, 0o750)
	if err == nil {
		d.files, err = os.OpenRoot(d.directory)
	}
	if err == nil {
		d.saved, err = d.read()
	}
	if err != nil {
		return fmt.Errorf("open the session on the workspace: %w", err)
	}
	return nil
}

// read reads what was saved; there may be nothing yet.
func (d *demo) read() (saved savedState, err error) {
	data, err := d.files.ReadFile(stateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return saved, nil
	}
	if err != nil {
		return saved, err
	}
	if err := json.Unmarshal(data, &saved); err != nil {
		return saved, fmt.Errorf("%s is damaged: %w", stateFile, err)
	}
	return saved, nil
}

// serviceTime is the time since the process's start, on the service's clock.
func (d *demo) serviceTime() time.Duration {
	return time.Duration(float64(time.Since(d.began)) * d.speed)
}

// boot waits as long as an image takes to install and start what it serves.
func (d *demo) boot(ctx context.Context) error {
	wait := d.settings.boot
	if d.faults[slowBoot] {
		wait *= 10
	}
	say("the demo of webordinary's live edit starts for client %s, user %s; boot takes %s", d.client, d.user, wait)
	if wait > 0 {
		select {
		case <-time.After(d.wall(wait)):
		case <-ctx.Done():
			return nil
		}
	}
	if d.faults[crash] {
		return fmt.Errorf("fault %s", crash)
	}
	d.ready.Store(true)
	say("ready; start number %d on this workspace", d.saved.Starts)
	return nil
}

func (d *demo) edit() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.saved.Edits++
	d.dirty = true
	return d.saved.Edits
}

// saveIfDirty keeps edits that a crash would lose; failing to is no reason to end a session.
func (d *demo) saveIfDirty() {
	d.mu.Lock()
	dirty := d.dirty
	d.mu.Unlock()
	if !dirty {
		return
	}
	if err := d.save(); err != nil {
		say("save the session: %v", err)
	}
}

func (d *demo) save() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.saved.SavedAt = time.Now().UTC()
	data, err := json.Marshal(d.saved)
	if err != nil {
		return fmt.Errorf("save the session: %w", err)
	}
	if err := d.replaceFile(stateFile, data); err != nil {
		return fmt.Errorf("save the session: %w", err)
	}
	d.dirty = false
	return nil
}

// replaceFile writes a file of the session in one step: a reader, or a kill in between, meets the old content or the new.
// Tasks of a deployment share the workspace, so each writes under a name of its own first.
func (d *demo) replaceFile(name string, data []byte) error {
	temporary := ".writing-" + rand.Text()
	file, err := d.files.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = d.files.Rename(temporary, name)
	}
	if err != nil {
		return errors.Join(err, d.files.Remove(temporary))
	}
	return nil
}

// close saves the session.
func (d *demo) close() error {
	d.ready.Store(false)
	if err := d.save(); err != nil {
		return err
	}
	say("saved the session: %d edits", d.saved.Edits)
	if d.faults[loseWorkspace] {
		return errors.Join(d.files.Close(), os.RemoveAll(d.directory))
	}
	return d.files.Close()
}
