package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/serve"
	"github.com/webordinary/live-edit/tools/stacks"
)

// logsOptions say what of a log to show.
type logsOptions struct {
	source string // part of a function's or task's name; empty means all
	tail   int    // the latest lines; 0 means all
	follow bool
}

func newLogsCommand(s *session) *cobra.Command {
	var (
		stack   string
		options logsOptions
	)
	cmd := &cobra.Command{
		Use: "logs [NAME]", Short: "Print the logs of a served stack's functions and containers", Args: cobra.MaximumNArgs(1),
		Long: "Prints what the functions and containers of a stack have written since it was last served. With a name,\n" +
			"prints only what comes from a function or task whose name contains it. Times are the service's.",
		Example: "  go run ./sandbox logs --stack prod --follow\n  go run ./sandbox logs scaler --stack prod --tail 20",
		RunE: func(cmd *cobra.Command, args []string) error {
			if options.tail < 0 {
				return usagef("--tail %d: expected 0, which means all, or a number of lines", options.tail)
			}
			if len(args) > 0 {
				options.source = args[0]
			}
			path, err := s.logPath(stack)
			if err != nil {
				return err
			}
			return s.printLog(cmd.Context(), path, options)
		},
	}
	s.addStack(cmd, &stack)
	cmd.Flags().BoolVarP(&options.follow, "follow", "f", false, "go on printing until interrupted")
	cmd.Flags().IntVarP(&options.tail, "tail", "n", 200, "print the latest so many lines; 0 means all")
	return cmd
}

// logPath finds a stack's log. It opens no sandbox: that is in use while the stack is served.
func (s *session) logPath(stack string) (string, error) {
	root, err := projectRoot(s.dir)
	if err != nil {
		return "", err
	}
	known, err := engine.Stacks(root)
	if err != nil {
		return "", err
	}
	switch {
	case stack == "":
		return "", usagef("which stack? %s", stacks.Choices(known, stack))
	case !has(known, stack):
		return "", usagef("no stack %q: there is no %s in %s; %s", stack, stacks.File(stack), root, stacks.Choices(known, stack))
	}
	dir := s.stateDir
	if dir == "" {
		dir = filepath.Join(root, ".sandbox")
	}
	path := serve.LogPath(dir, stack)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("stack %s has no logs, since it was never served; `go run ./sandbox serve --stack %s` serves it", stack, stack)
	}
	return path, nil
}

func has(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// printLog prints the latest lines of a log, and goes on with what is added when it shall.
func (s *session) printLog(ctx context.Context, path string, options logsOptions) error {
	file, err := os.Open(path) //nolint:gosec // a path of our own
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	defer func() { _ = file.Close() }()
	reader, partial := bufio.NewReader(file), ""
	var latest []string
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			partial = line
			break
		}
		if latest = keep(latest, line, options); options.tail > 0 && len(latest) > options.tail {
			latest = latest[1:]
		}
	}
	s.printf("%s", strings.Join(latest, ""))
	if !options.follow {
		return nil
	}
	return s.followLog(ctx, reader, partial, options)
}

// keep adds a line that comes from what was asked for.
func keep(lines []string, line string, options logsOptions) []string {
	if _, rest, _ := strings.Cut(line, "  "); !strings.Contains(sourceOf(rest), options.source) {
		return lines
	}
	return append(lines, line)
}

// sourceOf is the name before a line's text, which two spaces or more separate.
func sourceOf(rest string) string {
	source, _, _ := strings.Cut(rest, "  ")
	return source
}

// followLog prints what is added until it is interrupted, which is how following ends well.
func (s *session) followLog(ctx context.Context, reader *bufio.Reader, partial string, options logsOptions) error {
	const pause = 200 * time.Millisecond
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		line, err := reader.ReadString('\n')
		partial += line
		if err == nil {
			s.printf("%s", strings.Join(keep(nil, partial, options), ""))
			partial = ""
			continue
		}
		if !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the log: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
