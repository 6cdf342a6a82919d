package requests_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// BenchmarkWaitingPage reports when a real browser has painted the waiting page, and when the published site is behind it, both from the
// beginning of the navigation. The function and the site answer at once.
func BenchmarkWaitingPage(b *testing.B) {
	s := newSite(b, at(decide.StagePulling, time.Now()))
	s.publish(b, publishedPage)
	page := browse(b)
	open := func() (painted, whole float64) {
		page.do(chromedp.Navigate(s.server.URL + "/preview/"))
		page.until(`frames.length === 1 && performance.getEntriesByName("first-contentful-paint").length && performance.timing.loadEventEnd`)
		return value[float64](page, `performance.getEntriesByName("first-contentful-paint")[0].startTime`),
			value[float64](page, `performance.timing.loadEventEnd - performance.timing.navigationStart`)
	}
	open() // the browser itself has started
	var painted, whole float64
	for b.Loop() {
		p, w := open()
		painted, whole = max(painted, p), max(whole, w)
	}
	require.Positive(b, painted)
	b.ReportMetric(painted, "ms-paint")
	b.ReportMetric(whole, "ms-site")
}
