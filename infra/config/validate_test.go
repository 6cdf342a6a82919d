package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/infratest"
)

type badValue struct {
	name          string
	plain, secret infratest.Settings
	// key and value of the one fault, and words of what it expects.
	key, value, expected string
}

// one is the usual bad value: it stands alone, and the fault shows it as it is.
func one(key, value, expected string) badValue {
	return badValue{name: key + "=" + value, plain: infratest.Settings{key: value}, key: key, value: value, expected: expected}
}

// beside is a bad value that is bad only together with others.
func (b badValue) beside(others infratest.Settings) badValue {
	b.name += fmt.Sprintf(" beside %v", others)
	b.plain = maps.Clone(b.plain)
	maps.Copy(b.plain, others)
	return b
}

// shownAs is a bad value of which the fault shows only a part.
func (b badValue) shownAs(value string) badValue {
	b.value = value
	return b
}

func badEnvironments() []badValue {
	const suffix = "lower-case words each behind a hyphen, such as -dev"
	return []badValue{
		one("aws:region", "uswest2", "an AWS region such as us-west-2"),
		one("nameSuffix", "dev", suffix),
		one("nameSuffix", "-Dev", suffix),
		one("nameSuffix", "-dev-", suffix),
		one("nameSuffix", "-a_b", suffix),
		one("protect", "yes", "true or false"),
		one("protect", "", "true or false"),
		one("adopt", `["workspace-bucket"]`, "a map of strings, logical name to provider ID"),
		one("adopt", `{"workspace-bucket":1}`, "text; write it in quotes").withKey("adopt.workspace-bucket", "1"),
		one("adopt", `{"registry-repo":"x"}`, "registry-repository").shownAs("registry-repo"),
		one("adopt", `{"workspace-bucket":""}`, "the provider ID of workspace-bucket").shownAs(""),
		one("adopt", `{"workspace-bucket":"a b"}`, "the provider ID of workspace-bucket").shownAs("a b"),
		one("alarms", "on", "true or false"),
		one("alarmEmail", "ops", "an e-mail address"),
		one("monthlyBudgetUsd", "-1", "0 (none) or dollars a month"),
		one("existingTrail", "true", "auditTrail true beside it"),
		one("ciRepository", "name", "owner/name of a GitHub repository"),
		one("distributionId", "d111111abcdef8.cloudfront.net", "a CloudFront distribution ID such as E2QWRUHAPOMQZL"),
		one("distributionBehaviorQuota", "0", "a number from 1 to 1000"),
		one("distributionBehaviorQuota", "1001", "a number from 1 to 1000"),
		one("distributionOriginQuota", "0", "a number from 1 to 1000"),
		one("distributionOriginQuota", "1001", "a number from 1 to 1000"),
		one("distributionRights", `["arn:aws:s3:::site-logs", "site-logs"]`, "the ARN of a log bucket, of a web ACL").shownAs("site-logs"),
		one("distributionRights", `["arn:aws:lambda:us-west-2:123456789012:function:a:1"]`, "such as arn:aws:s3:::site-logs").
			shownAs("arn:aws:lambda:us-west-2:123456789012:function:a:1"),
	}
}

func badSites() []badValue {
	const zone, label = "a DNS zone in lower case, such as example.com", "one DNS label, such as edit"
	long := strings.Repeat("a", 62) + "." + strings.Repeat("b", 61)
	const acm = "an ARN such as arn:aws:acm:us-west-2:123456789012:…"
	return []badValue{
		one("zone", "ameliastamps", zone),
		one("zone", "Ameliastamps.com", zone),
		one("zone", "ameliastamps..com", zone),
		one("zone", "ameliastamps.com.", zone),
		one("zone", "-ameliastamps.com", zone),
		one("zone", "", zone),
		one("host", "", label),
		one("host", "edit.dev", label),
		one("host", "Edit", label),
		one("host", "edit", "listener rules take 128").beside(infratest.Settings{"zone": long}),
		one("hostedZoneId", "/hostedzone/Z1", "a Route 53 zone ID such as Z0123456789ABCDEFGHIJ"),
		one("certificateArn", "3f1c9c6e", acm),
		one("certificateArn", "arn:aws:iam::942734823970:server-certificate/x", acm),
		one("certificateArn", "arn:aws:acm:us-west-2:123:certificate/x", acm),
		one("certificateArn", "arn:aws:acm:us-west-2:942734823970:", acm),
	}
}

