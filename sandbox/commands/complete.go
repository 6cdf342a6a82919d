package main

import (
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
)

// completeOutputs offers the names of a deployed stack's outputs. A shell that completes has no place for errors.
func (s *session) completeOutputs(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	name, err := cmd.Flags().GetString("stack")
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	err = s.withStack(name, func(stack *engine.Stack) error {
		outputs, err := stack.Outputs()
		names = slices.Sorted(maps.Keys(outputs))
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
