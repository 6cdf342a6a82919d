package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

// types runs commands in a shell, as at a terminal where every question is answered with yes.
func (c *checkout) types(bin string, command typed) {
	c.t.Helper()
	if command.before != nil {
		command.before(c)
	}
	line := append(slices.Clone(c.within), "bash", "-O", "expand_aliases", "-e", "-o", "pipefail", "-c", command.run)
	shell := exec.CommandContext(c.ctx, line[0], line[1:]...)
	shell.Dir, shell.Stdin = c.dir, strings.NewReader(command.stdin)
	shell.Env = append(slices.Clone(c.env), "PULUMI_OPTION_COLOR=never")
	for _, entry := range c.env {
		if path, ok := strings.CutPrefix(entry, "PATH="); ok {
			shell.Env = append(shell.Env, "PATH="+bin+string(os.PathListSeparator)+path)
		}
	}
	if !strings.Contains(command.run, "--preview-only") { // which asks nothing, and takes no answer
		shell.Env = append(shell.Env, "PULUMI_SKIP_CONFIRMATIONS=true", "PULUMI_OPTION_SKIP_PREVIEW=true")
	}
	said := &screen{until: command.until, interrupt: func() { _ = syscall.Kill(-shell.Process.Pid, syscall.SIGINT) }}
	shell.Stdout, shell.Stderr = said, said
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }
	start := time.Now()
	err := shell.Run()
	c.t.Logf("%.1f s, %.1f s of processor time: %s", time.Since(start).Seconds(), processorSeconds(shell.ProcessState), command.run)
	switch {
	case command.until != "": // with whatever code the command makes of Ctrl-C
		require.Contains(c.t, said.String(), command.until, "%s ended by itself: %v", command.run, err)
	case command.refused:
		require.Error(c.t, err, "%s\n%s", command.run, said)
	default:
		require.NoError(c.t, err, "%s\n%s", command.run, said)
	}
	require.Contains(c.t, said.String(), command.says, command.run)
	if command.then != nil {
		command.then(c)
	}
}

// processorSeconds is what a command has used, with all that it waited for.
func processorSeconds(state *os.ProcessState) float64 {
	if state == nil {
		return 0
	}
	return (state.UserTime() + state.SystemTime()).Seconds()
}

// screen keeps what a command prints, and interrupts it once it has said a text.
type screen struct {
	mu        sync.Mutex
	text      bytes.Buffer
	until     string
	interrupt func()
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	if s.until != "" && s.interrupt != nil && strings.Contains(s.text.String(), s.until) {
		s.interrupt()
		s.interrupt = nil
	}
	return len(p), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
