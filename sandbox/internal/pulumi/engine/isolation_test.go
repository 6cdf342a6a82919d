package engine_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
)

// TestNothingOutsideIsAskedOrFollowed runs with an environment that is set for a
// real deployment, and with every connection to the outside led to a trap.
func TestNothingOutsideIsAskedOrFollowed(t *testing.T) {
	var asked atomic.Int32
	trap := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		t.Logf("asked for %s %s", r.Method, r.URL)
		w.WriteHeader(http.StatusBadGateway)
	}))
	trap.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			asked.Add(1)
		}
	}
	trap.Start()
	defer trap.Close()
	for name, value := range map[string]string{
		"HTTP_PROXY": trap.URL, "HTTPS_PROXY": trap.URL, "ALL_PROXY": trap.URL, "NO_PROXY": "",
		"PULUMI_BACKEND_URL": trap.URL, "PULUMI_ACCESS_TOKEN": "pul-none", "PULUMI_API": trap.URL,
		"PULUMI_STACK": "another", "PULUMI_HOME": filepath.Join(t.TempDir(), "elsewhere"),
		"PULUMI_CONFIG_PASSPHRASE": "not the sandbox's", "PULUMI_DEBUG_PROVIDERS": "aws:1",
	} {
		t.Setenv(name, value)
	}
	root := enginetest.Project(t, map[string]string{"test": small})
	_, stack := openWith(t, "", engine.StackOptions{Program: shop}, engine.Options{Root: root})

	mustPreview(t, stack)
	mustUp(t, stack)
	requireStable(t, stack)
	_, err := stack.Refresh(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	_, err = stack.Refresh(t.Context(), engine.RunOptions{PreviewOnly: true})
	require.NoError(t, err)
	_, err = stack.Destroy(t.Context(), engine.RunOptions{PreviewOnly: true})
	require.NoError(t, err)
	_, err = stack.Destroy(t.Context(), engine.RunOptions{Refresh: true})
	require.NoError(t, err)

	require.Zero(t, asked.Load(), "nothing outside was asked")
	require.NoDirExists(t, os.Getenv("PULUMI_HOME"))
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	require.Len(t, entries, 2, "nothing is written beside the project's files: %v", entries)
}

func TestTheUsersFilesAreOnlyRead(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"test": small})
	require.NoError(t, os.Chmod(filepath.Join(root, "Pulumi.test.yaml"), 0o400))
	_, stack := openWith(t, "", engine.StackOptions{
		Program: shop, Config: map[string]engine.ConfigValue{"token": {Value: token, Secret: true}},
	}, engine.Options{Root: root})
	mustUp(t, stack)
	data, err := os.ReadFile(filepath.Join(root, "Pulumi.test.yaml"))
	require.NoError(t, err)
	require.Equal(t, small, string(data))
}

func TestAStateDirectoryWithAnOddName(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "a name, with späces & 100% #odd?")
	_, stack := openWith(t, small, engine.StackOptions{Program: shop}, engine.Options{StateDir: state})
	mustUp(t, stack)
	requireStable(t, stack)
	require.FileExists(t, stack.StateFile())
}

// TestAnotherStacksOutputs refers from one stack to another in the same sandbox.
func TestAnotherStacksOutputs(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"test": small, "guest": ""})
	sandbox, stack := openWith(t, "", engine.StackOptions{Program: shop}, engine.Options{Root: root})
	guest, err := sandbox.Stack(engine.StackOptions{Name: "guest", Program: func(ctx *pulumi.Context) error {
		reference, err := pulumi.NewStackReference(ctx, "organization/small/test", nil)
		if err != nil {
			return err
		}
		ctx.Export("from", reference.GetStringOutput(pulumi.String("bucketArn")))
		return nil
	}})
	require.NoError(t, err)

	_, err = guest.Up(t.Context(), engine.RunOptions{})
	require.ErrorContains(t, err, "unknown stack")
	require.Equal(t, engine.ExitFailed, engine.ExitCode(err))
	mustUp(t, stack)
	result := mustUp(t, guest)
	require.Equal(t, "arn:aws:s3:::small-store", result.Outputs["from"].Value)
	require.Zero(t, result.Changes[apitype.OpUpdate])
}

func TestOpenRefusesWhatIsNoProject(t *testing.T) {
	t.Parallel()
	_, err := engine.Open(engine.Options{Root: t.TempDir(), StateDir: t.TempDir()})
	require.ErrorContains(t, err, "is no Pulumi project")
	require.Equal(t, engine.ExitUsage, engine.ExitCode(err))
}

func TestOpenRefusesAnUnwritableStateDirectory(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, nil)
	require.NoError(t, os.WriteFile(filepath.Join(root, ".sandbox"), nil, 0o600))
	_, err := engine.Open(engine.Options{Root: root})
	require.ErrorContains(t, err, "the sandbox keeps its state in "+filepath.Join(root, ".sandbox")+", which cannot be written")
	require.Equal(t, engine.ExitUsage, engine.ExitCode(err))
}

func TestUnknownStack(t *testing.T) {
	t.Parallel()
	sandbox, _ := open(t, small, shop)
	_, err := sandbox.Stack(engine.StackOptions{Name: "staging", Program: shop})
	require.ErrorContains(t, err, `no stack "staging"`)
	require.ErrorContains(t, err, "known stacks are test")
	require.Equal(t, engine.ExitUsage, engine.ExitCode(err))
}
