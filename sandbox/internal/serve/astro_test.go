package serve_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/config/defaults"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
	"github.com/webordinary/live-edit/sandbox/internal/serve"
	"github.com/webordinary/live-edit/sandbox/internal/serve/astro"
)

// astroSpeed is the speed of the day with Astro: what a dev server takes a second for, takes a minute.
const astroSpeed = 60

// workday is how long somebody works with one socket.
const workday = 30 * time.Minute

// TestADayWithAstro has people edit a real site in a real browser: through load balancer and CloudFront to the supervisor and Astro's dev
// server. The steps build on each other.
func TestADayWithAstro(t *testing.T) {
	t.Parallel()
	path := chromium(t)
	if path == "" {
		t.Skip("no Chromium on the PATH")
	}
	if _, err := astro.Install(t.Context(), enginetest.Root(t)); errors.Is(err, astro.ErrNoNPM) && os.Getenv("CI") == "" {
		t.Skip(err)
	} else {
		require.NoError(t, err)
	}
	s := deployWith(t, map[string]any{"distributionId": distribution, "dependencies": "task"}).serveWith(astroSpeed, func(o *serve.Options) {
		o.Container, o.ContainerPrepare, o.ModuleDir = serve.ContainerAstro, 8*time.Minute, enginetest.Root(t)
	})
	browser := openBrowser(s, path)
	requireAFirstBoot(s, browser)
	forgotten := keepAwake(s)
	requireEditsToBeSeen(s, browser)
	requireARestartToReloadPages(s, browser)
	day := beginAWorkday(s, browser)
	requireErrorsToBeSeen(s, browser)
	requireTheEdgeToShowEdits(s, browser)
	requirePeopleToBeAlone(s, browser)
	day.requireAnOpenSocket()
	forgotten()
	requireAForgottenTabToSleep(s)
}

// browser is a Chromium for which the stack's names lead to it.
type browser struct {
	s    *served
	root context.Context //nolint:containedctx // chromedp keeps a browser in it
}

func openBrowser(s *served, path string) *browser {
	s.t.Helper()
	_, port, err := net.SplitHostPort(s.Description().HTTPS)
	require.NoError(s.t, err)
	rules := fmt.Sprintf("MAP %s:443 127.0.0.1:%s, MAP %s:443 127.0.0.1:%s", host, port, cdnHost, port)
	root, end := startBrowser(s.t, path, chromedp.Flag("host-resolver-rules", rules))
	s.t.Cleanup(end)
	return &browser{s, root}
}

// open opens a page in a window of its own.
func (b *browser) open(address string) (_ *tab, closed func()) {
	b.s.t.Helper()
	t, closed := newTab(b.root, b.s.t)
	t.goTo(address)
	return t, closed
}

// send has the page itself send a request, and gives the answer. It is for pages that stay: a request can't be sent twice.
func (t *tab) send(method, path string, body any) string {
	t.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(t.t, err)
	t.shows(`document.readyState`, "complete")
	ctx, cancel := context.WithTimeout(t.ctx, soon)
	defer cancel()
	request := fmt.Sprintf("fetch(%q, {method: %q, body: JSON.stringify(%s)}).then((answer) => answer.text())", path, method, text)
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[string](request, chromedp.EvalAwaitPromise))
	require.NoError(t.t, err)
	return answer
}

const headline = `document.getElementById("headline")?.textContent ?? ""`

// edit changes a text of a file as Claude does, through the API.
func (s *served) edit(user, file, find, replace string) {
	s.t.Helper()
	order, err := json.Marshal(map[string]string{"file": file, "find": find, "replace": replace})
	require.NoError(s.t, err)
	header := http.Header{}
	if user != "" {
		header.Set("Cookie", "live-edit-user="+user)
	}
	got := s.send(http.MethodPost, "https://"+host+"/api/edits", header, string(order))
	require.Equal(s.t, http.StatusOK, got.status, got.body)
	s.lastUse = s.Clock().Now()
}

const (
	index    = "src/pages/index.astro"
	original = "Stamps for letters worth keeping"
)

