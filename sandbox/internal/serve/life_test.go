package serve_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/config/defaults"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
	"github.com/webordinary/live-edit/sandbox/internal/serve"
	"github.com/webordinary/live-edit/sandbox/internal/serve/container"
)

// fast is the speed of the life test. A busy machine keeps up with it: a wake that takes five minutes is given up.
const fast = 100

// TestLifeOfAServedStack plays a visitor's day on the real program, function and processes: the service sleeps, wakes, works,
// is forgotten with an open socket, and sleeps again. The steps build on each other.
func TestLifeOfAServedStack(t *testing.T) {
	t.Parallel()
	own := runner.NewBuilder(enginetest.Root(t), t.TempDir()) // its processes are counted: no other test may run its binaries
	s := deploy(t).serveWith(fast, func(o *serve.Options) { o.Builder = own })
	requireItSleepsAtFirst(s)
	requireItWakes(s)
	requireAForgottenSocketLetsItSleep(s)
	requireABrowserWakesIt(s)
	requireTheFilesHaveSurvived(s)
	requireTheEdgeLeadsThere(s)
	requireItEnds(s, own)
}

func requireItSleepsAtFirst(s *served) {
	require.Contains(s.t, s.said("demo"), "pushed a demo image as webordinary/claude-code-astro:latest")
	require.Contains(s.t, s.said("demo"), "set a demo value of secret webordinary/github-token")
	got := s.get("http://"+host+"/preview/?a=b", nil)
	require.Equal(s.t, http.StatusMovedPermanently, got.status)
	require.Equal(s.t, "https://"+host+":443/preview/?a=b", got.header.Get("Location"))
	got = s.get("https://"+host+"/", nil)
	require.Equal(s.t, http.StatusOK, got.status)
	require.Equal(s.t, "Webordinary ALB - No target configured", got.body)
	require.Equal(s.t, http.StatusServiceUnavailable, s.get("https://"+host+"/ws/hmr", nil).status)
	got = s.get("https://"+host+"/api/status", http.Header{"Accept": {"application/vnd.webordinary.wake+json"}})
	require.Equal(s.t, "application/vnd.webordinary.wake+json", got.header.Get("Content-Type"), got.body)
	require.Contains(s.t, got.body, `"asleep"`)
	require.Zero(s.t, s.desired(), "nobody has asked for it")
}

func requireItWakes(s *served) {
	got := s.get("https://"+host+"/preview/", aPage)
	require.Equal(s.t, http.StatusOK, got.status)
	require.Equal(s.t, "waking", got.header.Get("X-Webordinary-State"), got.body)
	require.Contains(s.t, got.body, "Waking the editor")
	require.Equal(s.t, 1, s.desired())
	s.eventually("the container answers", func() bool {
		return strings.Contains(s.get("https://"+host+"/preview/", aPage).body, "This is the demo")
	})
	s.eventually("the waker has moved behind", func() bool {
		return strings.Contains(s.said("rule"), "to edit-waker-tg has priority 19")
	})
	got = s.send(http.MethodPut, "https://"+host+"/api/check/life", nil, "written before the sleep")
	require.Less(s.t, got.status, 300, got.body)
	s.lastUse = s.Clock().Now() // or a little later, when the request arrives
	require.Contains(s.t, s.get("https://"+host+"/api/request", nil).body, "https", "X-Forwarded-Proto")
}

// requireAForgottenSocketLetsItSleep opens a socket and does nothing any more. The socket does not keep the service awake,
// and ends with it.
func requireAForgottenSocketLetsItSleep(s *served) {
	conn, _, err := websocket.Dial(s.ctx, "wss://"+host+"/ws/hmr", &websocket.DialOptions{HTTPClient: s.client})
	require.NoError(s.t, err)
	_, text, err := conn.Read(s.ctx)
	require.NoError(s.t, err)
	require.Contains(s.t, string(text), "connected")
	closed := make(chan struct{})
	go func() { // a page takes what comes, and says nothing
		defer close(closed)
		for err == nil {
			_, _, err = conn.Read(s.ctx)
		}
	}()
	s.eventually("desired count 0", func() bool { return s.desired() == 0 })
	require.GreaterOrEqual(s.t, s.Clock().Now().Sub(s.lastUse), defaults.AutoShutdownMinutes*time.Minute, "in the service's time")
	s.eventually("no task", func() bool { return len(s.tasks()) == 0 })
	select {
	case <-closed:
	case <-time.After(soon):
		require.Fail(s.t, "the socket is still open")
	}
	s.says("container", "handed back") // the lease
	s.eventually("the waker is in front", func() bool {
		return s.get("https://"+host+"/preview/x.css", nil).header.Get("X-Webordinary-State") == "asleep"
	})
	require.Zero(s.t, s.desired())
}

