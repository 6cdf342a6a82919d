package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tidying are what is built, tried and measured in the repository itself. A benchmark takes minutes: it is interrupted once it works.
var tidying = []typed{
	{run: `go build -o probe ./cmd/probe`, then: func(c *checkout) {
		c.types(c.t.TempDir(), typed{run: `./probe -help`, says: "go build -o probe ./cmd/probe"})
	}},
	{run: `go build ./functions/cleanup`, then: func(c *checkout) { require.FileExists(c.t, filepath.Join(c.dir, "cleanup")) }},
	{run: `go run ./functions/cleanup -root workspaces -dry-run`, says: "compressed (would be)", before: oldThread},
	{run: `gunzip x.json.gz && touch x.json`, before: compressed, then: func(c *checkout) {
		info, err := os.Stat(filepath.Join(c.dir, "x.json"))
		require.NoError(c.t, err)
		require.Less(c.t, time.Since(info.ModTime()), time.Hour)
	}},
	{run: `find workspaces/client/user -exec touch -h {} +`},
	{run: `go run ./tools/cleanupbench`, until: "Workspace cleanup: "},
	{run: `go run ./tools/cleanupbench -full`, until: "Workspace cleanup: "},
	{run: `go run ./container/supervisor/bench`, until: "Supervisor: "},
	{run: `go run ./tools/bench -part scaler`, until: " memory, "},
	{run: `go run ./cmd/calibrate -image-mb 413 scaler.json tasks.json`, says: "| pull | 1 | 12.5 | 12.5 | 12.5 |", before: wokenOnce},
	{run: `go test ./functions/scaler/requests -run Browser -screenshots "$PWD/docs/img"`, says: "ok"},
}

// wokenOnce are the records of a wake as the CLI of AWS writes them.
func wokenOnce(c *checkout) {
	for name, line := range map[string]string{
		"scaler.json": `{"msg":"woken","wake":{"task":"arn:1","created":"2026-11-29T12:00:00Z","pullStarted":"2026-11-29T12:00:14Z",` +
			`"pullStopped":"2026-11-29T12:00:26.5Z"}}`,
		"tasks.json": `{"msg":"woken","task":"arn:1","startedAt":"2026-11-29T12:00:30Z","firstByteAfter":14}`,
	} {
		document, err := json.Marshal(map[string]any{"events": []map[string]string{{"message": line}}})
		require.NoError(c.t, err)
		require.NoError(c.t, os.WriteFile(filepath.Join(c.dir, name), document, 0o600))
	}
}

// oldThread makes a workspace with a thread that nobody has used for eight days.
func oldThread(c *checkout) {
	dir := filepath.Join(c.dir, "workspaces", "client", "user", ".claude", "threads")
	require.NoError(c.t, os.MkdirAll(dir, 0o700))
	path := filepath.Join(dir, "x.json")
	require.NoError(c.t, os.WriteFile(path, []byte(`{"messages":[]}`), 0o600))
	then := time.Now().Add(-8 * 24 * time.Hour)
	require.NoError(c.t, os.Chtimes(path, then, then))
}

// compressed makes a thread as the cleanup leaves it: old and compressed.
func compressed(c *checkout) {
	c.types(c.t.TempDir(), typed{run: `echo {} > x.json && touch -d '8 days ago' x.json && gzip x.json`})
}

// TestTidyingAsDocumented types them.
func TestTidyingAsDocumented(t *testing.T) {
	t.Parallel()
	clone := newClone(t, "tidied")
	bin := t.TempDir()
	for _, command := range tidying {
		clone.types(bin, command)
	}
}
