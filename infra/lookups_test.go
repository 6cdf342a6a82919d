package infra

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicequotas"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/infratest"
)

const (
	getCertificate = "aws:acm/getCertificate:getCertificate"
	getSubnet      = "aws:ec2/getSubnet:getSubnet"
	getVpc         = "aws:ec2/getVpc:getVpc"
)

// held is a certificate of an account that the provider's look-up finds by its first name and the kind of its key.
type held struct {
	id, key string
	names   []string
}

// lookUpIn runs the look-up in an account with these certificates, the newest first, and counts the provider's calls.
func lookUpIn(t *testing.T, site config.Site, certificates ...held) (arn string, calls int, err error) {
	t.Helper()
	run := infratest.Run{Stack: "test", Invokes: map[string]func(resource.PropertyMap) (map[string]any, error){
		getCertificate: func(args resource.PropertyMap) (map[string]any, error) {
			calls++
			assert.Equal(t, "ISSUED", args["statuses"].ArrayValue()[0].StringValue())
			for _, c := range certificates {
				asked := slices.ContainsFunc(args["keyTypes"].ArrayValue(), func(k resource.PropertyValue) bool { return k.StringValue() == c.key })
				if asked && c.names[0] == args["domain"].StringValue() {
					return infratest.Certificate(c.id, c.names...)
				}
			}
			return nil, fmt.Errorf("no ACM Certificate matching domain (%s)", args["domain"].StringValue())
		},
	}}
	_, runErr := run.Try(func(ctx *pulumi.Context) (pulumi.Map, error) {
		arn, err = certificateFor(ctx, site)
		return nil, err
	})
	require.Equal(t, err == nil, runErr == nil)
	return strings.TrimPrefix(arn, "arn:aws:acm:us-west-2:942734823970:certificate/"), calls, err
}

