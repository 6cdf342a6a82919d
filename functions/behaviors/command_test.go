package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/behaviors/distribution"
)

const id = "E2QWRUHAPOMQZL"

// store is one live distribution.
type store struct {
	xml    string
	gone   bool
	writes int
}

func (s *store) Read(context.Context, string) (distribution.Snapshot, error) {
	if s.gone {
		return distribution.Snapshot{}, distribution.ErrGone
	}
	return distribution.Snapshot{ETag: "E1", XML: []byte(s.xml)}, nil
}

func (s *store) Write(_ context.Context, _ string, snapshot distribution.Snapshot) error {
	s.xml = string(snapshot.XML)
	s.writes++
	return nil
}

// result is what a run of the command left.
type result struct {
	code           int
	stdout, stderr string
}

// run runs the command; live may be nil where CloudFront must not be asked for.
func run(t *testing.T, live *store, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := command{
		Stdin: strings.NewReader(stdin), Stdout: &stdout, Stderr: &stderr,
		Distributions: func(context.Context) (*distribution.Applier, error) {
			if live == nil {
				return nil, errors.New("no credentials")
			}
			return &distribution.Applier{
				Store:  live,
				Sleep:  func(context.Context, time.Duration) error { return nil },
				Jitter: func(below time.Duration) time.Duration { return below },
			}, nil
		},
	}
	code := c.Run(t.Context(), args)
	return result{code, stdout.String(), stderr.String()}
}

func path(name string) string { return filepath.Join("testdata", name) }

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(path(name))
	require.NoError(t, err)
	return string(text)
}

func TestConfigIsPrintedInTheShapeItCameIn(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"s3-spa.json", "origins-and-groups.json", "functions.json", "legacy-forwarded-values.json", "empty-items.json",
		"compact.json", "absent-lists.json", "null-and-unknown.json",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := read(t, name)
			created := run(t, nil, "", "-config", path(name), "-action", "create", "-origin-domain", "edit.example.com")
			require.Zero(t, created.code, created.stderr)
			require.Contains(t, created.stdout, "edit.example.com")
			require.Contains(t, created.stderr, "add behavior /ws/*")
			require.True(t, json.Valid([]byte(created.stdout)))
			require.Equal(t, strings.Contains(before, `"ETag"`), strings.Contains(created.stdout, `"ETag"`))

			again := run(t, nil, created.stdout, "-config", "-", "-action", "update", "-origin-domain", "edit.example.com")
			require.Equal(t, created.stdout, again.stdout)
			require.Contains(t, again.stderr, "nothing to change")

			deleted := run(t, nil, created.stdout, "-config", "-", "-action", "delete")
			require.Zero(t, deleted.code)
			require.Equal(t, before, deleted.stdout)
		})
	}
}

func TestConfigPlan(t *testing.T) {
	t.Parallel()
	r := run(t, nil, "", "-config", path("s3-spa.json"), "-plan")
	require.Zero(t, r.code)
	require.Empty(t, r.stderr)
	for _, want := range []string{
		"4 to change\n", "  add behavior /api/* at the end\n", "warning: custom error responses",
		"@@ Origins @@", "+    - Id: alb-origin\n+      DomainName: edit.ameliastamps.com\n",
		"@@ CacheBehaviors @@", "-  Quantity: 0\n+  Quantity: 3\n",
	} {
		require.Contains(t, r.stdout, want)
	}
	require.NotContains(t, r.stdout, "\n- Comment", "what stays is no difference")
}

// An account may have more than what every account has.
func TestConfigWithRaisedQuotas(t *testing.T) {
	t.Parallel()
	r := run(t, nil, "", "-config", path("24-behaviors.json"), "-plan", "-behavior-quota", "27")
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "+  Quantity: 27")
	r = run(t, nil, "", "-config", path("24-behaviors.json"), "-plan", "-behavior-quota", "27", "-origin-quota", "1")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "quota of 1;")
}

func TestLivePlanAndApply(t *testing.T) {
	t.Parallel()
	live := &store{xml: read(t, "s3-spa.xml")}
	r := run(t, live, "", "-distribution", id, "-plan")
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "distribution "+id+": 4 to change")
	require.Contains(t, r.stdout, "+    - Id: alb-origin")
	require.Zero(t, live.writes)

	r = run(t, live, "", "-distribution", id, "-apply")
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stderr, "4 to change")
	require.Equal(t, 1, live.writes)
	r = run(t, live, "", "-distribution", id, "-plan")
	require.Contains(t, r.stdout, "nothing to change")
	require.NotContains(t, r.stdout, "@@")

	r = run(t, live, "", "-distribution", id, "-action", "delete", "-apply")
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, read(t, "s3-spa.xml"), live.xml)
	r = run(t, &store{gone: true}, "", "-distribution", id, "-action", "delete", "-apply")
	require.Zero(t, r.code)
	require.Contains(t, r.stderr, "does not exist")
}

