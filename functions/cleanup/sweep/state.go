package sweep

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// StateDir is the directory below the root in which runs keep what they need
// of each other: the lock and the place to start from. No client is called
// that: names with a leading dot are not clients.
const StateDir = ".cleanup"

const (
	lockFile   = "lock"
	cursorFile = "cursor"
	cursorTemp = "cursor.tmp"
	// cursorFormat quotes the names, which may hold any byte.
	cursorFormat = "%q %q %d\n"
)

// state is what a run keeps in the tree. A dry run keeps nothing.
type state struct {
	dir    fsx.Dir
	lock   io.Closer
	cursor Position
}

// openState takes the lock and reads the cursor. A tree that can't be written
// to, or that can't lock, is no reason not to run: it costs only the order.
func (r *run) openState() (*state, error) {
	if r.cfg.DryRun {
		return &state{}, nil
	}
	s, err := r.lockState()
	if errors.Is(err, fsx.ErrLocked) {
		return nil, fmt.Errorf("%w (%s/%s is locked)", ErrBusy, StateDir, lockFile)
	}
	if err != nil {
		r.log.Warn("the run goes on without lock and cursor", "error", err)
		return s, nil
	}
	if s.cursor, err = readCursor(s.dir); err != nil {
		r.log.Warn("the cursor of the last run can't be read; starting at the beginning", "error", err)
		s.cursor = Position{}
	}
	return s, nil
}

func (r *run) lockState() (*state, error) {
	if err := r.root.Mkdir(StateDir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return &state{}, err
	}
	dir, err := r.root.OpenDir(StateDir)
	if err != nil {
		return &state{}, err
	}
	lock, err := dir.Lock(lockFile)
	if errors.Is(err, fsx.ErrLocked) {
		return nil, errors.Join(err, dir.Close())
	}
	if err != nil {
		return &state{dir: dir}, err
	}
	return &state{dir: dir, lock: lock}, nil
}

// cursorLimit is far beyond two names of 255 bytes, however escaped.
const cursorLimit = 16 << 10

func readCursor(dir fsx.Dir) (Position, error) {
	f, err := dir.Open(cursorFile)
	if errors.Is(err, fs.ErrNotExist) {
		return Position{}, nil
	}
	if err != nil {
		return Position{}, err
	}
	raw, err := io.ReadAll(io.LimitReader(f, cursorLimit))
	if err = errors.Join(err, f.Close()); err != nil {
		return Position{}, err
	}
	var at Position
	if _, err := fmt.Sscanf(string(raw), cursorFormat, &at.Client, &at.User, &at.Entry); err != nil {
		return Position{}, fmt.Errorf("%s/%s: %q: expected a quoted client, a quoted user and a number: %w",
			StateDir, cursorFile, raw, err)
	}
	at.Entry = max(at.Entry, 0)
	return at, nil
}

// save writes where the next run is to start, or that it may start at the beginning.
func (s *state) save(at Position) error {
	if s.dir == nil || s.lock == nil {
		return nil
	}
	if at.zero() {
		return fsx.RemoveIfPresent(s.dir, cursorFile)
	}
	if err := s.write(fmt.Appendf(nil, cursorFormat, at.Client, at.User, at.Entry)); err != nil {
		return fmt.Errorf("write where the next run is to start: %w", err)
	}
	return nil
}

func (s *state) write(raw []byte) error {
	if err := fsx.RemoveIfPresent(s.dir, cursorTemp); err != nil {
		return err
	}
	f, err := s.dir.Create(cursorTemp, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, fsx.RemoveIfPresent(s.dir, cursorTemp))
	}
	return errors.Join(s.dir.Rename(cursorTemp, cursorFile), s.dir.Sync())
}

func (s *state) close() error {
	var err error
	if s.lock != nil {
		err = s.lock.Close()
	}
	if s.dir != nil {
		err = errors.Join(err, s.dir.Close())
	}
	return err
}
