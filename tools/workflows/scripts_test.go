package workflows

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shellRun is one run of a workflow's script as GitHub runs it, in a folder of its own, with stand-ins for the commands
// that reach outside.
type shellRun struct {
	dir    string
	env    map[string]string
	output string
}

// newShellRun makes the folder; commands maps the name of a stand-in to its script. Every call is noted in calls.txt.
func newShellRun(t testing.TB, env, commands map[string]string) *shellRun {
	t.Helper()
	r := &shellRun{dir: t.TempDir(), env: env}
	for name, body := range commands {
		text := "#!/bin/bash\nprintf '%s\\n' \"" + name + " $*\" >> \"$CALLS\"\n" + body + "\n"
		path := filepath.Join(r.dir, "bin", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o755))
	}
	return r
}

func (r *shellRun) write(t testing.TB, name, text string) {
	t.Helper()
	path := filepath.Join(r.dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

func (r *shellRun) read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, name))
	if os.IsNotExist(err) {
		return ""
	}
	require.NoError(t, err)
	return string(data)
}

// run runs the script with `bash -e`, as GitHub does when a step names no shell.
func (r *shellRun) run(t testing.TB, script string) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-e", "-c", script)
	cmd.Dir = r.dir
	cmd.Env = []string{
		"PATH=" + filepath.Join(r.dir, "bin") + ":" + os.Getenv("PATH"), "CALLS=" + filepath.Join(r.dir, "calls.txt"),
		"GITHUB_OUTPUT=" + filepath.Join(r.dir, "output.txt"), "GITHUB_STEP_SUMMARY=" + filepath.Join(r.dir, "summary.txt"),
	}
	for key, value := range r.env {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	output, err := cmd.CombinedOutput()
	r.output = string(output)
	return err
}

func TestForksAreSkippedClearly(t *testing.T) {
	t.Parallel()
	gate := script(t, "preview", "gate", "Decide")
	for name, c := range map[string]struct{ head, backend, output, says string }{
		"own branch":     {"webordinary/live-edit", "s3://state", "go=true\n", "Planning dev and prod"},
		"fork":           {"stranger/live-edit", "s3://state", "go=false\n", "comes from the fork stranger/live-edit"},
		"not configured": {"webordinary/live-edit", "", "go=false\n", "PULUMI_BACKEND_URL is not set"},
		"branch of code": {"a/$(touch pwned)", "s3://state", "go=false\n", "$(touch pwned)"},
	} {
		r := newShellRun(t, map[string]string{"HEAD": c.head, "REPOSITORY": "webordinary/live-edit", "BACKEND": c.backend}, nil)
		require.NoError(t, r.run(t, gate), name)
		assert.Equal(t, c.output, r.read(t, "output.txt"), name)
		assert.Contains(t, r.read(t, "summary.txt"), c.says, name)
		assert.Contains(t, r.output, "::notice", name)
		assert.NoFileExists(t, filepath.Join(r.dir, "pwned"), name)
	}
	plan := workflows(t)["preview"].Jobs["plan"]
	assert.Equal(t, "needs.gate.outputs.go == 'true'", plan.If)
}

const shortPlan = `Previewing update (prod):
 ~  aws:ecs/service:Service edit-service update [diff: ~taskDefinition]
Resources:
    + 1 to create
    ~ 2 to update
    97 unchanged
`

// commented runs the comment step over a plan, with a comment of an earlier run or without.
func commented(t testing.TB, plan, earlier string) *shellRun {
	t.Helper()
	r := newShellRun(t, map[string]string{
		"STACK": "prod", "NUMBER": "7", "REPOSITORY": "webordinary/live-edit", "COMMIT": "abc", "RUN": "https://example.com/run",
	}, map[string]string{"gh": `if [[ "$*" == *paginate* ]]; then printf '` + earlier + `'; fi`})
	if plan != "" {
		r.write(t, "plan.txt", plan)
	}
	require.NoError(t, r.run(t, script(t, "preview", "comment", "Write the plan into one comment")), r.output)
	return r
}

func TestPlanIsCommentedOnce(t *testing.T) {
	t.Parallel()
	first := commented(t, shortPlan, "")
	assert.Contains(t, first.read(t, "calls.txt"), "gh api --method POST repos/webordinary/live-edit/issues/7/comments")
	assert.NotContains(t, first.read(t, "calls.txt"), "PATCH")
	again := commented(t, shortPlan, `42\n43\n`)
	assert.Contains(t, again.read(t, "calls.txt"), "gh api --method PATCH repos/webordinary/live-edit/issues/comments/42 ")
	assert.NotContains(t, again.read(t, "calls.txt"), "POST")
	body := first.read(t, "body.md")
	assert.True(t, strings.HasPrefix(body, "<!-- pulumi preview prod -->\n"), "what a later run finds it by")
	for _, part := range []string{"- + 1 to create\n- ~ 2 to update\n- 97 unchanged\n", "edit-service update", "https://example.com/run"} {
		assert.Contains(t, body, part)
	}
}

