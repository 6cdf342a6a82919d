package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

const (
	// stackName is deployed once for all tests of this package; each works on a copy of its account.
	stackName      = "prod"
	distributionID = "EAAAAAAAAAAAAA"
	deployLimit    = 15 * time.Minute // the first run in a clone builds the CLI
	// speed of the served stacks: a sleep takes ten seconds, and a delay of this machine of 100 ms counts as 4 s.
	speed = 40
)

// deployment is the deployed stack that all tests begin with.
type deployment struct {
	dir     string
	account string
	outputs map[string]any
	builder *sandboxtest.Builder
}

// temporary is where the deployment lives; TestMain removes it.
var temporary string

func TestMain(m *testing.M) {
	var err error
	if temporary, err = os.MkdirTemp("", "probe-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(temporary)
	os.Exit(code)
}

// deployed deploys the stack when the first test needs it, with short health intervals and somebody else's distribution.
var deployed = sync.OnceValues(func() (*deployment, error) {
	return deployNew("open", map[string]any{"distributionId": distributionID})
})

// signedIn is a stack into which people sign in; no distribution goes with that.
var signedIn = sync.OnceValues(func() (*deployment, error) {
	return deployNew("signed-in", map[string]any{"auth": "cognito", "clients": []any{map[string]any{
		"id": "ameliastamps", "editors": []any{map[string]any{"email": "probe@example.com", "user": "probe"}},
	}}})
})

func deployNew(name string, keys map[string]any) (*deployment, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), deployLimit)
	defer cancel()
	state := filepath.Join(temporary, name, "state")
	sandbox, err := sandboxtest.Open(sandboxtest.Options{Root: root, StateDir: state, Log: io.Discard})
	if err != nil {
		return nil, err
	}
	d := &deployment{
		dir: root, account: filepath.Join(state, "account"), outputs: map[string]any{}, builder: builder(root),
	}
	err = d.deploy(ctx, sandbox, keys)
	if closed := sandbox.Close(); err == nil {
		err = closed
	}
	return d, err
}

var (
	builderOnce sync.Once
	built       *sandboxtest.Builder
)

// builder builds what is served once for all deployments.
func builder(root string) *sandboxtest.Builder {
	builderOnce.Do(func() { built = sandboxtest.NewBuilder(root, filepath.Join(temporary, "bin")) })
	return built
}

// deploy deploys with short health intervals and further keys, beside a distribution of somebody else's to put behaviours on.
func (d *deployment) deploy(ctx context.Context, sandbox *sandboxtest.Sandbox, keys map[string]any) error {
	store := sandbox.Account()
	text, err := os.ReadFile(filepath.Join(d.dir, "functions/behaviors/testdata/s3-spa.xml"))
	if err != nil {
		return err
	}
	_, config, _ := strings.Cut(string(text), "?>\n")
	if _, err := sandboxtest.PutDistribution(store, distributionID, errorPages.ReplaceAllString(config, noErrorPages), time.Now()); err != nil {
		return err
	}
	api, err := sandboxtest.StartAPI(sandboxtest.APIOptions{Store: store})
	if err != nil {
		return err
	}
	defer func() { _ = api.Close() }()
	runtime := sandboxtest.NewRuntime(sandboxtest.RuntimeOptions{Store: store, API: api, Builder: d.builder})
	defer func() { _ = runtime.Close() }()
	store.Invoker = sandboxtest.Invoker{Runtime: runtime}
	settings := map[string]sandboxtest.ConfigValue{
		"protect": {Value: false}, "healthIntervalSeconds": {Value: 5}, "healthTimeoutSeconds": {Value: 2},
	}
	for key, value := range keys {
		settings[key] = sandboxtest.ConfigValue{Value: value}
	}
	stack, err := sandbox.Stack(sandboxtest.StackOptions{Name: stackName, Program: infra.Deploy, Config: settings})
	if err != nil {
		return err
	}
	if result, err := stack.Up(ctx, sandboxtest.RunOptions{}); err != nil {
		return fmt.Errorf("%w\n%s", err, result.Stdout)
	}
	outputs, err := stack.Outputs()
	for name, output := range outputs {
		d.outputs[name] = output.Value
	}
	return err
}

// errorPages are the distribution's custom error responses.
var errorPages = regexp.MustCompile(`<CustomErrorResponses>.*</CustomErrorResponses>`)

// sevenMethods are what a behaviour may pass that passes everything.
var sevenMethods = regexp.MustCompile(`<AllowedMethods><Quantity>7</Quantity><Items>(<Method>[A-Z]+</Method>){7}</Items>`)

