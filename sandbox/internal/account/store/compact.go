package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// compactAbove compacts when that many bytes, and most of the journal, are dead.
// On a full disk there is no room for the new journal: the old one goes on, since
// it lacks nothing.
func (s *Store) compactAbove(limit int64) error {
	dead := s.offset - s.mem.liveBytes
	if dead <= limit || dead <= s.mem.liveBytes {
		return nil
	}
	if err := s.compact(); !IsFull(err) {
		return err
	}
	return nil
}

// IsFull reports whether an error is that of a disk, or a quota, without room.
func IsFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// compact rewrites the journal with living resources only. The caller holds the
// lock; the new file takes the old one's place by rename, so a crash leaves one
// of the two, and other processes notice that the file is a different one.
func (s *Store) compact() error {
	tmp := s.path() + ".new"
	if err := s.writeCompacted(tmp); err != nil {
		_ = os.Remove(tmp) //nolint:gosec // half of a journal, in the folder that the caller opened; the error is the write's
		return fmt.Errorf("compacting the account's journal: %w", err)
	}
	if err := os.Rename(tmp, s.path()); err != nil { //nolint:gosec // the folder is the one that the caller opened
		return fmt.Errorf("compacting the account's journal: %w", err)
	}
	if err := syncDir(filepath.Dir(s.path())); err != nil {
		return fmt.Errorf("compacting the account's journal: %w", err)
	}
	if err := s.open(); err != nil {
		return err
	}
	return s.refresh(tailIsTorn)
}

func (s *Store) writeCompacted(path string) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // the account's own folder
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	first := []op{{header: header{Op: opFormat, N: formatVersion}}}
	for name, n := range s.mem.counters {
		first = append(first, op{header: header{Op: opCounter, ID: name, N: n}})
	}
	if err := writeLine(f, first); err != nil {
		return err
	}
	for _, typ := range s.mem.Types() {
		for _, row := range s.mem.tables[typ].sorted() {
			if err := writeLine(f, []op{row.putOp()}); err != nil {
				return err
			}
		}
	}
	return f.Sync()
}

func writeLine(f *os.File, ops []op) error {
	line, err := encodeLine(ops)
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	return err
}

// syncDir makes a rename durable.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the account's own folder
	if err != nil {
		return err
	}
	err = d.Sync()
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	return err
}