func TestTheCertificateIsFoundByItsNames(t *testing.T) {
	t.Parallel()
	site := config.Site{Zone: "example.com", Host: "edit"}
	for name, c := range map[string]struct {
		certificates []held
		want         string
	}{
		"wildcard":                     {[]held{{"w", "RSA_2048", []string{"*.example.com"}}}, "w"},
		"wildcard with an ECDSA key":   {[]held{{"w", "EC_prime256v1", []string{"*.example.com"}}}, "w"},
		"P-384":                        {[]held{{"w", "EC_secp384r1", []string{"*.example.com", "example.com"}}}, "w"},
		"imported with a long RSA key": {[]held{{"w", "RSA_4096", []string{"*.example.com"}}}, "w"},
		"wildcard beside the zone":     {[]held{{"s", "RSA_2048", []string{"example.com", "*.example.com"}}}, "s"},
		"the host alone":               {[]held{{"h", "EC_prime256v1", []string{"edit.example.com"}}}, "h"},
		"the host beside the zone":     {[]held{{"h", "RSA_2048", []string{"example.com", "edit.example.com"}}}, "h"},
		"wildcard above the zone":      {[]held{{"z", "RSA_2048", []string{"example.com", "*.example.com"}}, {"w", "RSA_2048", []string{"*.example.com"}}}, "w"},
		"newest of the zone has only the zone": {
			[]held{{"z", "EC_prime256v1", []string{"example.com"}}, {"s", "RSA_2048", []string{"example.com", "*.example.com"}}}, "s",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _, err := lookUpIn(t, site, c.certificates...)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestACertificateWithOtherNamesIsNotTaken(t *testing.T) {
	t.Parallel()
	_, _, err := lookUpIn(t, config.Site{Zone: "example.com", Host: "edit"},
		held{"z", "RSA_2048", []string{"example.com", "www.example.com", "*.dev.example.com"}}, held{"www", "RSA_2048", []string{"www.example.com", "*.example.com"}})
	require.ErrorIs(t, err, errNoCertificate)
	for _, part := range []string{
		"certificate/z for example.com, www.example.com, *.dev.example.com", "edit.example.com", "set certificateArn",
		"aws acm request-certificate --domain-name '*.example.com'",
	} {
		assert.ErrorContains(t, err, part)
	}
	assert.Equal(t, 1, strings.Count(err.Error(), "certificate/z"), "each is listed once")
	_, _, err = lookUpIn(t, config.Site{Zone: "example.com", Host: "edit"})
	require.ErrorContains(t, err, "none was found")
}

func TestWhatCannotBeReadIsNoCertificate(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{"": "names that cannot be read", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n": "x509"} {
		_, err := infratest.Run{Stack: "test", Invokes: map[string]func(resource.PropertyMap) (map[string]any, error){
			getCertificate: func(resource.PropertyMap) (map[string]any, error) {
				return map[string]any{"arn": "arn:x", "status": "ISSUED", "certificate": body}, nil
			},
		}}.Try(func(ctx *pulumi.Context) (pulumi.Map, error) {
			_, err := certificateFor(ctx, config.Site{Zone: "example.com", Host: "edit"})
			return nil, err
		})
		require.ErrorContains(t, err, want)
	}
	_, err := infratest.Run{Stack: "test", FailInvokes: map[string]error{getCertificate: errors.New("AccessDeniedException")}}.Try(
		func(ctx *pulumi.Context) (pulumi.Map, error) {
			_, err := certificateFor(ctx, config.Site{Zone: "example.com", Host: "edit"})
			return nil, err
		})
	require.ErrorContains(t, err, "AccessDeniedException")
	require.NotErrorIs(t, err, errNoCertificate, "a refused look-up says nothing about certificates")
}

func TestTheConfiguredCertificateIsNotLookedUp(t *testing.T) {
	t.Parallel()
	_, calls, err := lookUpIn(t, config.Site{Zone: "example.com", Host: "edit", CertificateArn: certificateArn})
	require.NoError(t, err)
	assert.Zero(t, calls)
}

func TestSubnetsAreInTwoZonesDefaultOnesFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.StringMatching(`subnet-[0-9a-f]{8}`), 1, 10, rapid.ID[string]).Draw(r, "ids")
		defaults := map[string]bool{} // one a zone at most, as in AWS
		all := make([]subnet, 0, len(ids))
		for _, id := range ids {
			zone := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(r, "zone")
			isDefault := !defaults[zone] && rapid.Bool().Draw(r, "default")
			defaults[zone] = defaults[zone] || isDefault
			all = append(all, subnet{id: id, zone: zone, zoneID: "usw2-" + zone, isDefault: isDefault})
		}
		zones := map[string]bool{}
		for _, s := range all {
			zones[s.zone] = true
		}
		chosen, err := chooseSubnets(all)
		if len(zones) < 2 {
			require.ErrorIs(r, err, errTooFewSubnets)
			return
		}
		require.NoError(r, err)
		byID := map[string]subnet{}
		for _, s := range all {
			byID[s.id] = s
		}
		require.NotEqual(r, byID[chosen[0]].zone, byID[chosen[1]].zone)
		count := 0
		for _, isDefault := range defaults {
			if isDefault {
				count++
			}
		}
		for i := range min(count, 2) {
			require.True(r, byID[chosen[i]].isDefault, "%v of %v", chosen, all)
		}
		again, err := chooseSubnets(rapid.Permutation(all).Draw(r, "shuffled"))
		require.NoError(r, err)
		require.Equal(r, chosen, again)
	})
}