// requireAFirstBoot opens a page while nothing is there yet: it waits, is told what is done, and becomes the site. One task does it all.
func requireAFirstBoot(s *served, b *browser) {
	began := s.Clock().Now()
	page, closed := b.open("https://" + host + "/preview/")
	defer closed()
	seen := map[string]bool{}
	s.eventually("the site's page", func() bool {
		got := s.get("https://"+host+"/preview/", http.Header{"Accept": {"application/vnd.webordinary.wake+json"}})
		var status struct{ State, Stage, Detail string }
		if json.Unmarshal([]byte(got.body), &status) == nil {
			seen[strings.TrimSpace(status.Stage+" "+status.Detail)] = true
		}
		seen[page.text("document.title")] = true
		return strings.Contains(page.text(headline), original)
	})
	assert.Contains(s.t, seen, "preparing Installing what the site needs")
	assert.Contains(s.t, seen, "Waking the editor")
	assert.GreaterOrEqual(s.t, s.Clock().Now().Sub(began), 8*time.Minute)
	tasks, err := scheduler.Tasks(s.account)
	require.NoError(s.t, err)
	assert.Len(s.t, tasks, 1, "a task that prepares is not replaced")
	s.t.Logf("the first boot has shown %v", seen)
}

// requireEditsToBeSeen changes the page that somebody looks at, thirty times. With BENCH_EDITS it takes turns with the same Astro asked
// directly, and prints the row of docs/performance.md.
func requireEditsToBeSeen(s *served, b *browser) {
	page, closed := b.open("https://" + host + "/preview/")
	defer closed()
	page.shows(headline, original)
	page.connected()
	straight := func(string, string) time.Duration { return 0 }
	if os.Getenv("BENCH_EDITS") != "" {
		straight = editsStraight(s, b)
	}
	const edits = 30
	var through, directly []time.Duration
	before := original
	for i := range edits {
		after := fmt.Sprintf("Edit number %d of the day", i)
		began := time.Now()
		s.edit("", index, before, after)
		page.shows(headline, after)
		through = append(through, time.Since(began))
		page.connected() // again: another page's text is another page
		directly = append(directly, straight(before, after))
		before = after
	}
	s.edit("", index, before, original)
	page.shows(headline, original)
	p := func(took []time.Duration, percent int) time.Duration {
		return slices.Sorted(slices.Values(took))[edits*percent/100].Round(time.Millisecond)
	}
	const middle, most = 50, 95
	s.t.Logf("%d edits: p50 %s, p95 %s", edits, p(through, middle), p(through, most))
	if direct := p(directly, middle); direct > 0 {
		slow, ours, ourSlow := p(directly, most), p(through, middle), p(through, most)
		fmt.Printf("| From an edit to the page that shows it, median and 95th percentile | %s, %s | %s, %s (%.2f, %.2f) |\n", direct, slow,
			ours, ourSlow, ours.Seconds()/direct.Seconds(), ourSlow.Seconds()/slow.Seconds())
	}
}

// editsStraight starts Astro without anything before it, opens its page, and gives what edits a file of it and waits until that is shown.
func editsStraight(s *served, b *browser) (edit func(before, after string) time.Duration) {
	installed, err := astro.Install(s.ctx, enginetest.Root(s.t))
	require.NoError(s.t, err)
	directory := s.t.TempDir()
	address, err := installed.Straight(s.ctx, directory)
	require.NoError(s.t, err)
	page, _ := b.open(address)
	page.shows(headline, original)
	page.connected()
	file := filepath.Join(directory, "site", index)
	return func(before, after string) time.Duration {
		s.t.Helper()
		content, err := os.ReadFile(file)
		require.NoError(s.t, err)
		began := time.Now()
		require.NoError(s.t, os.WriteFile(file, []byte(strings.Replace(string(content), before, after, 1)), 0o600))
		page.shows(headline, after)
		took := time.Since(began)
		page.connected()
		return took
	}
}

