package check_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/cmd/probe/check"
	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/cmd/probe/target"
)

// run is one probe of a fake site.
type run struct {
	*fake
	options check.Options
	suite   *check.Suite
	results []report.Result
}

func newRun(t testing.TB, f *fake) *run {
	t.Helper()
	limits := report.DefaultLimits()
	limits.Idle = 5 * time.Minute // of the fake service
	r := &run{fake: f, options: check.Options{
		Resolver: resolver{}, Clock: f.fakeClock, Book: report.NewBook(report.Criteria(&limits)), Progress: f.fakeClock, Limits: limits,
		Wakes: 2, Name: "probe-1", Lag: time.Second,
	}}
	connect := func(name string) *target.Site {
		site, err := target.New(target.Options{
			URL: "https://" + name, HTTPS: f.https.Listener.Addr().String(), HTTP: f.http.Listener.Addr().String(), Roots: f.authority.roots(),
			Pace: f.fakeClock,
		})
		require.NoError(t, err)
		t.Cleanup(site.Close)
		return site
	}
	r.options.Site, r.options.Edge = unfixed{connect(host)}, unfixed{connect(edge)}
	return r
}

// unfixed is a site whose address is looked up, as on AWS.
type unfixed struct{ *target.Site }

func (unfixed) Fixed() string { return "" }

func (r *run) do(ctx context.Context, t testing.TB) {
	t.Helper()
	r.suite = check.New(r.options)
	r.suite.Run(ctx)
	require.NoError(t, r.suite.Cleanup(t.Context()))
	r.results = r.options.Book.Results(nil, "unknown")
}

// ids are the criteria with a verdict.
func (r *run) ids(verdict report.Verdict) []string {
	var ids []string
	for _, result := range r.results {
		if result.Verdict == verdict {
			ids = append(ids, result.ID)
		}
	}
	return ids
}

func (r *run) result(t testing.TB, id string) report.Result {
	t.Helper()
	i := slices.IndexFunc(r.results, func(result report.Result) bool { return result.ID == id })
	require.GreaterOrEqual(t, i, 0, id)
	return r.results[i]
}

// served are the criteria that a whole run measures without the AWS API.
var served = []string{
	report.DNS, report.TLS, report.Redirect, report.DefaultAnswer, report.Deployed, report.Starts, report.WakeTime, report.StaysHealthy,
	report.API, report.Preview, report.Socket, report.Sessions, report.Sleeps, report.Workspace, report.CloudFront, report.EdgeErrors,
}

func TestASoundStackPasses(t *testing.T) {
	t.Parallel()
	r := newRun(t, newFake(t))
	r.do(t.Context(), t)
	for _, result := range r.results {
		require.Empty(t, result.Faults, result.ID)
	}
	require.Equal(t, served, r.ids(report.Pass))
	assert.Empty(t, r.files, "no check file is left behind")
	assert.Empty(t, r.suite.Leftover())
	wakes := r.options.Book.Wakes()
	require.Len(t, wakes, 2)
	for _, wake := range wakes {
		assert.InDelta(t, 20, wake.Took.Seconds(), 1.5)
		var stages []string
		for _, stage := range wake.Stages {
			stages = append(stages, stage.Name)
		}
		assert.Equal(t, []string{"asked", "placing", "pulling", "starting", "checking", "ready"}, stages)
	}
	assert.Equal(t, "after 6m30s", r.result(t, report.Sleeps).Measured)
	assert.Equal(t, 2, r.wakes, "the probe wakes it as often as asked, no more")
	assert.Contains(t, r.result(t, report.WakeTime).Measured, "2 wakes")
	assert.Contains(t, r.result(t, report.Sessions).Measured, "3 sessions, 3 sockets, 88 requests")
}

// TestWhoAnswersTellsOfSessions has a container that says who answers, with and without a check of its memory.
func TestWhoAnswersTellsOfSessions(t *testing.T) {
	t.Parallel()
	for _, noMemory := range []bool{false, true} {
		f := newFake(t)
		f.owners, f.noMemory = []string{"A"}, noMemory
		r := newRun(t, f)
		r.do(t.Context(), t)
		assert.Equal(t, report.Pass, r.result(t, report.Sessions).Verdict, r.result(t, report.Sessions).Reason)
	}
}

// everything that a probe without CloudFront leaves out.
var edgeCriteria = []string{report.CloudFront, report.EdgeErrors}

