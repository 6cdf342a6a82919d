package config

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"strconv"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/infratest"
)

// load runs Load in a stack named test.
func load(plain, secret infratest.Settings) (cfg *Config, err error) {
	run := infratest.Run{Stack: "test", Config: plain.Qualified(), Secrets: secret.Qualified()}
	_, runErr := run.Try(func(ctx *pulumi.Context) (pulumi.Map, error) {
		cfg, err = Load(ctx)
		return nil, err
	})
	if err == nil {
		err = runErr
	}
	return cfg, err
}

func mustLoad(t *testing.T, plain, secret infratest.Settings) *Config {
	t.Helper()
	cfg, err := load(plain, secret)
	require.NoError(t, err)
	return cfg
}

// faultsOf returns the faults of a configuration that has to have some.
func faultsOf(t *testing.T, plain, secret infratest.Settings) []Fault {
	t.Helper()
	_, err := load(plain, secret)
	var bad *Error
	require.ErrorAs(t, err, &bad, "%v %v", plain, secret)
	assert.Equal(t, "test", bad.Stack)
	require.NotEmpty(t, bad.Faults)
	return bad.Faults
}

const (
	testRoleArn        = "arn:aws:iam::942734823970:role/other"
	testKeyArn         = "arn:aws:kms:us-west-2:942734823970:key/5a6b7c8d-0000-4000-8000-000000000001"
	testCertificateArn = "arn:aws:acm:us-west-2:942734823970:certificate/3f1c9c6e-1111-4222-8333-444455556666"
)

