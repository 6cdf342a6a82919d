package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/spf13/cobra"

	"github.com/webordinary/live-edit/sandbox/engine"
)

// hidden stands for the value of a secret.
const hidden = "[secret]"

func newOutputsCommand(s *session) *cobra.Command {
	var (
		stack               string
		asJSON, showSecrets bool
	)
	cmd := &cobra.Command{
		Use: "outputs", Short: "Print a stack's outputs", Args: cobra.NoArgs,
		Long: "Prints the outputs of the stack's last deployment, as a table or as JSON.",
		RunE: func(*cobra.Command, []string) error {
			return s.withStack(stack, func(stack *engine.Stack) error {
				outputs, err := stack.Outputs()
				if err != nil {
					return err
				}
				if !showSecrets {
					hideSecrets(outputs)
				}
				if asJSON {
					return writeJSON(s.stdout, outputs)
				}
				if len(outputs) == 0 {
					s.printf("Stack %s has no outputs; `sandbox up --stack %s` deploys it.\n", stack.Name(), stack.Name())
				}
				return writeTable(s.stdout, outputs)
			})
		},
	}
	addStack(cmd, &stack)
	cmd.Flags().BoolVarP(&asJSON, "json", "j", false, "print a JSON object")
	cmd.Flags().BoolVar(&showSecrets, "show-secrets", false, "print secrets in plain text")
	return cmd
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
