package requests_test

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
	"github.com/webordinary/live-edit/functions/scaler/requests"
)

var screenshots = flag.String("screenshots", "", "folder to write the waiting page's screenshots to, such as docs/img")

// site is a load balancer in front of the waker and of a preview, for a real browser.
type site struct {
	mu      sync.Mutex
	plan    decide.Plan
	intents []decide.Intent
	// preview, if not empty, is what the service serves: the rule is lowered.
	preview string
	// requests are what reached the waker: method, path and Sec-Purpose.
	requests []string
	// served are the forms that reached the service, with their bodies.
	served []string
	// pauseAfter, if not empty, are the places in the waiting page where the network takes its time.
	pauseAfter string

	handler *requests.Handler
	server  *httptest.Server
}

func newSite(t testing.TB, plan decide.Plan) *site {
	t.Helper()
	s := &site{plan: plan}
	f := &fake{}
	s.handler = f.handler()
	s.handler.Runner, s.handler.Now = s, time.Now
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

// set changes what the waker sees, and what the service serves.
func (s *site) set(plan decide.Plan, preview string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan, s.preview = plan, preview
}

// seen returns the intents since the last call.
func (s *site) seen() []decide.Intent {
	s.mu.Lock()
	defer s.mu.Unlock()
	intents := s.intents
	s.intents = nil
	return intents
}

// Run is the handler's view of the service.
func (s *site) Run(_ context.Context, in decide.Intent) (reconcile.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intents = append(s.intents, in)
	if in == decide.Ask && s.plan.State == decide.StateAsleep {
		s.plan = decide.Plan{State: decide.StateWaking, Stage: decide.StageAsked, WokenAt: time.Now()}
	}
	return state(s.plan), nil
}

// ServeHTTP turns requests into events, as the load balancer does.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	preview := s.preview
	if preview == "" {
		s.requests = append(s.requests, r.Method+" "+r.URL.Path+" "+r.Header.Get("Sec-Purpose"))
	}
	s.mu.Unlock()
	if preview != "" {
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body)
			s.mu.Lock()
			s.served = append(s.served, r.Method+" "+r.URL.Path+" "+string(body))
			s.mu.Unlock()
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, preview)
		return
	}
	body, _ := io.ReadAll(r.Body)
	header := map[string][]string{"host": {r.Host}, "x-forwarded-proto": {"http"}}
	for name, values := range r.Header {
		header[strings.ToLower(name)] = values
	}
	payload, err := json.Marshal(map[string]any{
		"requestContext": map[string]any{"elb": map[string]any{}}, "httpMethod": r.Method, "path": r.URL.EscapedPath(),
		"multiValueHeaders": header, "multiValueQueryStringParameters": r.URL.Query(),
		"body": string(body),
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	response, err := s.handler.Handle(r.Context(), payload)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	for name, values := range response.MultiValueHeaders {
		w.Header()[name] = values
	}
	w.WriteHeader(response.StatusCode)
	rest := response.Body
	for part := ""; s.pauseAfter != "" && strings.Contains(rest, s.pauseAfter); {
		part, rest, _ = strings.Cut(rest, s.pauseAfter)
		_, _ = io.WriteString(w, part+s.pauseAfter)
		_ = http.NewResponseController(w).Flush()
		time.Sleep(200 * time.Millisecond)
	}
	_, _ = io.WriteString(w, rest)
}

// findChromium is the path of the browser, empty where there is none.
func findChromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome-headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// requireChromium skips the test where there is no browser, and fails it in CI, which installs one.
func requireChromium(t testing.TB) {
	t.Helper()
	const missing = "no Chromium on the PATH: install Debian's package chromium to test the waiting page in a real browser"
	switch {
	case findChromium() != "":
	case os.Getenv("CI") != "":
		t.Fatal(missing)
	default:
		t.Skip(missing)
	}
}

// tab is a browser's page.
type tab struct {
	testing.TB
	ctx      context.Context
	mu       sync.Mutex
	problems []string
}

// TestMain closes the browser that the tests have opened.
func TestMain(m *testing.M) {
	code := m.Run()
	closeBrowser()
	os.Exit(code)
}

// closeBrowser ends theBrowser, if it was started.
var closeBrowser = func() {}

// theBrowser is one Chromium for all tests, started by the first that wants it: starting costs more than most tests do in it.
var theBrowser = sync.OnceValues(func() (context.Context, error) {
	profile, err := os.MkdirTemp("", "waking-page-*")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(findChromium()), chromedp.UserDataDir(profile),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		// A browser without a window says so in its name, which is otherwise that of any other.
		chromedp.UserAgent(browser),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	root, closeTab := chromedp.NewContext(allocator)
	closeBrowser = func() {
		_ = chromedp.Cancel(root) // waits until the browser is gone, so that its profile can be removed
		closeTab()
		stop()
		_ = os.RemoveAll(profile)
	}
	return root, chromedp.Do(root, chromedp.Navigate("about:blank"))
})

// browse opens a window of its own, whose cookies and storage are nobody else's, and listens to its console.
func browse(t testing.TB) *tab {
	t.Helper()
	requireChromium(t)
	root, err := theBrowser()
	require.NoError(t, err, "start %s", findChromium())
	window, closeWindow := chromedp.NewContext(root, chromedp.WithNewBrowserContext())
	t.Cleanup(closeWindow)
	ctx, end := context.WithTimeout(window, 3*time.Minute)
	t.Cleanup(end)
	b := &tab{TB: t, ctx: ctx}
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err // other tests' windows are open at the same time
	}))
	messages := chromedp.Console(ctx)
	var listening sync.WaitGroup
	listening.Go(func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			if message.IsException() || message.Type == chromedp.ConsoleError || message.Type == chromedp.ConsoleWarning {
				b.mu.Lock()
				b.problems = append(b.problems, message.String()+" "+message.URL)
				b.mu.Unlock()
			}
		}
	})
	t.Cleanup(func() { end(); listening.Wait() })
	return b
}

