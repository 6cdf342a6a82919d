// Package store keeps the account's resources in an append-only journal.
//
// Every change is one line, written with one write call while the directory's
// lock is held, so several goroutines and processes can share a store. A line
// carries a checksum: what a crash left half-written at the end is dropped, and
// the state is that of the last complete line. Lines are not synced to disk one
// by one (a crashed process loses nothing, a power cut may lose the last
// seconds); Close and compaction sync.
package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// Resource is one thing in the account. The account package documents the fields.
type Resource struct {
	Type   string
	ID     string
	URN    string
	Inputs props.Map
	State  props.Map
}

// Copy returns a deep copy.
func (r Resource) Copy() Resource {
	r.Inputs = props.CopyMap(r.Inputs)
	r.State = props.CopyMap(r.State)
	return r
}

// ErrCorrupt means that the journal is damaged before its last line.
var ErrCorrupt = errors.New("the account's journal is damaged")

const (
	journalName = "journal"
	lockName    = "lock"
	// compactAbove and compactRunningAbove are the numbers of dead bytes that make
	// Open and a change rewrite the journal, provided that they also outweigh the
	// living ones.
	compactAbove        = 1 << 20
	compactRunningAbove = 16 << 20
)

// Store is an open store. It is safe for concurrent use.
type Store struct {
	dir  string
	lock *fileLock

	mu      sync.Mutex
	file    *os.File
	offset  int64 // end of the last applied line
	mem     *memory
	created bool
}

// Open opens the store in dir and creates both when they don't exist.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil { //nolint:gosec // the folder is the caller's choice
		return nil, fmt.Errorf("creating the account's folder: %w", err)
	}
	lock, err := newFileLock(filepath.Join(dir, lockName))
	if err != nil {
		return nil, fmt.Errorf("opening the account's lock: %w", err)
	}
	s := &Store{dir: dir, lock: lock, mem: newMemory()}
	if err := s.locked(s.start); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Created reports whether Open found nothing and started an empty journal.
func (s *Store) Created() bool { return s.created }

// Dir is the store's folder.
func (s *Store) Dir() string { return s.dir }

// Close syncs and closes the store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	if s.file != nil {
		errs = append(errs, s.file.Sync(), s.file.Close())
		s.file = nil
	}
	if s.lock != nil {
		errs = append(errs, s.lock.close())
		s.lock = nil
	}
	return errors.Join(errs...)
}

// View runs fn on the present state.
func (s *Store) View(fn func(View) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(); err != nil {
		return err
	}
	if err := s.refresh(tailMayGrow); err != nil {
		return err
	}
	return fn(s.mem)
}

// Update runs fn on the present state while nobody else can change it, and
// appends what fn staged as one journal line: all of it, or nothing when fn fails.
func (s *Store) Update(fn func(*Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.locked(func() error {
		if err := s.open(); err != nil {
			return err
		}
		if err := s.refresh(tailIsTorn); err != nil {
			return err
		}
		tx := &Tx{View: s.mem}
		if err := fn(tx); err != nil {
			return err
		}
		if err := s.commit(tx); err != nil {
			return err
		}
		return s.compactAbove(compactRunningAbove)
	})
}

// locked runs fn while this process holds the folder's lock.
func (s *Store) locked(fn func() error) error {
	if s.lock == nil {
		return os.ErrClosed
	}
	if err := s.lock.lock(); err != nil {
		return fmt.Errorf("locking the account: %w", err)
	}
	err := fn()
	return errors.Join(err, s.lock.unlock())
}

// start reads the journal for the first time and rewrites it when most of it is dead.
func (s *Store) start() error {
	_, err := os.Stat(s.path())
	s.created = errors.Is(err, os.ErrNotExist)
	if err := s.open(); err != nil {
		return err
	}
	if err := s.refresh(tailIsTorn); err != nil {
		return err
	}
	return s.compactAbove(compactAbove)
}

func (s *Store) path() string { return filepath.Join(s.dir, journalName) }