// reachingFields has one right value per key and says where it has to arrive. Every key of the schema is here.
func reachingFields() []struct {
	key, value string
	beside     infratest.Settings
	field      func(*Config) any
	want       any
} {
	return []struct {
		key, value string
		beside     infratest.Settings
		field      func(*Config) any
		want       any
	}{
		{"aws:region", "eu-central-1", nil, func(c *Config) any { return c.Region }, "eu-central-1"},
		{"nameSuffix", "-dev", nil, func(c *Config) any { return c.NameSuffix }, "-dev"},
		{"protect", "true", nil, func(c *Config) any { return c.Protect }, true},
		{"adopt", `{"workspace-bucket":"b-1"}`, nil, func(c *Config) any { return c.Adopt }, map[string]string{"workspace-bucket": "b-1"}},
		{"zone", "example.com", nil, func(c *Config) any { return c.Site.Zone }, "example.com"},
		{"host", "live", nil, func(c *Config) any { return c.Site.FQDN() }, "live.ameliastamps.com"},
		{"hostedZoneId", "Z0ABC", nil, func(c *Config) any { return c.Site.HostedZoneID }, "Z0ABC"},
		{"certificateArn", testCertificateArn, nil, func(c *Config) any { return c.Site.CertificateArn }, testCertificateArn},
		{"dedicatedVpc", "true", nil, func(c *Config) any { return c.Network.Dedicated }, true},
		{"vpcCidr", "10.7.0.0/20", nil, func(c *Config) any { return c.Network.CidrBlock }, "10.7.0.0/20"},
		{"natGateways", "OnePerAz", nil, func(c *Config) any { return c.Network.NatGateways }, "OnePerAz"},
		{
			"subnetIds", `["subnet-0aaaaaaa","subnet-0bbbbbbb"]`, nil, func(c *Config) any { return c.Network.SubnetIDs },
			[]string{"subnet-0aaaaaaa", "subnet-0bbbbbbb"},
		},
		{
			"privateSubnetIds", `["subnet-0ccccccc","subnet-0ddddddd"]`, nil, func(c *Config) any { return c.Network.PrivateSubnetIDs },
			[]string{"subnet-0ccccccc", "subnet-0ddddddd"},
		},
		{
			"sharedStack", "org/project/prod",
			infratest.Settings{"shared": `["registry"]`},
			func(c *Config) any { return c.Sharing.Stack },
			"org/project/prod",
		},
		{
			"shared", `["secrets","workspace"]`,
			infratest.Settings{"sharedStack": "prod"},
			func(c *Config) any { return c.Sharing.Parts },
			[]string{PartSecrets, PartWorkspace},
		},
		{"imageTag", "v1.2.3", nil, func(c *Config) any { return c.Registry.ImageTag }, "v1.2.3"},
		{"imagesToKeep", "25", nil, func(c *Config) any { return c.Registry.ImagesToKeep }, 25},
		{"client", "other", infratest.Settings{"clients": `["other"]`}, func(c *Config) any { return c.Workspace.Client }, "other"},
		{"user", "jane", nil, func(c *Config) any { return c.Workspace.User }, "jane"},
		{"repository", "https://example.com/a.git", nil, func(c *Config) any { return c.Workspace.Repository }, "https://example.com/a.git"},
		{"clients", `["ameliastamps","two"]`, nil, func(c *Config) any { return c.Workspace.Clients }, []string{"ameliastamps", "two"}},
		{"backups", "false", nil, func(c *Config) any { return c.Workspace.Backups }, false},
		{"workspaceBucket", "my.bucket", nil, func(c *Config) any { return c.Workspace.Bucket }, "my.bucket"},
		{"mountRoleArns", `["` + testRoleArn + `"]`, nil, func(c *Config) any { return c.Workspace.MountRoleArns }, []string{testRoleArn}},
		{"refuseOtherRoles", "false", nil, func(c *Config) any { return c.Workspace.RefuseOtherRoles }, false},
		{"idleTimeoutSeconds", "60", nil, func(c *Config) any { return c.LoadBalancer.IdleTimeoutSeconds }, 60},
		{
			"tlsPolicy", "ELBSecurityPolicy-TLS13-1-3-2021-06", nil, func(c *Config) any { return c.LoadBalancer.TLSPolicy },
			"ELBSecurityPolicy-TLS13-1-3-2021-06",
		},
		{"taskCpu", "1024", nil, func(c *Config) any { return c.Service.CPU }, 1024},
		{"taskMemory", "5120", nil, func(c *Config) any { return c.Service.Memory }, 5120},
		{"cpuArchitecture", "ARM64", nil, func(c *Config) any { return c.Service.CPUArchitecture }, "ARM64"},
		{"apiPort", "9080", nil, func(c *Config) any { return c.Service.APIPort }, 9080},
		{"previewPort", "9321", nil, func(c *Config) any { return c.Service.PreviewPort }, 9321},
		{"webSocketPort", "9322", nil, func(c *Config) any { return c.Service.WebSocketPort }, 9322},
		{"dependencies", "task", nil, func(c *Config) any { return c.Service.Dependencies }, DependenciesOnTask},
		{"autoShutdownMinutes", "15", nil, func(c *Config) any { return c.Service.AutoShutdownMinutes }, 15},
		{"minCapacity", "1", nil, func(c *Config) any { return c.Service.MinCapacity }, 1},
		{"maxCapacity", "7", nil, func(c *Config) any { return c.Service.MaxCapacity }, 7},
		{"cpuTarget", "55", nil, func(c *Config) any { return c.Service.CPUTarget }, 55},
		{"memoryTarget", "75", nil, func(c *Config) any { return c.Service.MemoryTarget }, 75},
		{"healthPath", "/up", nil, func(c *Config) any { return c.Service.HealthPath }, "/up"},
		{"healthIntervalSeconds", "10", nil, func(c *Config) any { return c.Service.HealthIntervalSeconds }, 10},
		{"healthTimeoutSeconds", "4", nil, func(c *Config) any { return c.Service.HealthTimeoutSeconds }, 4},
		{"healthyThreshold", "5", nil, func(c *Config) any { return c.Service.HealthyThreshold }, 5},
		{"unhealthyThreshold", "6", nil, func(c *Config) any { return c.Service.UnhealthyThreshold }, 6},
		{"rulePriorityBase", "300", nil, func(c *Config) any { return c.Service.RulePriorityBase }, 300},
		{"logRetentionDays", "14", nil, func(c *Config) any { return c.Service.LogRetentionDays }, 14},
		{"scalerConcurrency", "0", nil, func(c *Config) any { return c.Scaler.Concurrency }, 0},
		{"wakeCredentials", `["cookie:session"]`, nil, func(c *Config) any { return c.Scaler.WakeCredentials }, []string{"cookie:session"}},
		{
			"standInUrl", "https://site.example.com/en", nil, func(c *Config) any { return c.Scaler.StandInURL },
			"https://site.example.com/en",
		},
		{"auth", "cognito", withEditor(), func(c *Config) any { return c.Auth.Mode }, "cognito"},
		{"mfa", "optional", nil, func(c *Config) any { return c.Auth.MFA }, "optional"},
		{"authSessionHours", "8", nil, func(c *Config) any { return c.Auth.SessionHours }, 8},
		{"cleanupCompressAfterDays", "8", nil, func(c *Config) any { return c.Cleanup.CompressAfterDays }, 8},
		{"cleanupDeleteAfterDays", "31", nil, func(c *Config) any { return c.Cleanup.DeleteAfterDays }, 31},
		{"cleanupArchiveAfterDays", "90", nil, func(c *Config) any { return c.Cleanup.ArchiveAfterDays }, 90},
		{"cleanupDryRun", "true", nil, func(c *Config) any { return c.Cleanup.DryRun }, true},
		{"distributionId", "E2QWRUHAPOMQZL", nil, func(c *Config) any { return c.Edge.DistributionID }, "E2QWRUHAPOMQZL"},
		{"distributionBehaviorQuota", "75", nil, func(c *Config) any { return c.Edge.BehaviorQuota }, 75},
		{"distributionOriginQuota", "100", nil, func(c *Config) any { return c.Edge.OriginQuota }, 100},
		{
			"distributionRights", `["arn:aws:s3:::site-logs"]`, nil, func(c *Config) any { return c.Edge.Rights },
			[]string{"arn:aws:s3:::site-logs"},
		},
		{"alarms", "false", nil, func(c *Config) any { return c.Observability.Alarms }, false},
		{"alarmEmail", "ops@example.com", nil, func(c *Config) any { return c.Observability.AlarmEmail }, "ops@example.com"},
		{"monthlyBudgetUsd", "40", nil, func(c *Config) any { return c.Observability.MonthlyBudgetUSD }, 40},
		{"auditTrail", "true", nil, func(c *Config) any { return c.Observability.AuditTrail }, true},
		{"existingTrail", "true", infratest.Settings{"auditTrail": "true"}, func(c *Config) any { return c.Observability.ExistingTrail }, true},
		{
			"secretReaderArns", `["` + testRoleArn + `"]`, nil, func(c *Config) any { return c.Observability.SecretReaderArns },
			[]string{testRoleArn},
		},
		{"budgetTag", "Project=x", nil, func(c *Config) any { return c.Observability.BudgetTag }, "Project=x"},
		{"ciRepository", "owner/name", nil, func(c *Config) any { return c.CI.Repository }, "owner/name"},
		{"ciRepositoryIds", "12/34", infratest.Settings{"ciRepository": "owner/name"}, func(c *Config) any { return c.CI.RepositoryIDs }, "12/34"},
		{"ciExistingOidcProvider", "true", nil, func(c *Config) any { return c.CI.ExistingOIDCProvider }, true},
		{
			"ciStateBucket", "state-bucket",
			infratest.Settings{"ciRepository": "owner/name"},
			func(c *Config) any { return c.CI.StateBucket },
			"state-bucket",
		},
		{"ciStateKeyArn", testKeyArn, infratest.Settings{"ciRepository": "owner/name"}, func(c *Config) any { return c.CI.StateKeyArn }, testKeyArn},
	}
}

