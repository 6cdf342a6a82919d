package invocation_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/behaviors/distribution"
	"github.com/webordinary/live-edit/functions/behaviors/invocation"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

func TestCreateUpdateDelete(t *testing.T) {
	t.Parallel()
	w := newAccount(distA)
	r := &resource{w: w}
	created := mustUp(t, r, input())
	require.Equal(t, invocation.Create, created.Action)
	require.Equal(t, distA, created.DistributionID)
	require.Len(t, created.Changes, 4)
	require.NotEmpty(t, created.Warnings)
	w.requireOurs(t, input(), siteXML)

	changed := input()
	changed.Origin.DomainName = "edit-2.ameliastamps.com"
	changed.Behaviors = changed.Behaviors[:2]
	updated := mustUp(t, r, changed)
	require.ElementsMatch(t, []string{
		"change origin alb-origin: DomainName, HeaderValue", "remove behavior /ws/*",
	}, updated.Changes)
	w.requireOurs(t, changed, siteXML)

	require.NoError(t, r.down())
	require.Equal(t, siteXML, w.xml[distA])
	require.Empty(t, w.metrics.String(), "metrics are the re-merge's")
}

func TestCreateOnWhatIsAlreadyThereWritesNothing(t *testing.T) {
	t.Parallel()
	w := newAccount(distA)
	mustUp(t, &resource{w: w}, input())
	again := mustUp(t, &resource{w: w}, input())
	require.Empty(t, again.Changes)
	require.Equal(t, 1, w.writes)
}

func TestResultIsStableJSON(t *testing.T) {
	t.Parallel()
	w := newAccount(distA)
	mustUp(t, &resource{w: w}, input())
	require.NoError(t, (&resource{w: w, input: asMap(t, input())}).down())
	result, err := (&resource{w: w, input: asMap(t, input())}).invoke("delete", asMap(t, input()), nil)
	require.NoError(t, err)
	text, err := json.Marshal(result)
	require.NoError(t, err)
	require.JSONEq(t, `{"action":"delete","distributionId":"`+distA+`","changes":[],"warnings":[]}`, string(text))
}

// The provider has sent the former input in all these ways.
func TestAnyPreviousInputWillDo(t *testing.T) {
	t.Parallel()
	text, err := input().JSON()
	require.NoError(t, err)
	for _, previous := range []string{
		"", `,"prev_input":null`, `,"prev_input":{}`, `,"prev_input":""`, `,"prev_input":[1]`,
		`,"prev_input":{"distributionId":7}`, `,"prev_input":{"from":"another version","owner":"` + owner + `"}`,
		`,"prev_input":` + text,
	} {
		for _, action := range []string{"create", "update"} {
			w := newAccount(distA)
			_, err := w.call(strings.TrimSuffix(text, "}") + `,"tf":{"action":"` + action + `"` + previous + `}}`)
			require.NoError(t, err, previous)
			w.requireOurs(t, input(), siteXML)
			_, err = w.call(strings.TrimSuffix(text, "}") + `,"tf":{"action":"delete"` + previous + `}}`)
			require.NoError(t, err, previous)
			require.Equal(t, siteXML, w.xml[distA])
		}
	}
}

// A replacement deletes before it creates; the deletion must not depend on the creation's input, nor on its own being
// one that this version would accept.
func TestReplacementAndForeignVersions(t *testing.T) {
	t.Parallel()
	w := newAccount(distA)
	mustUp(t, &resource{w: w}, input())
	for _, payload := range []string{
		`{"distributionId":"` + distA + `","owner":"` + owner + `","behaviors":"of another version","more":1,"tf":{"action":"delete"}}`,
		`{"tf":{"action":"delete","prev_input":{"distributionId":"` + distA + `","owner":"` + owner + `"}}}`,
	} {
		_, err := w.call(payload)
		require.NoError(t, err)
		require.Equal(t, siteXML, w.xml[distA])
		mustUp(t, &resource{w: w}, input())
		w.requireOurs(t, input(), siteXML)
	}
}

