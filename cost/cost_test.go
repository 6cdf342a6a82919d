package cost

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exported builds a stack export from resources.
func exported(t *testing.T, resources ...map[string]any) *Stack {
	t.Helper()
	data, err := json.Marshal(map[string]any{"version": 3, "deployment": map[string]any{"resources": resources}})
	require.NoError(t, err)
	stack, err := ReadStack(bytes.NewReader(data))
	require.NoError(t, err)
	return stack
}

func component(typ string) map[string]any {
	return map[string]any{"urn": "urn:pulumi:prod::p::webordinary:infra:" + typ + "::" + strings.ToLower(typ), "type": "webordinary:infra:" + typ}
}

func custom(typ, name, parent string, inputs map[string]any) map[string]any {
	return map[string]any{
		"urn": "urn:pulumi:prod::p::" + typ + "::" + name, "type": typ, "custom": true, "inputs": inputs, "outputs": inputs,
		"parent": "urn:pulumi:prod::p::webordinary:infra:" + parent + "::" + strings.ToLower(parent),
	}
}

func taskDefinition(architecture string) map[string]any {
	return custom("aws:ecs/taskDefinition:TaskDefinition", "td", "EditService", map[string]any{
		"cpu": "2048", "memory": "4096", "runtimePlatform": map[string]any{"cpuArchitecture": architecture},
	})
}

func service(publicIP bool) map[string]any {
	return custom("aws:ecs/service:Service", "service", "EditService", map[string]any{
		"networkConfiguration": map[string]any{"assignPublicIp": publicIP},
	})
}

// usage has idle tails of 6.5 minutes: ten hours in half-hour sessions are 20 sessions of 37.5 billed minutes, 12.5 hours.
func usage(hours float64) Usage {
	usage := DefaultUsage(hours)
	usage.IdleMinutes = 6.5
	return usage
}

func estimate(t *testing.T, hours float64, resources ...map[string]any) *Estimate {
	t.Helper()
	priced, err := NewEstimate(exported(t, resources...), usage(hours))
	require.NoError(t, err)
	return priced
}

func TestTasksAreBilledWithWakesAndTails(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 12.5, usage(10).BilledHours(), 1e-9)
	e := estimate(t, 10, component("EditService"), taskDefinition("X86_64"), service(true))
	require.InDelta(t, 12.5*(2*0.04048+4*0.004445+0.005), e.Total(Service), 1e-9)
	require.InDelta(t, 12.5*(2*0.03238+4*0.00356),
		estimate(t, 10, component("EditService"), taskDefinition("ARM64"), service(false)).Total(Service), 1e-9)
}

func TestLoadBalancerIsChargedUsedOrNot(t *testing.T) {
	t.Parallel()
	e := estimate(t, 0, component("LoadBalancer"), custom("aws:lb/loadBalancer:LoadBalancer", "alb", "LoadBalancer",
		map[string]any{"subnets": []any{"subnet-a", "subnet-b"}}))
	require.InDelta(t, 730*0.0225+2*730*0.005, e.Total(LoadBalancer), 1e-9)
	require.Zero(t, e.Total(Service))
}

func TestPartsAddUpToTheTotal(t *testing.T) {
	t.Parallel()
	e := estimate(t, 10, component("EditService"), component("Secrets"), taskDefinition("X86_64"), service(true),
		custom("aws:secretsmanager/secret:Secret", "key", "Secrets", nil))
	require.InDelta(t, 0.40, e.Total(Foundation), 1e-9)
	require.InDelta(t, e.Total(), e.Total(Foundation)+e.Total(Service)+e.Total(LoadBalancer), 1e-9)
}

func TestFreeAllowanceCountsOnceForAllAlarms(t *testing.T) {
	t.Parallel()
	resources := []map[string]any{component("Observability")}
	for _, name := range strings.Split("abcdefghijkl", "") {
		resources = append(resources, custom("aws:cloudwatch/metricAlarm:MetricAlarm", name, "Observability", nil))
	}
	require.InDelta(t, 2*0.10, estimate(t, 10, resources...).Total(), 1e-9, "12 alarms, 10 of them free")
}

