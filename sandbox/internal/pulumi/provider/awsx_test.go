package provider_test

import (
	"testing"

	"github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine/enginetest"
)

// deploy runs a program on the real engine: preview, update, a stable preview.
// The caller gets the update's result and may destroy the stack.
func deploy(t *testing.T, program pulumi.RunFunc) (*engine.Sandbox, *engine.Stack, engine.Result) {
	t.Helper()
	root := enginetest.Project(t, map[string]string{"test": "config: {aws:region: us-west-2}\n"})
	sandbox := enginetest.Open(t, engine.Options{Root: root})
	stack, err := sandbox.Stack(engine.StackOptions{Name: "test", Program: program})
	require.NoError(t, err)
	_, err = stack.Preview(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	result, err := stack.Up(t.Context(), engine.RunOptions{})
	require.NoError(t, err)
	again, err := stack.Preview(t.Context(), engine.RunOptions{Diff: true})
	require.NoError(t, err)
	require.True(t, again.Unchanged(), again.Stdout)
	return sandbox, stack, result
}

// counts are the state's resources by type.
func counts(t *testing.T, stack *engine.Stack) map[string]int {
	t.Helper()
	state, err := stack.Export()
	require.NoError(t, err)
	found := map[string]int{}
	for i := range state.Resources {
		found[string(state.Resources[i].Type)]++
	}
	return found
}

func TestDefaultVpc(t *testing.T) {
	t.Parallel()
	_, stack, result := deploy(t, func(ctx *pulumi.Context) error {
		vpc, err := ec2.NewDefaultVpc(ctx, "default", nil)
		if err != nil {
			return err
		}
		ctx.Export("vpc", vpc.VpcId)
		ctx.Export("public", vpc.PublicSubnetIds)
		ctx.Export("private", vpc.PrivateSubnetIds)
		return nil
	})
	var subnets []any
	for _, id := range view.DefaultSubnetIDs {
		subnets = append(subnets, id)
	}
	require.Equal(t, view.DefaultVPCID, result.Outputs["vpc"].Value)
	require.ElementsMatch(t, subnets, result.Outputs["public"].Value)
	require.Empty(t, result.Outputs["private"].Value)
	require.Equal(t, 1, counts(t, stack)["awsx:ec2:DefaultVpc"], "the component is really registered")
}

// newVpc declares a dedicated VPC in two zones.
func newVpc(strategy ec2.NatGatewayStrategy) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		auto := ec2.SubnetAllocationStrategyAuto
		vpc, err := ec2.NewVpc(ctx, "net", &ec2.VpcArgs{
			CidrBlock: new("10.42.0.0/16"), NumberOfAvailabilityZones: new(2), SubnetStrategy: &auto,
			EnableDnsHostnames: pulumi.Bool(true),
			SubnetSpecs:        []ec2.SubnetSpecArgs{{Type: ec2.SubnetTypePublic}, {Type: ec2.SubnetTypePrivate}},
			NatGateways:        &ec2.NatGatewayConfigurationArgs{Strategy: strategy},
			Tags:               pulumi.StringMap{"Owner": pulumi.String("tests")},
		})
		if err != nil {
			return err
		}
		ctx.Export("vpc", vpc.VpcId)
		ctx.Export("public", vpc.PublicSubnetIds)
		ctx.Export("private", vpc.PrivateSubnetIds)
		return nil
	}
}

func TestVpc(t *testing.T) {
	t.Parallel()
	for strategy, nats := range map[ec2.NatGatewayStrategy]int{
		ec2.NatGatewayStrategySingle: 1, ec2.NatGatewayStrategyOnePerAz: 2, ec2.NatGatewayStrategyNone: 0,
	} {
		t.Run(string(strategy), func(t *testing.T) {
			t.Parallel()
			sandbox, stack, result := deploy(t, newVpc(strategy))
			found := counts(t, stack)
			require.Equal(t, 1, found["awsx:ec2:Vpc"])
			require.Equal(t, 4, found["aws:ec2/subnet:Subnet"])
			require.Equal(t, 4, found["aws:ec2/routeTableAssociation:RouteTableAssociation"])
			require.Equal(t, nats, found["aws:ec2/natGateway:NatGateway"])
			require.Equal(t, nats, found["aws:ec2/eip:Eip"])
			routes := 4
			if nats == 0 {
				routes = 2
			}
			require.Equal(t, routes, found["aws:ec2/route:Route"])
			require.Len(t, result.Outputs["public"].Value, 2)
			require.Len(t, result.Outputs["private"].Value, 2)
			requireSubnets(t, sandbox, result)

			destroyed, err := stack.Destroy(t.Context(), engine.RunOptions{})
			require.NoError(t, err)
			require.Equal(t, result.Changes[apitype.OpCreate], destroyed.Changes[apitype.OpDelete])
		})
	}
}

