package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/spf13/cobra"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/tools/stacks"
)

// hidden stands for the value of a secret.
const hidden = "[secret]"

func newOutputsCommand(s *session) *cobra.Command {
	var (
		stack               string
		asJSON, showSecrets bool
	)
	cmd := &cobra.Command{
		Use: "outputs [NAME]", Short: "Print a stack's outputs, or one of them", Args: cobra.MaximumNArgs(1),
		Long: "Prints the outputs of the stack's last deployment, as a table or as JSON. With a name, prints that output's value\n" +
			"alone, for scripts; a secret needs --show-secrets then.",
		Example:           "  go run ./sandbox outputs --stack prod\n  go run ./sandbox outputs editUrl --stack prod",
		ValidArgsFunction: s.completeOutputs,
		RunE: func(_ *cobra.Command, args []string) error {
			return s.withStack(stack, func(stack *engine.Stack) error {
				outputs, err := stack.Outputs()
				if err != nil {
					return err
				}
				if len(args) > 0 {
					return s.printOutput(stack.Name(), args[0], outputs, outputForm{asJSON, showSecrets})
				}
				if !showSecrets {
					hideSecrets(outputs)
				}
				if asJSON {
					return writeJSON(s.stdout, outputs)
				}
				if len(outputs) == 0 {
					s.printf("Stack %s has no outputs; `go run ./sandbox up --stack %s` deploys it.\n", stack.Name(), stack.Name())
				}
				return writeTable(s.stdout, outputs)
			})
		},
	}
	s.addStack(cmd, &stack)
	cmd.Flags().BoolVarP(&asJSON, "json", "j", false, "print a JSON object")
	cmd.Flags().BoolVar(&showSecrets, "show-secrets", false, "print secrets in plain text")
	return cmd
}

// outputForm says how an output is printed.
type outputForm struct{ json, secrets bool }

// printOutput prints the value of one output.
func (s *session) printOutput(stack, name string, outputs auto.OutputMap, form outputForm) error {
	output, ok := outputs[name]
	names := slices.Sorted(maps.Keys(outputs))
	switch {
	case len(outputs) == 0:
		return fmt.Errorf("stack %s has no outputs; `go run ./sandbox up --stack %s` deploys it", stack, stack)
	case !ok:
		meant := ""
		if near := stacks.Nearest(name, names); near != "" {
			meant = "; did you mean " + near + "?"
		}
		return usagef("stack %s has no output %q%s There are %s", stack, name, cmp.Or(meant, "."), strings.Join(names, ", "))
	case output.Secret && !form.secrets:
		return usagef("output %[1]s of stack %[2]s is a secret; `go run ./sandbox outputs %[1]s --stack %[2]s --show-secrets` prints it",
			name, stack)
	}
	if text, isText := output.Value.(string); isText && !form.json {
		s.printf("%s\n", text)
		return nil
	}
	encoder := json.NewEncoder(s.stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(output.Value); err != nil {
		return fmt.Errorf("output %s: %w", name, err)
	}
	return nil
}

func hideSecrets(outputs auto.OutputMap) {
	for name, output := range outputs {
		if output.Secret {
			outputs[name] = auto.OutputValue{Value: hidden, Secret: true}
		}
	}
}

func writeJSON(w io.Writer, outputs auto.OutputMap) error {
	values := map[string]any{}
	for name, output := range outputs {
		values[name] = output.Value
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(values)
}

// writeTable prints outputs by name. What is no string is printed as JSON.
func writeTable(w io.Writer, outputs auto.OutputMap) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		text, ok := outputs[name].Value.(string)
		if !ok {
			var data strings.Builder
			encoder := json.NewEncoder(&data)
			encoder.SetEscapeHTML(false)
			if err := encoder.Encode(outputs[name].Value); err != nil {
				return fmt.Errorf("output %s: %w", name, err)
			}
			text = strings.TrimSuffix(data.String(), "\n")
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\n", name, text) // Flush reports its error
	}
	return table.Flush()
}
