package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/tree"
)

// demoStacks are deployed in this order: dev takes parts of prod.
var demoStacks = []string{"prod", "dev"}

// errUnstable says that a deployment does not end where its program wants it.
var errUnstable = errors.New("a second preview wants to change something")

func newDemoCommand(s *session) *cobra.Command {
	stacks := demoStacks
	cmd := &cobra.Command{
		Use: "demo", Short: "Deploy prod and dev, print them, and show that they are stable", Args: cobra.NoArgs,
		Long: "Deploys the stacks one after the other, prints each one's resources and outputs, and previews it once\n" +
			"more: that preview must change nothing, or else the command fails.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withSandbox(func(sandbox *openSandbox) error {
				return s.demonstrateAll(cmd.Context(), sandbox.Sandbox, stacks)
			})
		},
	}
	cmd.Flags().StringSliceVar(&stacks, "stacks", demoStacks, "stacks to deploy, in order")
	return cmd
}

// demonstrateAll looks for every stack before it deploys the first.
func (s *session) demonstrateAll(ctx context.Context, sandbox *engine.Sandbox, names []string) error {
	stacks := make([]*engine.Stack, len(names))
	var err error
	for i, name := range names {
		if stacks[i], err = s.stack(sandbox, name); err != nil {
			return err
		}
	}
	for _, stack := range stacks {
		if err := s.demonstrate(ctx, sandbox, stack); err != nil {
			return err
		}
	}
	s.sayNext(names)
	return nil
}

// demonstrate deploys one stack, prints it and previews it again.
func (s *session) demonstrate(ctx context.Context, sandbox *engine.Sandbox, stack *engine.Stack) error {
	name, start := stack.Name(), time.Now()
	result, err := stack.Up(ctx, engine.RunOptions{})
	if err != nil {
		return err
	}
	s.printf("\nStack %s was deployed in %s. Its resources:\n\n", name, time.Since(start).Round(100*time.Millisecond))
	state, err := stack.Export()
	if err != nil {
		return err
	}
	if err := tree.Write(s.stdout, state.Resources); err != nil {
		return err
	}
	s.printf("\nOutputs of stack %s:\n\n", name)
	hideSecrets(result.Outputs)
	if err := writeTable(s.stdout, result.Outputs); err != nil {
		return err
	}
	return s.previewAgain(ctx, sandbox, name)
}

// previewAgain prints the preview only if it is not what it should be.
func (s *session) previewAgain(ctx context.Context, sandbox *engine.Sandbox, name string) error {
	quiet, err := sandbox.Stack(engine.StackOptions{Name: name, Program: s.program, Color: s.color})
	if err != nil {
		return err
	}
	start := time.Now()
	result, err := quiet.Preview(ctx, engine.RunOptions{Diff: true})
	if err != nil {
		return err
	}
	if !result.Unchanged() {
		s.printf("\n%s\n", result.Stdout)
		return fmt.Errorf("%w: stack %s", errUnstable, name)
	}
	s.printf("\nA second preview of stack %s changes nothing: %d resources stay as they are (%s).\n\n",
		name, result.Changes["same"], time.Since(start).Round(100*time.Millisecond))
	return nil
}