func badNetworks() []badValue {
	const cidr, pair = "an IPv4 range from /16 to /24, such as 10.42.0.0/16", "two different subnet IDs"
	return []badValue{
		one("dedicatedVpc", "1", "true or false"),
		one("dedicatedVpc", "true", "no subnetIds or privateSubnetIds beside it").
			beside(infratest.Settings{"subnetIds": `["subnet-0aaaaaaa","subnet-0bbbbbbb"]`}),
		one("dedicatedVpc", "true", "no subnetIds or privateSubnetIds beside it").
			beside(infratest.Settings{"privateSubnetIds": `["subnet-0aaaaaaa","subnet-0bbbbbbb"]`}),
		one("vpcCidr", "10.42.0.0", cidr),
		one("vpcCidr", "10.0.0.0/8", cidr),
		one("vpcCidr", "10.42.0.0/25", cidr),
		one("vpcCidr", "10.42.1.0/16", cidr),
		one("vpcCidr", "2001:db8::/20", cidr),
		one("natGateways", "Two", "one of None, Single, OnePerAz"),
		one("subnetIds", `["subnet-0aaaaaaa"]`, pair).shownAs("subnet-0aaaaaaa"),
		one("subnetIds", `["subnet-0aaaaaaa","subnet-0aaaaaaa"]`, pair).shownAs("subnet-0aaaaaaa,subnet-0aaaaaaa"),
		one("subnetIds", `["a","b"]`, pair).shownAs("a,b"),
		one("subnetIds", "subnet-0aaaaaaa,subnet-0bbbbbbb", `a list of strings, such as ["a", "b"]`),
		one("privateSubnetIds", `["subnet-0aaaaaaa","subnet-0bbbbbbb","subnet-0ccccccc"]`, pair).
			shownAs("subnet-0aaaaaaa,subnet-0bbbbbbb,subnet-0ccccccc"),
		one("privateSubnetIds", `1`, "a list of strings"),
		one("dedicatedVpc", "true", "without NAT tasks").beside(infratest.Settings{"natGateways": "None"}).withKey("natGateways", "None"),
	}
}

func badSharing() []badValue {
	const parts = "registry, secrets, workspace, loadBalancer"
	return []badValue{
		one("shared", `["registry"]`, "the stack that lends registry, such as prod").withKey("sharedStack", ""),
		one("sharedStack", "prod", "some of "+parts).withKey("shared", ""),
		one("shared", `["kitchen"]`, "one of "+parts).beside(infratest.Settings{"sharedStack": "prod"}).shownAs("kitchen"),
		one("shared", `["Registry"]`, "one of "+parts).beside(infratest.Settings{"sharedStack": "prod"}).shownAs("Registry"),
		one("shared", `["registry","registry"]`, "each part once").beside(infratest.Settings{"sharedStack": "prod"}).shownAs("registry"),
		one("shared", "registry", "a list of strings"),
		one("sharedStack", "test", "another stack than this one").beside(infratest.Settings{"shared": `["registry"]`}),
		one("sharedStack", "a/b/c/d", "a stack such as prod").beside(infratest.Settings{"shared": `["registry"]`}),
		one("sharedStack", "prod stack", "a stack such as prod").beside(infratest.Settings{"shared": `["registry"]`}),
	}
}

// withKey is a bad value that is reported at another key, which is missing.
func (b badValue) withKey(key, value string) badValue {
	b.key, b.value = key, value
	return b
}

