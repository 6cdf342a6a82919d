package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
	"github.com/webordinary/live-edit/sandbox/internal/serve"
)

const distributionOfTheSite = "E2QWRUHAPOMQZL"

// realProject is the repository's project with a distribution in prod's settings.
func realProject(t *testing.T) string {
	t.Helper()
	root, dir := enginetest.Root(t), t.TempDir()
	for name, more := range map[string]string{
		"Pulumi.yaml": "", "Pulumi.prod.yaml": "  webordinary-live-edit:distributionId: " + distributionOfTheSite + "\n",
	} {
		data, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), append(data, more...), 0o600))
	}
	return dir
}

// terminal is where a command of the real program prints.
type terminal struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.out.Write(p)
}

func (t *terminal) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.out.String()
}

// executeReal runs a command line with the repository's program.
func executeReal(ctx context.Context, t *testing.T, dir string, args ...string) (*terminal, error) {
	t.Helper()
	out := &terminal{}
	s := &session{
		program: infra.Deploy, interrupts: &interrupts{}, stdout: out, stderr: out, color: "never", dir: dir,
		tools: enginetest.Fill(t, engine.Options{}).Tools, module: enginetest.Root(t),
	}
	cmd := newRootCommand(s)
	cmd.SetArgs(args)
	return out, cmd.ExecuteContext(ctx)
}

func siteConfig(t *testing.T, dir string) string {
	t.Helper()
	a, err := account.Open(filepath.Join(dir, ".sandbox", "account"))
	require.NoError(t, err)
	defer func() { require.NoError(t, a.Close()) }()
	d, ok, err := cloudfront.FindDistribution(a, distributionOfTheSite)
	require.NoError(t, err)
	require.True(t, ok)
	return d.Config
}

// TestUpRunsFunctionsAndServeServes deploys the real program: its function for CloudFront really runs, and a refusal fails
// the update. Then the stack is served until the command is interrupted. The steps build on each other.
func TestUpRunsFunctionsAndServeServes(t *testing.T) {
	t.Parallel()
	dir := realProject(t)
	out, err := executeReal(t.Context(), t, dir, "up", "--stack", "prod")
	require.Error(t, err)
	require.Contains(t, out.String(), "NoSuchDistribution")

	_, err = executeReal(t.Context(), t, dir, "distribution", "--id", distributionOfTheSite)
	require.NoError(t, err)
	require.NotContains(t, siteConfig(t, dir), "alb-origin")
	out, err = executeReal(t.Context(), t, dir, "up", "--stack", "prod")
	require.NoError(t, err, out)
	require.Contains(t, siteConfig(t, dir), "<PathPattern>/preview/*</PathPattern><TargetOriginId>alb-origin</TargetOriginId>")
	require.Contains(t, out.String(), "CloudFront: custom error responses also replace the answers of /api/*", "the function's own warning")

	requireServeUntilInterrupted(t, dir)
	requireServeRefuses(t, dir)
}

// requireServeUntilInterrupted serves on free ports, and ends well.
func requireServeUntilInterrupted(t *testing.T, dir string) {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	type result struct {
		out *terminal
		err error
	}
	done := make(chan result, 1)
	go func() {
		out, err := executeReal(ctx, t, dir, "serve", "--stack", "prod", "--speed", "60", "--https", "127.0.0.1:0", "--http", "127.0.0.1:0")
		done <- result{out, err}
	}()
	var d *serve.Description
	require.Eventually(t, func() bool {
		select {
		case early := <-done:
			done <- early
			return true
		default:
		}
		var err error
		d, err = serve.Describe(filepath.Join(dir, ".sandbox"), "prod")
		return err == nil
	}, 5*time.Minute, 50*time.Millisecond)
	if len(done) > 0 {
		early := <-done
		require.Failf(t, "serving has ended", "%v\n%s", early.err, early.out)
	}
	require.Equal(t, "edit.ameliastamps.com", d.Host)
	require.InDelta(t, 60, d.Speed, 0)
	require.Equal(t, "ameliastamps.com", d.CDNHost)
	require.FileExists(t, d.CA)
	require.Equal(t, "https://edit.ameliastamps.com", d.Outputs["editUrl"])
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", d.HTTPS)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	interrupt()
	ended := <-done
	require.NoError(t, ended.err)
	for _, text := range []string{"Stack prod answers, 60 times as fast", "https://" + d.HTTPS + "/preview/", d.CA, "-sandbox prod", "Stopping"} {
		require.Contains(t, ended.out.String(), text)
	}
	_, err = serve.Describe(filepath.Join(dir, ".sandbox"), "prod")
	require.ErrorIs(t, err, serve.ErrNotServed)
	require.ErrorContains(t, err, "go run ./sandbox serve --stack prod")
}

