package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// cleanup lets the cleanup's own bench measure and print.
func cleanup(ctx context.Context, full bool) error {
	args := []string{"run", "./tools/cleanupbench"}
	if full {
		args = append(args, "-full")
	}
	return command(ctx, args...)
}

// supervisor lets the supervisor's own bench measure and print.
func supervisor(ctx context.Context, rounds int) error {
	return command(ctx, "run", "./container/supervisor/bench", "-rounds", strconv.Itoa(rounds))
}

func command(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // our own arguments
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", cmd, err)
	}
	return nil
}