func badWorkspaces() []badValue {
	const directory, repository = "a directory name of lower-case letters, digits and hyphens", "an https git URL without credentials"
	const role = "the ARN of a role, such as arn:aws:iam::123456789012:role/NAME"
	return []badValue{
		one("client", "other", "one of clients: ameliastamps"),
		one("clients", `[]`, "one of clients").withKey("client", "ameliastamps"),
		one("clients", `["ameliastamps","../etc"]`, directory).shownAs("../etc"),
		one("clients", `["ameliastamps","_archive"]`, directory).shownAs("_archive"),
		one("clients", `["ameliastamps",null]`, "text; write it in quotes").withKey("clients[1]", "null"),
		one("clients", `["ameliastamps","two","two"]`, "each client once").shownAs("two"),
		one("clients", "ameliastamps", "a list of strings"),
		one("user", "scott/../jane", directory),
		one("user", "", directory),
		one("repository", "http://github.com/a/b.git", repository),
		one("repository", "https://github.com", repository),
		one("repository", "git@github.com:a/b.git", repository).shownAs("(not a URL)"),
		one("backups", "sometimes", "true or false"),
		one("workspaceBucket", "My_Bucket", "empty, or the name of an existing bucket"),
		one("workspaceBucket", "ab", "empty, or the name of an existing bucket"),
		one("mountRoleArns", `["arn:aws:s3:::bucket"]`, role).shownAs("arn:aws:s3:::bucket"),
		one("mountRoleArns", `["arn:aws:iam::942734823970:user/scott"]`, role).shownAs("arn:aws:iam::942734823970:user/scott"),
		one("mountRoleArns", `[""]`, role).shownAs(""),
		one("secretReaderArns", `["*"]`, role).shownAs("*"),
		one("mountRoleArns", testRoleArn, "a list of strings"),
		one("imageTag", "", "an image tag"),
		one("imageTag", "a tag", "an image tag"),
		one("imageTag", strings.Repeat("x", 129), "at most 128"),
		one("imagesToKeep", "0", "a number from 1 to 1000"),
		one("imagesToKeep", "1001", "a number from 1 to 1000"),
		one("imagesToKeep", "ten", "a whole number"),
		one("cleanupCompressAfterDays", "0", "a number from 1 to 3650"),
		one("cleanupDeleteAfterDays", "7", "more than cleanupCompressAfterDays 7"),
		one("cleanupDeleteAfterDays", "36501", "at most 36500"),
		one("cleanupArchiveAfterDays", "30", "0 (off), or more than cleanupDeleteAfterDays 30"),
		one("cleanupArchiveAfterDays", "-1", "0 (off), or more than cleanupDeleteAfterDays 30"),
		one("cleanupArchiveAfterDays", "36501", "at most 36500"),
		one("cleanupDryRun", "no", "true or false"),
	}
}

func badServices() []badValue {
	const sizes = "256, 512, 1024, 2048, 4096, 8192 or 16384"
	return []badValue{
		one("taskCpu", "1000", sizes),
		one("taskCpu", "-2048", sizes),
		one("taskCpu", "2 vCPU", "a whole number"),
		one("taskMemory", "2048", "taskCpu 2048: 4096 to 16384 in steps of 1024"),
		one("taskMemory", "5000", "taskCpu 2048: 4096 to 16384 in steps of 1024"),
		one("taskMemory", "17408", "taskCpu 2048: 4096 to 16384 in steps of 1024"),
		one("taskMemory", "4096", "taskCpu 256: 512, 1024 or 2048").beside(infratest.Settings{"taskCpu": "256"}),
		one("cpuArchitecture", "arm64", "one of X86_64, ARM64"),
		one("dependencies", "tasks", "one of workspace, task"),
		one("apiPort", "0", "a number from 1 to 65535"),
		one("webSocketPort", "65536", "a number from 1 to 65535"),
		one("previewPort", "8080", "a port of its own: apiPort has this one"),
		one("webSocketPort", "4321", "a port of its own: previewPort has this one"),
		one("autoShutdownMinutes", "0", "a number from 1 to 240"),
		one("autoShutdownMinutes", "241", "a number from 1 to 240"),
		one("minCapacity", "-1", "a number from 0 to 10"),
		one("maxCapacity", "0", "a number from 1 to 100, not below minCapacity 0"),
		one("maxCapacity", "101", "a number from 1 to 100"),
		one("maxCapacity", "3", "not below minCapacity 4").beside(infratest.Settings{"minCapacity": "4"}),
		one("cpuTarget", "0", "a number from 1 to 100"),
		one("cpuTarget", "101", "a number from 1 to 100"),
		one("memoryTarget", "0", "a number from 1 to 100"),
		one("memoryTarget", "101", "a number from 1 to 100"),
		one("logRetentionDays", "8", "a retention CloudWatch Logs offers"),
		one("scalerConcurrency", "-1", "0, or a number from 10 to 900"),
		one("scalerConcurrency", "9", "0, or a number from 10 to 900"),
		one("scalerConcurrency", "901", "0, or a number from 10 to 900"),
		one("standInUrl", "www.example.com", "an address with https"), one("standInUrl", "http://www.example.com", "an address with https"),
		one("standInUrl", "https://a:b@www.example.com", "an address with https"), one("standInUrl", "https://x/?a=b", "without query"),
		one("wakeCredentials", `["session"]`, "header:NAME or cookie:NAME").shownAs("session"),
		one("wakeCredentials", `["cookie:"]`, "header:NAME or cookie:NAME").shownAs("cookie:"),
		one("wakeCredentials", `["cookie:a,header:b"]`, "header:NAME or cookie:NAME").shownAs("cookie:a,header:b"),
		one("wakeCredentials", `["header:X_Key"]`, "letters, digits and hyphens").shownAs("header:X_Key"),
		one("wakeCredentials", `["query:a"]`, "header:NAME or cookie:NAME").shownAs("query:a"),
	}
}

