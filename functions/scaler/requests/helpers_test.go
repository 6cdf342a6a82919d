package requests_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/act"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
	"github.com/webordinary/live-edit/functions/scaler/requests"
)

var morning = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

var errAWS = errors.New("AWS is out")

// fake is the service behind the handler: it gives one result after the other, the last one for ever, in its own time.
type fake struct {
	mu      sync.Mutex
	now     time.Time
	intents []decide.Intent
	results []reconcile.Result
	err     error
	// healthy is what glances see from which time on.
	healthy time.Time
	glances int
	// cost of a run.
	cost time.Duration
}

func (f *fake) Run(_ context.Context, in decide.Intent) (reconcile.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.intents = append(f.intents, in)
	f.now = f.now.Add(f.cost)
	if len(f.results) == 0 {
		return reconcile.Result{}, f.err
	}
	result := f.results[0]
	if len(f.results) > 1 {
		f.results = f.results[1:]
	}
	return result, f.err
}

func (f *fake) Record(string, *reconcile.Result, error) {}

func (f *fake) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fake) sleep(ctx context.Context, d time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
	return ctx.Err()
}

func (f *fake) glance(context.Context) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.glances++
	return !f.healthy.IsZero() && !f.now.Before(f.healthy), nil
}

// handler makes a handler in front of f.
func (f *fake) handler() *requests.Handler {
	if f.now.IsZero() {
		f.now = morning
	}
	return &requests.Handler{
		Runner: f, Recorder: f, Glance: f.glance,
		Log: slog.New(slog.DiscardHandler), Now: f.clock, Sleep: f.sleep,
	}
}

// state is a result with that plan and nothing done.
func state(plan decide.Plan) reconcile.Result { return reconcile.Result{Plan: plan} }

// moved is a result whose only step was done.
func moved(plan decide.Plan) reconcile.Result {
	return reconcile.Result{Plan: plan, Outcome: act.Outcome{Done: 1}}
}

func waking(since time.Time) decide.Plan {
	return decide.Plan{State: decide.StateWaking, Stage: decide.StagePulling, WokenAt: since, Reason: decide.ReasonStarting}
}

// request is a load balancer's event.
type request struct {
	method, path string
	query        string // JSON
	header       map[string]string
	lines        map[string][]string // headers of several lines
	body         string
	single       bool
}

var browser = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

func (r request) event(t *testing.T) []byte {
	t.Helper()
	header := map[string]string{"host": "edit.example.com", "user-agent": browser}
	for name, value := range r.header {
		header[name] = value
	}
	event := map[string]any{
		"requestContext": map[string]any{"elb": map[string]any{"targetGroupArn": "arn"}},
		"httpMethod":     r.method, "path": r.path, "body": r.body, "isBase64Encoded": false,
	}
	if r.single {
		event["headers"] = header
		event["queryStringParameters"] = json.RawMessage(orEmpty(r.query))
	} else {
		multi := map[string][]string{}
		for name, value := range header {
			multi[name] = []string{value}
		}
		for name, values := range r.lines {
			multi[name] = values
		}
		event["multiValueHeaders"] = multi
		event["multiValueQueryStringParameters"] = json.RawMessage(orEmpty(r.query))
	}
	payload, err := json.Marshal(event)
	require.NoError(t, err)
	return payload
}

func orEmpty(query string) string {
	if query == "" {
		return "{}"
	}
	return query
}

// serve sends one request.
func serve(t *testing.T, h *requests.Handler, r request) *requests.Response {
	t.Helper()
	response, err := h.Handle(t.Context(), r.event(t))
	require.NoError(t, err)
	require.NotNil(t, response)
	return response
}

// Header sets as browsers send them.
var (
	opening = map[string]string{
		"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document",
		"sec-fetch-site": "none", "sec-fetch-user": "?1",
	}
	reloading = map[string]string{
		"accept": "text/html,*/*;q=0.8", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "same-origin",
	}
	asking = map[string]string{"accept": requests.StatusType, "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin"}
)

func with(header map[string]string, more ...string) map[string]string {
	all := map[string]string{}
	for name, value := range header {
		all[name] = value
	}
	for i := 0; i+1 < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}