func TestWhatIsNotAskedForIsLeftOut(t *testing.T) {
	t.Parallel()
	r := newRun(t, newFake(t))
	r.options.Wakes, r.options.Edge, r.options.Limits.Socket = 0, nil, 0
	r.do(t.Context(), t)
	assert.Equal(t, []string{report.DNS, report.TLS, report.Redirect, report.DefaultAnswer, report.Deployed}, r.ids(report.Pass))
	assert.Zero(t, r.wakes)
	assert.Equal(t, report.ExitPass, (&report.Report{Results: r.results}).ExitCode(), "what was not asked for is no gap")

	r = newRun(t, newFake(t))
	r.options.Wakes, r.options.Edge = 1, nil
	r.do(t.Context(), t)
	assert.Empty(t, r.ids(report.Fail))
	for _, id := range append([]string{report.Sleeps, report.Workspace}, edgeCriteria...) {
		assert.Contains(t, r.result(t, id).Reason, "not asked for", id)
	}
	assert.Empty(t, r.files)
	assert.Equal(t, report.ExitPass, (&report.Report{Results: r.results}).ExitCode())
}

// fault is a way to break the fake site, and what the probe has to say: these criteria fail, with these words, these
// are not measured, and everything else passes.
type fault struct {
	breaks func(*run)
	fails  []string
	says   []string
	misses []string
}

func afterWake() []string {
	return []string{
		report.WakeTime, report.StaysHealthy, report.API, report.Preview, report.Socket, report.Sessions, report.Sleeps, report.Workspace,
		report.CloudFront, report.EdgeErrors,
	}
}

func all(except ...string) []string {
	return slices.DeleteFunc(slices.Clone(served), func(id string) bool { return slices.Contains(except, id) })
}