func TestOrdinaryAccountsKeepTheirSubnets(t *testing.T) {
	t.Parallel()
	ordinary := []subnet{
		{id: "subnet-0d", zone: "d", isDefault: true}, {id: "subnet-0a", zone: "a", isDefault: true}, {id: "subnet-0b", zone: "b", isDefault: true},
	}
	chosen, err := chooseSubnets(ordinary)
	require.NoError(t, err)
	assert.Equal(t, []string{"subnet-0a", "subnet-0b"}, chosen)
	assert.Nil(t, formerSubnets(ordinary, chosen))
	clash := append(slices.Clone(ordinary), subnet{id: "subnet-00", zone: "a"})
	chosen, err = chooseSubnets(clash)
	require.NoError(t, err)
	assert.Equal(t, []string{"subnet-0a", "subnet-0b"}, chosen)
	assert.Nil(t, formerSubnets(clash, chosen), "it could not be deployed")
	moved := append(slices.Clone(ordinary), subnet{id: "subnet-00", zone: "c"})
	chosen, err = chooseSubnets(moved)
	require.NoError(t, err)
	assert.Equal(t, []string{"subnet-0a", "subnet-0b"}, chosen)
	assert.Equal(t, []string{"subnet-00", "subnet-0a"}, formerSubnets(moved, chosen), "whoever is there is told how to stay")
}

func TestZonesWithoutFargateAreLeftOut(t *testing.T) {
	t.Parallel()
	chosen, err := chooseSubnets([]subnet{
		{id: "subnet-0a", zone: "us-west-1a", zoneID: "usw1-az1", isDefault: true},
		{id: "subnet-0b", zone: "us-west-1b", zoneID: "usw1-az2", isDefault: true},
		{id: "subnet-0c", zone: "us-west-1c", zoneID: "usw1-az3", isDefault: true},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"subnet-0a", "subnet-0c"}, chosen)
}

// network runs NewNetwork with look-ups of its own and returns the public subnets and the VPC.
func network(t *testing.T, config config.Network, change func(*infratest.Run)) (subnets []string, vpc any, err error) {
	t.Helper()
	run := infratest.Run{Stack: "test"}
	if change != nil {
		change(&run)
	}
	d, err := run.Try(func(ctx *pulumi.Context) (pulumi.Map, error) {
		made, err := NewNetwork(ctx, "network", &NetworkArgs{Network: config})
		if err != nil {
			return nil, err
		}
		return pulumi.Map{"public": made.PublicSubnetIDs, "vpc": made.VpcID}, nil
	})
	if err != nil {
		return nil, nil, err
	}
	subnets, _ = d.Outputs["public"].([]string)
	return subnets, d.Outputs["vpc"], nil
}

// in answers look-ups of subnets with changes to what they usually are.
func in(changes map[string]map[string]any) func(*infratest.Run) {
	return func(run *infratest.Run) {
		run.Invokes = map[string]func(resource.PropertyMap) (map[string]any, error){
			getSubnet: func(args resource.PropertyMap) (map[string]any, error) {
				id := args["id"].StringValue()
				answer := infratest.Subnet(id)
				maps.Copy(answer, changes[id])
				return answer, nil
			},
		}
	}
}

func TestExtraSubnetsOfTheDefaultVpcChangeNothing(t *testing.T) {
	t.Parallel()
	subnets, _, err := network(t, config.Network{}, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"subnet-0aaaaaaaa", "subnet-0bbbbbbbb"}, subnets)
	subnets, _, err = network(t, config.Network{}, in(map[string]map[string]any{
		"subnet-0aaaaaaaa": {"availabilityZone": "us-west-2b", "defaultForAz": false},
	}))
	require.NoError(t, err)
	assert.Equal(t, []string{"subnet-0bbbbbbbb", "subnet-0cccccccc"}, subnets, "the lowest two are in one zone")
}

func TestNetworkErrorsNameTheKeysToSet(t *testing.T) {
	t.Parallel()
	_, _, err := network(t, config.Network{}, func(run *infratest.Run) {
		run.FailInvokes = map[string]error{getVpc: errors.New("no matching EC2 VPC found")}
	})
	require.ErrorContains(t, err, "no matching EC2 VPC found")
	for _, key := range []string{"subnetIds", "dedicatedVpc", "aws ec2 create-default-vpc"} {
		require.ErrorContains(t, err, key)
	}
	one := map[string]any{"availabilityZone": "us-west-2a"}
	_, _, err = network(t, config.Network{}, in(map[string]map[string]any{
		"subnet-0bbbbbbbb": one, "subnet-0cccccccc": one, "subnet-0dddddddd": one,
	}))
	require.ErrorContains(t, err, "4 public subnets")
	require.ErrorContains(t, err, "set subnetIds")
}

