package infra

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/infra/infratest"
)

func TestFirstSubnetsAreTheSameWhateverTheOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.StringMatching(`subnet-[0-9a-f]{8}`), 2, 8, rapid.ID[string]).Draw(r, "ids")
		sorted := slices.Sorted(slices.Values(ids))
		shuffled := rapid.Permutation(ids).Draw(r, "shuffled")
		before := slices.Clone(shuffled)
		got := infratest.Resolved[[]string](r, t, firstSubnets(pulumi.ToStringArray(shuffled).ToStringArrayOutput()))
		require.Equal(r, sorted[:2], got)
		require.Equal(r, before, shuffled, "the list of AWS was changed")
	})
}