// requireSubnets looks at what the account has made of the layout.
func requireSubnets(t *testing.T, sandbox *engine.Sandbox, result engine.Result) {
	t.Helper()
	ids := result.Outputs["public"].Value.([]any)
	subnet, ok := sandbox.Account().Get("aws:ec2/subnet:Subnet", ids[0].(string))
	require.True(t, ok)
	require.Equal(t, "10.42.0.0/18", subnet.State["cidrBlock"].StringValue())
	require.True(t, subnet.State["mapPublicIpOnLaunch"].BoolValue())
	require.Equal(t, result.Outputs["vpc"].Value, subnet.State["vpcId"].StringValue())
	tags := subnet.State["tags"].ObjectValue()
	require.Equal(t, "net-public-1", tags["Name"].StringValue())
	require.Equal(t, "Public", tags["SubnetType"].StringValue())
	require.Equal(t, "tests", tags["Owner"].StringValue())
}

func TestWhatTheComponentsRefuse(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"test": "config: {aws:region: us-west-2}\n"})
	sandbox := enginetest.Open(t, engine.Options{Root: root})
	auto, legacy := ec2.SubnetAllocationStrategyAuto, ec2.SubnetAllocationStrategyLegacy
	onlyPublic := []ec2.SubnetSpecArgs{{Type: ec2.SubnetTypePublic}}
	one, zones := new(1), []string{"us-west-2a"}
	for want, args := range map[string]*ec2.VpcArgs{
		`lays out subnets by the strategy "Auto" only`:                 {SubnetStrategy: &legacy},
		"the sandbox does not know the input availabilityZoneCidrMask": {SubnetStrategy: &auto, AvailabilityZoneCidrMask: new(20)},
		`cidrBlock: "10.0.0.1/16" is not an IPv4 range`:                {SubnetStrategy: &auto, CidrBlock: new("10.0.0.1/16")},
		"OnePerAz needs public subnets, for the gateways, and private": {SubnetStrategy: &auto, SubnetSpecs: onlyPublic},
		"numberOfAvailabilityZones: 9, but the region has 4":           {SubnetStrategy: &auto, NumberOfAvailabilityZones: new(9)},
		"only one of availabilityZoneNames and numberOfAvailabilityZones": {
			SubnetStrategy: &auto, NumberOfAvailabilityZones: one, AvailabilityZoneNames: zones,
		},
	} {
		stack, err := sandbox.Stack(engine.StackOptions{Name: "test", Program: func(ctx *pulumi.Context) error {
			_, err := ec2.NewVpc(ctx, "net", args)
			return err
		}})
		require.NoError(t, err)
		_, err = stack.Preview(t.Context(), engine.RunOptions{})
		require.ErrorContains(t, err, want)
	}
}

func TestAComponentThatIsNotThere(t *testing.T) {
	t.Parallel()
	root := enginetest.Project(t, map[string]string{"test": "config: {aws:region: us-west-2}\n"})
	sandbox := enginetest.Open(t, engine.Options{Root: root})
	stack, err := sandbox.Stack(engine.StackOptions{Name: "test", Program: func(ctx *pulumi.Context) error {
		return ctx.RegisterRemoteComponentResource("awsx:lb:ApplicationLoadBalancer", "lb", pulumi.Map{}, &pulumi.ResourceState{},
			pulumi.Version("2.22.0"))
	}})
	require.NoError(t, err)
	_, err = stack.Preview(t.Context(), engine.RunOptions{})
	require.ErrorContains(t, err, "the sandbox does not know the component awsx:lb:ApplicationLoadBalancer; "+
		"it has awsx:ec2:DefaultVpc, awsx:ec2:Vpc")
}
