package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// initTimeout is how long a function may take to ask for its first event ("Lambda execution environment lifecycle": 10 s).
const initTimeout = 10 * time.Second

// instance is one process of a function with a Runtime API of its own.
type instance struct {
	function    *Function
	fingerprint string
	pool        *pool
	command     *exec.Cmd
	api         *http.Server
	log         *outputFile
	logLost     string

	started      time.Time
	initDuration time.Duration
	fresh        bool // has not served an invocation yet

	ready  chan struct{}   // receives when the function asks for an event
	events chan event      // to the function
	answer chan answer     // from the function
	exited chan struct{}   // closed when the process has ended
	status func() string   // how it ended; valid after exited
	begun  context.Context // ends when the process is killed, to release its pending requests
	end    context.CancelFunc

	mu      sync.Mutex
	current string // request ID of the invocation under way
}

// event is one invocation on its way to the function.
type event struct {
	requestID string
	deadline  time.Time
	payload   []byte
}

// answer is what the function sent back.
type answer struct {
	payload []byte
	failed  bool
	// duringInit is set for a POST to init/error.
	duringInit bool
}

// start builds the function if need be, starts its process and registers it in the pool. It does not wait for the process
// to be ready: the first invocation does, because Lambda counts a slow start to it.
func (r *Runtime) start(ctx context.Context, f *Function, p *pool) (*instance, error) {
	pkg, err := r.options.Package(f)
	if err != nil {
		return nil, err
	}
	binary, err := r.options.Builder.Build(ctx, pkg)
	if err != nil {
		return nil, err
	}
	mount, err := r.mount(f)
	if err != nil {
		return nil, err
	}
	logLost, err := r.logLoss(f)
	if err != nil {
		return nil, err
	}
	log, err := newOutputFile()
	if err != nil {
		return nil, err
	}
	i := &instance{
		function: f, fingerprint: f.fingerprint(), pool: p, log: log, logLost: logLost, fresh: true,
		ready: make(chan struct{}, 1), events: make(chan event), answer: make(chan answer, 1), exited: make(chan struct{}),
	}
	i.begun, i.end = context.WithCancel(context.Background())
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		i.end()
		return nil, errors.Join(err, log.Close())
	}
	i.api = &http.Server{Handler: i.routes(), ReadHeaderTimeout: time.Minute}
	go func() { _ = i.api.Serve(listener) }() // ends when the instance does
	i.command = exec.Command(binary)          //nolint:gosec,noctx // built from this module; it outlives the request that started it
	i.command.Dir = filepath.Dir(binary)
	i.command.Env = r.environment(f, mount, listener.Addr().String())
	i.command.Stdout, i.command.Stderr = log.file, log.file
	if err := i.spawn(); err != nil {
		return nil, err
	}
	if !p.add(i) {
		i.kill()
		return nil, errClosed
	}
	return i, nil
}

func (i *instance) spawn() error {
	i.started = time.Now()
	if err := i.command.Start(); err != nil {
		i.end()
		return errors.Join(err, i.api.Close(), i.log.Close())
	}
	go func() {
		err := i.command.Wait()
		i.status = func() string {
			if err == nil {
				return "exit status 0"
			}
			return err.Error()
		}
		i.end()
		_ = i.api.Close()
		close(i.exited)
	}()
	return nil
}

func (i *instance) alive() bool {
	select {
	case <-i.exited:
		return false
	default:
		return true
	}
}

func (i *instance) kill() {
	if i.command.Process != nil {
		_ = i.command.Process.Kill() // it may be gone already
	}
}

// discard ends an instance that will not serve again.
func (i *instance) discard() {
	i.kill()
	go func() {
		<-i.exited
		_ = i.log.Close()
	}()
}

// environment is what Lambda gives a process ("Defined runtime environment variables"), and nothing of this process's own.
func (r *Runtime) environment(f *Function, mount mountedDir, api string) []string {
	vars := map[string]string{}
	for name, value := range f.Environment.Variables {
		vars[name] = mount.rewrite(value)
	}
	credentials := r.options.API.CredentialsFor(f.RoleARN, f.Name)
	for name, value := range r.options.API.Environment(credentials) {
		vars[name] = value
	}
	if f.inVPC() && len(r.options.Store.List(view.TypeEndpoint)) == 0 {
		// A function in a VPC has no public address: without NAT or endpoints no AWS API can be reached. Lambda's calls
		// hang until they time out; here nobody listens.
		vars["AWS_ENDPOINT_URL"] = unreachable
	}
	for name, value := range map[string]string{
		"AWS_LAMBDA_RUNTIME_API":          api,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": fmt.Sprint(f.MemoryMB),
		"AWS_LAMBDA_LOG_GROUP_NAME":       f.LogGroup(),
		"AWS_LAMBDA_LOG_STREAM_NAME":      time.Now().UTC().Format("2006/01/02") + "/[$LATEST]sandbox",
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"_HANDLER":                        f.Handler,
		"LAMBDA_TASK_ROOT":                "/var/task",
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"LANG":                            "en_US.UTF-8",
		"TZ":                              ":UTC",
		"PATH":                            os.Getenv("PATH"),
	} {
		vars[name] = value
	}
	for name, value := range r.options.ExtraEnv {
		vars[name] = value
	}
	out := make([]string, 0, len(vars))
	for name, value := range vars {
		out = append(out, name+"="+value)
	}
	return out
}

// unreachable is an address where nothing listens: port 1 (tcpmux) is never assigned by listening on port 0.
const unreachable = "http://127.0.0.1:1"