// requireARestartToReloadPages changes the site's own settings, for which Astro restarts its server: the page that is open comes again, and so
// does one that had loaded before the restart and asks for its socket after it.
func requireARestartToReloadPages(s *served, b *browser) {
	page, closed := b.open("https://" + host + "/preview/")
	defer closed()
	page.shows(headline, original)
	page.connected()
	page.shows(`(() => { window.before = true; return "marked"; })()`, "marked")
	before := s.viteToken()
	settings := filepath.Join(filepath.Dir(s.modules("scott")), "astro.config.mjs")
	require.NoError(s.t, os.WriteFile(settings, []byte("export default { devToolbar: { enabled: false }, compressHTML: false };\n"), 0o600))
	page.shows("String(window.before)", "undefined")
	page.connected()
	require.NotEqual(s.t, before, s.viteToken())
	ctx, cancel := context.WithTimeout(s.ctx, soon)
	defer cancel()
	late, _, err := websocket.Dial(ctx, "wss://"+host+"/ws/hmr?token="+before, &websocket.DialOptions{
		HTTPClient: s.client, Subprotocols: []string{"vite-hmr"}, HTTPHeader: http.Header{"Origin": {"https://" + host}},
	})
	require.NoError(s.t, err)
	defer func() { _ = late.CloseNow() }()
	for _, kind := range []string{"connected", "full-reload"} {
		_, message, err := late.Read(ctx)
		require.NoError(s.t, err)
		require.JSONEq(s.t, fmt.Sprintf(`{"type": %q}`, kind), string(message))
	}
}

// viteToken is what Vite's client asks for its socket with.
func (s *served) viteToken() string {
	s.t.Helper()
	client := s.get("https://"+host+"/preview/@vite/client", nil)
	token := regexp.MustCompile(`wsToken = "([^"]+)"`).FindStringSubmatch(client.body)
	require.Len(s.t, token, 2, client.body)
	return token[1]
}

// requireErrorsToBeSeen breaks the page and mends it: Astro's own page tells of the error, and goes by itself.
func requireErrorsToBeSeen(s *served, b *browser) {
	page, closed := b.open("https://" + host + "/preview/")
	defer closed()
	page.shows(headline, original)
	page.connected()
	s.edit("", index, original, "{nobody.knows}")
	page.shows(`document.querySelector("vite-error-overlay")?.shadowRoot?.textContent ?? ""`, "nobody is not defined")
	page.connected()
	s.edit("", index, "{nobody.knows}", "Mended")
	page.shows(headline, "Mended")
	page.connected()
	s.edit("", index, "Mended", original)
	page.shows(headline, original)
}

// requireTheEdgeToShowEdits does it through the distribution, whose pages are of another host than the editors'.
func requireTheEdgeToShowEdits(s *served, b *browser) {
	page, closed := b.open("https://" + cdnHost + "/preview/")
	defer closed()
	page.shows(headline, original)
	before := original
	for i := range 5 {
		page.connected()
		after := fmt.Sprintf("Edit number %d through the edge", i)
		s.edit("", index, before, after)
		page.shows(headline, after)
		before = after
	}
	page.connected()
	still, closeStill := b.open("https://" + cdnHost + "/")
	defer closeStill()
	answer := still.send(http.MethodPost, "/api/edits", map[string]string{"file": index, "find": before, "replace": original})
	require.Contains(s.t, answer, index, "a page of the distribution may edit")
	page.shows(headline, original)
}

// openAs opens the preview of somebody in a window of its own. A workspace is prepared for who is new.
func (b *browser) openAs(user string) (page *tab, closed func()) {
	b.s.t.Helper()
	page, closed = b.open("https://" + host + "/")
	said := page.send(http.MethodPut, "/api/session", map[string]string{"user": user})
	require.Contains(b.s.t, said, user)
	page.goTo("https://" + host + "/preview/")
	return page, closed
}

