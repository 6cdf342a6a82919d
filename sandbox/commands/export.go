package main

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/spf13/cobra"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
)

// exportVersion is the schema of the deployments that the pinned CLI writes.
const exportVersion = 3

func newExportCommand(s *session) *cobra.Command {
	var stack string
	cmd := &cobra.Command{
		Use: "export", Short: "Print a stack's state, secrets encrypted", Args: cobra.NoArgs,
		Long: "Prints the state of the stack's last deployment in the shape of `pulumi stack export`, for other tools such as the cost report.",
		RunE: func(*cobra.Command, []string) error {
			return s.withStack(stack, func(stack *engine.Stack) error {
				deployment, err := stack.Export()
				if err != nil {
					return err
				}
				if len(deployment.Resources) == 0 {
					return fmt.Errorf("stack %s is not deployed; `go run ./sandbox up --stack %s` deploys it", stack.Name(), stack.Name())
				}
				encoder := json.NewEncoder(s.stdout)
				encoder.SetIndent("", "  ")
				return encoder.Encode(struct {
					Version    int                   `json:"version"`
					Deployment *apitype.DeploymentV3 `json:"deployment"`
				}{exportVersion, deployment})
			})
		},
	}
	s.addStack(cmd, &stack)
	return cmd
}
