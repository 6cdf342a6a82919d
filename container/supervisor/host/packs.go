package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/container/supervisor/lease"
	"github.com/webordinary/live-edit/container/supervisor/packs"
	"github.com/webordinary/live-edit/container/supervisor/process"
)

// lookForPacks is how often it is looked whether something was installed that has no pack yet.
const lookForPacks = 30 * time.Second

// openPacks makes the task's directory on its disk, where what is made is to be unpacked.
func (h *Host) openPacks() (err error) {
	if !h.settings.Unpack || h.unpacked != "" {
		return nil
	}
	const mode = 0o750
	if err := os.MkdirAll(h.settings.Packs(), mode); err != nil {
		return err
	}
	h.unpacked, err = packs.Local(os.TempDir())
	return err
}

// closePacks frees the task's disk, which only matters where several tasks share a machine's.
func (h *Host) closePacks() {
	if h.unpacked != "" {
		_ = os.RemoveAll(h.unpacked)
	}
}

// place has what a step makes on the task's disk, if there is a pack of it. Whatever fails is said, and leaves it to the step.
func (s *session) place(ctx context.Context, i int, step *config.Step) {
	if step.Makes == nil {
		return
	}
	directory := s.values.Fill(step.Makes.Directory)
	if s.host.unpacked == "" {
		if err := packs.Withdraw(directory); err != nil {
			s.log.Error("a link of another task is in the way", "step", step.Name, "error", err)
		}
		return
	}
	tree, err := s.tree(ctx, i, step)
	if err != nil {
		err = errors.Join(err, packs.Withdraw(directory))
		s.log.Warn("what is installed stays on the file system", "step", step.Name, "error", err)
		return
	}
	s.update(func() { s.step = step.Name })
	placed, err := tree.Place(ctx)
	switch {
	case errors.Is(err, packs.ErrForeign):
		s.log.Info("what is installed is where the site has it", "step", step.Name, "error", err)
		return
	case err != nil:
		s.log.Warn("what is installed is not on the task's disk", "step", step.Name, "error", err)
	case placed.There:
		s.log.Info("unpacked to the task's disk", "step", step.Name, "bytes", placed.Bytes, "after", placed.Took.String())
	}
	s.trees = append(s.trees, tree)
}

// tree is what a step makes in this session.
func (s *session) tree(ctx context.Context, i int, step *config.Step) (*packs.Tree, error) {
	made := step.Makes
	version, err := s.version(ctx, made.Version)
	if err != nil {
		return nil, err
	}
	out := &packs.Tree{
		Directory: s.values.Fill(made.Directory), Marker: s.values.Fill(step.Unless), Kind: made.Directory, Version: version,
		Without: made.Without, Packs: s.host.settings.Packs(), Local: filepath.Join(s.host.unpacked, s.user, strconv.Itoa(i)),
	}
	for _, by := range made.By {
		out.By = append(out.By, s.values.Fill(by))
	}
	return out, nil
}

// version asks a command what decides besides the files.
func (s *session) version(ctx context.Context, command []string) (string, error) {
	if len(command) == 0 {
		return "", nil
	}
	const patience = 20 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	filled := process.NewSpec("", &config.Program{Command: command}, &s.values, nil).Command
	asked := exec.CommandContext(ctx, filled[0], filled[1:]...) //nolint:gosec // the image's own
	asked.Dir, asked.Env = "/", process.Inherit(os.Environ())
	out, err := asked.Output()
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", strings.Join(command, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// keepPacks packs what is installed, by the step or by somebody while the session runs. It begins after the preview has answered, which
// is waited for.
func (s *session) keepPacks(ctx context.Context) {
	keepers := make([]*packs.Keeper, len(s.trees))
	for i, tree := range s.trees {
		keepers[i] = &packs.Keeper{Tree: tree}
	}
	for len(keepers) > 0 && (lease.SystemClock{}).Sleep(ctx, s.host.settings.Wall(lookForPacks)) == nil {
		for _, keeper := range keepers {
			kept, err := keeper.Look(ctx)
			if kept != nil {
				s.log.Info("packed", "directory", keeper.Tree.Directory, "pack", kept.Name, "bytes", kept.Bytes, "after", kept.Took.String())
			}
			if err != nil && ctx.Err() == nil {
				s.log.Warn("what is installed is not packed, and is installed again where it is needed", "error", err)
			}
		}
	}
}
