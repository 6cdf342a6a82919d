package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/webordinary/live-edit/cmd/simulate/timing"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
	"github.com/webordinary/live-edit/functions/scaler/requests"
	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

// scanner is a kind of automatic visitor. How often each comes is an assumption: the first kind as before, twice a day,
// and every kind that a guess alone would have told from a person once in three days.
type scanner struct {
	Name string
	// Visits in a month, of twenty requests each.
	Visits       int
	Method, Path string
	Headers      map[string]string
	Body         string
	// ByGuess is whether it woke the service while guesses about robots ranked first, before D28.
	ByGuess bool
}

const someBrowser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

// scanners are the kinds. The paths are among those that public lists of scanner traffic name most.
var scanners = []scanner{
	{
		Name: "calls like a script with a browser's name", Visits: 60, Method: "GET", Path: "/api/v1/version",
		Headers: map[string]string{"user-agent": someBrowser, "accept": "*/*"}, ByGuess: true,
	},
	{
		Name: "posts JSON without a name", Visits: 10, Method: "POST", Path: "/api/jsonws/invoke",
		Headers: map[string]string{"content-type": "application/json"}, Body: "{}",
	},
	{
		Name: "posts to PHP", Visits: 10, Method: "POST", Path: "/api/upload.php",
		Headers: map[string]string{"user-agent": someBrowser, "content-type": "application/x-www-form-urlencoded"}, Body: "a=b",
	},
	{
		Name: "asks for secrets as JSON", Visits: 10, Method: "GET", Path: "/api/.env",
		Headers: map[string]string{"user-agent": someBrowser, "accept": "application/json, text/plain, */*"},
	},
	{
		Name: "opens suspect pages in a whole browser", Visits: 10, Method: "GET", Path: "/preview/.git/config",
		Headers: map[string]string{
			"user-agent": someBrowser, "accept": "text/html,*/*;q=0.8", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document",
			"sec-fetch-site": "none", "sec-fetch-user": "?1",
		},
	},
	{Name: "tries WebDAV", Visits: 10, Method: "PROPFIND", Path: "/api/", Headers: map[string]string{"user-agent": someBrowser}},
	{Name: "says that it scans", Visits: 60, Method: "GET", Path: "/api/", Headers: map[string]string{"user-agent": "Mozilla/5.0 zgrab/0.x"}},
	{Name: "says that it crawls", Visits: 60, Method: "GET", Path: "/preview/", Headers: map[string]string{
		"user-agent": "Mozilla/5.0 (compatible; SomeBot/1.0; +https://bot.example/)", "accept": "text/html",
	}},
	{Name: "says nothing", Visits: 30, Method: "GET", Path: "/api/v1/pods"},
	{Name: "looks for secrets", Visits: 120, Method: "GET", Path: "/api/.env", Headers: map[string]string{"user-agent": someBrowser}},
	{Name: "looks for WordPress", Visits: 120, Method: "GET", Path: "/preview/wp-includes/wlwmanifest.xml", Headers: map[string]string{
		"user-agent": someBrowser, "accept": "*/*",
	}},
}

// asked notes what the function would do for a request; it does nothing.
type asked struct{ woke bool }

// Run implements web.Runner.
func (a *asked) Run(_ context.Context, in decide.Intent) (reconcile.Result, error) {
	a.woke = a.woke || in == decide.Ask
	return reconcile.Result{}, nil
}

// Record implements web.Recorder.
func (a *asked) Record(string, *reconcile.Result, error) {}

// wakes asks the function's own code whether a scanner's request wakes a sleeping service.
func (s *scanner) wakes(credentials []requests.Credential) bool {
	event, err := json.Marshal(map[string]any{
		"requestContext": map[string]any{"elb": map[string]any{}}, "httpMethod": s.Method, "path": s.Path, "headers": s.Headers, "body": s.Body,
	})
	if err != nil {
		panic(fmt.Sprintf("simulate: %v", err)) // texts always marshal
	}
	a := &asked{}
	h := requests.Handler{
		Classifier: requests.Classifier{Credentials: credentials}, Runner: a, Recorder: a, Log: slog.New(slog.DiscardHandler),
		Now:   func() time.Time { return monthBegins },
		Sleep: func(context.Context, time.Duration) error { return nil },
	}
	if _, err := h.Handle(context.Background(), event); err != nil {
		panic(fmt.Sprintf("simulate: %s: %v", s.Name, err)) // the event is well-formed
	}
	return a.woke
}

// scannersMonth is a site that nobody edits and scanners visit; they do not follow redirects. What wakes says which kinds
// wake a sleeping service.
func scannersMonth(s timing.Setup, name string, wakes func(*scanner) bool) outcome {
	st := newSite(s, monthBegins, month, 5)
	for i := range scanners {
		kind := &scanners[i]
		in := decide.Query
		if wakes(kind) {
			in = decide.Ask
		}
		for range kind.Visits {
			comes := monthBegins.Add(time.Duration(st.random.Int64N(int64(month - time.Hour))))
			for range 20 {
				comes = comes.Add(time.Duration(st.random.Int64N(int64(2 * time.Second))))
				st.at(comes, func() {
					if st.account.Request(scalertest.ToAPI) != scalertest.ToWaker {
						return
					}
					if in == decide.Ask {
						st.invoke(in)
					} else {
						st.Invocations++ // answered without looking at anything
					}
				})
			}
		}
	}
	return st.finish(name, s, 0)
}

// scannerMonths are the month by today's rules, with credentials demanded, and by the guesses of before.
func scannerMonths(s timing.Setup) []outcome {
	demanded := []requests.Credential{{Cookie: "session"}}
	return []outcome{
		scannersMonth(s, "scanners, no credentials demanded", func(k *scanner) bool { return k.wakes(nil) }),
		scannersMonth(s, "scanners, credentials demanded", func(k *scanner) bool { return k.wakes(demanded) }),
		scannersMonth(s, "scanners, judged by guesses first (before D28)", func(k *scanner) bool { return k.ByGuess }),
	}
}

// scannerTable says which kinds wake the service.
func scannerTable() string {
	text := "| A scanner that | Visits a month | Wakes | Woke before D28 |\n|---|---|---|---|\n"
	yes := map[bool]string{true: "yes", false: "no"}
	for i := range scanners {
		kind := &scanners[i]
		text += fmt.Sprintf("| %s | %d | %s | %s |\n", kind.Name, kind.Visits, yes[kind.wakes(nil)], yes[kind.ByGuess])
	}
	return text
}
