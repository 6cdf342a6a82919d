package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// export is a deployed stack with a load balancer and a secret.
const export = `{"version":3,"deployment":{"manifest":{},"resources":[
 {"urn":"urn:pulumi:prod::p::pulumi:pulumi:Stack::p-prod","type":"pulumi:pulumi:Stack"},
 {"urn":"urn:pulumi:prod::p::webordinary:infra:Secrets$aws:secretsmanager/secret:Secret::secrets-github-token",
  "type":"aws:secretsmanager/secret:Secret","id":"a","parent":"urn:pulumi:prod::p::pulumi:pulumi:Stack::p-prod"}]}}`

func TestAPersonReadsATableAndAPipeMarkdown(t *testing.T) {
	t.Parallel()
	master, terminal, err := pty.Open()
	require.NoError(t, err)
	require.NoError(t, pty.Setsize(terminal, &pty.Winsize{Rows: 40, Cols: 200}))
	read := make(chan string, 1)
	go func() {
		data, _ := io.ReadAll(master) // ends with an error on Linux, once nobody has the terminal open
		read <- string(data)
	}()
	require.NoError(t, run(nil, strings.NewReader(export), terminal))
	require.NoError(t, terminal.Close())
	shown := <-read
	require.NoError(t, master.Close())
	require.Contains(t, shown, "TOTAL")
	require.Contains(t, shown, "What the live editor adds (service)")
	require.NotContains(t, shown, "|")
	require.NotContains(t, shown, "**")

	var piped bytes.Buffer
	require.NoError(t, run(nil, strings.NewReader(export), &piped))
	require.Contains(t, piped.String(), "| Total | USD a month |")
	file, err := os.Create(t.TempDir() + "/cost.md")
	require.NoError(t, err)
	require.NoError(t, run(nil, strings.NewReader(export), file))
	require.NoError(t, file.Close())
	written, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	require.Equal(t, piped.String(), string(written))
}