func TestUnknownTypesAreReported(t *testing.T) {
	t.Parallel()
	e := estimate(t, 10, component("EditService"), custom("aws:rds/instance:Instance", "db", "EditService", nil))
	require.Equal(t, map[string]int{"aws:rds/instance:Instance": 1}, e.Unknown)
	var out bytes.Buffer
	require.NoError(t, e.Markdown(&out))
	require.Contains(t, out.String(), "Not priced, so the totals are too low:** aws:rds/instance:Instance")
}

// notRegistered are types that the sandbox knows for its own tests and that this program does not register.
var notRegistered = map[string]bool{
	"aws:ec2/vpcEndpoint:VpcEndpoint":              true,
	"aws:kms/alias:Alias":                          true,
	"aws:kms/key:Key":                              true,
	"aws:s3/bucket:Bucket":                         true,
	"aws:secretsmanager/secretPolicy:SecretPolicy": true,
}

// TestEveryTypeHasAPrice goes through the types that the sandbox knows: a resource of another type could not be deployed in any test.
func TestEveryTypeHasAPrice(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../sandbox/internal/aws/*/schema.json")
	require.NoError(t, err)
	types := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var schema map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(data, &schema))
		for token := range schema {
			types++
			assert.True(t, rules[token] != nil || freeTypes[token] || notRegistered[token], "%s: a rule in estimate.go, or a line in freetypes.go", token)
		}
	}
	require.Greater(t, types, 50)
}

func TestVariantsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	variants := estimate(t, 10, component("EditService"), taskDefinition("X86_64"), service(true)).Variants()
	require.Len(t, variants, 4)
	deployed, always, nat, endpoints := variants[0], variants[1], variants[2], variants[3]
	require.Less(t, deployed.Service, always.Service)
	require.InDelta(t, 730*(2*0.04048+4*0.004445+0.005), always.Service, 1e-6, "a task around the clock")
	require.InDelta(t, deployed.Service-12.5*0.005+730*0.05+20*0.045, nat.Service, 1e-6)
	require.InDelta(t, deployed.Service-12.5*0.005+58.40, endpoints.Service, 1e-6)
}

func TestBadInputIsRefused(t *testing.T) {
	t.Parallel()
	_, err := ReadStack(strings.NewReader(`{"deployment":{}}`))
	require.ErrorIs(t, err, ErrEmptyStack)
	_, err = ReadStack(strings.NewReader(`not json`))
	require.ErrorContains(t, err, "read the stack export")
	stack := exported(t, component("EditService"))
	_, err = NewEstimate(stack, DefaultUsage(731))
	require.ErrorContains(t, err, "731 hours a month, expected 0 to 730")
	_, err = NewEstimate(stack, Usage{Hours: 1})
	require.ErrorContains(t, err, "sessions of 0 minutes")
}

func TestEveryPriceHasASource(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]Price{
		"FargateVCPU": FargateVCPU, "FargateGB": FargateGB, "FargateARMVCPU": FargateARMVCPU, "FargateARMGB": FargateARMGB,
		"LoadBalancerHour": LoadBalancerHour, "LoadBalancerLCU": LoadBalancerLCU, "PublicIPv4": PublicIPv4,
		"NatGatewayHour": NatGatewayHour, "NatGatewayGB": NatGatewayGB, "InterfaceEndpoint": InterfaceEndpoint,
		"EFSStandard": EFSStandard, "EFSInfrequent": EFSInfrequent, "BackupEFS": BackupEFS, "Secret": Secret,
		"ImageStorage": ImageStorage, "BucketStorage": BucketStorage, "FunctionGBs": FunctionGBs,
		"FunctionRequest": FunctionRequest, "LogIngestion": LogIngestion, "Alarm": Alarm, "CustomMetric": CustomMetric,
		"Dashboard": Dashboard,
	} {
		require.Positive(t, p.USD, name)
		require.NotEmpty(t, p.Unit, name)
		require.Contains(t, p.Source, "aws.amazon.com/", name)
		require.Regexp(t, `^20\d\d-\d\d$`, p.Date, name)
	}
}
