package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/infra/config/defaults"
	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// shell runs the command as a shell does.
func shell(t testing.TB, interrupts <-chan os.Signal, args ...string) (code int, out, notes string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, &terminal{out: &stdout, notes: &stderr, interrupts: interrupts})
	return code, stdout.String(), stderr.String()
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		says []string
	}{
		{"", []string{"where is it?", "-sandbox NAME"}},
		{"https://a.example https://b.example", []string{"one URL at a time"}},
		{"https://a.example -wakes 3", []string{"flags go before it"}},
		{"-sandbox prod https://a.example", []string{"either -sandbox prod or the URL https://a.example"}},
		{"-wakes -1 -idle 0 -socket -2 https://a.example", []string{"-wakes -1", "-idle 0", "-socket -2"}},
		{"-accept nothing https://a.example", []string{`"nothing" is no criterion`, "wake-time"}},
		{"-header nothing https://a.example", []string{"expected NAME: VALUE"}},
		{"-foundation https://a.example", []string{"pulumi stack output --json"}},
		{"-outputs x https://a.example", []string{"-outputs is for -foundation"}},
		{"-nonsense https://a.example", []string{"-nonsense", "-help"}},
	} {
		code, out, notes := shell(t, nil, strings.Fields(c.args)...)
		assert.Equal(t, report.ExitUsage, code, c.args)
		assert.Empty(t, out)
		for _, part := range c.says {
			assert.Contains(t, notes, part, c.args)
		}
	}
}

func TestHelpTellsWhatItCosts(t *testing.T) {
	t.Parallel()
	code, _, notes := shell(t, nil, "-help")
	assert.Equal(t, report.ExitPass, code)
	// A wake is six minutes and the idle time of a task with 2 vCPU, 4 GB and an address, which cost $0.10374 an hour in us-west-2.
	wake := (6 + defaults.AutoShutdownMinutes) / 60. * 0.10374
	for _, part := range []string{
		fmt.Sprintf("which is $%.3f", wake),
		fmt.Sprintf("takes about %d minutes and $%.2f", 9+defaults.AutoShutdownMinutes, 2*wake),
		"-wakes 0 costs nothing", "Exit codes: 0", "-cloudfront",
	} {
		assert.Contains(t, notes, part)
	}
	for line := range strings.SplitSeq(notes[:strings.Index(notes, "Flags:")], "\n") {
		assert.LessOrEqual(t, len(line), 84, line)
	}
}

func TestWhatCannotBeMeasured(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "serve"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "serve", "broken.json"), []byte("{"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "serve", "half.json"), []byte(`{"ca":"/nowhere/ca.pem"}`), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "outputs.json"), []byte(`[]`), 0o600))
	for _, c := range []struct{ args, says string }{
		{"-sandbox prod -state " + dir, "`go run ./sandbox serve --stack prod` serves it"},
		{"-sandbox broken -state " + dir, "broken.json"},
		{"-sandbox half -state " + dir, "the sandbox's certificate authority"},
		{"http://edit.example.com", "expected https:// and a host name"},
		{"-cloudfront www.example.com https://edit.example.com", "-cloudfront: URL"},
		{"-foundation -outputs " + dir + "/none.json https://edit.example.com", "read the stack's outputs"},
		{"-foundation -outputs " + dir + "/outputs.json https://edit.example.com", "expected the JSON object"},
	} {
		code, _, notes := shell(t, nil, strings.Fields(c.args)...)
		assert.Equal(t, report.ExitUnmeasured, code, c.args)
		assert.Contains(t, notes, c.says, c.args)
	}
}

// TestTheSandboxsFileIsRead holds the file's fields to what the sandbox writes.
func TestTheSandboxsFileIsRead(t *testing.T) {
	t.Parallel()
	written, err := json.Marshal(sandboxtest.ServeDescription{
		Host: "h", HTTPS: "s", HTTP: "p", CA: "c", Speed: 60, CDNHost: "d", Outputs: map[string]any{"a": "b"},
		AWSEnvironment: map[string]string{"AWS_ENDPOINT_URL": "e"},
	})
	require.NoError(t, err)
	var read served
	require.NoError(t, json.Unmarshal(written, &read))
	assert.Equal(t, served{
		Host: "h", HTTPS: "s", HTTP: "p", CA: "c", Speed: 60, CDNHost: "d", Outputs: map[string]any{"a": "b"},
		AWS: map[string]string{"AWS_ENDPOINT_URL": "e"},
	}, read)
}

// watcher calls something once when a text is written.
type watcher struct {
	bytes.Buffer
	mu   sync.Mutex
	text string
	call func()
}

func (w *watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.text != "" && strings.Contains(string(p), w.text) {
		w.text = ""
		w.call()
	}
	return w.Buffer.Write(p)
}

// checkFiles are those in the workspaces of a served stack.
func (s *stage) checkFiles() []string {
	s.t.Helper()
	var files []string
	require.NoError(s.t, filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Base(filepath.Dir(path)) == ".check" {
			files = append(files, path)
		}
		return err
	}))
	return files
}

// TestAnInterruptPrintsWhatWasMeasured interrupts the command while it holds the socket: it deletes its file, and says what
// it knows; interrupted once more, it leaves the file and says so.
func TestAnInterruptPrintsWhatWasMeasured(t *testing.T) {
	t.Parallel()
	for _, again := range []string{"", "deleting"} {
		s := newStage(t)
		s.serve(s.options())
		interrupts := make(chan os.Signal, 2)
		var out bytes.Buffer
		notes := &watcher{text: "stays open", call: func() {
			assert.NotEmpty(t, s.checkFiles())
			interrupts <- os.Interrupt
		}}
		if again != "" {
			first := notes.call
			notes.call = func() {
				first()
				notes.text, notes.call = again, func() { interrupts <- os.Interrupt }
			}
		}
		code := run(t.Context(), []string{"-sandbox", stackName, "-state", s.dir, "-socket", "60", "-accept", report.WakeTime, "-json"},
			&terminal{out: &out, notes: notes, interrupts: interrupts})
		assert.Equal(t, report.ExitUnmeasured, code, "%s\n%s", notes.String(), out.String())
		var document struct {
			Interrupted bool
			ExitCode    int
			Leftover    []string
			Criteria    []struct{ ID, Verdict, Reason string }
		}
		require.NoError(t, json.Unmarshal(out.Bytes(), &document), out.String())
		assert.True(t, document.Interrupted)
		verdict := map[string]string{}
		for _, c := range document.Criteria {
			verdict[c.ID] = c.Verdict + " " + c.Reason
		}
		assert.Equal(t, "pass ", verdict[report.Starts])
		assert.Equal(t, "pass ", verdict[report.Sessions])
		assert.Equal(t, "not measured interrupted", verdict[report.Socket])
		assert.Equal(t, "not measured interrupted", verdict[report.Sleeps])
		if again == "" {
			assert.Empty(t, document.Leftover)
			assert.Empty(t, s.checkFiles())
		}
	}
}
