package invocation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/behaviors/distribution"
	"github.com/webordinary/live-edit/functions/behaviors/invocation"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

const (
	distA = "EAAAAAAAAAAAAA"
	distB = "EBBBBBBBBBBBBB"
	owner = "webordinary-live-edit/prod"
)

var errBroken = errors.New("connection reset by peer")

// account is an account with distributions, and a function in it.
type account struct {
	xml     map[string]string
	version int
	writes  int
	// failReads and failWrites are how many of the next calls fail; lost writes are made and reported as failed.
	failReads, failWrites int
	lost                  bool
	// denials are how many of the next calls lack a permission that is still on its way.
	denials int
	waited  time.Duration

	standing    spec.Input
	standingErr error
	metrics     bytes.Buffer
	log         bytes.Buffer
}

func newAccount(ids ...string) *account {
	w := &account{xml: map[string]string{}, standing: input()}
	for _, id := range ids {
		w.xml[id] = siteXML
	}
	return w
}

var siteXML = func() string {
	text, err := os.ReadFile(filepath.Join("..", "testdata", "origins-and-groups.xml"))
	if err != nil {
		panic(err)
	}
	return string(text)
}()

func input() spec.Input {
	return spec.LiveEdit(distA, owner, spec.Origin{ID: "alb-origin", DomainName: "edit.ameliastamps.com"}).WithDefaults()
}

func (w *account) etag() string { return fmt.Sprintf("E%d", w.version) }

func (w *account) Read(_ context.Context, id string) (distribution.Snapshot, error) {
	if id == "" {
		return distribution.Snapshot{}, errors.New("input member Id must not be empty") // as the SDK says
	}
	if w.denials > 0 {
		w.denials--
		return distribution.Snapshot{}, fmt.Errorf("%w: AccessDenied", distribution.ErrDenied)
	}
	if w.failReads > 0 {
		w.failReads--
		return distribution.Snapshot{}, errBroken
	}
	text, ok := w.xml[id]
	if !ok {
		return distribution.Snapshot{}, distribution.ErrGone
	}
	return distribution.Snapshot{ETag: w.etag(), XML: []byte(text)}, nil
}

func (w *account) Write(_ context.Context, id string, s distribution.Snapshot) error {
	w.writes++
	if w.failWrites > 0 {
		w.failWrites--
		if w.lost {
			w.xml[id] = string(s.XML)
			w.version++
		}
		return errBroken
	}
	if s.ETag != w.etag() {
		return distribution.ErrConflict
	}
	w.xml[id] = string(s.XML)
	w.version++
	return nil
}

func (w *account) handler() *invocation.Handler {
	return &invocation.Handler{
		Distributions: &distribution.Applier{
			Store:  w,
			Sleep:  func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
			Jitter: func(below time.Duration) time.Duration { return below },
		},
		Standing: func() (spec.Input, error) { return w.standing, w.standingErr },
		Function: "webordinary-edit-behaviors",
		Metrics:  &w.metrics,
		Log:      slog.New(slog.NewJSONHandler(&w.log, nil)),
		Now:      func() time.Time { return time.UnixMilli(1_700_000_000_123) },
		Sleep:    func(ctx context.Context, d time.Duration) error { w.waited += d; return ctx.Err() },
	}
}

// call sends a payload to the function.
func (w *account) call(payload string) (invocation.Result, error) {
	return w.handler().Handle(context.Background(), json.RawMessage(payload))
}

func (w *account) remerge() (invocation.Result, error) { return w.call(spec.RemergeEvent) }

// resource is Pulumi's aws.lambda.Invocation: it keeps the input it was last given, and builds payloads as the provider
// does (terraform-provider-aws, internal/service/lambda/invocation.go).
type resource struct {
	w     *account
	input map[string]any // nil while the resource does not exist
}

func asMap(t require.TestingT, in spec.Input) map[string]any {
	text, err := in.JSON()
	require.NoError(t, err)
	var m map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &m))
	return m
}

func (r *resource) invoke(action string, input, previous map[string]any) (invocation.Result, error) {
	payload := map[string]any{"tf": map[string]any{"action": action, "prev_input": previous}}
	for key, value := range input {
		payload[key] = value
	}
	text, err := json.Marshal(payload)
	if err != nil {
		return invocation.Result{}, err
	}
	return r.w.call(string(text))
}

// up creates or updates, as `pulumi up` does. A create that fails leaves no resource; an update that fails leaves the
// new input in the state (terraform-provider-aws issue 43447), so that the next up with the same input does nothing.
func (r *resource) up(t require.TestingT, in spec.Input) (invocation.Result, error) {
	want := asMap(t, in)
	if r.input == nil {
		result, err := r.invoke("create", want, nil)
		if err == nil {
			r.input = want
		}
		return result, err
	}
	previous := r.input
	r.input = want
	if fmt.Sprint(previous) == fmt.Sprint(want) {
		return invocation.Result{}, nil
	}
	return r.invoke("update", want, previous)
}

// down deletes, with the input of the state as both the input and the one before.
func (r *resource) down() error {
	if r.input == nil {
		return nil
	}
	_, err := r.invoke("delete", r.input, r.input)
	if err == nil {
		r.input = nil
	}
	return err
}

// requireOurs checks that a distribution holds exactly what the input asks for, and is clean without it.
func (w *account) requireOurs(t require.TestingT, in spec.Input, clean string) {
	check := &account{xml: map[string]string{in.DistributionID: w.xml[in.DistributionID]}, standing: in}
	r, err := check.remerge()
	require.NoError(t, err)
	require.Empty(t, r.Changes, "the distribution already holds what was asked for")
	_, err = check.call(fmt.Sprintf(`{"distributionId":%q,"owner":%q,"tf":{"action":"delete","prev_input":null}}`,
		in.DistributionID, in.Owner))
	require.NoError(t, err)
	require.Equal(t, clean, check.xml[in.DistributionID])
}

func mustUp(t *testing.T, r *resource, in spec.Input) invocation.Result {
	t.Helper()
	result, err := r.up(t, in)
	require.NoError(t, err)
	return result
}
