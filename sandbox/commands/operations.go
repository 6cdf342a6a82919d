package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
)

// operation is a command that runs an operation of the engine.
type operation struct {
	use, short, long string
	run              func(*engine.Stack, context.Context, engine.RunOptions) (engine.Result, error)
}

func newUpCommand(s *session) *cobra.Command {
	cmd, options := newOperation(s, operation{
		use: "up", short: "Deploy a stack",
		long: "Makes the simulated account what the program and the stack's settings say.",
		run:  (*engine.Stack).Up,
	})
	cmd.Flags().BoolVarP(&options.Refresh, "refresh", "r", false, "read the account first")
	addReplace(cmd, options)
	return cmd
}

func newPreviewCommand(s *session) *cobra.Command {
	cmd, options := newOperation(s, operation{
		use: "preview", short: "Show what up would do",
		long: "Shows what up would do, and does nothing.",
		run:  (*engine.Stack).Preview,
	})
	cmd.Flags().BoolVarP(&options.Refresh, "refresh", "r", false, "read the account first")
	addReplace(cmd, options)
	asJSON, show := false, cmd.RunE
	cmd.Flags().BoolVarP(&asJSON, "json", "j", false, "print the changes and messages as JSON, and nothing else, on standard output")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !asJSON {
			return show(cmd, args)
		}
		name, err := cmd.Flags().GetString("stack")
		if err != nil {
			return err
		}
		return s.previewJSON(cmd.Context(), name, *options)
	}
	return cmd
}

// previewJSON previews in silence and prints the result.
func (s *session) previewJSON(ctx context.Context, name string, options engine.RunOptions) error {
	return s.withSandbox(func(sandbox *openSandbox) error {
		stack, err := sandbox.Stack(engine.StackOptions{Name: name, Program: s.program})
		if err != nil {
			return err
		}
		result, err := stack.Preview(ctx, options)
		return writeDigest(s.stdout, result, err)
	})
}

func newRefreshCommand(s *session) *cobra.Command {
	cmd, options := newOperation(s, operation{
		use: "refresh", short: "Make the state what the account is",
		long: "Reads the simulated account, reports what has changed behind Pulumi's back, and takes it into the state.",
		run:  (*engine.Stack).Refresh,
	})
	cmd.Flags().BoolVar(&options.PreviewOnly, "preview-only", false, "only show what has changed")
	return cmd
}

func newDestroyCommand(s *session) *cobra.Command {
	cmd, options := newOperation(s, operation{
		use: "destroy", short: "Delete what a stack has made",
		long: "Deletes what the stack has made, but for what it keeps: resources with retainOnDelete stay in the\n" +
			"account, and while a resource is protected nothing is deleted at all.",
		run: (*engine.Stack).Destroy,
	})
	cmd.Flags().BoolVarP(&options.Refresh, "refresh", "r", false, "read the account first")
	cmd.Flags().BoolVar(&options.PreviewOnly, "preview-only", false, "only show what would be deleted")
	return cmd
}

func newOperation(s *session, op operation) (*cobra.Command, *engine.RunOptions) {
	var (
		stack   string
		options engine.RunOptions
		yes     bool
	)
	cmd := &cobra.Command{
		Use: op.use, Short: op.short, Long: op.long, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withStack(stack, func(stack *engine.Stack) error {
				_, err := op.run(stack, cmd.Context(), options)
				return err
			})
		},
	}
	s.addStack(cmd, &stack)
	cmd.Flags().BoolVar(&options.Diff, "diff", false, "show every property that changes")
	cmd.Flags().StringArrayVarP(&options.Targets, "target", "t", nil, "work on this URN only; may be repeated")
	cmd.Flags().IntVarP(&options.Parallel, "parallel", "p", 0, "work on at most so many resources at once (0: Pulumi's default)")
	// There is nothing to lose in a simulated account, so nothing is asked; the
	// flag is taken because fingers type it.
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "accepted and not needed: the sandbox never asks")
	return cmd, &options
}

func addReplace(cmd *cobra.Command, options *engine.RunOptions) {
	cmd.Flags().StringArrayVar(&options.Replace, "replace", nil, "replace this URN in any case; may be repeated")
}

func newCancelCommand(s *session) *cobra.Command {
	var stack string
	cmd := &cobra.Command{
		Use: "cancel", Short: "Remove the locks on a stack", Args: cobra.NoArgs,
		Long: "Removes the locks on a stack. A killed run's lock is removed by the next run, so this is needed only for\n" +
			"one that comes from another machine.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withStack(stack, func(stack *engine.Stack) error {
				return stack.Cancel(cmd.Context())
			})
		},
	}
	s.addStack(cmd, &stack)
	return cmd
}
