package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account"
)

func TestTheLedgerTellsWhatTheStateLacks(t *testing.T) {
	t.Parallel()
	const prefix = "urn:pulumi:prod::p::t::"
	notes := ledger{dir: t.TempDir()}
	note := func(name, id string, gone bool) {
		require.NoError(t, notes.note(entry{URN: prefix + resource.URN(name), Type: "t", ID: id, Gone: gone}))
	}
	state := &apitype.DeploymentV3{Resources: []apitype.ResourceV3{
		{URN: prefix + "recorded", Type: "t", ID: "1"},
		{URN: prefix + "replaced", Type: "t", ID: "old"},
	}}
	left, err := notes.unrecorded("prod", state)
	require.NoError(t, err)
	require.Empty(t, left, "there is no file yet")

	note("recorded", "1", false)
	note("replaced", "new", false)
	note("deleted", "2", false)
	note("deleted", "2", true)
	note("lost", "3", false)
	file, err := os.OpenFile(notes.path("prod"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"urn":"urn:pul`)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	left, err = notes.unrecorded("prod", state)
	require.NoError(t, err)
	require.Equal(t, []entry{
		{URN: prefix + "replaced", Type: "t", ID: "new"}, {URN: prefix + "lost", Type: "t", ID: "3"},
	}, left)
	left, err = notes.unrecorded("dev", state)
	require.NoError(t, err)
	require.Empty(t, left, "each stack has its own")

	require.NoError(t, notes.forget("prod"))
	require.NoError(t, notes.forget("prod"))
	left, err = notes.unrecorded("prod", state)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestFindAnEntryInTheAccount(t *testing.T) {
	t.Parallel()
	const urn, other = resource.URN("urn:pulumi:s::p::t::n"), "urn:pulumi:s::p::t::m"
	made := func(ids ...string) []account.Resource {
		all := []account.Resource{{URN: other, ID: "id"}, {ID: "id"}}
		for _, id := range ids {
			all = append(all, account.Resource{URN: string(urn), ID: id})
		}
		return all
	}
	known := &apitype.DeploymentV3{Resources: []apitype.ResourceV3{{URN: urn, ID: "old"}}}
	unknown := &apitype.DeploymentV3{Resources: []apitype.ResourceV3{{URN: other, ID: "id"}}}
	for name, test := range map[string]struct {
		state *apitype.DeploymentV3
		made  []account.Resource
		want  string
	}{
		"by its ID":                        {unknown, made("id", "kept"), "id"},
		"a replacement, by its ID":         {known, made("old", "id"), "id"},
		"gone":                             {unknown, made(), ""},
		"kept under another ID":            {unknown, made("stored"), "stored"},
		"several, none certain":            {unknown, made("stored", "kept"), ""},
		"the other is the state's":         {known, made("stored"), ""},
		"others' IDs do not count as ours": {known, made("old"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := find(entry{URN: urn, Type: "t", ID: "id"}, test.made, test.state)
			require.Equal(t, test.want, got.ID)
			require.Equal(t, test.want != "", ok)
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
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.JSONEq(t, `{"version":3,"features":["x"],"checkpoint":{"stack":"s",`+
		`"latest":{"resources":[{"id":"<&>","n":1.50,"big":12345678901234567890}]}}}`, string(after))
	require.Contains(t, string(after), `{"id":"<&>","n":1.50,"big":12345678901234567890}`, "numbers and texts as they were")

	require.NoError(t, os.WriteFile(path, []byte(`{"checkpoint":{}}`), 0o600))
	require.ErrorContains(t, dropPending(path), "no such member: latest")
}
