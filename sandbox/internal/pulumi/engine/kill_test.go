package engine_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
)

// victimRoot tells a second instance of this test binary to be a sandbox that is
// killed: it deploys the project in that directory and gets stuck in the middle.
const victimRoot = "SANDBOX_TEST_VICTIM_ROOT"

// victimStuck is what the victim says when it is stuck.
const victimStuck = "stuck"

// TestKilledRun is both sides of a run that is killed.
func TestKilledRun(t *testing.T) {
	program := row("a", "b", "c")
	if root := os.Getenv(victimRoot); root != "" {
		beVictim(t, root)
		return
	}
	t.Parallel()
	for name, kill := range map[string]func(*testing.T, *exec.Cmd, string){
		"with its CLI":    killBoth,
		"without its CLI": killSandbox,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := enginetest.Project(t, map[string]string{"test": small})
			kill(t, runVictim(t, root), root)
			var log strings.Builder
			sandbox, stack := openWith(t, "", engine.StackOptions{Program: program},
				engine.Options{Root: root, StateDir: filepath.Join(root, ".sandbox"), Log: &log})
			requireRecovery(t, sandbox, stack, &log)
		})
	}
}

// beVictim deploys and gets stuck when the account has made a bucket that Pulumi
// has not recorded yet.
func beVictim(t *testing.T, root string) {
	t.Helper()
	gate := newGate("row-b")
	gate.after = true
	_, stack := openWith(t, "", engine.StackOptions{Program: row("a", "b", "c")},
		engine.Options{Root: root, StateDir: filepath.Join(root, ".sandbox"), Intercept: gate.between})
	run := start(t, gate, stack)
	fmt.Println(victimStuck)
	t.Fatalf("the update ended: %v", <-run.ended) // it never does
}

// runVictim starts the other side and waits until it is stuck.
func runVictim(t *testing.T, root string) *exec.Cmd {
	t.Helper()
	victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledRun$")
	victim.Env = append(os.Environ(), victimRoot+"="+root)
	out, err := victim.StdoutPipe()
	require.NoError(t, err)
	victim.Stderr = os.Stderr
	require.NoError(t, victim.Start())
	lines := bufio.NewScanner(out)
	var said []string
	for lines.Scan() {
		if lines.Text() == victimStuck {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return victim
		}
		said = append(said, lines.Text())
	}
	t.Fatalf("the victim ended before it was stuck:\n%s", strings.Join(said, "\n"))
	return nil
}

func killBoth(t *testing.T, victim *exec.Cmd, root string) {
	t.Helper()
	locks, err := filepath.Glob(filepath.Join(root, ".sandbox", "state", ".pulumi", "locks", "*", "*", "*", "*.json"))
	require.NoError(t, err)
	require.Len(t, locks, 1)
	data, err := os.ReadFile(locks[0])
	require.NoError(t, err)
	var lock struct {
		PID int `json:"pid"`
	}
	require.NoError(t, json.Unmarshal(data, &lock))
	require.NoError(t, syscall.Kill(lock.PID, syscall.SIGKILL))
	killSandbox(t, victim, root)
}

func killSandbox(t *testing.T, victim *exec.Cmd, _ string) {
	t.Helper()
	require.NoError(t, victim.Process.Kill())
	require.Error(t, victim.Wait())
}

// requireRecovery deploys what the killed run has left.
func requireRecovery(t *testing.T, sandbox *engine.Sandbox, stack *engine.Stack, log *strings.Builder) {
	t.Helper()
	require.Len(t, sandbox.Account().List(bucketType), 2, "a and b are there")
	result := upWhenFree(t, stack)
	require.Equal(t, map[apitype.OpType]int{apitype.OpSame: 2, apitype.OpCreate: 2}, result.Changes, result.Stdout)
	require.NotContains(t, result.Stdout, "pending operations")
	require.Contains(t, log.String(), "The last run on stack test was killed in the middle of:\n"+
		"  creating b (aws:s3/bucketV2:BucketV2): it had been created and was removed again, since nothing refers to it\n")

	state, err := stack.Export()
	require.NoError(t, err)
	require.Empty(t, state.PendingOperations)
	require.Equal(t, []string{"row-a", "row-b", "row-c"}, bucketsIn(state))
	require.Len(t, sandbox.Account().List(bucketType), 3)
	requireStable(t, stack)
}

// upWhenFree deploys once the CLI of a killed sandbox has noticed that it is
// alone.
func upWhenFree(t *testing.T, stack *engine.Stack) engine.Result {
	t.Helper()
	deadline := time.Now().Add(longEnough)
	for {
		result, err := stack.Up(t.Context(), engine.RunOptions{})
		if err == nil {
			return result
		}
		require.ErrorIs(t, err, engine.ErrBusy)
		require.True(t, time.Now().Before(deadline), "the stack was never free")
		time.Sleep(tick)
	}
}