// requireTheFilesHaveSurvived calls the API. If the service sleeps, the call is held and sent again until the container
// answers.
func requireTheFilesHaveSurvived(s *served) {
	s.eventually("the API answers", func() bool {
		got := s.get("https://"+host+"/api/check/life", nil)
		if got.status == http.StatusTemporaryRedirect {
			require.Equal(s.t, "/api/check/life", got.header.Get("Location"))
		}
		return got.status == http.StatusOK && got.body == "written before the sleep"
	})
}

// requireTheEdgeLeadsThere goes through the distribution that the real behaviours function has edited.
func requireTheEdgeLeadsThere(s *served) {
	require.Equal(s.t, "ameliastamps.com", s.Description().CDNHost)
	got := s.get("https://"+cdnHost+"/preview/", aPage)
	require.Equal(s.t, http.StatusOK, got.status)
	require.Contains(s.t, got.body, "This is the demo")
	require.Equal(s.t, "Miss from cloudfront", got.header.Get("X-Cache"))
	require.Contains(s.t, s.get("https://"+cdnHost+"/", nil).body, "S3-site", "the rest is the owner's")
	conn, _, err := websocket.Dial(s.ctx, "wss://"+cdnHost+"/ws/hmr", &websocket.DialOptions{HTTPClient: s.client})
	require.NoError(s.t, err)
	_, text, err := conn.Read(s.ctx)
	require.NoError(s.t, err)
	require.Contains(s.t, string(text), "connected")
	require.NoError(s.t, conn.CloseNow())
}

// requireItEnds checks that nothing is left running, and that a later session finds no task of this one.
func requireItEnds(s *served, own *runner.Builder) {
	require.Len(s.t, s.tasks(), 1)
	require.NotEmpty(s.t, processesOf(s, own, "./functions/scaler"))
	require.Len(s.t, processesOf(s, own, container.SupervisorPackage), 1)
	require.Len(s.t, processesOf(s, own, container.Package), 2, "the session's page and its API")
	path := serve.DescriptionPath(s.stateDir, "prod")
	require.FileExists(s.t, path)
	require.NoError(s.t, s.Close())
	require.Empty(s.t, s.tasks(), "or the stack could not be taken down: nobody stops them any more")
	require.NoFileExists(s.t, path)
	require.NoError(s.t, s.Close(), "again")
	require.Contains(s.t, s.said("container"), "[exit status 0]")
	for _, pkg := range []string{"./functions/scaler", container.SupervisorPackage, container.Package} {
		require.Empty(s.t, processesOf(s, own, pkg), "processes of %s", pkg)
	}
	_, err := s.client.Get("https://" + host + "/") //nolint:noctx // it fails
	require.Error(s.t, err)
	end := s.Clock().Now()

	options := s.options()
	options.Speed = 0.001 // nothing moves by itself
	again, err := serve.Start(s.ctx, options)
	require.NoError(s.t, err)
	tasks, err := scheduler.Tasks(s.account)
	require.NoError(s.t, err)
	require.Empty(s.t, tasks)
	require.True(s.t, again.Clock().Now().After(end.Add(-time.Minute)), "its time goes on where it was, not back to the machine's")
	require.NoError(s.t, again.Close())
	require.NoError(s.t, context.Cause(s.ctx))
}

// processesOf finds the processes that run a package as it was built, in Linux's /proc.
func processesOf(s *served, builder *runner.Builder, pkg string) (found []string) {
	s.t.Helper()
	binary, err := builder.Build(s.ctx, pkg)
	require.NoError(s.t, err)
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	require.NoError(s.t, err)
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == binary {
			found = append(found, link)
		}
	}
	return found
}
