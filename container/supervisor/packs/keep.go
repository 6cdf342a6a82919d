package packs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// keptPacks is how many packs a client has at most: those of the lock files that were used last.
	keptPacks = 5
	// halfFor is how long something that is not whole may be under way.
	halfFor = time.Hour
	// skew is how far the clocks of a task and of its file system may be apart.
	skew = 5 * time.Second
)

// Kept says what was packed.
type Kept struct {
	Name  string
	Bytes int64 // of the pack
	Took  time.Duration
}

// Keeper packs a tree whenever an installation has ended. Looks at it must not overlap.
type Keeper struct {
	Tree *Tree
	// seen is how the tree was at the last look, dealt with how it was when it was packed or could not be.
	seen, dealtWith string
}

// Look packs the tree if it is whole, stands still since the last look, belongs to the files that decide it, and has no pack. It gives nil
// if there was nothing to do.
func (k *Keeper) Look(ctx context.Context) (*Kept, error) {
	now, whole := k.Tree.state()
	before := k.seen
	k.seen = now
	if !whole || now != before || now == k.dealtWith {
		return nil, nil //nolint:nilnil // as it says
	}
	kept, err := k.Tree.keep(ctx, now)
	if errors.Is(err, ErrChanged) {
		return nil, nil //nolint:nilnil // the next look sees more
	}
	if ctx.Err() == nil {
		k.dealtWith = now
	}
	return kept, err
}

// state describes the marker and the files that decide, without reading them, and says whether an installation has ended: its marker is
// not older than what decided it.
func (t *Tree) state() (text string, whole bool) {
	var b strings.Builder
	marker, err := os.Stat(t.Marker)
	if err != nil {
		return "", false
	}
	fmt.Fprint(&b, marker.ModTime().UnixNano(), marker.Size())
	for i, by := range t.By {
		info, err := os.Stat(by)
		if i == 0 && err != nil || err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", false
		}
		if err != nil {
			fmt.Fprint(&b, " none")
			continue
		}
		fmt.Fprint(&b, " ", info.ModTime().UnixNano(), info.Size())
		if marker.ModTime().Add(skew).Before(info.ModTime()) {
			return "", false
		}
	}
	link, _ := os.Readlink(t.Directory)
	return b.String() + link, true
}

// keep packs the tree, unless there is a pack. Nobody sees half of one.
func (t *Tree) keep(ctx context.Context, state string) (kept *Kept, err error) {
	began := time.Now()
	name, err := t.name()
	if err != nil {
		return nil, err
	}
	pack := filepath.Join(t.Packs, name+suffix)
	if _, err := os.Stat(pack); err == nil {
		return nil, nil //nolint:nilnil // somebody else has it, or this session at its start
	}
	directory, err := filepath.EvalSymlinks(t.Directory)
	if err != nil {
		return nil, err
	}
	half, err := os.CreateTemp(t.Packs, newPrefix)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", t.Directory, err)
	}
	err = write(ctx, directory, t.Without, half)
	if err == nil {
		err = half.Sync()
	}
	info, statErr := half.Stat()
	if err = errors.Join(err, statErr, half.Close()); err == nil {
		err = t.publish(half.Name(), pack, state)
	}
	if err != nil {
		_ = os.Remove(half.Name()) // gone with the next pack, if it does not go now
		return nil, fmt.Errorf("pack %s: %w", t.Directory, err)
	}
	return &Kept{Name: name, Bytes: info.Size(), Took: time.Since(began)}, prune(t.Packs)
}

// publish gives a whole pack its name, if what was packed is still what it was. Where somebody else was quicker, theirs stays: it may be
// being read on another machine, where a file that is replaced can't be read on.
func (t *Tree) publish(half, pack, state string) error {
	if now, _ := t.state(); now != state {
		return ErrChanged
	}
	if err := os.Link(half, pack); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Remove(half)
}

// prune removes packs that were not used for longest, and what killed tasks have left.
func prune(directory string) error {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	var packs []fs.FileInfo
	var faults []error
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			continue // another session prunes, too
		}
		switch {
		case strings.HasPrefix(info.Name(), oldPrefix),
			strings.HasPrefix(info.Name(), newPrefix) && time.Since(info.ModTime()) > halfFor:
			faults = append(faults, os.RemoveAll(filepath.Join(directory, info.Name())))
		case strings.HasSuffix(info.Name(), suffix):
			packs = append(packs, info)
		}
	}
	slices.SortFunc(packs, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	for _, info := range packs[min(keptPacks, len(packs)):] {
		if err := os.Remove(filepath.Join(directory, info.Name())); !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}
