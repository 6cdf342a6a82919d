package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/process"
)

// orphans is how many processes the test leaves behind. The kernel forgot one in a hundred when another thread of the shim became the
// program.
const orphans = 300

// runParent is this binary as somebody who starts processes, tells them, and is killed.
func runParent() error {
	family := process.NewFamily(os.Environ())
	spec := process.Spec{Name: "sleep", Command: []string{"sleep", "1000"}, Directory: "/", Output: func(string) {}}
	for range orphans {
		if _, err := family.Start(spec); err != nil {
			return err
		}
	}
	fmt.Println("started")
	select {}
}

// TestNoProcessOutlivesTheSupervisor kills the parent of many processes: whoever writes in a session must not go on without a lease.
func TestNoProcessOutlivesTheSupervisor(t *testing.T) {
	t.Parallel()
	mark := "ORPHAN_OF=" + nextAddress()
	parent := exec.CommandContext(t.Context(), mustSelf(t), "as-parent")
	parent.Env = []string{"PATH=" + os.Getenv("PATH"), mark}
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, starter().Start(parent))
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "started\n", line)
	require.Eventually(t, func() bool { return len(sleepers(mark)) == orphans }, patience, 50*time.Millisecond, "all have become the program")
	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	gone := assert.Eventually(t, func() bool { return len(sleepers(mark)) == 0 }, promptly, 50*time.Millisecond)
	if !gone {
		left := sleepers(mark)
		t.Errorf("%d of %d live on", len(left), orphans)
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// sleepers are the processes of that environment that run sleep.
func sleepers(mark string) (out []int) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		command, err := os.ReadFile("/proc/" + entry.Name() + "/cmdline")
		if err != nil || !strings.HasPrefix(string(command), "sleep\x00") {
			continue
		}
		environment, err := os.ReadFile("/proc/" + entry.Name() + "/environ")
		var pid int
		if _, scan := fmt.Sscan(entry.Name(), &pid); err == nil && scan == nil && strings.Contains("\x00"+string(environment), "\x00"+mark+"\x00") {
			out = append(out, pid)
		}
	}
	return out
}
