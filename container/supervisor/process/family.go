// Package process runs the programs of a session: prepared steps and servers, each in a process group of its own, all of them one family
// that can be ended for good, whatever they have started meanwhile.
package process

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/config"
)

// familyVariable marks every process that a family's processes start, unless one of them clears its environment.
const familyVariable = config.OwnPrefix + "FAMILY"

// ErrEnded says that a family takes no more processes.
var ErrEnded = errors.New("the session ends")

// Spec is a process to be started.
type Spec struct {
	Name        string   // in the log
	Command     []string // program and arguments
	Directory   string
	Environment []string // NAME=value, beside the family's own
	Output      func(line string)
}

// Family is all processes of a session.
type Family struct {
	marker      string
	environment []string
	starter     *Starter

	mu      sync.Mutex
	ended   bool
	killed  bool
	pending int // starts under way
	members []*Process
	changed *sync.Cond
}

// NewFamily returns an empty family whose processes get the environment.
func NewFamily(environment []string) *Family {
	f := &Family{marker: familyVariable + "=" + rand.Text(), environment: environment, starter: NewStarter()}
	f.changed = sync.NewCond(&f.mu)
	return f
}

// Process is one process with all that it has started in its group.
type Process struct {
	command *exec.Cmd
	exited  chan struct{}
	err     error // how it ended; set before exited is closed
}

// Exited is closed when the process has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Err says how a process ended.
func (p *Process) Err() error { return p.err }

// Signal sends a signal to the process's group.
func (p *Process) Signal(signal syscall.Signal) {
	_ = syscall.Kill(-p.command.Process.Pid, signal) // gone already
}

// Start starts a process. It goes through this binary itself (Shim), so that a file system that hangs holds up the new process and not
// this one: until a child has left for its directory and its program, the whole parent stands still.
func (f *Family) Start(spec Spec) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	arguments := append([]string{shimFlag, strconv.Itoa(os.Getpid()), spec.Directory}, spec.Command...)
	command := exec.Command(self, arguments...) //nolint:gosec,noctx // the image's own; a family ends it
	command.Dir = "/"
	command.Env = slices.Concat(f.environment, spec.Environment, []string{f.marker})
	command.Stdout, command.Stderr = writer, writer
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &Process{command: command, exited: make(chan struct{})}
	if err := f.enter(p); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", spec.Name, err), reader.Close(), writer.Close())
	}
	_ = writer.Close()
	go func() {
		read(reader, spec.Output)
		_ = reader.Close()
	}()
	go func() {
		p.err = command.Wait()
		f.leave(p)
		close(p.exited)
	}()
	return p, nil
}

// enter starts the process as a member.
func (f *Family) enter(p *Process) error {
	f.mu.Lock()
	if f.ended {
		f.mu.Unlock()
		return ErrEnded
	}
	f.pending++
	f.mu.Unlock()
	err := f.starter.Start(p.command)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending--
	if err == nil {
		f.members = append(f.members, p)
		if f.killed {
			p.Signal(syscall.SIGKILL)
		}
	}
	f.changed.Broadcast()
	return err
}

func (f *Family) leave(p *Process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.members = slices.DeleteFunc(f.members, func(each *Process) bool { return each == p })
	f.changed.Broadcast()
}

// isEnded says whether the family takes no more processes.
func (f *Family) isEnded() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended
}

// terminate sends SIGTERM to all groups; the family takes no further process.
func (f *Family) terminate() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	for _, p := range f.members {
		p.Signal(syscall.SIGTERM)
	}
}

// Stop ends the processes in peace: SIGTERM, and SIGKILL for what is left when ctx ends. Kill has to follow.
func (f *Family) Stop(ctx context.Context) {
	f.terminate()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		f.wait()
	}()
	select {
	case <-gone:
	case <-ctx.Done():
	}
	f.sweep()
	<-gone
}

// Kill ends the processes at once, and the family. It returns when there is none left, or none that this process may see.
func (f *Family) Kill() {
	f.mu.Lock()
	f.ended, f.killed = true, true
	f.mu.Unlock()
	f.sweep()
	f.wait()
	f.sweep() // what a process started while it was being killed
	f.starter.Close()
}

// wait waits until no process of a group's leader is left and none is being started.
func (f *Family) wait() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.pending > 0 || len(f.members) > 0 {
		f.changed.Wait()
	}
}

// sweep kills all groups, and whatever has left its group (setsid) and still carries the family's mark, until nothing is left.
func (f *Family) sweep() {
	const rounds, between = 50, 10 * time.Millisecond
	for range rounds {
		f.mu.Lock()
		for _, p := range f.members {
			p.Signal(syscall.SIGKILL)
		}
		f.mu.Unlock()
		left := marked(f.marker)
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL) // gone meanwhile
		}
		time.Sleep(between)
	}
}

// marked are the processes whose environment holds the mark. Zombies have no environment.
func marked(mark string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var out []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		environment, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "environ"))
		if err == nil && slices.ContainsFunc(bytes.Split(environment, []byte{0}), func(v []byte) bool { return string(v) == mark }) {
			out = append(out, pid)
		}
	}
	return out
}

// Inherit is this process's environment as far as its children get it: nothing of the supervisor's own, nor of how it knows people, and not
// the agent's address, since task protection is the supervisor's to say.
func Inherit(environment []string) []string {
	return slices.DeleteFunc(slices.Clone(environment), func(v string) bool {
		return strings.HasPrefix(v, config.OwnPrefix) || strings.HasPrefix(v, "AUTH_") || strings.HasPrefix(v, "ECS_AGENT_URI=")
	})
}