var faults = map[string]fault{
	"no address": {
		func(r *run) { r.options.Resolver = resolver{errors.New("no such host")} },
		[]string{report.DNS},
		[]string{"no such host", "delegated"},
		all(report.DNS),
	},
	"another certificate": {
		func(r *run) { r.security = r.authority.issue(time.Now().Add(100*day), "*.elsewhere.test") },
		[]string{report.TLS},
		[]string{"not edit.example.test", "certificateArn"},
		all(report.DNS, report.TLS),
	},
	"an unknown authority": {
		func(r *run) {
			r.security = newAuthority(r.authority.t).issue(time.Now().Add(100*day), "*.example.test")
		},
		[]string{report.TLS},
		[]string{"unknown authority"},
		all(report.DNS, report.TLS),
	},
	"an expired certificate": {
		func(r *run) { r.security = r.authority.issue(time.Now().Add(-time.Minute), "*.example.test") },
		[]string{report.TLS},
		[]string{"expired"},
		all(report.DNS, report.TLS),
	},
	"a certificate that ends soon": {
		func(r *run) { r.security = r.authority.issue(time.Now().Add(5*day), "*.example.test") },
		[]string{report.TLS},
		[]string{"4 days", "ACM does not renew"},
		nil,
	},
	"an old protocol": {
		func(r *run) { r.security.MinVersion = tls.VersionTLS10 }, []string{report.TLS}, []string{"TLS 1.1", "security policy"}, nil,
	},
	"no redirect": {
		func(r *run) { r.redirectTo = "" }, []string{report.Redirect}, []string{"GET http://" + host, "200", "expected 301"}, nil,
	},
	"a redirect elsewhere": {
		func(r *run) { r.redirectTo = "https://elsewhere.test" }, []string{report.Redirect}, []string{"elsewhere.test"}, nil,
	},
	"a temporary redirect": {
		func(r *run) { r.redirectStatus = http.StatusFound }, []string{report.Redirect}, []string{"302"}, nil,
	},
	"another default answer": {
		func(r *run) { r.defaultBody = "It works!" }, []string{report.DefaultAnswer}, []string{"It works!", "nobody." + host}, nil,
	},
	"not deployed": {
		func(r *run) { r.noRule = []string{"/"} },
		[]string{report.Deployed},
		[]string{"the stack is not deployed"},
		append(afterWake(), report.Starts),
	},
	"a missing API rule": {
		func(r *run) { r.noRule = []string{"/api/"} }, []string{report.Deployed}, []string{"/api/*"}, append(afterWake(), report.Starts),
	},
	"a missing preview rule": {
		func(r *run) { r.noRule = []string{"/preview/"} },
		[]string{report.Preview},
		[]string{"the listener rule for /preview/* is missing"},
		[]string{report.Sessions},
	},
	"a missing WebSocket rule": {
		func(r *run) { r.noRule = []string{"/ws/"} },
		[]string{report.Socket},
		[]string{"the listener rule for /ws/* is missing"},
		nil,
	},
	"no image": {
		func(r *run) { r.failing = "image" },
		[]string{report.Starts},
		[]string{"class image: It is broken.", "push the image", "… image"},
		afterWake(),
	},
	"no secret": {
		func(r *run) { r.failing = "secret" }, []string{report.Starts}, []string{"class secret", "pendingSecrets"}, afterWake(),
	},
	"never healthy": {
		func(r *run) { r.boot = time.Hour }, []string{report.Starts}, []string{"nothing within 15m", "state waking"}, afterWake(),
	},
	"given up": {
		func(r *run) { r.boot, r.givesUp = 20*time.Minute, 5*time.Minute },
		[]string{report.Starts},
		[]string{"asleep again after 5m", "in the stage placing"},
		afterWake(),
	},
	"given up unhealthy": {
		func(r *run) { r.boot, r.givesUp = 6*time.Minute, 5*time.Minute },
		[]string{report.Starts},
		[]string{"in the stage checking", "/health on port 8080 has to answer 200", "… health checks"},
		afterWake(),
	},
	"a second wake that is slow": {
		func(r *run) { r.boots = []time.Duration{10 * time.Second, 48 * time.Second} },
		[]string{report.WakeTime},
		[]string{"p50 10s, p95 48s"},
		nil,
	},
	"a rule that goes": {
		func(r *run) { r.losesRule = true },
		[]string{report.Starts},
		[]string{"no listener rule serves /api/* for this host any more"},
		afterWake(),
	},
	"a waker that stays in front": {
		func(r *run) { r.staysReady = true }, []string{report.Starts}, []string{"state ready", "the listener rule for /api/*"}, afterWake(),
	},
	"API errors": {
		func(r *run) { r.apiFails = true },
		[]string{report.API},
		[]string{"500 from the container"},
		[]string{report.Sessions, report.Workspace, report.EdgeErrors},
	},
	"a slow wake": {
		func(r *run) { r.boot = 48 * time.Second },
		[]string{report.WakeTime},
		[]string{"p95 48s", "healthIntervalSeconds"},
		nil,
	},
	"out of service while used": {
		func(r *run) { r.sickAfter = 2 * time.Minute },
		[]string{report.StaysHealthy},
		[]string{"while in use", "state waking"},
		[]string{report.Socket, report.Sleeps, report.Workspace},
	},
	"a dev server's error": {
		func(r *run) {
			r.page = errorPage
		},
		[]string{report.Preview},
		[]string{"500 from the container", "look at its log"},
		[]string{report.Sessions},
	},
	"a host that Vite refuses": {
		func(r *run) {
			r.page = func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, "Blocked request. This host is not allowed.", http.StatusForbidden)
			}
		},
		[]string{report.Preview},
		[]string{"allowedHosts", "Blocked request"},
		[]string{report.Sessions},
	},
	"a dropped socket": {
		func(r *run) { r.dropAfter = 40 * time.Second }, []string{report.Socket}, []string{
			"dropped after", `a WebSocket on /ws/hmr for 3m; came closed with status 1001 "bye"`,
		}, nil,
	},
	"a socket dropped by a service that goes away later": {
		func(r *run) { r.dropAfter, r.sickAfter = 40*time.Second, 2*time.Minute },
		[]string{report.StaysHealthy},
		[]string{"while in use", "state waking"},
		[]string{report.Socket, report.Sleeps, report.Workspace},
	},
	"sessions that are mixed up": {
		func(r *run) { r.mixes = true }, []string{report.Sessions}, []string{"as one of 3 sessions at once", "expected"}, nil,
	},
	"three tasks": {
		func(r *run) { r.tasks = 3 },
		[]string{report.Sessions},
		// Which task answers whom is chance: none of them has anything of the session, or one has what it said a round before.
		[]string{"/api/check/memory/probe-1-session-", "from the container", "several tasks answer", "maxCapacity 1"},
		nil,
	},
	"three tasks that the sessions meet in step": {
		func(r *run) { r.tasks, r.inStep = 3, 3*2*5 }, // three sessions, five rounds, a write and a read
		[]string{report.Sessions},
		[]string{"/api/check/memory/probe-1-session-1", "404 from the container", "several tasks answer"},
		nil,
	},
	"no check of the memory": {func(r *run) { r.noMemory = true }, nil, nil, []string{report.Sessions}},
	"two owners": {
		func(r *run) { r.owners = []string{"A", "A", "B"} },
		[]string{report.Sessions},
		[]string{"GET /api/session by 3 people who share a session", "answers of A, B", "two tasks own it"},
		nil,
	},
	"a service that is taken for unused": {
		func(r *run) { r.drain = 20 * time.Second },
		[]string{report.StaysHealthy},
		[]string{"while in use, 25s after the last request", "state asleep", "takes the service for unused", "RequestCount"},
		[]string{report.Sleeps, report.Workspace},
	},
	"a machine that stands still": {
		func(r *run) {
			r.drain = 2 * time.Minute
			stood := false
			r.stalls = func(d time.Duration) time.Duration {
				if stood || d != 25*time.Second {
					return 0
				}
				stood = true
				return 2 * time.Minute
			}
		},
		nil, nil,
		[]string{report.StaysHealthy},
	},
	"a tab that keeps it awake": {
		func(r *run) { r.countsSockets = true },
		[]string{report.Sleeps},
		[]string{"with a silent WebSocket open", "still awake 16m"},
		[]string{report.Workspace},
	},
	"never sleeps": {
		func(r *run) { r.idle, r.drain = 100*time.Hour, 100*time.Hour },
		[]string{report.Sleeps},
		[]string{"to be left alone", "what keeps it"},
		[]string{report.Workspace},
	},
	"sleeps a little late": {
		func(r *run) { r.idle = 8*time.Minute + 20*time.Second }, []string{report.Sleeps}, []string{"asleep 8m20s"}, nil,
	},
	"sleeps late": {
		func(r *run) { r.idle = 9 * time.Minute }, []string{report.Sleeps}, []string{"asleep 9m", "after the last request"}, nil,
	},
	"wakes by itself": {
		func(r *run) { r.wakesByItself = true },
		[]string{report.Sleeps},
		[]string{"while asleep", "state waking"},
		nil,
	},
	"a lost workspace": {
		func(r *run) { r.loses = true }, []string{report.Workspace}, []string{"after a sleep", "404", "access point"}, nil,
	},
	"a workspace that changed": {
		func(r *run) { r.spoils = "!" }, []string{report.Workspace}, []string{"after a sleep", "before the sleep!"}, nil,
	},
	"a read-only workspace": {
		func(r *run) { r.readOnly = true },
		[]string{report.Workspace, report.Sessions, report.CloudFront},
		[]string{"PUT /api/check/probe-1-kept", "read-only file system"},
		[]string{report.EdgeErrors},
	},
	"no check endpoint": {
		func(r *run) { r.noEndpoint = true }, nil, nil, []string{report.Sessions, report.Workspace, report.EdgeErrors},
	},
	"no behaviour for the API": {
		func(r *run) { r.noBehaviour = []string{"/api/"} },
		[]string{report.CloudFront},
		[]string{"the behaviour for /api/*", "-plan"},
		[]string{report.EdgeErrors},
	},
	"no behaviour for the preview": {
		func(r *run) { r.noBehaviour = []string{"/preview/"} }, []string{report.CloudFront}, []string{"the behaviour for /preview/*"}, nil,
	},
	"no behaviour for the socket": {
		func(r *run) { r.noBehaviour = []string{"/ws/"} },
		[]string{report.CloudFront},
		[]string{"the behaviour for /ws/*", "does not connect"},
		nil,
	},
	"too few methods": {
		func(r *run) { r.edgeReadsOnly = true },
		[]string{report.CloudFront},
		[]string{"PUT /api/check", "403 from CloudFront"},
		[]string{report.EdgeErrors},
	},
	"too many methods": {
		func(r *run) { r.edgePosts = true }, []string{report.CloudFront}, []string{"POST /preview/"}, nil,
	},
	"a cached preview": {
		func(r *run) { r.edgeCaches = true }, []string{report.CloudFront}, []string{"Hit from cloudfront"}, nil,
	},
	"plain HTTP through CloudFront": {
		func(r *run) { r.edgePlain = true }, []string{report.CloudFront}, []string{"GET http://" + edge}, nil,
	},
	"kept errors": {
		func(r *run) { r.edgeKeeps = 5 * time.Minute }, []string{report.EdgeErrors}, []string{"after it was stored", "Age"}, nil,
	},
	"errors that are kept a little too long": {
		func(r *run) { r.edgeKeeps = 15 * time.Second }, []string{report.EdgeErrors}, []string{"16s after it was stored"}, nil,
	},
	"replaced errors": {
		func(r *run) { r.edgeReplaces = true }, []string{report.EdgeErrors}, []string{"expected the container's 404", "Warnings"}, nil,
	},
}

