package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/webordinary/live-edit/container/supervisor/config"
)

const appArgument = "as-app"

// serveApp is the process behind the supervisor.
func serveApp(address string) error {
	mux := http.NewServeMux()
	body := []byte(strings.Repeat("x", 1<<10))
	mux.HandleFunc("/api/nothing", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	mux.HandleFunc("/api/work", func(w http.ResponseWriter, _ *http.Request) {
		const work = 2 * time.Millisecond
		for until := time.Now().Add(work); time.Now().Before(until); {
			continue
		}
		_, _ = w.Write(body)
	})
	mux.HandleFunc("/api/address", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, address) //nolint:gosec // of the command line
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if connection, err := websocket.Accept(w, r, nil); err == nil {
			<-connection.CloseRead(r.Context()).Done()
		}
	})
	return (&http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: time.Minute}).ListenAndServe()
}

// service is the tasks of one client over one directory.
type service struct {
	dir, binary string
	tasks       []*task
	last        int
}

type task struct {
	command   *exec.Cmd
	address   string
	url       string
	listening time.Duration // from its start to its first answer
}

func (s *service) start(ctx context.Context) (*task, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	program := config.Server{Program: config.Program{Command: []string{self, appArgument, "{host}:{port}"}}}
	file, workspace := filepath.Join(s.dir, "live-edit.json"), filepath.Join(s.dir, "workspace")
	if err := errors.Join(os.MkdirAll(workspace, 0o750),
		os.WriteFile(file, []byte((&config.File{Preview: program, API: &program, StopSeconds: 1, MaxSessions: 3}).String()), 0o600)); err != nil {
		return nil, err
	}
	s.last++
	t := &task{address: fmt.Sprintf("127.1.%d.%d", os.Getpid()%250, s.last)}
	t.url = "http://" + t.address + ":" + strconv.Itoa(config.APIPort)
	t.command = exec.CommandContext(ctx, s.binary) //nolint:gosec // our own
	t.command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "WORKSPACE_PATH=" + workspace, "CLIENT_ID=bench", "USER_ID=ada", "LIVE_EDIT_CONFIG=" + file,
		"LIVE_EDIT_LISTEN=" + t.address,
	}
	began := time.Now()
	if err := t.command.Start(); err != nil {
		return nil, err
	}
	s.tasks = append(s.tasks, t)
	for {
		if _, err := get(ctx, http.DefaultTransport, t.url+"/health"); err == nil {
			t.listening = time.Since(began)
			return t, nil
		}
		if ctx.Err() != nil || time.Since(began) > 10*time.Second {
			return nil, fmt.Errorf("the supervisor at %s does not answer", t.url)
		}
		time.Sleep(time.Millisecond)
	}
}

func (t *task) end() error {
	if t.command.ProcessState != nil {
		return nil
	}
	if err := t.command.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return t.command.Wait()
}

func (s *service) stop() error {
	var faults []error
	for _, t := range s.tasks {
		faults = append(faults, t.end())
	}
	s.tasks = nil
	return errors.Join(faults...)
}

// direct is the address of the process that both tasks have requests answered by.
func (s *service) direct(ctx context.Context, owner, other *task) (string, error) {
	address, err := get(ctx, http.DefaultTransport, owner.url+"/api/address")
	if err != nil {
		return "", err
	}
	again, err := get(ctx, http.DefaultTransport, other.url+"/api/address")
	if err == nil && again != address {
		err = fmt.Errorf("the tasks ask two processes, %s and %s", address, again)
	}
	return "http://" + address, err
}

func get(ctx context.Context, transport http.RoundTripper, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return string(body), err
}

// throughput is the requests a second of four at once, for two seconds.
func throughput(ctx context.Context, url string) (float64, error) {
	const atOnce, lasting = 4, 2 * time.Second
	transport := &http.Transport{MaxIdleConnsPerHost: atOnce}
	defer transport.CloseIdleConnections()
	var done atomic.Int64
	faults := make([]error, atOnce)
	var all sync.WaitGroup
	began := time.Now()
	for i := range atOnce {
		all.Go(func() {
			for time.Since(began) < lasting {
				if _, faults[i] = get(ctx, transport, url); faults[i] != nil {
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / time.Since(began).Seconds(), errors.Join(faults...)
}

// latency is the 99th percentile of 1,000 requests one after the other, in ms.
func latency(ctx context.Context, url string) (float64, error) {
	const requests, percent = 1000, 99
	transport := &http.Transport{MaxIdleConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	var took []time.Duration
	for range requests {
		began := time.Now()
		if _, err := get(ctx, transport, url); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[requests*percent/100].Seconds() * 1e3, nil
}

// socket opens one for a person, and says how to close it.
func (t *task) socket(ctx context.Context, user string) (closing func(), err error) {
	url := fmt.Sprintf("ws://%s:%d/ws/hmr", t.address, config.SocketPort)
	connection, _, err := websocket.Dial(ctx, url, //nolint:bodyclose // a socket has none
		&websocket.DialOptions{HTTPHeader: http.Header{"Cookie": {"live-edit-user=" + user}}})
	if err != nil {
		return nil, fmt.Errorf("open a socket for %s: %w", user, err)
	}
	return func() { _ = connection.CloseNow() }, nil
}

// resident is the memory of the process in MB.
func (t *task) resident() (float64, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", t.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(content), "VmRSS:")
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, errors.New("the kernel does not tell VmRSS")
	}
	kilobytes, err := strconv.ParseFloat(fields[0], 64)
	return kilobytes / (1 << 10), err
}
