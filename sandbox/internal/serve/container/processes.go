package container

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	supervisor "github.com/webordinary/live-edit/container/supervisor/process"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
)

// Processes implements scheduler.Containers with one process per task. It is safe for concurrent use; Close ends everything.
type Processes struct {
	options Options
	agent   *agent
	starter *supervisor.Starter
	rooms   bool // each task sees its own mounts only

	mu      sync.Mutex
	running map[string]*process // by task ARN; ended ones stay for their log
	ended   []string            // task ARNs of ended processes, oldest first
	extra   map[string]string
	closed  bool
}

var _ scheduler.Containers = (*Processes)(nil)

// keptEnded is how many ended processes' logs are kept.
const keptEnded = 20

// New starts the ECS agent's endpoint; processes start with their tasks.
func New(options Options) (*Processes, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	p := &Processes{options: options, running: map[string]*process{}, extra: maps.Clone(options.Env)}
	if p.extra == nil {
		p.extra = map[string]string{}
	}
	var err error
	if p.agent, err = startAgent(&p.options); err != nil {
		return nil, err
	}
	p.starter = supervisor.NewStarter()
	if options.Room != "" {
		p.openRooms()
	}
	return p, nil
}

// SetEnv sets a variable for the processes that start from now on; an empty value removes it.
func (p *Processes) SetEnv(name, value string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if value == "" {
		delete(p.extra, name)
		return
	}
	p.extra[name] = value
}

// Start implements scheduler.Containers.
func (p *Processes) Start(_ time.Time, task scheduler.Task) error {
	if p.isClosed() {
		return errClosed
	}
	if existing := p.find(task.ARN); existing != nil && existing.alive() {
		return nil
	}
	d, err := p.describe(task)
	if err != nil {
		return err
	}
	seat, err := p.seat(task, d)
	if err != nil {
		return err
	}
	env, err := p.environment(d, seat)
	if err != nil {
		p.leave(task, seat)
		return fmt.Errorf("container %s: %w", d.container.Name, err)
	}
	started, err := p.spawn(task, d, seat, env)
	if err != nil {
		p.leave(task, seat)
		return fmt.Errorf("container %s: %w", d.container.Name, err)
	}
	if !p.add(started) { // closed meanwhile
		_ = started.command.Process.Kill()
		<-started.cleared
		return errClosed
	}
	return nil
}

var errClosed = errors.New("the containers are closed")

func (p *Processes) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

func (p *Processes) add(started *process) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.running[started.task] = started
	return true
}

// forget keeps an ended process's log for a while. A task's process may have been replaced meanwhile.
func (p *Processes) forget(ended *process) {
	p.agent.dismiss(ended.task)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running[ended.task] != ended {
		return
	}
	p.ended = append(p.ended, ended.task)
	for len(p.ended) > keptEnded {
		delete(p.running, p.ended[0])
		p.ended = p.ended[1:]
	}
}

func (p *Processes) find(taskARN string) *process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running[taskARN]
}

// Exited implements scheduler.Containers. A task without a process, such as one that an earlier server left in the account,
// has ended too.
func (p *Processes) Exited(_ time.Time, task scheduler.Task) bool {
	found := p.find(task.ARN)
	return found == nil || !found.alive()
}

// Stop implements scheduler.Containers: SIGTERM now, SIGKILL after the definition's stop timeout.
func (p *Processes) Stop(_ time.Time, task scheduler.Task) {
	if found := p.find(task.ARN); found != nil {
		found.end(found.stopTimeout)
	}
}

// Address gives the address on this machine that stands for a port of the task's container; ok is false while the
// process does not run or has not said where it listens.
func (p *Processes) Address(taskARN string, containerPort int) (address string, ok bool) {
	found := p.find(taskARN)
	if found == nil || !found.alive() {
		return "", false
	}
	return found.address(containerPort)
}

// Log is what a task's process has written, oldest line first, up to its latest 500 lines.
func (p *Processes) Log(taskARN string) []string {
	if found := p.find(taskARN); found != nil {
		return found.lines()
	}
	return nil
}

// Close ends all processes and waits for them. They have a moment to save.
func (p *Processes) Close() error {
	p.mu.Lock()
	p.closed = true
	all := make([]*process, 0, len(p.running))
	for _, running := range p.running {
		all = append(all, running)
	}
	p.mu.Unlock()
	for _, running := range all {
		running.end(closeGrace)
	}
	for _, running := range all {
		<-running.cleared
	}
	p.starter.Close()
	return p.agent.close()
}

// closeGrace is what processes have to save when everything ends.
const closeGrace = 3 * time.Second
