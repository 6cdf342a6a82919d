package e2e

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/account"
	"github.com/webordinary/live-edit/sandbox/engine"
)

const typeSubnet = "aws:ec2/subnet:Subnet"

// addSubnet puts a public subnet beside the default VPC's own, with an ID below theirs.
func (w *world) addSubnet(id, zone string) {
	w.t.Helper()
	acc := w.sandbox.Account()
	first, ok := acc.Get(typeSubnet, account.DefaultSubnetIDs[0])
	require.True(w.t, ok)
	state := first.State.Copy()
	state["availabilityZone"], state["defaultForAz"] = resource.NewProperty(zone), resource.NewProperty(false)
	state["cidrBlock"] = resource.NewProperty("172.31.240.0/24")
	require.NoError(w.t, acc.Put(account.Resource{Type: typeSubnet, ID: id, State: state}))
}

// An account with a public subnet of its own in a zone that has a default one: AWS takes no load balancer, and no second
// mount target, in one zone twice.
func TestExtraSubnetsDoNotDisturb(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addSubnet("subnet-00000000000000001", "us-west-2b")
	w.addSubnet("subnet-00000000000000002", "us-west-2b")
	prod := w.stack("prod", nil)
	w.up(prod)
	require.ElementsMatch(t, []any{account.DefaultSubnetIDs[0], account.DefaultSubnetIDs[1]}, w.resource(prod, "load-balancer-alb").Inputs["subnets"])
	w.requireNoChanges(prod)
	w.addSubnet("subnet-00000000000000003", "us-west-2d")
	w.requireNoChanges(prod)
}

// failing previews a stack that cannot be deployed, and returns what is said; nothing may have been made.
func (w *world) failing(config settings) string {
	w.t.Helper()
	prod := w.stack("prod", config)
	result, err := prod.Up(w.ctx, engine.RunOptions{})
	require.Error(w.t, err)
	require.Empty(w.t, w.sandbox.Account().List("aws:ecr/repository:Repository"), "nothing is created")
	said := err.Error() + result.Stdout
	for _, d := range result.Diagnostics {
		said += d.Message
	}
	return said
}

func TestSmallQuotasAreToldFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.sandbox.Account().Put(account.Resource{
		Type: "aws:servicequotas/serviceQuota:ServiceQuota", ID: "lambda/L-B99A9384",
		State: resource.NewPropertyMapFromMap(props{"value": 10}),
	}))
	require.Contains(t, w.failing(nil), "aws service-quotas request-service-quota-increase --region us-west-2 --service-code lambda")
	prod := w.stack("prod", with(map[string]any{"scalerConcurrency": 0}))
	_, err := prod.Preview(w.ctx, engine.RunOptions{})
	require.NoError(t, err)
}

func TestWithoutADefaultVpcTheKeysAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.sandbox.Account().Mutate("aws:ec2/vpc:Vpc", account.DefaultVPCID, func(state resource.PropertyMap) error {
		state["default"] = resource.NewProperty(false)
		return nil
	}))
	said := w.failing(nil)
	for _, key := range []string{"subnetIds", "dedicatedVpc", "aws ec2 create-default-vpc"} {
		require.Contains(t, said, key)
	}
}

func TestTheEngineReportsEveryFaultOfTheConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	said := w.failing(with(map[string]any{"tasCpu": 512, "taskMemory": "many", "imageTag": 1.5e9, "clients": []any{"ameliastamps", 7}}))
	for _, fault := range []string{
		`tasCpu = "512": expected a key of Pulumi.yaml; did you mean taskCpu?`, `taskMemory = "many"`, `clients[1] = "7"`, `imageTag = "1.5e+09"`,
	} {
		require.Contains(t, said, fault)
	}
}