func TestFailuresAreOneMessage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"refusal":        {[]string{"-config", path("24-behaviors.json")}, "quota of 25"},
		"no such file":   {[]string{"-config", "nowhere.json"}, "-config: open nowhere.json"},
		"not JSON":       {[]string{"-config", path("s3-spa.xml")}, "not JSON"},
		"no credentials": {[]string{"-distribution", id, "-plan"}, "no credentials"},
	} {
		r := run(t, nil, "", tt.args...)
		require.Equal(t, 1, r.code, name)
		require.Contains(t, r.stderr, tt.want, name)
		require.Empty(t, r.stdout, name)
	}
	for _, args := range [][]string{{"-plan"}, {"-apply"}} {
		r := run(t, &store{gone: true}, "", "-distribution", id, args[0])
		require.Equal(t, 1, r.code)
		require.Contains(t, r.stderr, "distribution "+id+": the distribution does not exist")
	}
}

func TestMisuseNamesTheFlag(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "-distribution, -config: want exactly one"},
		{[]string{"-distribution", id, "-config", "x", "-plan"}, "-distribution, -config: want exactly one"},
		{[]string{"-distribution", id}, "-distribution: want -plan"},
		{[]string{"-distribution", id, "-plan", "-apply"}, "-plan, -apply: want one"},
		{[]string{"-config", "x", "-apply"}, "-apply: changes a live distribution"},
		{[]string{"-config", "x", "-action", "merge"}, `-action: "merge"`},
		{[]string{"-distribution", "arn", "-plan"}, `distributionId: "arn"`},
		{[]string{"-distribution", "arn", "-action", "delete", "-plan"}, `distributionId: "arn"`},
		{[]string{"-config", "x", "-origin-domain", "https://x"}, `origin.domainName: "https://x"`},
		{[]string{"-config", "x", "-owner", "a b"}, `owner: "a b"`},
		{[]string{"-config", "x", "-behavior-quota", "0"}, "quotas.behaviors: 0"},
		{[]string{"-config", "x", "-origin-quota", "0"}, "quotas.origins: 0"},
		{[]string{"-config", "x", "more"}, `["more"]: unexpected`},
		{[]string{"-nonsense"}, "-nonsense"},
	} {
		live := &store{xml: read(t, "s3-spa.xml")}
		r := run(t, live, "", tt.args...)
		require.Equal(t, 2, r.code, tt.args)
		require.Contains(t, r.stderr, tt.want, tt.args)
		require.Empty(t, r.stdout)
		require.Zero(t, live.writes)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	r := run(t, nil, "", "-help")
	require.Zero(t, r.code)
	for _, want := range []string{"-config FILE", "-origin-domain HOST", "create, update or delete"} {
		require.Contains(t, r.stderr, want)
	}
}

// The plan names what the owner's settings ask for, as it goes into the configuration, and nothing that is there already.
func TestPlanNamesMissingRights(t *testing.T) {
	got := run(t, nil, "", "-config", path("owner-settings.json"), "-plan")
	require.Equal(t, 0, got.code, got.stderr)
	const bucket = "arn:aws:s3:::ameliastamps.s3.logs"
	require.Contains(t, got.stdout, "distributionRights:\n    - "+bucket+" # Logging: s3:GetBucketAcl, s3:PutBucketAcl\n    - arn:aws:wafv2:")
	require.Contains(t, got.stdout, "function:members:12 # Lambda@Edge of /members/*: lambda:GetFunction, lambda:EnableReplication*\n")

	got = run(t, nil, "", "-config", path("owner-settings.json"), "-plan", "-rights", bucket)
	require.Equal(t, 0, got.code, got.stderr)
	require.NotContains(t, got.stdout, bucket+" #")
	require.Contains(t, got.stdout, "distributionRights:\n    - arn:aws:wafv2:")

	got = run(t, nil, "", "-config", path("owner-settings.json"), "-plan", "-rights", "site-logs")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, `rights[0]: "site-logs", want the ARN of a log bucket`)

	got = run(t, nil, "", "-config", path("s3-spa.json"), "-plan")
	require.NotContains(t, got.stdout, "distributionRights")
}
