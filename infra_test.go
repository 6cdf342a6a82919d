package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/infra/infratest"
)

func prod(t testing.TB) *infratest.Deployment {
	return infratest.Run{Stack: "prod", Config: infratest.StackConfig(t, ".", "prod")}.Do(t, infra.Build)
}

func TestSmoke(t *testing.T) {
	d := prod(t)
	for _, r := range d.Resources {
		t.Log(r.URN)
	}
	t.Log(d.Outputs)
	dev := infratest.Run{Stack: "dev", Config: infratest.StackConfig(t, ".", "dev"), References: map[string]map[string]any{"prod": d.Outputs}}.Do(t, infra.Build)
	require.NotEmpty(t, dev.Resources)
	t.Log(len(d.Resources), len(dev.Resources))
}
