package infra

import (
	"fmt"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestFirstSubnetsAreTheSameWhateverTheOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.StringMatching(`subnet-[0-9a-f]{8}`), 2, 8, rapid.ID[string]).Draw(r, "ids")
		sorted := slices.Sorted(slices.Values(ids))
		shuffled := rapid.Permutation(ids).Draw(r, "shuffled")
		before := slices.Clone(shuffled)
		got := resolved[[]string](r, t, firstSubnets(pulumi.ToStringArray(shuffled).ToStringArrayOutput()))
		require.Equal(r, sorted[:2], got)
		require.Equal(r, before, shuffled, "the list of AWS was changed")
	})
}

func TestTooFewSubnetsAreAnErrorWithTheWayOut(t *testing.T) {
	t.Parallel()
	for count := range 2 {
		ids := []string{"subnet-0aaaaaaa"}[:count]
		_, err := internals.UnsafeAwaitOutput(t.Context(), firstSubnets(pulumi.ToStringArray(ids).ToStringArrayOutput()))
		require.ErrorIs(t, err, errTooFewSubnets)
		assert.ErrorContains(t, err, fmt.Sprintf("the VPC has %d fitting subnets", count))
		assert.ErrorContains(t, err, "set subnetIds or dedicatedVpc")
	}
}
