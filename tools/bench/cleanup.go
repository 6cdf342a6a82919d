package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// cleanup lets the cleanup's own bench measure and print.
func cleanup(ctx context.Context, full bool) error {
	args := []string{"run", "./tools/cleanupbench"}
	if full {
		args = append(args, "-full")
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", cmd, err)
	}
	return nil
}
