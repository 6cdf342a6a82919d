package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mostBytes is what the binary may have in an image that is loaded at each wake.
const mostBytes = 12 << 20

// TestBinary builds what the image gets, for both kinds of processor, as its Dockerfile does.
func TestBinary(t *testing.T) {
	t.Parallel()
	for architecture, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		t.Run(architecture, func(t *testing.T) {
			t.Parallel()
			path := build(t, architecture)
			info, err := os.Stat(path)
			require.NoError(t, err)
			assert.LessOrEqual(t, info.Size(), int64(mostBytes))
			t.Logf("%s: %.1f MB", architecture, float64(info.Size())/(1<<20))
			file, err := elf.Open(path)
			require.NoError(t, err)
			defer func() { assert.NoError(t, file.Close()) }()
			assert.Equal(t, machine, file.Machine)
			for _, part := range file.Progs {
				assert.NotEqual(t, elf.PT_INTERP, part.Type, "it is static: the image may have any libc or none")
			}
		})
	}
}

func build(t *testing.T, architecture string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "supervisor")
	command := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, ".")
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture, "GOFLAGS=")
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// TestCheck tells every fault of the environment and of the file at once, and starts nothing.
func TestCheck(t *testing.T) {
	t.Parallel()
	s := newService(t)
	check := func(flag string, environment ...string) (string, error) {
		command := exec.CommandContext(t.Context(), mustSelf(t), "as-supervisor", flag)
		command.Env = append([]string{"WORKSPACE_PATH=" + s.workspace, "CLIENT_ID=acme", "USER_ID=ada", "LIVE_EDIT_CONFIG=" + s.file}, environment...)
		out, err := command.CombinedOutput()
		return string(out), err
	}
	out, err := check("-check")
	require.NoError(t, err, out)
	assert.Contains(t, out, "are right")
	out, err = check("-version")
	require.NoError(t, err, out)
	assert.Contains(t, out, "version 1")

	broken := filepath.Join(t.TempDir(), "broken.json")
	require.NoError(t, os.WriteFile(broken, []byte(`{"previev": {}, "stopSeconds": 900}`), 0o600))
	out, err = check("-check", "WORKSPACE_PATH=workspace", "USER_ID=../bob", "SESSIONS_PER_TASK=0", "LIVE_EDIT_SPEED=NaN", "LIVE_EDIT_CONFIG="+broken)
	require.Error(t, err)
	for _, part := range []string{
		`WORKSPACE_PATH is "workspace"`, `USER_ID is "../bob"`, `SESSIONS_PER_TASK is "0"`, `LIVE_EDIT_SPEED is "NaN"`,
		"previev", "(preview?)", "preview.command", "stopSeconds", "900",
	} {
		assert.Contains(t, out, part)
	}
	out, err = check("", "USER_ID=")
	require.Error(t, err, "nothing starts with a wrong environment")
	assert.NotContains(t, out, "listening")
	assert.Equal(t, 1, strings.Count(out, "\n"))
}