func TestEveryKeyReachesItsField(t *testing.T) {
	t.Parallel()
	for _, c := range reachingFields() {
		t.Run(c.key, func(t *testing.T) {
			t.Parallel()
			plain := infratest.Settings{c.key: c.value}
			maps.Copy(plain, c.beside)
			cfg := mustLoad(t, plain, nil)
			assert.Equal(t, c.want, c.field(cfg))
			assert.NotEqual(t, c.want, c.field(mustLoad(t, nil, nil)), "the value is the default: nothing is shown")
		})
	}
}

func TestSecretsAreReadAndEmptyOnesAreNot(t *testing.T) {
	t.Parallel()
	const credentials = `{"accessKeyId":"AKIA","secretAccessKey":"s"}`
	cfg := mustLoad(t, infratest.Settings{"githubToken": ""},
		infratest.Settings{"anthropicApiKey": "sk-ant-api03-x", "awsCredentials": credentials})
	assert.Equal(t, map[string]string{"anthropicApiKey": "sk-ant-api03-x", "awsCredentials": credentials}, cfg.Secrets.Values)
}

func TestFaultsOfSecretsRepeatNoValue(t *testing.T) {
	t.Parallel()
	const value = "hunter2-must-not-be-shown"
	for name, c := range map[string]struct {
		plain, secret infratest.Settings
		key, shown    string
	}{
		"plain text":        {plain: infratest.Settings{"anthropicApiKey": value}, key: "anthropicApiKey", shown: "(in plain text)"},
		"plain text github": {plain: infratest.Settings{"githubToken": value}, key: "githubToken", shown: "(in plain text)"},
		"plain text aws":    {plain: infratest.Settings{"awsCredentials": value}, key: "awsCredentials", shown: "(in plain text)"},
		"wrong shape":       {secret: infratest.Settings{"awsCredentials": value}, key: "awsCredentials", shown: "(secret)"},
		"half the shape":    {secret: infratest.Settings{"awsCredentials": `{"accessKeyId":"` + value + `"}`}, key: "awsCredentials", shown: "(secret)"},
		"line break":        {secret: infratest.Settings{"githubToken": value + "\n"}, key: "githubToken", shown: "(secret)"},
		"another key":       {secret: infratest.Settings{"zone": value}, key: "zone", shown: "(secret)"},
		"another number":    {secret: infratest.Settings{"taskCpu": value}, key: "taskCpu", shown: "(secret)"},
		"URL with password": {
			plain: infratest.Settings{"repository": "https://scott:" + value + "@github.com/a/b.git"}, key: "repository",
			shown: "https://REDACTED@github.com/a/b.git",
		},
		"URL with token": {
			plain: infratest.Settings{"repository": "https://" + value + "@github.com/a/b.git"}, key: "repository",
			shown: "https://REDACTED@github.com/a/b.git",
		},
		"URL with query": {
			plain: infratest.Settings{"repository": "http://github.com/a?token=" + value}, key: "repository", shown: "http://github.com/a?REDACTED",
		},
		"broken URL": {plain: infratest.Settings{"repository": "https://" + value + "@git hub/%zz"}, key: "repository", shown: "(not a URL)"},
		"ssh":        {plain: infratest.Settings{"repository": "ssh:" + value + "@host"}, key: "repository", shown: "(not a URL)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faults := faultsOf(t, c.plain, c.secret)
			require.Len(t, faults, 1)
			assert.Equal(t, c.key, faults[0].Key)
			assert.Equal(t, c.shown, faults[0].Value)
			_, err := load(c.plain, c.secret)
			assert.NotContains(t, err.Error(), value)
		})
	}
}

