package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// commandError is a fault in the command line.
type commandError struct{ err error }

func (e *commandError) Error() string { return e.err.Error() }

func (e *commandError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &commandError{err: fmt.Errorf(format, args...)}
}

const rootHelp = `Deploys the stacks of this repository without an AWS account.

The real Pulumi engine runs the real program against a simulated account, which
is kept between runs. The first run gets the Pulumi CLI, unless a compatible one is
on the PATH. Everything that is written goes to .sandbox/ (--state moves the
sandbox, and leaves the compiled programs there).

Exit codes: 0 done; 1 the deployment failed, or changed what it must not; 2 wrong
use, such as an unknown stack, a missing passphrase or a state directory that
cannot be written; 130 interrupted. "go run" turns all but 0 into 1; the compiled
command, .sandbox/bin/sandbox, keeps them.

Completion in the shell, of the compiled command:

  alias sandbox=.sandbox/bin/sandbox
  source <(sandbox completion bash)   # or zsh, fish, powershell`

const rootExample = `  go run ./sandbox demo                         # prod, then dev, and that both are stable
  go run ./sandbox preview --stack prod --diff
  go run ./sandbox up --stack prod
  go run ./sandbox outputs --stack prod --json
  go run ./sandbox serve --stack prod --speed 60 # answers on localhost`

// newRootCommand is the whole command line. A further command is one more line.
func newRootCommand(s *session) *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:           "sandbox",
		Short:         "Deploy the stacks of this repository without an AWS account",
		Long:          rootHelp,
		Example:       rootExample,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if version {
				s.printVersion(cmd.Context())
				return nil
			}
			return cmd.Help()
		},
	}
	root.SuggestionsMinimumDistance = 2 // cobra's own, which SuggestionsFor leaves out
	root.SetOut(s.stdout)
	root.SetErr(s.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if cmd == root { // the flags of a command that is misspelt are unknown, too
			if wrong := knownCommand(cmd, cmd.Flags().Args()); wrong != nil {
				err = wrong
			}
		}
		return usagef("%w; see `%s --help`", err, cmd.CommandPath())
	})
	root.Flags().BoolVar(&version, "version", false, "print the versions that a report of a fault should name")
	root.PersistentFlags().StringVar(&s.stateDir, "state", "", "directory that keeps the sandbox (default .sandbox in the repository)")
	root.AddCommand(
		newUpCommand(s),
		newPreviewCommand(s),
		newRefreshCommand(s),
		newDestroyCommand(s),
		newOutputsCommand(s),
		newLogsCommand(s),
		newExportCommand(s),
		newCancelCommand(s),
		newDemoCommand(s),
		newServeCommand(s),
		newDistributionCommand(s),
	)
	asUsageErrors(root)
	return root
}

// knownCommand refuses a command that there is not, with those whose names are near.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	meant := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		meant = "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return fmt.Errorf("unknown command %q%s", args[0], meant)
}

// asUsageErrors marks the complaints about superfluous arguments as faults of
// the command line, for the exit code.
func asUsageErrors(cmd *cobra.Command) {
	validate := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if validate == nil {
			return nil
		}
		if err := validate(cmd, args); err != nil {
			return usagef("%w; see `%s --help`", err, cmd.CommandPath())
		}
		return nil
	}
	for _, sub := range cmd.Commands() {
		asUsageErrors(sub)
	}
}

// addStack gives a command the flag that names its stack.
func (s *session) addStack(cmd *cobra.Command, stack *string) {
	const flag = "stack"
	cmd.Flags().StringVarP(stack, flag, "s", "", "stack to work on, such as prod: there is a Pulumi.<stack>.yaml")
	// It fails only for a flag that there is not.
	_ = cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return s.known(), cobra.ShellCompDirectiveNoFileComp
	})
}
