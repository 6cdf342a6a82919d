package container_test

import (
	"context"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

// balancer sends each path to the port that the rules send it to.
func (e *env) balancer(task func() *scheduler.Task) *httptest.Server {
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		port := 8080
		for prefix, other := range map[string]int{"/preview/": 4321, "/ws/": 4322} {
			if strings.HasPrefix(r.In.URL.Path, prefix) {
				port = other
			}
		}
		address, _ := e.processes.Address(task().ARN, port) // without one the proxy answers 502
		r.SetURL(&url.URL{Scheme: "http", Host: address})
		r.Out.Host = r.In.Host
	}}
	server := httptest.NewServer(proxy)
	e.t.Cleanup(server.Close)
	return server
}

// browser opens a page in Chromium and gives a way to wait for a condition in it.
func browser(t *testing.T, address string) (until func(condition string), click func(selector string)) {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("no chromium on the PATH")
	}
	require.NoError(t, err)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox)...)
	t.Cleanup(stop)
	root, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		_ = chromedp.Cancel(root) // waits until the browser is gone, so that its profile can be removed
		closeTab()
	})
	require.NoError(t, chromedp.Do(root, chromedp.Navigate(address)))
	until = func(condition string) {
		t.Helper()
		require.Eventually(t, func() bool {
			holds, err := chromedp.Run(root, chromedp.Evaluate[bool]("!!("+condition+")"))
			return err == nil && holds
		}, 90*time.Second, 50*time.Millisecond, condition)
	}
	return until, func(selector string) {
		t.Helper()
		require.NoError(t, chromedp.Do(root, chromedp.Click(chromedp.CSS(selector))))
	}
}

// A newcomer sees the page connect, makes an edit, sees it sleep, and finds the edit again after the next wake.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	e := newEnv(t, fast)
	first := e.wake()
	current := first
	server := e.balancer(func() *scheduler.Task { e.mu.Lock(); defer e.mu.Unlock(); return current })
	until, click := browser(t, server.URL+"/preview/")
	shows := func(id, text string) {
		t.Helper()
		until(`document.getElementById("` + id + `").textContent.includes("` + text + `")`)
	}
	until(`document.getElementById("socket").textContent === "connected"`)
	until(`document.querySelector("h1").textContent === "This is the demo"`)
	shows("edits", "0")
	shows("work", "nobody")
	click("#edit")
	shows("edits", "1")
	until(`/\d+ min \d+ s/.test(document.getElementById("uptime").textContent)`)
	awstest.SetDesired(e.store, 0)
	e.step(time.Minute)
	e.untilLog(first, "[exit status 0]")
	shows("socket", "not connected")
	second := e.wake()
	e.mu.Lock()
	current = second
	e.mu.Unlock()
	until(`document.getElementById("socket").textContent === "connected"`)
	shows("starts", "2")
	shows("edits", "1")
}