// clean holds when the console has had no error.
func (b *tab) clean() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b, b.problems, "the browser's console")
}

// do runs actions.
func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	require.NoError(b, chromedp.Do(b.ctx, actions...))
}

// value evaluates an expression in the page.
func value[T any](b *tab, expression string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	require.NoError(b, err, expression)
	return v
}

// until waits for a condition in the page, across navigations. It asks without the user activation that the library's own
// polling lends to the page.
func (b *tab) until(condition string) {
	b.Helper()
	require.Eventually(b, func() bool {
		holds, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("!!("+condition+")"))
		return err == nil && holds
	}, 90*time.Second, 50*time.Millisecond, condition)
}

// shows waits for a text in an element.
func (b *tab) shows(id, text string) {
	b.Helper()
	quoted, err := json.Marshal(text)
	require.NoError(b, err)
	b.until(`document.getElementById("` + id + `")?.textContent.includes(` + string(quoted) + `)`)
}

func at(stage decide.Stage, since time.Time) decide.Plan {
	return decide.Plan{State: decide.StateWaking, Stage: stage, WokenAt: since}
}

// TestBrowserFollowsAWake opens a preview that sleeps, sees each stage, and ends up in the preview.
func TestBrowserFollowsAWake(t *testing.T) {
	t.Parallel()
	s := newSite(t, decide.Plan{State: decide.StateAsleep})
	b := browse(t)
	began := time.Now()
	b.do(chromedp.Navigate(s.server.URL + "/preview/?thread=7"))
	b.shows("title", "Waking the editor")
	require.Equal(t, decide.Ask, s.seen()[0], "an address typed by somebody wakes")
	for stage, text := range map[decide.Stage]string{
		decide.StagePlacing: "network", decide.StagePulling: "image is being loaded",
		decide.StageStarting: "is starting", decide.StageChecking: "first health check",
	} {
		s.set(at(stage, began), "")
		b.shows("lead", text)
		b.until(`document.querySelector("li[aria-current=step]").dataset.stage === "` + stage.String() + `"`)
	}
	require.Regexp(t, `^\d+ s$`, value[string](b, `document.getElementById("elapsed").textContent`))
	require.NotContains(t, s.seen(), decide.Ask, "polling does not wake")
	s.set(decide.Plan{State: decide.StateReady, Stage: decide.StageReady}, "<title>The site</title><h1>Preview of thread 7</h1>")
	b.until(`document.title === "The site"`)
	require.Equal(t, s.server.URL+"/preview/?thread=7", value[string](b, `location.href`))
	b.clean()
}

// TestBrowserShowsWhyNothingStarts turns the page into an error page, without AWS's own words.
func TestBrowserShowsWhyNothingStarts(t *testing.T) {
	t.Parallel()
	s := newSite(t, at(decide.StageAsked, time.Now()))
	b := browse(t)
	b.do(chromedp.Navigate(s.server.URL + "/preview/"))
	b.shows("title", "Waking")
	s.set(decide.Plan{State: decide.StateFailing, Class: decide.ClassImage, RetryAt: time.Now().Add(time.Minute)}, "")
	b.shows("title", "cannot start")
	b.shows("lead", "You can try again at")
	b.until(`/ at \d+:\d\d/.test(document.getElementById("lead").textContent)`)
	b.until(`!/told|attempts/.test(document.getElementById("lead").textContent)`) // nobody may be, and there may have been one
	b.shows("error", "image could not be loaded")
	require.True(t, value[bool](b, `document.getElementById("stages").hidden`))
	b.shoot("waiting-page-error")
	b.clean()
}

