package container

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// command is the task's process, not yet started, in a room that has what it mounts, where there are rooms.
func (p *Processes) command(d *definition) (*exec.Cmd, error) {
	line := []string{p.options.Binary}
	if p.rooms {
		places, err := p.places(d)
		if err != nil {
			return nil, err
		}
		line = slices.Concat([]string{p.options.Room, p.options.Hidden}, places, []string{"--"}, line)
	}
	command := exec.Command(line[0], line[1:]...) //nolint:gosec,noctx // built from this module; the scheduler ends it, no request does
	// The terminal sends its interrupt to a whole group; what becomes of the tasks is this process's to say, and its end is theirs.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if p.rooms {
		ownMounts(command.SysProcAttr)
	}
	return command, nil
}

// places are the directories that a task mounts, in the order of its mount points.
func (p *Processes) places(d *definition) ([]string, error) {
	out := make([]string, 0, len(d.container.MountPoints))
	for _, point := range d.container.MountPoints {
		dir, err := p.directory(d.volumes[point.SourceVolume])
		if err != nil {
			return nil, fmt.Errorf("volume %s at %s: %w", point.SourceVolume, point.ContainerPath, err)
		}
		out = append(out, dir)
	}
	return out, nil
}

// ownMounts gives a process a mount namespace in which it may mount. Who is not the superuser needs a user namespace for it, in which he is
// who he was.
func ownMounts(attributes *syscall.SysProcAttr) {
	attributes.Cloneflags = syscall.CLONE_NEWNS
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		attributes.Cloneflags |= syscall.CLONE_NEWUSER
		attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
		attributes.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SETPCAP}
	}
}

// openRooms gives each task a room from now on, where the kernel allows it, and says where it doesn't: else a file of another client's that
// a task finds would be taken for a fault of the stack's.
func (p *Processes) openRooms() {
	err := p.tryRoom()
	p.rooms = err == nil
	if err != nil && p.options.Notice != nil {
		p.options.Notice(fmt.Sprintf("tasks have no mounts of their own here, and find each other's files below %s: %v", p.options.Hidden, err))
	}
}

// tryRoom says why the kernel does not allow rooms, in the words of whoever was refused.
func (p *Processes) tryRoom() error {
	command := exec.Command(p.options.Room, p.options.Hidden, "--", "/bin/true") //nolint:gosec,noctx // ends at once
	command.SysProcAttr = &syscall.SysProcAttr{}
	ownMounts(command.SysProcAttr)
	said, err := command.CombinedOutput()
	if text := strings.TrimSpace(string(said)); err != nil && text != "" {
		return errors.New(text)
	}
	return err
}
