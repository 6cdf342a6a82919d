package serve_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
	"github.com/webordinary/live-edit/sandbox/internal/serve"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// builder is shared by the tests, so that everything is built once.
var builder *runner.Builder

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "serve-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	module, err := runner.ModuleDir()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	builder = runner.NewBuilder(module, dir)
	return m.Run()
}

const (
	// patience ends a test that hangs; the first deployment in a clone builds the Pulumi CLI, which takes minutes.
	patience = 15 * time.Minute
	// soon is how long the machine may take for what it does in a second.
	soon         = 2 * time.Minute
	distribution = "E2QWRUHAPOMQZL"
	host         = "edit.ameliastamps.com"
	cdnHost      = "www.ameliastamps.com"
)

// deployed is prod on an account of its own, with a distribution of somebody else's in front.
type deployed struct {
	t        *testing.T
	ctx      context.Context
	sandbox  *engine.Sandbox
	account  *account.Account
	outputs  map[string]any
	stateDir string
}

func deploy(t *testing.T) *deployed {
	t.Helper()
	return deployWith(t, map[string]any{"distributionId": distribution})
}

// deployWith deploys with further keys.
func deployWith(t *testing.T, keys map[string]any) *deployed {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	d := &deployed{t: t, ctx: ctx, stateDir: t.TempDir(), outputs: map[string]any{}}
	sandbox := enginetest.Open(t, engine.Options{StateDir: d.stateDir})
	d.account = sandbox.Account()
	d.invokeFunctions()
	config, err := os.ReadFile("../../../functions/behaviors/testdata/s3-spa.xml")
	require.NoError(t, err)
	_, text, _ := strings.Cut(string(config), "?>\n")
	_, err = cloudfront.PutDistribution(d.account, distribution, text, time.Now())
	require.NoError(t, err)
	d.sandbox = sandbox
	for name, output := range d.up("prod", keys) {
		d.outputs[name] = output.Value
	}
	return d
}

// up deploys a stack with further keys on the account.
func (d *deployed) up(name string, keys map[string]any) auto.OutputMap {
	d.t.Helper()
	values := map[string]engine.ConfigValue{"healthIntervalSeconds": {Value: 10}, "alarms": {Value: false}}
	for key, value := range keys {
		values[key] = engine.ConfigValue{Value: value}
	}
	stack, err := d.sandbox.Stack(engine.StackOptions{Name: name, Program: infra.Deploy, Config: values})
	require.NoError(d.t, err)
	_, err = stack.Up(d.ctx, engine.RunOptions{})
	require.NoError(d.t, err)
	outputs, err := stack.Outputs()
	require.NoError(d.t, err)
	return outputs
}

// invokeFunctions lets the deployment put the real behaviours on the distribution.
func (d *deployed) invokeFunctions() {
	api, err := wire.Start(wire.Options{Store: d.account})
	require.NoError(d.t, err)
	d.t.Cleanup(func() { assert.NoError(d.t, api.Close()) })
	runtime := runner.New(runner.Options{Store: d.account, API: api, Builder: builder})
	d.t.Cleanup(func() { assert.NoError(d.t, runtime.Close()) })
	d.account.Invoker = runner.Invoker{Runtime: runtime}
}

// served is a deployed stack that answers.
type served struct {
	*deployed
	*serve.Server
	client  *http.Client
	lastUse time.Time // when a person last used the service

	mu     sync.Mutex
	events []serve.Event
}

func (d *deployed) options() serve.Options {
	return serve.Options{
		Stack: "prod", Outputs: d.outputs, Account: d.account, StateDir: d.stateDir, Builder: builder, ContainerBoot: time.Second,
	}
}

// serve serves the stack at a speed.
func (d *deployed) serve(speed float64) *served {
	d.t.Helper()
	return d.serveWith(speed, func(*serve.Options) {})
}

// serveWith serves with other options, too.
func (d *deployed) serveWith(speed float64, change func(*serve.Options)) *served {
	d.t.Helper()
	s := &served{deployed: d}
	options := d.options()
	options.Speed = speed
	change(&options)
	options.Report = func(e serve.Event) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, e)
	}
	var err error
	s.Server, err = serve.Start(d.ctx, options)
	require.NoError(d.t, err)
	d.t.Cleanup(func() {
		assert.NoError(d.t, s.Close())
		if d.t.Failed() {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, e := range s.events {
				d.t.Logf("%s %s %s", e.At.Format("15:04:05"), e.Kind, e.Text)
			}
		}
	})
	s.client = s.Client()
	return s
}

// answer is a response that has been read.
type answer struct {
	status int
	proto  string
	header http.Header
	body   string
}

var aPage = http.Header{
	"User-Agent": {"Mozilla/5.0"}, "Accept": {"text/html"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"},
	"Sec-Fetch-Site": {"none"}, "Sec-Fetch-User": {"?1"},
}

func (s *served) get(url string, header http.Header) answer {
	s.t.Helper()
	return s.send(http.MethodGet, url, header, "")
}

func (s *served) send(method, url string, header http.Header, body string) answer {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.ctx, method, url, strings.NewReader(body))
	require.NoError(s.t, err)
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := s.client.Do(request)
	require.NoError(s.t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	return answer{response.StatusCode, response.Proto, response.Header, string(text)}
}

// eventually waits for a condition.
func (s *served) eventually(what string, holds func() bool) {
	s.t.Helper()
	require.Eventually(s.t, holds, soon, 20*time.Millisecond, what)
}

// desired is how many tasks all clients' services want.
func (s *served) desired() (count int) {
	s.t.Helper()
	services, err := scheduler.Services(s.account)
	require.NoError(s.t, err)
	require.NotEmpty(s.t, services)
	for _, service := range services {
		count += service.DesiredCount
	}
	return count
}

// tasks are those that have not stopped.
func (s *served) tasks() (out []*scheduler.Task) {
	s.t.Helper()
	tasks, err := scheduler.Tasks(s.account)
	require.NoError(s.t, err)
	for _, task := range tasks {
		if task.LastStatus != scheduler.Stopped {
			out = append(out, task)
		}
	}
	return out
}

// said returns the texts of the events of a kind.
func (s *served) said(kind string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, e := range s.events {
		if e.Kind == kind {
			b.WriteString(e.Text + "\n")
		}
	}
	return b.String()
}

// says waits for a text: what is logged of a request comes after its answer.
func (s *served) says(kind, text string) {
	s.t.Helper()
	s.eventually("in the log of "+kind+": "+text, func() bool { return strings.Contains(s.said(kind), text) })
}
