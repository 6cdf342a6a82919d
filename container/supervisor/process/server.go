package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/config"
)

// Server keeps a program running that listens: it starts it, waits until it answers, and starts it again when it ends.
type Server struct {
	Name    string
	Program *config.Server
	Values  config.Values // ports are filled in at each start
	Family  *Family
	Log     *slog.Logger
	Output  func(line string)
	// Patience is how long the program may take until it answers.
	Patience time.Duration

	// socketsMissed says that the last start did not listen for its sockets. It is Run's alone.
	socketsMissed bool

	mu     sync.Mutex
	state  State
	change chan struct{} // closed at the next change of state
}

// State is how a server is.
type State struct {
	// Ready says that the program answers; Address is then where, and HMRAddress where its sockets are: the same unless it was told {hmrPort}.
	Ready               bool
	Address, HMRAddress string
	// Failures is how often in a row it has failed to get or stay ready, and Reason what the last one was.
	Failures int
	Reason   string
}

// Backoff between starts, and how long a program has to have been ready for its failures to be forgotten.
const (
	firstPause = 500 * time.Millisecond
	mostPause  = 30 * time.Second
	settled    = time.Minute
)

// socketsPatience is for a program that listens at {hmrPort} later than at {port}; Vite opens both at once.
const socketsPatience = 10 * time.Second

// Between two looks at whether a program listens.
const (
	firstLook = 20 * time.Millisecond
	mostLook  = 250 * time.Millisecond
)

// State returns how the server is, and a channel that is closed when that has changed.
func (s *Server) State() (State, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.change == nil {
		s.change = make(chan struct{})
	}
	return s.state, s.change
}

func (s *Server) set(change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
	if s.change != nil {
		close(s.change)
		s.change = nil
	}
}

// Run keeps the server running until the family or ctx ends.
func (s *Server) Run(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		err := s.once(ctx)
		if ctx.Err() != nil || s.Family.isEnded() {
			return
		}
		pause := firstPause
		s.set(func(state *State) {
			if state.Ready && time.Since(began) > settled {
				state.Failures = 0
			}
			*state = State{Failures: state.Failures + 1, Reason: err.Error()}
			for range state.Failures - 1 {
				pause = min(2*pause, mostPause)
			}
		})
		s.Log.Warn("a process of the session ended", "process", s.Name, "error", err, "again", pause.String())
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// once is one life of the program; it always ends with an error.
func (s *Server) once(ctx context.Context) error {
	values := s.Values
	ports, err := freePorts(ctx)
	if err != nil {
		return err
	}
	values.Port, values.HMRPort = ports[0], ports[1]
	process, err := s.Family.Start(NewSpec(s.Name, &s.Program.Program, &values, s.Output))
	if err != nil {
		return err
	}
	defer process.Signal(syscall.SIGKILL) // what its leader leaves behind
	address := net.JoinHostPort(values.Host, strconv.Itoa(values.Port))
	sockets := address
	err = s.await(ctx, process, address)
	if err == nil && s.Program.Mentions("{hmrPort}") {
		sockets = net.JoinHostPort(values.Host, strconv.Itoa(values.HMRPort))
		err = s.awaitSockets(ctx, process, sockets)
	}
	if err != nil {
		process.Signal(syscall.SIGKILL)
		<-process.Exited()
		return err
	}
	s.set(func(state *State) { state.Ready, state.Address, state.HMRAddress = true, address, sockets })
	<-process.Exited()
	return ended(process)
}

// awaitSockets waits until the program listens where its sockets are. Vite only logs that their port was taken and serves pages that never
// change, so it is started again, with other ports. If that is no better, the image is to blame, and pages are worth more than nothing.
func (s *Server) awaitSockets(ctx context.Context, process *Process, address string) error {
	err := wait(ctx, process, socketsPatience, func() bool { return listens(ctx, address) })
	if !errors.Is(err, errLate) {
		s.socketsMissed = false
		return err
	}
	err = fmt.Errorf("it answers, but does not listen at %s after %s more; does it serve its sockets at {hmrPort}?", address, socketsPatience)
	if !s.socketsMissed {
		s.socketsMissed = true
		return err
	}
	s.Log.Warn("pages will not change by themselves", "process", s.Name, "error", err)
	return nil
}

func ended(p *Process) error {
	if p.Err() == nil {
		return errors.New("it ended by itself, with status 0")
	}
	return p.Err()
}

// await waits until the program answers.
func (s *Server) await(ctx context.Context, process *Process, address string) error {
	err := wait(ctx, process, s.Patience, func() bool { return s.answers(ctx, address) })
	if errors.Is(err, errLate) {
		return fmt.Errorf("it does not answer at http://%s%s after %s; does it listen on {host} and {port}?", address, s.Program.Ready,
			s.Patience)
	}
	return err
}

var errLate = errors.New("not in time")

// wait waits until something is so, which ends with the process.
func wait(ctx context.Context, process *Process, patience time.Duration, isSo func() bool) error {
	deadline := time.After(patience)
	for pause := firstLook; !isSo(); pause = min(2*pause, mostLook) {
		select {
		case <-process.Exited():
			return ended(process)
		case <-ctx.Done():
			<-process.Exited() // the family ends it
			return ctx.Err()
		case <-deadline:
			return errLate
		case <-time.After(pause):
		}
	}
	return nil
}

func listens(ctx context.Context, address string) bool {
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}

// askPatience is for one answer: a dev server compiles its first page.
const askPatience = 30 * time.Second

var asker = &http.Client{
	Timeout: askPatience, Transport: &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// answers asks once.
func (s *Server) answers(ctx context.Context, address string) bool {
	if !listens(ctx, address) {
		return false
	}
	if s.Program.Ready == "" {
		return true
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+s.Program.Ready, nil)
	if err != nil {
		return false
	}
	request.Header.Set("Accept", "text/html")
	if s.Values.PublicHost != "" {
		request.Host = s.Values.PublicHost // a dev server answers to its own name only
	}
	response, err := asker.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode < http.StatusInternalServerError
}

// taken are the ports that were given to a process of this supervisor and may not have been opened yet.
var taken = struct {
	sync.Mutex
	until map[int]time.Time
}{until: map[int]time.Time{}}

// freePorts finds two ports that nobody listens on, at whatever address, and that no other session was just given: a program may listen at
// every address, as Vite does for its sockets.
func freePorts(ctx context.Context) (ports [2]int, err error) {
	const tries, kept = 100, time.Minute
	taken.Lock()
	defer taken.Unlock()
	found := 0
	for range tries {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", ":0")
		if err != nil {
			return ports, fmt.Errorf("find a free port: %w", err)
		}
		address, _ := listener.Addr().(*net.TCPAddr)
		if err := listener.Close(); err != nil {
			return ports, fmt.Errorf("find a free port: %w", err)
		}
		if time.Now().Before(taken.until[address.Port]) {
			continue
		}
		taken.until[address.Port] = time.Now().Add(kept)
		ports[found] = address.Port
		if found++; found == len(ports) {
			return ports, nil
		}
	}
	return ports, fmt.Errorf("find a free port: none in %d tries", tries)
}