// TestBrowserTabsDoNotWake: a page that reloads itself gets the sleeping page; its button wakes. This is what the header
// rules rest on, so it is asked of a real browser.
func TestBrowserTabsDoNotWake(t *testing.T) {
	t.Parallel()
	s := newSite(t, decide.Plan{State: decide.StateAsleep})
	s.set(decide.Plan{State: decide.StateAsleep}, `<title>The site</title><link rel="icon" href="data:,"><script>
		addEventListener("lost", () => fetch("/preview/", {headers: {Accept: "text/x-vite-ping"}, mode: "no-cors"})
			.then(() => location.reload()));</script>`)
	b := browse(t)
	b.do(chromedp.Navigate(s.server.URL + "/preview/"))
	b.until(`document.title === "The site"`)
	s.set(decide.Plan{State: decide.StateAsleep}, "")
	value[bool](b, `dispatchEvent(new Event("lost"))`)
	b.shows("title", "asleep")
	require.NotContains(t, s.seen(), decide.Ask, "neither the ping nor the reload wakes")
	b.shoot("waiting-page-asleep")
	b.do(chromedp.Click(chromedp.CSS("#wake")))
	b.shows("title", "Waking the editor")
	require.Contains(t, s.seen(), decide.Ask)
	b.clean()
}

// came waits for a request to the waker.
func (s *site) came(b *tab, request string) {
	b.Helper()
	require.Eventually(b, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.Contains(s.requests, request)
	}, 20*time.Second, 20*time.Millisecond, "%s never came", request)
}

// TestBrowserOpensWhatItHadPrefetched: the speculation wakes nothing, and the click behind it does. With 204 for the
// speculation Chromium would serve the click from it, and do nothing at all.
func TestBrowserOpensWhatItHadPrefetched(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"prefetch", "prerender"} {
		s := newSite(t, decide.Plan{State: decide.StateAsleep})
		s.set(decide.Plan{State: decide.StateAsleep}, `<title>The site</title><link rel="icon" href="data:,"><a id="go" href="/preview/a">a</a>`)
		b := browse(t)
		b.do(chromedp.Navigate(s.server.URL + "/preview/"))
		b.until(`document.title === "The site"`)
		s.set(decide.Plan{State: decide.StateAsleep}, "")
		value[bool](b, `!!document.head.appendChild(Object.assign(document.createElement("script"), {type: "speculationrules",
			textContent: JSON.stringify({`+kind+`: [{urls: ["/preview/a"], eagerness: "immediate"}]})}))`)
		s.came(b, "GET /preview/a "+map[string]string{"prefetch": "prefetch", "prerender": "prefetch;prerender"}[kind])
		require.NotContains(t, s.seen(), decide.Ask, "a %s wakes", kind)
		b.do(chromedp.Click(chromedp.CSS("#go")))
		b.shows("title", "Waking the editor")
		require.Contains(t, s.seen(), decide.Ask, "the click after a %s", kind)
	}
}

// TestBrowserStaysQuietInTheBackground: a stream, a beacon and a worker of a forgotten tab wake nothing, and the stream
// does not come back; the same stream wakes when its address says so.
func TestBrowserStaysQuietInTheBackground(t *testing.T) {
	t.Parallel()
	s := newSite(t, decide.Plan{State: decide.StateAsleep})
	s.set(decide.Plan{State: decide.StateAsleep}, `<title>The site</title><link rel="icon" href="data:,">`)
	b := browse(t)
	b.do(chromedp.Navigate(s.server.URL + "/preview/"))
	b.until(`document.title === "The site"`)
	s.set(decide.Plan{State: decide.StateAsleep}, "")
	value[bool](b, `navigator.sendBeacon("/api/beacon", "x"),
		navigator.serviceWorker.register("/preview/sw.js").catch(() => 0), window.stream = new EventSource("/api/events"), true`)
	b.until(`stream.readyState === EventSource.CLOSED`) // and not CONNECTING, as after a lost connection
	for _, request := range []string{"POST /api/beacon ", "GET /preview/sw.js ", "GET /api/events "} {
		s.came(b, request)
	}
	require.Empty(t, s.seen(), "the background cost something")
	value[bool](b, `window.stream = new EventSource("/api/events?webordinary-wake=now"), true`)
	require.Eventually(t, func() bool { return slices.Contains(s.seen(), decide.Ask) }, 20*time.Second, 20*time.Millisecond)
}

