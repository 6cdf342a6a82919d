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
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
	"github.com/webordinary/live-edit/sandbox/internal/serve"
	"github.com/webordinary/live-edit/sandbox/internal/serve/astro"
)

// astroSpeed is the speed of the day with Astro: what a dev server takes a second for, takes a minute.
const astroSpeed = 60

// workday is how long somebody works with one socket: ten minutes, and half an hour when `make soak` looks for more.
func workday() time.Duration {
	if os.Getenv("RAPID_CHECKS") != "" {
		return 30 * time.Minute
	}
	return 10 * time.Minute
}

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
	requireEditsToBeSeen(s, browser)
	requireErrorsToBeSeen(s, browser)
	requireTheEdgeToShowEdits(s, browser)
	requirePeopleToBeAlone(s, browser)
	requireAnOpenSocket(s, browser)
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
	root, end := startBrowser(s, path, chromedp.Flag("host-resolver-rules", rules))
	s.t.Cleanup(end)
	require.NoError(s.t, chromedp.Do(root, chromedp.Navigate("about:blank")))
	return &browser{s, root}
}

// tab is a window of one person, whose cookies are nobody else's.
type tab struct {
	s   *served
	ctx context.Context //nolint:containedctx // chromedp keeps a tab in it
}

// open opens a page in a window of its own.
func (b *browser) open(address string) (_ *tab, closed func()) {
	b.s.t.Helper()
	ctx, cancel := chromedp.NewContext(b.root, chromedp.WithNewBrowserContext())
	b.s.t.Cleanup(cancel)
	require.NoError(b.s.t, chromedp.Do(ctx, chromedp.Navigate("about:blank"))) // the window ends with the context of its first action
	t := &tab{b.s, ctx}
	t.goTo(address)
	return t, cancel
}

func (t *tab) goTo(address string) {
	t.s.t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, soon)
	defer cancel()
	require.NoError(t.s.t, chromedp.Do(ctx, chromedp.Navigate(address)))
}

// text evaluates something to a text; a page that is being replaced has none.
func (t *tab) text(expression string) string {
	ctx, cancel := context.WithTimeout(t.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		return ""
	}
	return text
}

// send has the page itself send a request, and gives the answer.
func (t *tab) send(method, path string, body any) string {
	t.s.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(t.s.t, err)
	ctx, cancel := context.WithTimeout(t.ctx, soon)
	defer cancel()
	request := fmt.Sprintf("fetch(%q, {method: %q, body: JSON.stringify(%s)}).then((answer) => answer.text())", path, method, text)
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[string](request, chromedp.EvalAwaitPromise))
	require.NoError(t.s.t, err)
	return answer
}

const headline = `document.getElementById("headline")?.textContent ?? ""`