// Should somebody shorten the mark, the input still says which paths are ours.
func TestDeleteKnowsItsPathsWithoutTheMark(t *testing.T) {
	t.Parallel()
	w := newAccount(distA)
	r := &resource{w: w}
	mustUp(t, r, input())
	w.xml[distA] = strings.Replace(w.xml[distA], owner+"; paths=/api/* /preview/* /ws/*", owner, 1)
	require.NoError(t, r.down())
	require.Equal(t, siteXML, w.xml[distA])
}

func TestDeleteSucceedsWhenNothingIsLeft(t *testing.T) {
	t.Parallel()
	w := newAccount()
	r := &resource{w: w, input: asMap(t, input())}
	require.NoError(t, r.down(), "the distribution is gone")
	w = newAccount(distA)
	r = &resource{w: w, input: asMap(t, input())}
	require.NoError(t, r.down(), "the owner wiped us")
	require.Zero(t, w.writes)
}

func TestCreateAndUpdateNeedTheDistribution(t *testing.T) {
	t.Parallel()
	w := newAccount()
	_, err := (&resource{w: w}).up(t, input())
	require.ErrorContains(t, err, "distribution "+distA+": the distribution does not exist")
	changed := input()
	changed.Behaviors = changed.Behaviors[:1]
	_, err = (&resource{w: w, input: asMap(t, input())}).up(t, changed)
	require.ErrorContains(t, err, "does not exist")
}

func TestMovingToAnotherDistribution(t *testing.T) {
	t.Parallel()
	w := newAccount(distA, distB)
	r := &resource{w: w}
	mustUp(t, r, input())
	moved := input()
	moved.DistributionID, moved.Owner = distB, "webordinary-live-edit/renamed"
	result := mustUp(t, r, moved)
	require.Equal(t, distB, result.DistributionID)
	require.Contains(t, result.Changes, distA+": remove origin alb-origin (edit.ameliastamps.com)")
	require.Equal(t, siteXML, w.xml[distA])
	w.requireOurs(t, moved, siteXML)

	delete(w.xml, distB)
	back := input()
	mustUp(t, r, back)
	w.requireOurs(t, back, siteXML)
}

func TestAFailedCleanUpOfTheFormerDistributionSaysWhatToDo(t *testing.T) {
	t.Parallel()
	w := newAccount(distA, distB)
	r := &resource{w: w}
	mustUp(t, r, input())
	w.xml[distA] = "<Broken/>"
	moved := input()
	moved.DistributionID = distB
	_, err := r.up(t, moved)
	require.ErrorContains(t, err, "on distribution "+distB+" now, but could not be removed from "+distA)
	require.ErrorContains(t, err, "-distribution "+distA+" -action delete -apply")
	w.requireOurs(t, moved, siteXML)
}

func TestBadCallsNameTheFieldAndWriteNothing(t *testing.T) {
	t.Parallel()
	good, err := input().JSON()
	require.NoError(t, err)
	with := func(old, replacement, action string) string {
		text := strings.Replace(good, old, replacement, 1)
		return strings.TrimSuffix(text, "}") + `,"tf":{"action":"` + action + `","prev_input":null}}`
	}
	for payload, want := range map[string]string{
		"":                              "not a JSON object",
		"null":                          "not a JSON object",
		"[]":                            "not a JSON object",
		"{}":                            "want an input with tf.action",
		good:                            "want an input with tf.action",
		`{"action":"remerge","x":1}`:    "want an input with tf.action",
		`{"action":"create"}`:           "want an input with tf.action",
		`{"tf":"create"}`:               "tf: ",
		`{"tf":{}}`:                     `tf.action: ""`,
		with("", "", "upsert"):          `tf.action: "upsert"`,
		with("", "", "remerge"):         `tf.action: "remerge"`,
		with(distA, "x", "create"):      `distributionId: "x"`,
		with("/api/*", "a b", "update"): `behaviors[0].pathPattern: "a b"`,
		with("owner", "oner", "create"): `unknown field "oner"`,
		`{"tf":{"action":"delete"}}`:    "distributionId: ",
		`{"distributionId":"x","owner":"a","tf":{"action":"delete"}}`: `distributionId: "x"`,
		`{"distributionId":"` + distA + `","tf":{"action":"delete"}}`: `owner: ""`,
	} {
		w := newAccount(distA)
		_, err := w.call(payload)
		require.ErrorContains(t, err, want, payload)
		require.Zero(t, w.writes)
	}
}