// behaviours are those that somebody added to the distribution.
var behaviours = regexp.MustCompile(`<CacheBehaviors>.*</CacheBehaviors>`)

const noErrorPages = `<CustomErrorResponses><Quantity>0</Quantity></CustomErrorResponses>`

// stage is a served copy of the deployed stack.
type stage struct {
	*sandboxtest.Account
	t       testing.TB
	d       *deployment
	dir     string
	outputs map[string]any
	server  *sandboxtest.Server
	// timed holds wakes to the specification's limit; exact holds sleeps to it.
	timed, exact bool
}

// newStage copies the deployed account. Nothing is served yet.
func newStage(t testing.TB) *stage {
	t.Helper()
	return newStageOf(t, deployed)
}

func newStageOf(t testing.TB, deployed func() (*deployment, error)) *stage {
	t.Helper()
	d, err := deployed()
	require.NoError(t, err)
	s := &stage{t: t, d: d, dir: t.TempDir(), outputs: maps.Clone(d.outputs)}
	copied := filepath.Join(s.dir, "account")
	require.NoError(t, os.CopyFS(copied, os.DirFS(d.account)))
	s.Account, err = sandboxtest.OpenAccount(copied)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// options are those of a stack that wakes in some ten seconds of its time.
func (s *stage) options() sandboxtest.ServeOptions {
	return sandboxtest.ServeOptions{
		Stack: stackName, Outputs: s.outputs, Account: s.Account, StateDir: s.dir, ModuleDir: s.d.dir, Builder: s.d.builder, Speed: speed,
		Timing: sandboxtest.Timing{
			Scheduler: time.Second, Provisioning: 2 * time.Second, Pull: 2 * time.Second, Activating: time.Second, Stop: 2 * time.Second,
			Deprovisioning: 2 * time.Second,
		},
		ContainerBoot: time.Second,
	}
}

// serve serves the stack to the test's end.
func (s *stage) serve(options sandboxtest.ServeOptions) {
	s.t.Helper()
	var err error
	s.server, err = sandboxtest.Serve(s.t.Context(), options)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { assert.NoError(s.t, s.server.Close()) })
}

// run probes the stack with these flags; no check file may be left behind.
func (s *stage) run(flags ...string) *report.Report {
	s.t.Helper()
	found := s.probe(io.Discard, flags...)
	require.Empty(s.t, found.Leftover)
	return found
}

func (s *stage) probe(notes io.Writer, flags ...string) *report.Report {
	s.t.Helper()
	options, err := readOptions(append(flags, "-sandbox", stackName, "-state", s.dir), io.Discard)
	require.NoError(s.t, err)
	if !s.timed {
		options.limits.Wake = time.Hour // how long a wake takes here depends on who else uses the machine
	}
	if !s.exact {
		options.limits.Tolerance += 5 * time.Minute // which goes for ticks, too
	}
	found, err := probe(s.t.Context(), options, &terminal{out: io.Discard, notes: notes})
	require.NoError(s.t, err)
	return found
}

// set changes one property of the only resource of a type that has that value for a key, and returns what undoes it.
func (s *stage) set(typ, id, key string, value any) (undo func()) {
	s.t.Helper()
	before, ok := s.Get(typ, id)
	require.True(s.t, ok, "%s %s", typ, id)
	require.NoError(s.t, s.Mutate(typ, id, func(state resource.PropertyMap) error {
		state[resource.PropertyKey(key)] = resource.NewPropertyValue(value)
		return nil
	}))
	return func() { require.NoError(s.t, s.Put(before)) }
}

// remove takes a resource away, and returns what puts it back.
func (s *stage) remove(typ, id string) (undo func()) {
	s.t.Helper()
	before, ok := s.Get(typ, id)
	require.True(s.t, ok, "%s %s", typ, id)
	require.NoError(s.t, s.Remove(typ, id))
	return func() { require.NoError(s.t, s.Put(before)) }
}

// named is the ID of the only resource of a type in whose state a property contains a text.
func (s *stage) named(typ, key, part string) string {
	s.t.Helper()
	var ids []string
	for _, r := range s.List(typ) {
		if strings.Contains(fmt.Sprint(r.State[resource.PropertyKey(key)]), part) {
			ids = append(ids, r.ID)
		}
	}
	require.Len(s.t, ids, 1, "%s with %s %q", typ, key, part)
	return ids[0]
}

func verdicts(found *report.Report, verdict report.Verdict) []string {
	ids := []string{}
	for _, result := range found.Results {
		if result.Verdict == verdict {
			ids = append(ids, result.ID)
		}
	}
	return ids
}

// told is all that the report says in words.
func told(t testing.TB, found *report.Report) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, found.Text(&out))
	return out.String()
}