// shows waits for a text, and says how long it took.
func (t *tab) shows(expression, text string) time.Duration {
	t.s.t.Helper()
	began := time.Now()
	for !strings.Contains(t.text(expression), text) {
		if time.Since(began) > soon {
			require.Failf(t.s.t, "not shown", "%s has no %q: %s", expression, text, t.text("document.documentElement.outerHTML"))
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(began)
}

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
	requireConnected(s, page)
	straight := func(string, string) time.Duration { return 0 }
	if os.Getenv("BENCH_EDITS") != "" {
		defer keepAwake(s)()
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
	file := filepath.Join(directory, "site", index)
	return func(before, after string) time.Duration {
		s.t.Helper()
		content, err := os.ReadFile(file)
		require.NoError(s.t, err)
		began := time.Now()
		require.NoError(s.t, os.WriteFile(file, []byte(strings.Replace(string(content), before, after, 1)), 0o600))
		page.shows(headline, after)
		return time.Since(began)
	}
}

// requireConnected waits until the page's hot reload has its socket: an edit before that is seen by nobody. Vite's client says so in the
// console only; that a component's style changes without a reload shows it.
func requireConnected(s *served, page *tab) {
	const stamp = "src/components/Stamp.astro"
	before, after := "border: 2px dotted #963", "border: 3px solid #369"
	style := `getComputedStyle(document.querySelector(".stamp") ?? document.documentElement).borderTopWidth`
	for range 20 {
		s.edit("", stamp, before, after)
		before, after = after, before
		width := map[bool]string{true: "3px", false: "2px"}[strings.Contains(before, "3px")]
		for until := time.Now().Add(3 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
			if page.text(style) != width {
				continue
			}
			if width == "3px" {
				s.edit("", stamp, before, after)
				page.shows(style, "2px")
			}
			return
		}
	}
	require.Fail(s.t, "hot reload does not connect")
}

// requireErrorsToBeSeen breaks the page and mends it: Astro's own page tells of the error, and goes by itself.
func requireErrorsToBeSeen(s *served, b *browser) {
	page, closed := b.open("https://" + host + "/preview/")
	defer closed()
	page.shows(headline, original)
	requireConnected(s, page)
	s.edit("", index, original, "{nobody.knows}")
	page.shows(`document.querySelector("vite-error-overlay")?.shadowRoot?.textContent ?? ""`, "nobody is not defined")
	s.edit("", index, "{nobody.knows}", "Mended")
	page.shows(headline, "Mended")
	s.edit("", index, "Mended", original)
	page.shows(headline, original)
}

// requireTheEdgeToShowEdits does it through the distribution, whose pages are of another host than the editors'.
func requireTheEdgeToShowEdits(s *served, b *browser) {
	page, closed := b.open("https://" + cdnHost + "/preview/")
	defer closed()
	page.shows(headline, original)
	requireConnected(s, page)
	before := original
	for i := range 5 {
		after := fmt.Sprintf("Edit number %d through the edge", i)
		s.edit("", index, before, after)
		page.shows(headline, after)
		before = after
	}
	answer := page.send(http.MethodPost, "/api/edits", map[string]string{"file": index, "find": before, "replace": original})
	require.Contains(s.t, answer, index, "a page of the distribution may edit")
	page.shows(headline, original)
}

// requirePeopleToBeAlone has three people edit the same words of the same file at once, each a site of their own, whose dependencies are on
// their task's disk.
func requirePeopleToBeAlone(s *served, b *browser) {
	defer keepAwake(s)()
	requireAPack(s)
	people := []string{"ada", "bob", "cyd"}
	pages := map[string]*tab{}
	var closers []func()
	for _, user := range people {
		page, closed := b.open("https://" + host + "/")
		closers = append(closers, closed)
		said := page.send(http.MethodPut, "/api/session", map[string]string{"user": user})
		require.Contains(s.t, said, user)
		pages[user] = page
	}
	defer func() {
		for _, closed := range closers {
			closed()
		}
	}()
	var all sync.WaitGroup
	for _, user := range people {
		all.Go(func() {
			pages[user].goTo("https://" + host + "/preview/")
			pages[user].shows(headline, original)
		})
	}
	all.Wait()
	for round := range 3 {
		for _, user := range people {
			before := original
			if round > 0 {
				before = fmt.Sprintf("%s, round %d", user, round-1)
			}
			s.edit(user, index, before, fmt.Sprintf("%s, round %d", user, round))
		}
		if round == 0 {
			for _, user := range people { // whose socket was not open yet
				pages[user].goTo("https://" + host + "/preview/")
			}
		}
		for _, user := range people {
			pages[user].shows(headline, fmt.Sprintf("%s, round %d", user, round))
		}
	}
	for _, user := range people {
		requireUnpacked(s, user)
	}
	got := s.get("https://"+host+"/preview/", aPage)
	require.Contains(s.t, got.body, original, "who has chosen nobody sees none of it")
}

// keepAwake has somebody look at a page twice a second: the seconds that dev servers need to start are minutes of the service.
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
	return func() { cancel(); looking.Wait() }
}

// requireAnOpenSocket has somebody work for a while of the service's time: the page is loaded once, so its socket never ended.
func requireAnOpenSocket(s *served, b *browser) {
	page, _ := b.open("https://" + host + "/preview/") // it stays open, and is forgotten
	page.shows(headline, original)
	requireConnected(s, page)
	marked := page.text(`(window.since = "the beginning")`)
	require.NotEmpty(s.t, marked)
	const stamp = "src/components/Stamp.astro"
	before := "padding: 0.5rem"
	began := s.Clock().Now()
	for i := 1; s.Clock().Now().Sub(began) < workday(); i++ {
		after := fmt.Sprintf("padding: %dpx", 10+i)
		s.edit("", stamp, before, after) // a style, which needs no other page
		page.shows(`getComputedStyle(document.querySelector(".stamp")).paddingTop`, fmt.Sprintf("%dpx", 10+i))
		before = after
		time.Sleep(2 * time.Minute / astroSpeed)
	}
	require.Equal(s.t, "the beginning", page.text(`window.since ?? "loaded again"`))
	require.Equal(s.t, 1, s.desired())
}

// requireAForgottenTabToSleep leaves the tab open and does nothing any more.
func requireAForgottenTabToSleep(s *served) {
	s.eventually("desired count 0", func() bool { return s.desired() == 0 })
	took := s.Clock().Now().Sub(s.lastUse)
	assert.GreaterOrEqual(s.t, took, 5*time.Minute)
	assert.LessOrEqual(s.t, took, 8*time.Minute, "five to seven, and what this machine's delays cost at this speed")
	s.t.Logf("asleep %s after the last sign of life", took.Round(time.Second))
	s.eventually("no task", func() bool { return len(s.tasks()) == 0 })
}