// A new permission takes seconds to arrive; one that never arrives is reported, and nobody else waits for one.
func TestANewPermissionIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newAccount(distA)
	w.denials = 9
	mustUp(t, &resource{w: w}, input())
	require.Equal(t, 27*time.Second, w.waited)

	w = newAccount(distA)
	w.denials = 10
	_, err := (&resource{w: w}).up(t, input())
	require.ErrorIs(t, err, distribution.ErrDenied)
	require.Zero(t, w.denials)

	for _, call := range []func() error{
		func() error { _, err := w.remerge(); return err },
		(&resource{w: w, input: asMap(t, input())}).down,
	} {
		w.denials, w.waited = 1, 0
		require.ErrorIs(t, call(), distribution.ErrDenied)
		require.Zero(t, w.waited)
	}
}

func TestRefusalIsAnErrorOfCreate(t *testing.T) {
	t.Parallel()
	w := newAccount(distA)
	in := input()
	in.Origin.ID = "S3-site"
	_, err := (&resource{w: w}).up(t, in)
	require.ErrorContains(t, err, "the distribution's owner comes first: origin S3-site already exists")
	require.Zero(t, w.writes)
	require.Contains(t, w.log.String(), "S3-site")
}

// pulse is what a re-merge reports.
type pulse struct {
	AWS struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
	FunctionName                string
	Repaired, Warnings, Refused int
}

func (w *account) pulse(t *testing.T) pulse {
	t.Helper()
	var p pulse
	require.Equal(t, 1, strings.Count(w.metrics.String(), "\n"), "one line")
	require.NoError(t, json.Unmarshal(w.metrics.Bytes(), &p))
	w.metrics.Reset()
	require.Equal(t, int64(1_700_000_000_123), p.AWS.Timestamp)
	require.Len(t, p.AWS.CloudWatchMetrics, 1)
	require.Equal(t, "Webordinary/Edge", p.AWS.CloudWatchMetrics[0].Namespace)
	require.Equal(t, [][]string{{"FunctionName"}}, p.AWS.CloudWatchMetrics[0].Dimensions)
	require.Len(t, p.AWS.CloudWatchMetrics[0].Metrics, 3)
	require.Equal(t, "webordinary-edit-behaviors", p.FunctionName)
	return p
}

func TestRemergeRestoresWhatADeploymentWiped(t *testing.T) {
	t.Parallel()
	w := newAccount(distA)
	mustUp(t, &resource{w: w}, input())
	r, err := w.remerge()
	require.NoError(t, err)
	require.Empty(t, r.Changes)
	p := w.pulse(t)
	require.Zero(t, p.Repaired)
	require.Equal(t, len(r.Warnings), p.Warnings)
	require.Positive(t, p.Warnings)

	w.xml[distA] = siteXML
	r, err = w.remerge()
	require.NoError(t, err)
	require.Len(t, r.Changes, 4)
	require.Equal(t, 1, w.pulse(t).Repaired)
	w.requireOurs(t, input(), siteXML)
}

func TestRemergeReportsRefusals(t *testing.T) {
	t.Parallel()
	w := newAccount(distA)
	w.xml[distA] = strings.Replace(siteXML, "<PathPattern>*.js<", "<PathPattern>/api/*<", 1)
	_, err := w.remerge()
	require.ErrorContains(t, err, "a behavior for /api/* already exists")
	require.Equal(t, pulseOf(0, 0, 1), shortened(w.pulse(t)))
	require.Zero(t, w.writes)

	delete(w.xml, distA)
	_, err = w.remerge()
	require.ErrorContains(t, err, "does not exist")
	require.Equal(t, pulseOf(0, 0, 1), shortened(w.pulse(t)))
}