func TestEveryPlanMakesAComment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ plan, says string }{
		"failed":         {"Previewing update (prod):\nerror: the stack is locked\n", "- error: the stack is locked"},
		"none":           {"", "- error: the job ended before it made a plan"},
		"broken UTF-8":   {shortPlan + "\xff\xfe\n", "97 unchanged"},
		"ends the block": {shortPlan + "``````````\n# Approved\n", "# Approved"},
		"no statistics":  {"Previewing update (prod):\n", "Previewing update"},
		"long":           {shortPlan + strings.Repeat("ä long line of a plan\n", 20000) + "    5 unchanged\n", "the middle is left out"},
	} {
		body := commented(t, c.plan, "").read(t, "body.md")
		assert.Contains(t, body, c.says, name)
		assert.LessOrEqual(t, utf8.RuneCountInString(body), 65536, "%s: GitHub takes no more", name)
		assert.True(t, utf8.ValidString(body), name)
		assert.Contains(t, body, "</details>", name)
		assert.Equal(t, 2, strings.Count(body, "``````````"), "%s: what the plan says stays inside the block", name)
	}
}

func TestDriftIsToldFromFailure(t *testing.T) {
	t.Parallel()
	look := script(t, "drift", "look", "Compare the stack with AWS")
	for name, c := range map[string]struct{ pulumi, state string }{
		"same":    {`echo "    97 unchanged"`, "none\n"},
		"differs": {`echo "~ 1 to update"; echo "error: no changes were expected but changes were proposed" >&2; exit 255`, "drift\n"},
		"refused": {`echo "error: previewing changes: AccessDenied" >&2; exit 255`, "failed\n"},
	} {
		r := newShellRun(t, map[string]string{"STACK": "prod"}, map[string]string{"pulumi": c.pulumi})
		require.NoError(t, r.run(t, look), name)
		assert.Equal(t, c.state, r.read(t, "report/state.txt"), name)
		assert.NotEmpty(t, r.read(t, "report/output.txt"), name)
		call := r.read(t, "calls.txt")
		for _, argument := range []string{"preview --stack prod", "--refresh", "--expect-no-changes", "secretVersion"} {
			assert.Contains(t, call, argument, name)
		}
	}
}

func TestDriftHasOneIssue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dev, prod, open string
		calls, not      []string
		body            []string
	}{
		"nothing, ever": {"none", "none", "", nil, []string{"issue create", "issue edit", "issue close"}, nil},
		"first difference": {
			"none", "drift", "",
			[]string{"issue create"},
			[]string{"issue edit", "issue close"},
			[]string{"dev: no difference", "prod: differs"},
		},
		"still there":    {"drift", "drift", "9", []string{"issue edit 9"}, []string{"issue create", "issue close"}, []string{"dev: differs"}},
		"gone":           {"none", "none", "9", []string{"issue close 9"}, []string{"issue create", "issue edit"}, nil},
		"could not look": {"failed", "none", "", []string{"issue create"}, nil, []string{"dev: could not be compared"}},
		"no report": {
			"", "none", "9",
			[]string{"issue edit 9"},
			[]string{"issue close"},
			[]string{"dev: could not be compared", "ended before"},
		},
	} {
		r := newShellRun(t, map[string]string{"RUN": "https://example.com/run", "STACKS": "dev prod"},
			map[string]string{"gh": `if [[ "$*" == "issue list"* ]]; then printf '` + c.open + `'; fi`})
		for stack, state := range map[string]string{"dev": c.dev, "prod": c.prod} {
			if state != "" {
				r.write(t, "drift-"+stack+"/state.txt", state+"\n")
				r.write(t, "drift-"+stack+"/output.txt", "~ service: desired "+strings.Repeat("x", 100000)+"\n")
			}
		}
		require.NoError(t, r.run(t, script(t, "drift", "report", "Keep one issue")), "%s: %s", name, r.output)
		calls, body := r.read(t, "calls.txt"), r.read(t, "body.md")
		for _, call := range c.calls {
			assert.Equal(t, 1, strings.Count(calls, "gh "+call), "%s: %s in %s", name, call, calls)
		}
		for _, call := range c.not {
			assert.NotContains(t, calls, call, name)
		}
		for _, part := range c.body {
			assert.Contains(t, body, part, name)
		}
		assert.LessOrEqual(t, len(body), 65536, name)
	}
}