func TestPlainSecretSaysHowToSetIt(t *testing.T) {
	t.Parallel()
	faults := faultsOf(t, infratest.Settings{"githubToken": "ghp_x"}, nil)
	assert.Equal(t, "a secret: `pulumi config set --stack test --secret githubToken`", faults[0].Expected)
}

func TestAllFaultsAreReportedAtOnceInAStableOrder(t *testing.T) {
	t.Parallel()
	plain := infratest.Settings{
		"protect": "perhaps", "zone": "nowhere", "apiPort": "4321", "maxCapacity": "0", "taskCpu": "3", "taskMemory": "many",
		"shared": `["registry","kitchen"]`, "rulePriorityBase": "50000", "certificateArn": "arn:aws", "nameSuffix": "dev",
		"githubToken": "ghp_x", "cleanupDeleteAfterDays": "7", "clients": "ameliastamps", "adopt": `{"b":"1","a":"2","c":"3"}`,
		"aws:region": "here",
	}
	_, err := load(plain, nil)
	var bad *Error
	require.ErrorAs(t, err, &bad)
	keys := make([]string, 0, len(bad.Faults))
	for _, f := range bad.Faults {
		keys = append(keys, f.Key)
		assert.NotEmpty(t, f.Expected, f.Key)
		assert.Contains(t, err.Error(), fmt.Sprintf("\n  %s = %q: expected %s", f.Key, f.Value, f.Expected))
	}
	assert.Equal(t, []string{
		"protect", "githubToken", "taskMemory", "clients", // cannot be parsed
		"aws:region", "nameSuffix", "adopt", "adopt", "adopt", "zone", "certificateArn", "shared", "sharedStack", "taskCpu",
		"previewPort", "maxCapacity", "rulePriorityBase", "cleanupDeleteAfterDays",
	}, keys)
	assert.Contains(t, err.Error(), `the configuration of stack "test" has 18 fault(s):`)
	assert.Contains(t, err.Error(), "Mend them in Pulumi.test.yaml or with `pulumi config set --stack test KEY VALUE`.")
	for range 20 {
		_, again := load(plain, nil)
		require.EqualError(t, again, err.Error())
	}
}