// TestBrowserSendsAFormOnce: a form that was sent while the service slept arrives there when it is up, body and all.
func TestBrowserSendsAFormOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, decide.Plan{State: decide.StateAsleep})
	s.handler.Sleep = func(context.Context, time.Duration) error { // the wake takes as long as the hold
		s.set(decide.Plan{State: decide.StateReady}, `<title>Thank you</title><link rel="icon" href="data:,">`)
		return nil
	}
	s.set(decide.Plan{State: decide.StateAsleep}, `<title>The site</title><link rel="icon" href="data:,">
		<form method="post" action="/preview/contact"><input name="name" value="Ada"><button id="go">Send</button></form>`)
	b := browse(t)
	b.do(chromedp.Navigate(s.server.URL + "/preview/"))
	b.until(`document.title === "The site"`)
	s.set(decide.Plan{State: decide.StateAsleep}, "")
	b.do(chromedp.Click(chromedp.CSS("#go")))
	b.until(`document.title === "Thank you"`)
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Equal(t, []string{"POST /preview/contact name=Ada"}, s.served)
	b.clean()
}

// TestBrowserRepeatsALostWake: somebody opened the page and the wake got lost; the page asks again by itself, a few times.
func TestBrowserRepeatsALostWake(t *testing.T) {
	t.Parallel()
	s := newSite(t, at(decide.StageAsked, time.Now()))
	b := browse(t)
	b.do(chromedp.Navigate(s.server.URL + "/preview/"))
	b.shows("title", "Waking")
	s.seen()
	s.set(decide.Plan{State: decide.StateAsleep}, "")
	b.until(`document.getElementById("title").textContent.includes("Waking") || document.title.includes("asleep")`)
	require.Eventually(t, func() bool { return slices.Contains(s.seen(), decide.Ask) }, time.Minute, 100*time.Millisecond)
	b.clean()
}

// TestBrowserLooks checks the page in light and dark, on a desk and on a phone.
func TestBrowserLooks(t *testing.T) {
	t.Parallel()
	s := newSite(t, at(decide.StagePulling, time.Now().Add(-12*time.Second)))
	b := browse(t)
	for _, look := range []struct {
		name, scheme string
		width        int64
	}{
		{"waiting-page-light", "light", 1024},
		{"waiting-page-dark", "dark", 1024},
		{"waiting-page-phone", "light", 360},
	} {
		b.do(prefer(look.scheme), chromedp.EmulateViewport(look.width, 640), chromedp.Navigate(s.server.URL+"/preview/"))
		b.shows("lead", "image is being loaded")
		require.False(t, value[bool](b, `document.documentElement.scrollWidth > innerWidth`), "%s: something sticks out", look.name)
		require.Equal(t, "none", value[string](b, `getComputedStyle(document.querySelector("li.now"), "::before").animationName`),
			"%s: reduced motion is wanted", look.name)
		require.GreaterOrEqual(t, value[float64](b, leastContrast), 4.5, "%s: WCAG 2.2 AA, 1.4.3", look.name)
		require.Equal(t, look.scheme == "dark", value[float64](b, groundLight) < 0.2, "%s: the ground follows the scheme", look.name)
		b.shoot(look.name)
	}
	b.until(`document.querySelector("[role=status][aria-live=polite]") !== null`)
	b.clean()
}

// prefer sets what the visitor likes.
func prefer(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	})
}

// groundLight is the lightness of the page's ground, 0 to 1.
const groundLight = `(([r, g, b]) => (r + g + b) / 765)(getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number))`

// leastContrast is the smallest contrast of any visible text with its ground, by WCAG's formula.
const leastContrast = `(() => {
	const parse = (c) => c.match(/[\d.]+/g).map(Number);
	const part = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
	const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
	const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] !== 0) return c; } };
	let least = 21;
	for (const e of document.querySelectorAll("h1, p, li, span, button")) {
		if (!e.offsetParent || !e.textContent.trim()) continue;
		const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
		least = Math.min(least, (a + 0.05) / (b + 0.05));
	}
	return least;
})()`

// shoot takes a picture, if pictures are wanted.
func (b *tab) shoot(name string) {
	b.Helper()
	if *screenshots == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b, err)
	require.NoError(b, os.MkdirAll(*screenshots, 0o750))
	require.NoError(b, os.WriteFile(filepath.Join(*screenshots, name+".png"), picture, 0o600))
}