// TestDeploymentsAreProbed runs the step after each deployment with a stand-in for the probe.
func TestDeploymentsAreProbed(t *testing.T) {
	t.Parallel()
	for _, stack := range []string{"dev", "prod"} {
		deploy := script(t, "deploy", stack, "Deploy "+stack)
		r := newShellRun(t, nil, map[string]string{"pulumi": `[ "$1" = up ] || echo https://edit.example.com`})
		require.NoError(t, r.run(t, deploy), r.output)
		assert.Equal(t, "url=https://edit.example.com\n", r.read(t, "output.txt"))

		for code, want := range map[string]struct {
			fails bool
			says  string
		}{"0": {false, "a table"}, "1": {true, "a table"}, "2": {true, "a table"}, "3": {false, "::warning::The probe could not measure everything"}} {
			r := newShellRun(t, map[string]string{"URL": "https://edit.example.com", "WAKES": "1"}, map[string]string{
				"go": `printf '#!/bin/bash\necho "probe $*" >> "$CALLS"\necho a table\nexit ` + code + `\n' > "$3" && chmod +x "$3"`,
			})
			r.env["RUNNER_TEMP"] = r.dir
			err := r.run(t, script(t, "deploy", stack, "Probe "+stack))
			assert.Equal(t, want.fails, err != nil, "%s: %s", code, r.output)
			assert.Contains(t, r.output, want.says, code)
			assert.Contains(t, r.read(t, "summary.txt"), "### Probe of "+stack)
			assert.Contains(t, r.read(t, "summary.txt"), "a table")
			assert.Contains(t, r.read(t, "calls.txt"), "probe -wakes 1 -socket 1 -accept wake-time https://edit.example.com\n")
		}
		for _, s := range workflows(t)["deploy"].Jobs[stack].Steps {
			if s.Name == "Probe "+stack {
				assert.NotContains(t, s.Env, "PULUMI_ACCESS_TOKEN", "the probe gets no secret")
			}
		}
	}
}

// TestOnlyAScannedImageIsTagged runs the step with a registry that finds something in one of the two images, or nothing, or has none.
func TestOnlyAScannedImageIsTagged(t *testing.T) {
	t.Parallel()
	const index = `{"manifests": [
		{"digest": "sha256:amd", "platform": {"os": "linux", "architecture": "amd64"}},
		{"digest": "sha256:arm", "platform": {"os": "linux", "architecture": "arm64"}},
		{"digest": "sha256:soci", "platform": {"os": "linux", "architecture": "amd64"}, "artifactType": "application/vnd.amazon.soci.index.v2+json"},
		{"digest": "sha256:att", "platform": {"os": "unknown", "architecture": "unknown"}}]}`
	for name, c := range map[string]struct {
		index, findings string
		tagged          string // empty: not at all
		configured      string
		says            string
	}{
		"clean":              {index, "echo None", "latest", "exit 1", "no critical findings"},
		"zero":               {index, "echo 0", "v2", "echo v2", "0 critical findings"},
		"one is bad":         {index, `if [[ "$*" == *sha256:arm* ]]; then echo 2; else echo None; fi`, "", "exit 1", "2 critical findings"},
		"cannot be told":     {index, "exit 254", "", "exit 1", ""},
		"nothing to scan":    {`{"manifests": []}`, "echo None", "", "exit 1", "no image to scan"},
		"no index at all":    {`{"layers": []}`, "echo None", "", "exit 1", ""},
		"not even an answer": {"", "echo None", "", "exit 1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newShellRun(t, map[string]string{"COMMIT": "abc", "RUNNER_TEMP": "/tmp/runner"}, map[string]string{
				"pulumi": `case "$*" in *repositoryUrl*) echo 1.dkr.ecr.us-west-2.amazonaws.com/web/image;; *editUrl*) echo https://edit.example.com;; *) ` +
					c.configured + `;; esac`,
				"skopeo": `if [[ "$1" == inspect ]]; then printf '%s' '` + c.index + `'; fi`,
				"aws":    `case "$*" in *findings*) ` + c.findings + `;; *password*) echo secret;; esac`,
			})
			err := r.run(t, script(t, "image", "image", "Push, scan, and tag"))
			calls := r.read(t, "calls.txt")
			const tagging = "skopeo copy --all docker://1.dkr.ecr.us-west-2.amazonaws.com/web/image:commit-abc docker://"
			assert.Contains(t, r.output+r.read(t, "summary.txt"), c.says)
			assert.Equal(t, "url=https://edit.example.com\n", r.read(t, "output.txt"))
			assert.NotContains(t, calls, "secret")
			if c.tagged == "" {
				require.Error(t, err, r.output)
				assert.NotContains(t, calls, tagging)
				return
			}
			require.NoError(t, err, r.output)
			assert.Contains(t, calls, tagging+"1.dkr.ecr.us-west-2.amazonaws.com/web/image:"+c.tagged+"\n")
			for _, digest := range []string{"sha256:amd", "sha256:arm"} {
				scanned := "aws ecr wait image-scan-complete --repository-name web/image --image-id imageDigest=" + digest
				assert.Less(t, strings.Index(calls, scanned), strings.Index(calls, tagging), digest)
				assert.Contains(t, calls, scanned)
			}
			for _, digest := range []string{"sha256:att", "sha256:soci"} {
				assert.NotContains(t, calls, digest, "neither an attestation nor an index of SOCI has anything to scan")
			}
		})
	}
}
