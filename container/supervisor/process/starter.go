package process

import (
	"errors"
	"os/exec"
	"runtime"
	"sync"
)

// ErrClosed says that a starter starts nothing any more.
var ErrClosed = errors.New("no process is started any more")

// Starter starts processes from one thread, which stays until it is closed: the kernel tells a process that its parent has died when the
// thread ends that started it (prctl(2), PR_SET_PDEATHSIG).
type Starter struct {
	starts chan start
	closed chan struct{}
	once   sync.Once
}

type start struct {
	command *exec.Cmd
	done    chan error
}

// NewStarter returns a starter, which has to be closed.
func NewStarter() *Starter {
	s := &Starter{starts: make(chan start), closed: make(chan struct{})}
	go s.run()
	return s
}

func (s *Starter) run() {
	runtime.LockOSThread() // the thread ends with the goroutine, since it is locked
	for {
		select {
		case next := <-s.starts:
			next.done <- next.command.Start()
		case <-s.closed:
			return
		}
	}
}

// Start starts a command.
func (s *Starter) Start(command *exec.Cmd) error {
	next := start{command, make(chan error, 1)}
	select {
	case s.starts <- next:
		return <-next.done
	case <-s.closed:
		return ErrClosed
	}
}

// Close ends the thread. What it has started has to be gone by then.
func (s *Starter) Close() { s.once.Do(func() { close(s.closed) }) }
