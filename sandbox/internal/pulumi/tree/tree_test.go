package tree_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/tree"
)

const (
	stackType  = "pulumi:pulumi:Stack"
	bucketType = "aws:s3/bucketV2:BucketV2"
	policyType = "aws:s3/bucketPolicy:BucketPolicy"
	partType   = "webordinary:infra:Part"
)

// made is a resource of the stack small-dev below a parent.
func made(parent resource.URN, typ, name string) apitype.ResourceV3 {
	var parentType tokens.Type
	if parent != "" {
		parentType = parent.QualifiedType()
	}
	return apitype.ResourceV3{
		URN:    resource.NewURN("dev", "small", parentType, tokens.Type(typ), name),
		Type:   tokens.Type(typ),
		Parent: parent,
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	stack := made("", stackType, "small-dev")
	part := made(stack.URN, partType, "part")
	bucket := made(part.URN, bucketType, "store")
	old := made(part.URN, bucketType, "old")
	old.Delete = true

	var out strings.Builder
	// The order in the state, which is the order of creation, does not matter.
	require.NoError(t, tree.Write(&out, []apitype.ResourceV3{
		made("", "pulumi:providers:aws", "default"),
		stack, part,
		made(stack.URN, partType, "another"),
		old, bucket,
		made(part.URN, policyType, "store-policy"),
		made(bucket.URN, policyType, "nested"),
	}))
	require.Equal(t, strings.TrimPrefix(`
└─ small-dev           pulumi:pulumi:Stack
   ├─ another          webordinary:infra:Part
   └─ part             webordinary:infra:Part
      ├─ store-policy  aws:s3/bucketPolicy:BucketPolicy
      └─ store         aws:s3/bucketV2:BucketV2
         └─ nested     aws:s3/bucketPolicy:BucketPolicy
`, "\n"), out.String())
}

func TestWriteOfAResourceWithoutItsParent(t *testing.T) {
	t.Parallel()
	stack := made("", stackType, "small-dev")
	var out strings.Builder
	require.NoError(t, tree.Write(&out, []apitype.ResourceV3{
		made(stack.URN, bucketType, "one"), made(stack.URN, bucketType, "two"),
	}))
	require.Equal(t, "├─ one  aws:s3/bucketV2:BucketV2\n└─ two  aws:s3/bucketV2:BucketV2\n", out.String())
}

func TestWriteOfNothing(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, tree.Write(&out, nil))
	require.Empty(t, out.String())
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteReportsErrors(t *testing.T) {
	t.Parallel()
	err := tree.Write(full{}, []apitype.ResourceV3{made("", stackType, "small-dev")})
	require.ErrorIs(t, err, errFull)
}
