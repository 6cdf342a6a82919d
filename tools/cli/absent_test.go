package cli

import (
	"context"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhatTheBuiltCLILacksSaysSo: state in gs:// needs a part that a CLI built here was built without. The release has it.
func TestWhatTheBuiltCLILacksSaysSo(t *testing.T) {
	t.Parallel()
	binary, err := Builder{Root: filepath.Join("..", "..")}.Path(t.Context(), Pulumi)
	require.NoError(t, err)
	info, err := buildinfo.ReadFile(binary)
	require.NoError(t, err)
	replaced := func(m *debug.Module) bool { return m.Replace != nil && m.Path == "cloud.google.com/go/storage" }
	if !slices.ContainsFunc(info.Deps, replaced) {
		t.Skip(binary + " is the official release, or was built before")
	}
	out, err := login(t.Context(), binary, "gs://a-bucket", t.TempDir())
	require.Error(t, err)
	assert.Contains(t, out, "without Google Cloud Storage (gs://): install the official release")

	out, err = login(t.Context(), binary, "file://"+t.TempDir(), t.TempDir())
	require.NoError(t, err, out)
}

func login(ctx context.Context, binary, backend, home string) (string, error) {
	cmd := exec.CommandContext(ctx, binary, "login", backend)
	cmd.Env = append(os.Environ(), "PULUMI_HOME="+home, "PULUMI_SKIP_UPDATE_CHECK=true", "GOOGLE_OAUTH_ACCESS_TOKEN=none")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
