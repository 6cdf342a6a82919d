package astro

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/packs"
)

// Starts is what Astro's start to its first page took, once with its dependencies where npm has put them and once unpacked before, on the
// same disk.
type Starts struct {
	InPlace, Unpacking, Unpacked time.Duration
	// ToMemory is what unpacking takes without a disk: on some file systems most of it is making files. Zero where there is no memory to
	// unpack to.
	ToMemory time.Duration
	// Bytes of files were unpacked, of a pack of Packed bytes.
	Bytes, Packed int64
}

// Starts measures both, one after the other, below a directory that is empty. The bench does it several times.
func (i *Installed) Starts(ctx context.Context, directory string) (out Starts, err error) {
	if err := i.prepare(ctx, directory); err != nil {
		return out, err
	}
	if out.InPlace, err = i.started(ctx, directory); err != nil {
		return out, err
	}
	shared := filepath.Join(directory, "packs")
	local, err := packs.Local(directory)
	if err != nil {
		return out, err
	}
	if err := os.Mkdir(shared, 0o750); err != nil {
		return out, err
	}
	project := filepath.Join(directory, "site")
	modules := filepath.Join(project, "node_modules")
	tree := &packs.Tree{
		Directory: modules, Marker: filepath.Join(modules, ".package-lock.json"),
		By: []string{filepath.Join(project, "package-lock.json")}, Without: without, Packs: shared, Local: filepath.Join(local, "1"),
	}
	keeper := &packs.Keeper{Tree: tree}
	_, err = keeper.Look(ctx)
	kept, again := keeper.Look(ctx)
	if err = errors.Join(err, again); err != nil || kept == nil {
		return out, fmt.Errorf("pack %s: nothing was packed: %w", modules, err)
	}
	if out.ToMemory, err = toMemory(ctx, *tree); err != nil {
		return out, err
	}
	placed, err := tree.Place(ctx)
	if err != nil {
		return out, err
	}
	out.Unpacking, out.Bytes, out.Packed = placed.Took, placed.Bytes, kept.Bytes
	out.Unpacked, err = i.started(ctx, directory)
	return out, err
}

// started is what a start takes, without what an earlier one has left.
func (i *Installed) started(ctx context.Context, directory string) (time.Duration, error) {
	for _, cache := range []string{"site/.astro", "site/node_modules/.vite", "site/node_modules/.astro"} {
		if err := os.RemoveAll(filepath.Join(directory, cache)); err != nil {
			return 0, err
		}
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	began := time.Now()
	_, err := i.start(ctx, directory)
	return time.Since(began), err
}

// toMemory unpacks to Linux's file system in memory, as a task with a fast disk would.
func toMemory(ctx context.Context, tree packs.Tree) (took time.Duration, err error) {
	const memory = "/dev/shm"
	if _, err := os.Stat(memory); err != nil {
		return 0, nil
	}
	local, err := packs.Local(memory)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(local)) }()
	tree.Local = filepath.Join(local, "1")
	placed, err := tree.Place(ctx)
	return placed.Took, err
}
