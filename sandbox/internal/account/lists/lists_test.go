package lists

import (
	"testing"

	ecs "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	efs "github.com/aws/aws-sdk-go-v2/service/efs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/stretchr/testify/require"
)

func texts[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// TestListsAreTheSDKs: whoever moves to another SDK is told to generate the lists again.
func TestListsAreTheSDKs(t *testing.T) {
	for name, want := range map[string][]string{
		"ecs.ApplicationProtocol":                               texts(ecs.ApplicationProtocol("").Values()),
		"ecs.EnvironmentFileType":                               texts(ecs.EnvironmentFileType("").Values()),
		"ecs.FirelensConfigurationType":                         texts(ecs.FirelensConfigurationType("").Values()),
		"ecs.LaunchType":                                        texts(ecs.LaunchType("").Values()),
		"ecs.LogDriver":                                         texts(ecs.LogDriver("").Values()),
		"ecs.PropagateTags":                                     texts(ecs.PropagateTags("").Values()),
		"ecs.ResourceType":                                      texts(ecs.ResourceType("").Values()),
		"ecs.UlimitName":                                        texts(ecs.UlimitName("").Values()),
		"ecs.VersionConsistency":                                texts(ecs.VersionConsistency("").Values()),
		"efs.ReplicationOverwriteProtection":                    texts(efs.ReplicationOverwriteProtection("").Values()),
		"elasticloadbalancingv2.AdvertiseTrustStoreCaNamesEnum": texts(elb.AdvertiseTrustStoreCaNamesEnum("").Values()),
	} {
		require.ElementsMatch(t, want, Of(name), "%s: run go generate ./sandbox/internal/account/lists", name)
	}
}

func TestLists(t *testing.T) {
	for _, name := range Names() {
		seen := map[string]bool{}
		for _, v := range Of(name) {
			require.False(t, seen[v], "%s lists %q twice", name, v)
			require.NotEmpty(t, v, name)
			seen[v] = true
		}
	}
	require.Contains(t, Of("aws.Region"), "us-west-2")
	require.NotContains(t, Of("aws.Region"), "us-gov-west-1")
	require.PanicsWithValue(t, `no list is called "ecs.Nothing"`, func() { Of("ecs.Nothing") })
	for _, bad := range [][2]string{
		{`{`, `{}`},
		{`{}`, `[]`},
		{`{}`, `{"a.B":{"source":"x"}}`},
		{`{}`, `{"a.B":{"values":["x"]}}`},
		{`{"a.B":["x"]}`, `{"a.B":{"source":"y","values":["x"]}}`},
	} {
		_, err := load([]byte(bad[0]), []byte(bad[1]))
		require.Error(t, err, bad)
	}
}

func TestNearest(t *testing.T) {
	require.Equal(t, "ecs-tasks.amazonaws.com", Nearest("iam.ServicePrincipal", "ecs-task.amazonaws.com"))
	require.Empty(t, Nearest("ecs.UlimitName", "files and sockets"))
	require.Equal(t, `expected one of ["1.4.0" "LATEST"]`, Expect("ecs.PlatformVersion", "2"))
	require.Contains(t, Expect("iam.ServicePrincipal", "event.amazonaws.com"), `did you mean "events.amazonaws.com"?`)
	require.Contains(t, Expect("iam.ServicePrincipal", "nothing.like.it"), "such as")
}