// A default that stands in for a value that cannot be parsed is nobody's fault.
func TestUnparsedValueIsReportedOnce(t *testing.T) {
	t.Parallel()
	faults := faultsOf(t, infratest.Settings{"maxCapacity": "three", "minCapacity": "5"}, nil)
	assert.Equal(t, []Fault{{Key: "maxCapacity", Value: "three", Expected: "a whole number"}}, faults)
}

func FuzzLoad(f *testing.F) {
	keys := []string{"anthropicApiKey", "githubToken", "awsCredentials"}
	for _, c := range reachingFields() {
		keys = append(keys, c.key)
	}
	for i, c := range reachingFields() {
		f.Add(uint8(i+3), c.value, false)
	}
	for i := range keys {
		for _, value := range []string{
			"", "null", "[]", "[null]", "{}", "-1", strconv.Itoa(math.MaxInt), "9e99", "\x00", "a\nb", "https://a@b/c",
		} {
			f.Add(uint8(i), value, i%2 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, value string, secret bool) {
		key := keys[int(which)%len(keys)]
		plain, hidden := infratest.Settings{key: value}, infratest.Settings{}
		if secret {
			plain, hidden = infratest.Settings{}, infratest.Settings{key: value}
		}
		cfg, err := load(plain, hidden)
		if err == nil {
			require.NotNil(t, cfg)
			return
		}
		var bad *Error
		require.True(t, errors.As(err, &bad), "%v", err)
		require.NotEmpty(t, bad.Faults)
		for _, fault := range bad.Faults {
			require.NotEmpty(t, fault.Expected)
			require.Contains(t, keys, whole(fault.Key))
			if secret && whole(fault.Key) == key {
				require.Equal(t, "(secret)", fault.Value)
			}
		}
	})
}
