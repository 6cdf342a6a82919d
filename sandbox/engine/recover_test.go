package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/account"
)

func TestOrphansAreWhatTheStateDoesNotKnow(t *testing.T) {
	t.Parallel()
	const urn, other = resource.URN("urn:pulumi:s::p::t::n"), "urn:pulumi:s::p::t::m"
	state := func(ids ...string) *apitype.DeploymentV3 {
		deployment := &apitype.DeploymentV3{Resources: []apitype.ResourceV3{{URN: other, ID: "id-m"}}}
		for _, id := range ids {
			deployment.Resources = append(deployment.Resources, apitype.ResourceV3{URN: urn, ID: resource.ID(id)})
		}
		return deployment
	}
	made := func(ids ...string) []account.Resource {
		all := []account.Resource{{URN: other, ID: "id-m"}, {ID: "id-foreign"}}
		for _, id := range ids {
			all = append(all, account.Resource{URN: string(urn), ID: id})
		}
		return all
	}
	for name, test := range map[string]struct {
		state *apitype.DeploymentV3
		made  []account.Resource
		want  []string
	}{
		"never made":                     {state(), made(), nil},
		"made and not recorded":          {state(), made("new"), []string{"new"}},
		"replacement made":               {state("old"), made("old", "new"), []string{"new"}},
		"replacement not made":           {state("old"), made("old"), nil},
		"second replacement":             {state("older", "old"), made("older", "old", "new"), []string{"new"}},
		"the state means none of them":   {state("old"), made("new"), nil},
		"recorded with what it replaces": {state("old", "new"), made("old", "new"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, orphan := range orphansOf(urn, test.state, test.made) {
				got = append(got, orphan.ID)
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestDropPendingTouchesNothingElse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "stack.json")
	before := `{"version":3,"checkpoint":{"stack":"s","latest":{"resources":[{"id":"<&>","n":1.50,"big":12345678901234567890}],` +
		`"pending_operations":[{"type":"creating"}]}},"features":["x"]}`
	require.NoError(t, os.WriteFile(path, []byte(before), 0o600))
	require.NoError(t, dropPending(path))
	after, err := os.ReadFile(path) //nolint:gosec // the test's own file
	require.NoError(t, err)
	require.JSONEq(t, `{"version":3,"features":["x"],"checkpoint":{"stack":"s","latest":{"resources":[{"id":"<&>","n":1.50,"big":12345678901234567890}]}}}`,
		string(after))
	require.Contains(t, string(after), `{"id":"<&>","n":1.50,"big":12345678901234567890}`, "numbers and texts as they were")

	require.NoError(t, os.WriteFile(path, []byte(`{"checkpoint":{}}`), 0o600))
	require.ErrorContains(t, dropPending(path), "no such member: latest")
}