func badRouting() []badValue {
	return []badValue{
		one("healthPath", "health", "an absolute path such as /health"),
		one("healthPath", "/he alth", "an absolute path such as /health"),
		one("healthIntervalSeconds", "4", "a number from 5 to 300").beside(infratest.Settings{"healthTimeoutSeconds": "3"}),
		one("healthIntervalSeconds", "301", "a number from 5 to 300"),
		one("healthTimeoutSeconds", "1", "2 to 120, below healthIntervalSeconds 30"),
		one("healthTimeoutSeconds", "30", "2 to 120, below healthIntervalSeconds 30"),
		one("healthTimeoutSeconds", "121", "2 to 120").beside(infratest.Settings{"healthIntervalSeconds": "300"}),
		one("healthyThreshold", "1", "a number from 2 to 10"),
		one("healthyThreshold", "11", "a number from 2 to 10"),
		one("unhealthyThreshold", "1", "a number from 2 to 10"),
		one("unhealthyThreshold", "11", "a number from 2 to 10"),
		one("rulePriorityBase", "0", "1 to 49901: a stack uses 100 priorities from there"),
		one("rulePriorityBase", "49902", "1 to 49901"),
		one("rulePriorityBase", "9223372036854775807", "1 to 49901"),
		one("rulePriorityBase", "9223372036854775808", "a whole number"),
		one("idleTimeoutSeconds", "0", "a number from 1 to 4000"),
		one("idleTimeoutSeconds", "4001", "a number from 1 to 4000"),
		one("tlsPolicy", "ELBSecurityPolicy-2016-08", "TLS 1.3 and nothing below 1.2"),
		one("tlsPolicy", "ELBSecurityPolicy-TLS13-1-0-2021-06", "TLS 1.3 and nothing below 1.2"),
	}
}

func TestBadConfigurationIsReportedWithKeyValueAndExpectation(t *testing.T) {
	t.Parallel()
	for _, table := range [][]badValue{
		badEnvironments(), badSites(), badNetworks(), badSharing(), badWorkspaces(), badServices(), badRouting(),
	} {
		for _, c := range table {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				faults := faultsOf(t, c.plain, c.secret)
				require.Len(t, faults, 1, "%v", faults)
				assert.Equal(t, c.key, faults[0].Key)
				assert.Equal(t, c.value, faults[0].Value)
				assert.Contains(t, faults[0].Expected, c.expected)
			})
		}
	}
}

func TestNamesOverTheirLimitWithTheSuffixAreReported(t *testing.T) {
	t.Parallel()
	for suffix, want := range map[string][]string{
		// webordinary-edit-alb has 20 characters, edit-preview-tg 15, webordinary-workspaces-123456789012 35,
		// webordinary-workspace-cleanup 29.
		"-123456789a1": nil,
		"-123456789a12": {
			`the load balancer "webordinary-edit-alb-123456789a12" has 33 characters, AWS allows 32`,
		},
		"-123456789a123456": {
			`the load balancer "webordinary-edit-alb-123456789a123456" has 37 characters, AWS allows 32`,
		},
		"-" + strings.Repeat("a", 17): {
			"the load balancer", `the target group "edit-preview-tg-aaaaaaaaaaaaaaaaa" has 33 characters, AWS allows 32`,
		},
		"-" + strings.Repeat("a", 35): {
			"the load balancer", `the workspace bucket "webordinary-workspaces-` + strings.Repeat("a", 35) + `-123456789012" has 71`,
			"the target group", "the function and role",
		},
	} {
		t.Run(suffix, func(t *testing.T) {
			t.Parallel()
			if want == nil {
				assert.Equal(t, suffix, mustLoad(t, infratest.Settings{"nameSuffix": suffix}, nil).NameSuffix)
				return
			}
			faults := faultsOf(t, infratest.Settings{"nameSuffix": suffix}, nil)
			var expected []string
			for _, f := range faults {
				assert.Equal(t, "nameSuffix", f.Key)
				assert.Equal(t, suffix, f.Value)
				expected = append(expected, f.Expected)
			}
			for _, w := range want {
				assert.Contains(t, strings.Join(expected, "\n"), w)
			}
		})
	}
}

