package container

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
)

// keptLines is how many lines of a process's log are kept.
const keptLines = 500

// process is the container of one task.
type process struct {
	task        string // ARN
	stopTimeout time.Duration
	command     *exec.Cmd
	stdin       io.Closer // the process ends with it
	output      func(taskARN, line string)
	exited      chan struct{} // closed when the process has ended and its output has been read
	cleared     chan struct{} // closed when nothing of the task is left on this machine either
	leastGrace  time.Duration // on the wall

	mu       sync.Mutex
	ports    map[int]string // container port -> address; nil until the process has told
	log      []string
	checkers map[healthCheck]*checker
	killer   *time.Timer
}

// spawn starts the process of a task; reading its output and waiting for its end go on in the background.
func (p *Processes) spawn(task scheduler.Task, d *definition, seat seat, env []string) (*process, error) {
	out := &process{
		task: task.ARN, stopTimeout: p.options.wall(d.stopTimeout()), output: p.options.Output, exited: make(chan struct{}),
		cleared:  make(chan struct{}),
		checkers: map[healthCheck]*checker{}, ports: seat.ports(), leastGrace: leastGrace,
	}
	if seat.address != "" {
		out.leastGrace = leastGraceSupervised
	}
	command, err := p.command(d)
	if err != nil {
		return nil, err
	}
	out.command, command.Env = command, env
	stdin, err := out.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out.stdin = stdin
	// One pipe for both keeps the lines in their order.
	reader, writer := io.Pipe()
	out.command.Stdout, out.command.Stderr = writer, writer
	if err := p.starter.Start(out.command); err != nil {
		return nil, errors.Join(err, stdin.Close())
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		out.read(reader)
	}()
	go func() {
		err := out.command.Wait()
		_ = writer.Close()
		<-read
		out.record(ending(err))
		out.stopKiller()
		close(out.exited)
		p.forget(out)
		_ = os.RemoveAll(seat.disk) // a task that was killed has left what it unpacked
		close(out.cleared)
	}()
	return out, nil
}

func ending(err error) string {
	if err == nil {
		return "[exit status 0]"
	}
	return fmt.Sprintf("[%v]", err)
}

// read takes the report of the addresses, which is the first line, and logs the rest.
func (p *process) read(from io.Reader) {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		if line = trimEnd(line); line != "" && !p.takeReport(line) {
			p.record(line)
		}
		if err != nil {
			return
		}
	}
}

func trimEnd(line string) string {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	return line
}

// takeReport recognises the line that says where the process listens.
func (p *process) takeReport(line string) bool {
	var report struct {
		Listening map[string]string `json:"listening"`
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ports != nil || json.Unmarshal([]byte(line), &report) != nil || report.Listening == nil {
		return false
	}
	p.ports = map[int]string{}
	for name, address := range report.Listening {
		if port, err := strconv.Atoi(name); err == nil {
			p.ports[port] = address
		}
	}
	return true
}

func (p *process) record(line string) {
	p.mu.Lock()
	if len(p.log) == keptLines {
		p.log = slices.Delete(p.log, 0, 1)
	}
	p.log = append(p.log, line)
	p.mu.Unlock()
	if p.output != nil {
		p.output(p.task, line)
	}
}

func (p *process) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.log)
}

func (p *process) address(port int) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	address, ok := p.ports[port]
	return address, ok
}

func (p *process) checker(check healthCheck) *checker {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.checkers[check] == nil {
		p.checkers[check] = &checker{check: check}
	}
	return p.checkers[check]
}

func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// end tells the process to end and kills it after the grace time, on the wall; the first call decides. It does not wait.
func (p *process) end(grace time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killer != nil {
		return
	}
	_ = p.command.Process.Signal(syscall.SIGTERM) // it may be gone already
	p.killer = time.AfterFunc(max(grace, p.leastGrace), func() { _ = p.command.Process.Kill() })
}

// What a process gets on a busy machine, however fast the scheduler's time runs. The seconds in which a supervisor gives its leases back
// are the machine's: one that is killed instead keeps the next task waiting until they have stood still.
const (
	leastGrace           = 2 * time.Second
	leastGraceSupervised = 15 * time.Second
)

func (p *process) stopKiller() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killer != nil {
		p.killer.Stop()
	}
}
