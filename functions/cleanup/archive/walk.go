package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// maxDepth bounds the directories that are open at once. Without node_modules
// no project comes near it.
const maxDepth = 64

const nameBatch = 256

// entry is one thing in a workspace.
type entry struct {
	path   string // relative to the workspace
	name   string
	parent fsx.Dir
	info   fsx.Info
}

// visitor is called for every entry, directories before their content.
// leaveOut says which directories are not entered; excluded is called for them.
// leave, if set, is called after a directory's content, when it is closed.
type visitor struct {
	visit    func(e entry) error
	leaveOut func(ctx context.Context, e entry) (bool, error)
	excluded func(e entry) error
	leave    func(e entry) error
}

// walk goes through a workspace in the order in which directories list their
// entries. It keeps one batch of names for each level of nesting.
func walk(ctx context.Context, root fsx.Dir, v visitor) error {
	return v.directory(ctx, root, "", 0)
}

func (v visitor) directory(ctx context.Context, d fsx.Dir, path string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%q is nested deeper than %d: %w", path, maxDepth, ErrTooLarge)
	}
	for {
		names, err := d.Names(nameBatch)
		for _, name := range names {
			if err := fsx.Interrupted(ctx); err != nil {
				return err
			}
			if err := v.entry(ctx, entry{path: path + name, name: name, parent: d}, depth); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (v visitor) entry(ctx context.Context, e entry, depth int) error {
	var err error
	if e.info, err = e.parent.Stat(e.name); err != nil {
		return fmt.Errorf("%q: %w", e.path, err)
	}
	if e.info.Mount {
		return fmt.Errorf("%q: %w", e.path, fsx.ErrMount)
	}
	if strings.HasPrefix(e.path, threadsDir+"/") {
		if class := filetype.Classify(e.name); class == filetype.Aside || class == filetype.Temp {
			return fmt.Errorf("%q: %w", e.path, ErrPending)
		}
	}
	if out, err := v.leaveOut(ctx, e); err != nil || out {
		if err != nil {
			return fmt.Errorf("%q: %w", e.path, err)
		}
		return v.excluded(e)
	}
	if err := v.visit(e); err != nil || e.info.Kind != fsx.KindDir {
		return err
	}
	sub, err := e.parent.OpenDir(e.name)
	if err != nil {
		return err
	}
	if err := errors.Join(v.directory(ctx, sub, e.path+"/", depth+1), sub.Close()); err != nil {
		return err
	}
	if v.leave == nil {
		return nil
	}
	return v.leave(e)
}

// threadsDir is where the thread files are, whose coming and going is our own
// doing and tells nothing of the user.
const threadsDir = ".claude/threads"

func ignore(entry) error { return nil }