// requireServeRefuses tries what cannot be served.
func requireServeRefuses(t *testing.T, dir string) {
	t.Helper()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	_, err = executeReal(t.Context(), t, dir, "serve", "--stack", "prod", "--https", taken.Addr().String(), "--http", "127.0.0.1:0")
	require.ErrorContains(t, err, taken.Addr().String())
	require.ErrorContains(t, err, "choose another address with --https")
	_, err = executeReal(t.Context(), t, dir, "serve", "--stack", "prod", "--https", "127.0.0.1:0", "--http", taken.Addr().String())
	require.ErrorContains(t, err, "choose another address with --http")
	require.NoFileExists(t, serve.DescriptionPath(filepath.Join(dir, ".sandbox"), "prod"))
}

func TestServeAStackThatIsNotDeployed(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": ""})
	_, err := execute(t, oneBucket, root, "serve", "--stack", "prod")
	require.ErrorIs(t, err, serve.ErrNotDeployed)
	require.ErrorContains(t, err, "`go run ./sandbox up --stack prod` deploys it")
}

func TestDistributionsThatAreWrong(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": ""})
	odd := filepath.Join(t.TempDir(), "odd.xml")
	require.NoError(t, os.WriteFile(odd, []byte("<Other/>"), 0o600))
	for want, args := range map[string][]string{
		`--id ""`:                 {"distribution"},
		`--id "d111.cloudfront"`:  {"distribution", "--id", "d111.cloudfront"},
		"no such file":            {"distribution", "--id", distributionOfTheSite, "--config", odd + ".missing"},
		"a DistributionConfig":    {"distribution", "--id", distributionOfTheSite, "--config", odd},
		"--speed 0: expected a":   {"serve", "--stack", "prod", "--speed", "0"},
		"--speed NaN: expected a": {"serve", "--stack", "prod", "--speed", "NaN"},
	} {
		_, err := execute(t, oneBucket, root, args...)
		require.ErrorContains(t, err, want)
		require.Equal(t, engine.ExitUsage, exitCode(err), want)
	}
}

// TestNothingIsBuiltForNothing: a stack without invocations starts no functions.
func TestNothingIsBuiltForNothing(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"prod": ""})
	_, err := execute(t, oneBucket, root, "up", "--stack", "prod")
	require.NoError(t, err)
	require.NoDirExists(t, filepath.Join(root, ".sandbox", "functions"))
}

// TestEventLog: requests that repeat are counted, not repeated, also when they alternate.
func TestEventLog(t *testing.T) {
	t.Parallel()
	out := &terminal{}
	log := &eventLog{session: &session{stdout: out}}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for range 12 {
		log.write(serve.Event{At: at, Kind: "request", Text: "200 GET /"})
		log.write(serve.Event{At: at, Kind: "request", Text: "304 GET /poll"})
	}
	log.write(serve.Event{At: at, Kind: "task", Text: "is RUNNING"})
	require.Equal(t, "12:00:00  request   200 GET /\n12:00:00  request   304 GET /poll\n12:00:00  request   200 GET / (10 times)\n"+
		"12:00:00  request   304 GET /poll (10 times)\n12:00:00  request   200 GET / (12 times)\n"+
		"12:00:00  request   304 GET /poll (12 times)\n12:00:00  task      is RUNNING\n", out.String())
}
