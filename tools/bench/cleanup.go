package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// cleanup lets the cleanup's own bench measure and print.
func cleanup(ctx context.Context, full bool) error {
	args := []string{"run", "./tools/cleanupbench"}
	if full {
		args = append(args, "-full")
	}
	return command(ctx, args...)
}

// supervisor lets the supervisor's own bench measure and print, then that of Astro's starts, and then the test of a real Astro in a
// browser, which needs Chromium and npm.
func supervisor(ctx context.Context, rounds int) error {
	if err := command(ctx, "run", "./container/supervisor/bench", "-rounds", strconv.Itoa(rounds)); err != nil {
		return err
	}
	fmt.Println()
	if err := command(ctx, "run", "./sandbox/internal/serve/astro/startbench", "-rounds", strconv.Itoa(rounds)); err != nil {
		return err
	}
	return edits(ctx)
}

// edits prints the row of the browser's test.
func edits(ctx context.Context) error {
	test := exec.CommandContext(ctx, "go", "test", "-count=1", "-v", "-run", "^TestADayWithAstro$", "./sandbox/internal/serve")
	test.Env = append(os.Environ(), "BENCH_EDITS=1")
	out, err := test.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", test, err, out)
	}
	found := false
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "| ") {
			fmt.Print("\n", line)
			found = true
		}
	}
	if !found {
		return fmt.Errorf("%s measured nothing; are Chromium and npm on the PATH?\n%s", test, out)
	}
	return nil
}

func command(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // our own arguments
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", cmd, err)
	}
	return nil
}
