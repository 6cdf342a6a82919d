// Command room runs a program that sees of a directory only its own places in it, as a task on Fargate sees of a file system what its
// access points show. It has to be started in a mount namespace of its own:
//
//	room HIDDEN PLACE... -- PROGRAM [ARGUMENT...]
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

func main() {
	runtime.LockOSThread() // what is set for a thread is the program's
	if err := enter(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "room: %v\n", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("expected HIDDEN PLACE... -- PROGRAM [ARGUMENT...], in a mount namespace of its own")

func enter(args []string) error {
	end := slices.Index(args, "--")
	if end < 1 || end == len(args)-1 {
		return errUsage
	}
	parent := unix.Getppid()
	if err := hide(args[0], args[1:end]); err != nil {
		return err
	}
	if err := giveUpRights(); err != nil {
		return err
	}
	program := args[end+1:]
	// What has changed the process's rights has made the kernel forget that it was to end with its parent.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGTERM), 0, 0, 0); err != nil {
		return fmt.Errorf("end with the parent: %w", err)
	}
	if unix.Getppid() != parent {
		return errors.New("the parent has ended")
	}
	if err := unix.Exec(program[0], program, os.Environ()); err != nil {
		return fmt.Errorf("run %s: %w", program[0], err)
	}
	return nil
}

// hide puts an empty directory over one, and the places into it again at the same paths.
func hide(hidden string, places []string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts to itself: %w", err)
	}
	kept := make([]int, 0, len(places))
	for _, place := range places {
		if rest, err := filepath.Rel(hidden, place); err != nil || !filepath.IsLocal(rest) {
			return fmt.Errorf("%s is not below %s: %w", place, hidden, errUsage)
		}
		tree, err := unix.OpenTree(unix.AT_FDCWD, place, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
		if err != nil {
			return fmt.Errorf("keep %s: %w", place, err)
		}
		kept = append(kept, tree)
	}
	if err := unix.Mount("none", hidden, "tmpfs", unix.MS_NODEV|unix.MS_NOSUID, "size=64k,mode=755"); err != nil {
		return fmt.Errorf("hide %s: %w", hidden, err)
	}
	for i, place := range places {
		if err := os.MkdirAll(place, 0o755); err != nil { //nolint:gosec // a way to what is the task's own
			return fmt.Errorf("make way to %s: %w", place, err)
		}
		if err := unix.MoveMount(kept[i], "", unix.AT_FDCWD, place, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
			return fmt.Errorf("put %s back: %w", place, err)
		}
	}
	if err := unix.Mount("", hidden, "", unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NODEV|unix.MS_NOSUID, "size=64k,mode=755"); err != nil {
		return fmt.Errorf("close %s: %w", hidden, err)
	}
	return nil
}

// giveUpRights takes away the right to undo it, which the superuser would keep, and what was given to a user for it.
func giveUpRights() error {
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("give up ambient capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_SYS_ADMIN, 0, 0, 0); err != nil && !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("give up mounting: %w", err)
	}
	return nil
}