func TestPinnedSubnetsAreCheckedAndBringTheirVpc(t *testing.T) {
	t.Parallel()
	pinned := config.Network{SubnetIDs: []string{"subnet-0eeeeeee", "subnet-0fffffff"}, PrivateSubnetIDs: []string{"subnet-0ccccccc", "subnet-0ddddddd"}}
	other := map[string]any{"vpcId": "vpc-0other"}
	all := map[string]map[string]any{
		"subnet-0eeeeeee": other, "subnet-0fffffff": other, "subnet-0ccccccc": other, "subnet-0ddddddd": other,
	}
	subnets, vpc, err := network(t, pinned, func(run *infratest.Run) {
		in(all)(run)
		run.FailInvokes = map[string]error{getVpc: errors.New("no matching EC2 VPC found")}
	})
	require.NoError(t, err, "no default VPC is needed")
	assert.Equal(t, []string{"subnet-0eeeeeee", "subnet-0fffffff"}, subnets)
	assert.Equal(t, "vpc-0other", vpc)
	for key, changes := range map[string]map[string]map[string]any{
		"subnetIds":        {"subnet-0fffffff": {"availabilityZone": "us-west-2e"}},
		"privateSubnetIds": {"subnet-0ccccccc": other, "subnet-0ddddddd": other},
	} {
		_, _, err := network(t, pinned, in(changes))
		var bad *config.Error
		require.ErrorAs(t, err, &bad)
		assert.Equal(t, key, bad.Faults[0].Key)
	}
	_, _, err = network(t, config.Network{PrivateSubnetIDs: pinned.PrivateSubnetIDs}, in(all))
	require.ErrorContains(t, err, "privateSubnetIds")
}

// TestAPinnedVpcHasToResolveNames: VPCs of somebody's own begin without host names, and a task that can't find the file system by its name never
// starts.
func TestAPinnedVpcHasToResolveNames(t *testing.T) {
	t.Parallel()
	public := config.Network{SubnetIDs: []string{"subnet-0eeeeeee", "subnet-0fffffff"}}
	private := config.Network{PrivateSubnetIDs: public.SubnetIDs}
	having := func(hostNames, support bool) func(*infratest.Run) {
		return func(run *infratest.Run) {
			run.Invokes = map[string]func(resource.PropertyMap) (map[string]any, error){
				getVpc: func(resource.PropertyMap) (map[string]any, error) {
					return map[string]any{"id": "vpc-0default", "enableDnsHostnames": hostNames, "enableDnsSupport": support}, nil
				},
			}
		}
	}
	for key, pinned := range map[string]config.Network{"subnetIds": public, "privateSubnetIds": private} {
		_, _, err := network(t, pinned, having(true, true))
		require.NoError(t, err)
		for _, attributes := range [][2]bool{{false, true}, {true, false}} {
			_, _, err := network(t, pinned, having(attributes[0], attributes[1]))
			var bad *config.Error
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, key, bad.Faults[0].Key)
			assert.Contains(t, bad.Faults[0].Expected, "aws ec2 modify-vpc-attribute --vpc-id vpc-0default --enable-dns-hostnames")
		}
	}
	_, _, err := network(t, config.Network{}, having(false, false))
	require.NoError(t, err, "of a default VPC nobody is asked")
}