// errorPage is how a dev server shows an error.
func errorPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write([]byte("<h1>vite</h1>"))
}

func TestEachFaultIsReportedAlone(t *testing.T) {
	t.Parallel()
	for name, c := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(t, newFake(t))
			c.breaks(r)
			r.do(t.Context(), t)
			text := ""
			for _, result := range r.results {
				for _, fault := range result.Faults {
					assert.True(t, fault.Asked != "" && fault.Came != "" && fault.Do != "", "%+v", fault)
					text += result.Measured + "\n" + fault.String() + "\n"
				}
			}
			assert.ElementsMatch(t, c.fails, r.ids(report.Fail), text)
			for _, part := range c.says {
				assert.Contains(t, text, part)
			}
			for _, id := range served {
				result := r.result(t, id)
				missed := result.Verdict == report.NotMeasured
				assert.Equal(t, slices.Contains(c.misses, id), missed, "%s: %s %s", id, result.Measured, result.Reason)
				assert.NotEqual(t, "unknown", result.Reason, id)
			}
			assert.Empty(t, r.files, "no check file is left behind")
			wantCode := report.ExitFail
			if len(c.fails) == 0 {
				wantCode = report.ExitUnmeasured
			}
			assert.Equal(t, wantCode, (&report.Report{Results: r.results}).ExitCode())
		})
	}
}