func TestManyClientsFitOnOneFileSystem(t *testing.T) {
	t.Parallel()
	list := func(count int) string {
		clients := []string{`"ameliastamps"`}
		for i := 1; i < count; i++ {
			clients = append(clients, fmt.Sprintf(`"client-%d"`, i))
		}
		return "[" + strings.Join(clients, ",") + "]"
	}
	assert.Len(t, mustLoad(t, infratest.Settings{"clients": list(9990)}, nil).Workspace.Clients, 9990)
	faults := faultsOf(t, infratest.Settings{"clients": list(9991)}, nil)
	require.Len(t, faults, 1)
	assert.Equal(t, "9991", faults[0].Value)
}

// The pairs of AWS's table "Task CPU and memory" for Fargate, written out.
func TestFargateSizesAreThoseAWSOffers(t *testing.T) {
	t.Parallel()
	gigabytes := func(from, to, step int) []int {
		var sizes []int
		for gb := from; gb <= to; gb += step {
			sizes = append(sizes, gb*1024)
		}
		return sizes
	}
	offered := map[int][]int{
		256: {512, 1024, 2048}, 512: gigabytes(1, 4, 1), 1024: gigabytes(2, 8, 1), 2048: gigabytes(4, 16, 1),
		4096: gigabytes(8, 30, 1), 8192: gigabytes(16, 60, 4), 16384: gigabytes(32, 120, 8),
	}
	for _, cpu := range []int{0, 256, 300, 512, 1024, 2048, 4096, 8192, 16384, 32768} {
		for memory := 0; memory <= 131072; memory += 256 {
			v := &validator{}
			Service{CPU: cpu, Memory: memory}.validateSize(v)
			if want := offered[cpu]; len(v.faults) == 0 != slices.Contains(want, memory) {
				t.Fatalf("%d CPU units with %d MiB: offered by AWS %t, faults %v", cpu, memory, slices.Contains(want, memory), v.faults)
			}
		}
	}
}

func TestBoundsThemselvesAreAccepted(t *testing.T) {
	t.Parallel()
	for _, plain := range []infratest.Settings{
		{"imagesToKeep": "1"},
		{"imagesToKeep": "1000"},
		{"idleTimeoutSeconds": "1"},
		{"idleTimeoutSeconds": "4000"},
		{"healthIntervalSeconds": "5", "healthTimeoutSeconds": "2"},
		{"healthIntervalSeconds": "300", "healthTimeoutSeconds": "120"},
		{"healthyThreshold": "2"},
		{"healthyThreshold": "10"},
		{"rulePriorityBase": "1"},
		{"rulePriorityBase": "49901"},
		{"minCapacity": "10", "maxCapacity": "10"},
		{"maxCapacity": "1"},
		{"maxCapacity": "100"},
		{"scalerConcurrency": "0"},
		{"scalerConcurrency": "10"},
		{"scalerConcurrency": "900"},
		{"wakeCredentials": `["header:Authorization","cookie:__Host-session"]`},
		{"apiPort": "1"},
		{"webSocketPort": "65535"},
		{"cpuTarget": "100", "memoryTarget": "1"},
		{"autoShutdownMinutes": "240"},
		{"cleanupArchiveAfterDays": "0"},
		{"cleanupArchiveAfterDays": "36500"},
		{"zone": "a.b.example.co"},
		{"host": "e"},
		{"imageTag": strings.Repeat("x", 128)},
		{"logRetentionDays": "3653"},
		{"vpcCidr": "10.0.0.0/24"},
		{"imagesToKeep": " 10 ", "protect": " true "}, // as YAML and shells leave blanks
	} {
		_, err := load(plain, nil)
		assert.NoError(t, err, "%v", plain)
	}
}