func TestQuotasAreToldBeforeAnythingIsCreated(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	for name, c := range map[string]struct {
		change  func(*config.Config)
		values  map[string]float64
		failed  []string
		warning int
	}{
		"enough":                    {nil, map[string]float64{"lambda": 1000, "fargate": 64}, nil, 0},
		"a new account":             {nil, map[string]float64{"lambda": 10, "fargate": 6}, []string{"Concurrent executions", "--service-code lambda --quota-code L-B99A9384 --desired-value 1000", "scalerConcurrency: 0"}, 1},
		"both too small":            {nil, map[string]float64{"lambda": 10, "fargate": 1}, []string{"Concurrent executions", "--service-code fargate --quota-code L-3032A538", "taskCpu"}, 0},
		"nothing reserved":          {func(c *config.Config) { c.Clients[0].Concurrency = 0 }, map[string]float64{"lambda": 10, "fargate": 8}, nil, 0},
		"Lambda may refuse":         {nil, map[string]float64{"lambda": 61, "fargate": 8}, nil, 1},
		"just too little":           {nil, map[string]float64{"lambda": 60, "fargate": 8}, []string{"needs at least 61"}, 0},
		"enough of both":            {nil, map[string]float64{"lambda": 151, "fargate": 8}, nil, 0},
		"bigger tasks than allowed": {func(c *config.Config) { c.Clients[0].CPU = 8192 }, map[string]float64{"lambda": 1000, "fargate": 6}, []string{"1 task(s) of 8 vCPU"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := *cfg
			own.Clients = slices.Clone(cfg.Clients)
			if c.change != nil {
				c.change(&own)
			}
			var failed []error
			warned := 0
			for _, need := range quotaNeeds(&own) {
				warning, err := need.judge("us-west-2", &servicequotas.LookupServiceQuotaResult{Value: c.values[need.service]}, nil)
				failed = append(failed, err)
				if warning != "" {
					warned++
					assert.Contains(t, warning, "aws service-quotas request-service-quota-increase --region us-west-2")
				}
			}
			err := errors.Join(failed...)
			assert.Equal(t, c.failed == nil, err == nil, "%v", err)
			for _, part := range c.failed {
				assert.ErrorContains(t, err, part)
			}
			assert.Equal(t, c.warning, warned)
		})
	}
}

func TestAQuotaThatCannotBeReadOnlyWarns(t *testing.T) {
	t.Parallel()
	for _, need := range quotaNeeds(configured(t)) {
		warning, err := need.judge("us-west-2", nil, errors.New("AccessDeniedException"))
		require.NoError(t, err)
		assert.Contains(t, warning, "AccessDeniedException")
		assert.Contains(t, warning, "aws service-quotas get-service-quota --region us-west-2 --service-code "+need.service)
	}
	const token = "aws:servicequotas/getServiceQuota:getServiceQuota"
	run := func(run infratest.Run) (*infratest.Deployment, error) {
		run.Stack = "test"
		return run.Try(func(ctx *pulumi.Context) (pulumi.Map, error) {
			cfg, err := config.Load(ctx)
			if err != nil {
				return nil, err
			}
			return nil, checkQuotas(ctx, cfg)
		})
	}
	_, err := run(infratest.Run{FailInvokes: map[string]error{token: errors.New("AccessDeniedException")}})
	require.NoError(t, err)
	_, err = run(infratest.Run{Invokes: map[string]func(resource.PropertyMap) (map[string]any, error){
		token: func(args resource.PropertyMap) (map[string]any, error) {
			return map[string]any{"value": 1.0}, nil
		},
	}})
	require.ErrorIs(t, err, errQuota)
	require.ErrorContains(t, err, "L-B99A9384")
	require.ErrorContains(t, err, "L-3032A538", "both at once")
}

func TestDedicatedVpcWithTooFewSubnetsIsAnError(t *testing.T) {
	t.Parallel()
	for count := range 2 {
		ids := []string{"subnet-0aaaaaaa"}[:count]
		_, err := internals.UnsafeAwaitOutput(t.Context(), firstSubnets(pulumi.ToStringArray(ids).ToStringArrayOutput()))
		require.ErrorIs(t, err, errTooFewSubnets)
		assert.ErrorContains(t, err, fmt.Sprintf("the dedicated VPC has %d fitting subnets", count))
	}
}