func TestAServiceInUseIsWaitedFor(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.woken = f.Now().Add(-time.Hour)
	f.used = f.Now().Add(-time.Minute)
	r := newRun(t, f)
	r.do(t.Context(), t)
	assert.Empty(t, r.ids(report.Fail))
	assert.Equal(t, 2, r.wakes, "it slept, and was woken from zero")

	f = newFake(t)
	f.woken, f.used = f.Now().Add(-time.Hour), f.Now().Add(-5*time.Minute)
	r = newRun(t, f)
	r.do(t.Context(), t)
	assert.Empty(t, r.ids(report.Fail))
	assert.Equal(t, 2, r.wakes, "it was draining: the waker answered, but a task was there")

	f = newFake(t)
	f.woken, f.used, f.countsStatus, f.idle, f.drain = f.Now(), f.Now(), true, time.Hour*100, time.Hour*100
	f.sickAfter = 0
	f.boot = 0
	r = newRun(t, f)
	r.do(t.Context(), t)
	assert.Empty(t, r.ids(report.Fail), "somebody may be at work: no fault")
	assert.Contains(t, r.result(t, report.WakeTime).Reason, "in use")
	assert.Contains(t, r.ids(report.Pass), report.Socket, "what can be measured is")
	assert.Equal(t, report.ExitUnmeasured, (&report.Report{Results: r.results}).ExitCode())
}

// TestAnInterruptCleansUp ends the run at each request in turn: never a fault, never a file left behind.
func TestAnInterruptCleansUp(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/nothing-is-here", "/api/check/probe-1-status", "/preview/", "/api/check/probe-1-kept", "/ws/probe"} {
		f := newFake(t)
		r := newRun(t, f)
		ctx, cancel := context.WithCancel(t.Context())
		f.https.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			f.serve(w, request)
			if request.URL.Path == path && (request.Method == http.MethodPut || path != "/api/check/probe-1-kept") {
				cancel()
			}
		})
		r.do(ctx, t)
		assert.Empty(t, r.ids(report.Fail), path)
		assert.Empty(t, r.files, path)
		assert.Equal(t, "unknown", r.result(t, report.Workspace).Reason, path)
		cancel()
	}
}

func TestFilesThatCannotBeDeletedAreNamed(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	r := newRun(t, f)
	r.options.Wakes = 1
	handler := f.https.Config.Handler
	f.https.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodDelete && strings.HasSuffix(request.URL.Path, "kept") {
			http.Error(w, "no", http.StatusMethodNotAllowed)
			return
		}
		handler.ServeHTTP(w, request)
	})
	suite := check.New(r.options)
	suite.Run(t.Context())
	err := suite.Cleanup(t.Context())
	require.ErrorContains(t, err, "check file /api/check/probe-1-kept is still there: 405 from the container")
	assert.Equal(t, []string{"/api/check/probe-1-kept"}, suite.Leftover())
}