func pulseOf(repaired, warnings, refused int) [3]int { return [3]int{repaired, warnings, refused} }

func shortened(p pulse) [3]int { return [3]int{p.Repaired, p.Warnings, p.Refused} }

func TestRemergeReportsNothingWhenItSawNothing(t *testing.T) {
	t.Parallel()
	w := newAccount(distA)
	w.failReads = 1
	_, err := w.remerge()
	require.ErrorIs(t, err, errBroken)
	require.Empty(t, w.metrics.String())
	w.standingErr = errors.New("BEHAVIORS_INPUT: is not set")
	_, err = w.remerge()
	require.ErrorContains(t, err, "BEHAVIORS_INPUT")
	require.NoError(t, (&resource{w: w, input: asMap(t, input())}).down(), "a broken environment keeps nobody from cleaning up")
}

// Whatever happens in whatever order (failed and lost writes, updates that the state believes in though they failed,
// wipes by the owner's deployments), the next re-merge restores exactly what was last asked for, and a delete leaves
// exactly the owner's configuration.
func TestAnyHistoryConverges(t *testing.T) {
	t.Parallel()
	inputs := []spec.Input{input(), input(), input()}
	inputs[1].Behaviors = inputs[1].Behaviors[1:]
	inputs[2].Origin.ID, inputs[2].Behaviors = "other-origin", inputs[2].Behaviors[:1]
	rapid.Check(t, func(t *rapid.T) {
		w := newAccount(distA)
		r := &resource{w: w}
		t.Repeat(map[string]func(*rapid.T){
			"up": func(t *rapid.T) {
				in := rapid.SampledFrom(inputs).Draw(t, "input")
				w.failWrites = rapid.IntRange(0, 1).Draw(t, "failures")
				w.lost = rapid.Bool().Draw(t, "lost")
				_, _ = r.up(t, in)
				w.failWrites = 0
				if r.input != nil {
					w.standing = in // the function's environment is updated first
				}
			},
			"wipe":      func(*rapid.T) { w.xml[distA] = siteXML; w.version++ },
			"down":      func(*rapid.T) { w.failReads = 1; _ = r.down(); w.failReads = 0 },
			"lost down": func(*rapid.T) { w.failWrites, w.lost = 1, true; _ = r.down(); w.failWrites = 0 },
			"remerge": func(t *rapid.T) {
				if r.input == nil {
					t.Skip("there is no schedule without the resource")
				}
				_, err := w.remerge()
				require.NoError(t, err)
				w.requireOurs(t, w.standing, siteXML)
			},
			"replace": func(t *rapid.T) {
				if r.input == nil {
					t.Skip("nothing to replace")
				}
				require.NoError(t, r.down())
				require.Equal(t, siteXML, w.xml[distA])
				_, err := r.up(t, w.standing)
				require.NoError(t, err)
				w.requireOurs(t, w.standing, siteXML)
			},
		})
		require.NoError(t, r.down())
		if r.input == nil && strings.Contains(w.xml[distA], owner) {
			// A create that failed after its write left no resource behind; the next up heals that too.
			_, err := r.up(t, input())
			require.NoError(t, err)
			require.NoError(t, r.down())
		}
		require.Equal(t, siteXML, w.xml[distA])
	})
}

func FuzzHandle(f *testing.F) {
	text, err := input().JSON()
	require.NoError(f, err)
	for _, action := range []string{"create", "update", "delete"} {
		f.Add([]byte(strings.TrimSuffix(text, "}") + `,"tf":{"action":"` + action + `","prev_input":` + text + `}}`))
	}
	f.Add([]byte(spec.RemergeEvent))
	f.Add([]byte(`{"tf":{"action":"delete","prev_input":{"distributionId":"` + distA + `","owner":"x"}}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		w := newAccount(distA)
		if _, err := w.call(string(payload)); err != nil {
			require.Zero(t, w.writes, "a call that fails has written nothing")
		}
	})
}
