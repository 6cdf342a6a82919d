// The test of what Pulumi starts. The acceptance criteria of the specification stand in infra/acceptance_*_test.go, and what
// holds for every resource in infra/program_*_test.go.
package main

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/infra/infratest"
)

// main.go runs Deploy; the tests run Build, which returns the outputs.
func TestDeployIsBuildThatExportsItsOutputs(t *testing.T) {
	t.Parallel()
	run := infratest.Run{Stack: "prod", Config: infratest.StackConfig(t, ".", "prod")}
	built := run.Do(t, infra.Build)
	exported := run.Do(t, func(ctx *pulumi.Context) (pulumi.Map, error) { return nil, infra.Deploy(ctx) })
	infratest.RequireSameText(t, built.Canonical(), exported.Canonical())
	run.Config[infratest.Project+":zone"] = "nowhere"
	_, err := run.Try(func(ctx *pulumi.Context) (pulumi.Map, error) { return nil, infra.Deploy(ctx) })
	require.ErrorContains(t, err, `zone = "nowhere": expected `)
}