// requirePeopleToBeAlone has three people edit the same words of the same file at once, each a site of their own, whose dependencies are on
// their task's disk.
func requirePeopleToBeAlone(s *served, b *browser) {
	requireAPack(s)
	people := []string{"ada", "bob", "cyd"}
	pages := map[string]*tab{}
	for _, user := range people {
		page, closed := b.openAs(user)
		defer closed()
		pages[user] = page
	}
	before := map[string]string{}
	for _, user := range people {
		pages[user].shows(headline, original)
		before[user] = original
	}
	for round := range 3 {
		for _, user := range people {
			pages[user].connected()
			after := fmt.Sprintf("%s, round %d", user, round)
			s.edit(user, index, before[user], after)
			before[user] = after
		}
		for _, user := range people {
			pages[user].shows(headline, before[user])
		}
	}
	for _, user := range people {
		requireUnpacked(s, user)
	}
	got := s.get("https://"+host+"/preview/", aPage)
	require.Contains(s.t, got.body, original, "who has chosen nobody sees none of it")
}

// keepAwake has somebody ask twice a second: the seconds that dev servers need to start, and those that this machine is busy with something
// else, are minutes of the service.
func keepAwake(s *served) (stop func()) {
	ctx, cancel := context.WithCancel(s.ctx)
	var looking sync.WaitGroup
	looking.Go(func() {
		for ctx.Err() == nil {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+"/api/files/"+index, nil)
			if err != nil {
				return
			}
			if response, err := s.client.Do(request); err == nil {
				_ = response.Body.Close()
			}
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
	})
	return func() {
		cancel()
		looking.Wait()
		s.lastUse = s.Clock().Now() // or a little later, when the request arrives
		require.Equal(s.t, http.StatusOK, s.get("https://"+host+"/api/files/"+index, nil).status)
	}
}

// day is somebody who edits a site of her own in a page of hers, which works by itself.
type day struct {
	s     *served
	page  *tab
	began time.Time
}

// work is what the page does: every two minutes of the service's it changes a style, which needs no other page, and waits until it has come.
const work = `() => () => {
	const day = {seen: 0, failed: "", stop: false};
	window.day = day;
	const look = () => getComputedStyle(document.querySelector(".stamp")).paddingTop;
	const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
	(async () => {
		for (let before = "0.5rem", n = 11; !day.stop; n++) {
			const body = JSON.stringify({file: "src/components/Stamp.astro", find: "padding: " + before, replace: "padding: " + n + "px"});
			const answer = await fetch("/api/edits", {method: "POST", body});
			if (!answer.ok) throw new Error("HTTP " + answer.status);
			before = n + "px";
			while (look() !== before) await pause(20);
			day.seen++;
			await pause(2000);
		}
		day.ended = true;
	})().catch((error) => { day.failed = String(error); });
}`

// beginAWorkday opens a page that stays open to the end. Nobody else's edits are of its session, so nothing reloads it.
func beginAWorkday(s *served, b *browser) *day {
	page, _ := b.openAs("dan")
	page.shows(headline, original)
	page.connected()
	page.once(work)
	return &day{s, page, s.Clock().Now()}
}

// requireAnOpenSocket waits for the end of the day: the page is the same, so its socket never ended, and each edit came through it.
func (d *day) requireAnOpenSocket() {
	state := `window.day ? "still there, " + (day.failed || (day.ended ? "ended" : "at work")) : "loaded again"`
	for d.s.Clock().Now().Sub(d.began) < workday {
		d.page.shows(state, "still there, at work")
		time.Sleep(100 * time.Millisecond)
	}
	d.page.shows(`(() => { if (window.day) day.stop = true; return `+state+`; })()`, "ended")
	d.page.shows("String(window.connected)", "true")
	require.Equal(d.s.t, 1, d.s.desired())
	d.s.t.Logf("%s edits came through one socket", d.page.text("String(day.seen)"))
}

// requireAForgottenTabToSleep leaves the tab open and does nothing any more.
func requireAForgottenTabToSleep(s *served) {
	s.eventually("desired count 0", func() bool { return s.desired() == 0 })
	took := s.Clock().Now().Sub(s.lastUse)
	assert.GreaterOrEqual(s.t, took, defaults.AutoShutdownMinutes*time.Minute)
	assert.LessOrEqual(s.t, took, (10+defaults.AutoShutdownMinutes)*time.Minute, "two more, and what delays of a busy machine cost at this speed")
	s.t.Logf("asleep %s after the last sign of life", took.Round(time.Second))
	s.eventually("no task", func() bool { return len(s.tasks()) == 0 })
}
