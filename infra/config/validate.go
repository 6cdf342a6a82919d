package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

var (
	labelPattern     = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	suffixPattern    = regexp.MustCompile(`^(-[a-z0-9]+)*$`)
	imageTagPattern  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	pathPattern      = regexp.MustCompile(`^/[A-Za-z0-9_./-]*$`)
	subnetPattern    = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)
	bucketPattern    = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	distPattern      = regexp.MustCompile(`^E[A-Z0-9]{6,20}$`)
	githubRepo       = regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$`)
	githubIDs        = regexp.MustCompile(`^\d+/\d+$`)
	costTagPattern   = regexp.MustCompile(`^[^=$]+=[^=$]+$`)
	zoneIDPattern    = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
	tlsPolicyPattern = regexp.MustCompile(`^ELBSecurityPolicy-TLS13-1-[23]-`)
	arnPattern       = regexp.MustCompile(`^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{12}:.+$`)
	regionPattern    = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[1-9][0-9]?$`)
	stackPattern     = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,2}$`)
	rolePattern      = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]+$`)
	emailPattern     = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
)

const imageTagForm = "an image tag: letters, digits, _ . -, at most 128"

// maxHostHeader is the longest host name that a listener rule's condition takes (ELBv2 API reference).
const maxHostHeader = 128

// maxAgeDays bounds the ages of the cleanup, a hundred years, far from where days overflow as a duration.
const maxAgeDays = 36500

// maxRulePriority is the highest priority of an ELBv2 listener rule.
const maxRulePriority = 50000

// validator collects faults; every check adds at most one for its key.
type validator struct{ faults []Fault }

func (v *validator) require(ok bool, key, value, expected string) {
	if !ok {
		v.faults = append(v.faults, Fault{Key: key, Value: value, Expected: expected})
	}
}

func (v *validator) between(key string, n, low, high int) {
	v.require(n >= low && n <= high, key, strconv.Itoa(n), fmt.Sprintf("a number from %d to %d", low, high))
}

func (v *validator) oneOf(key, value string, choices ...string) {
	v.require(slices.Contains(choices, value), key, value, "one of "+strings.Join(choices, ", ")+meant(value, choices))
}

// arn accepts an empty value: the key is optional.
func (v *validator) arn(key, value, service string) {
	parts := strings.SplitN(value, ":", 6)
	ok := value == "" || (arnPattern.MatchString(value) && parts[2] == service)
	v.require(ok, key, value, fmt.Sprintf("an ARN such as arn:aws:%s:us-west-2:123456789012:…", service))
}

// roles checks a list of IAM roles, which has no empty members and no users: policies compare with roles.
func (v *validator) roles(key string, arns []string) {
	for _, arn := range arns {
		v.require(rolePattern.MatchString(arn), key, arn, "the ARN of a role, such as arn:aws:iam::123456789012:role/NAME")
	}
}

// validate reports everything wrong with values that could be parsed.
func (c *Config) validate() []Fault {
	v := &validator{}
	v.require(regionPattern.MatchString(c.Region), "aws:region", c.Region, "an AWS region such as us-west-2")
	v.require(suffixPattern.MatchString(c.NameSuffix), "nameSuffix", c.NameSuffix,
		"empty, or lower-case words each behind a hyphen, such as -dev")
	for _, l := range c.Names().limits(c.Service.Routes()) {
		v.require(len(l.name) <= l.max, "nameSuffix", c.NameSuffix,
			fmt.Sprintf("a shorter suffix: the %s %q has %d characters, AWS allows %d", l.what, l.name, len(l.name), l.max))
	}
	c.validateAdopt(v)
	c.Site.validate(v)
	c.Network.validate(v)
	c.Sharing.validate(v, c.Stack)
	c.Secrets.validate(v)
	c.Workspace.validate(v)
	c.Service.validate(v)
	c.Cleanup.validate(v)
	c.Observability.validate(v)
	v.require(imageTagPattern.MatchString(c.Registry.ImageTag), "imageTag", c.Registry.ImageTag, imageTagForm)
	v.between("imagesToKeep", c.Registry.ImagesToKeep, 1, 1000)
	v.between("idleTimeoutSeconds", c.LoadBalancer.IdleTimeoutSeconds, 1, 4000)
	v.require(tlsPolicyPattern.MatchString(c.LoadBalancer.TLSPolicy), "tlsPolicy", c.LoadBalancer.TLSPolicy,
		"a policy with TLS 1.3 and nothing below 1.2, such as ELBSecurityPolicy-TLS13-1-2-2021-06")
	c.Scaler.validate(v)
	c.Edge.validate(v)
	c.validateAuth(v)
	c.CI.validate(v)
	c.validateClients(v)
	return v.faults
}

func (e Edge) validate(v *validator) {
	v.require(e.DistributionID == "" || distPattern.MatchString(e.DistributionID),
		"distributionId", e.DistributionID, "a CloudFront distribution ID such as E2QWRUHAPOMQZL")
	// Far above AWS's defaults; more digits than that are a slip.
	v.between("distributionBehaviorQuota", e.BehaviorQuota, 1, 1000)
	v.between("distributionOriginQuota", e.OriginQuota, 1, 1000)
	for _, arn := range e.Rights {
		_, known := spec.RightOn(arn)
		v.require(known, "distributionRights", arn, "the ARN of a log bucket, of a web ACL or of a Lambda@Edge function's version, such as "+
			strings.Join(spec.RightExamples(), ", "))
	}
}

func (c *Config) validateAdopt(v *validator) {
	adoptable := slices.Clone(Adoptable)
	for _, client := range c.Tenants()[1:] {
		adoptable = append(adoptable, TokenResource(client.ID))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Adopt)) {
		v.require(slices.Contains(adoptable, name), "adopt", name,
			"logical names among "+strings.Join(adoptable, ", ")+meant(name, adoptable))
		id := c.Adopt[name]
		v.require(id != "" && !strings.ContainsAny(id, " \t\r\n"), "adopt", id, "the provider ID of "+name+", as AWS shows it")
	}
}

// validate never repeats a value.
func (s Secrets) validate(v *validator) {
	for _, key := range slices.Sorted(maps.Keys(s.Values)) {
		v.require(strings.TrimSpace(s.Values[key]) == s.Values[key], key, secretValue,
			"a value without blanks or line breaks around it")
	}
	credentials, ok := s.Values[AWSCredentials]
	v.require(!ok || isAWSCredentials(credentials), AWSCredentials, secretValue,
		`JSON such as {"accessKeyId":"...","secretAccessKey":"..."}`)
}

// isAWSCredentials accepts the shape of the spec's table (T00 §2).
func isAWSCredentials(value string) bool {
	var credentials struct{ AccessKeyID, SecretAccessKey string }
	err := json.Unmarshal([]byte(value), &credentials)
	return err == nil && credentials.AccessKeyID != "" && credentials.SecretAccessKey != ""
}

func (s Site) validate(v *validator) {
	v.require(isZone(s.Zone), "zone", s.Zone, "a DNS zone in lower case, such as example.com")
	v.require(labelPattern.MatchString(s.Host), "host", s.Host,
		"one DNS label, such as edit: the certificate *.<zone> covers one label only")
	v.require(len(s.FQDN()) <= maxHostHeader, "host", s.Host,
		fmt.Sprintf("a shorter host name: %s has %d characters, listener rules take %d", s.FQDN(), len(s.FQDN()), maxHostHeader))
	v.require(s.HostedZoneID == "" || zoneIDPattern.MatchString(s.HostedZoneID),
		"hostedZoneId", s.HostedZoneID, "a Route 53 zone ID such as Z0123456789ABCDEFGHIJ")
	v.arn("certificateArn", s.CertificateArn, "acm")
}

func isZone(zone string) bool {
	labels := strings.Split(zone, ".")
	if len(labels) < 2 || len(zone) > 253 {
		return false
	}
	for _, label := range labels {
		if !labelPattern.MatchString(label) {
			return false
		}
	}
	return true
}

func (n Network) validate(v *validator) {
	prefix, err := netip.ParsePrefix(n.CidrBlock)
	v.require(err == nil && prefix.Addr().Is4() && prefix.Bits() >= 16 && prefix.Bits() <= 24 && prefix == prefix.Masked(),
		"vpcCidr", n.CidrBlock, "an IPv4 range from /16 to /24, such as 10.42.0.0/16")
	v.oneOf("natGateways", n.NatGateways, "None", "Single", "OnePerAz")
	const pair = "empty, or two different subnet IDs in two zones of one VPC"
	v.require(isSubnetPair(n.SubnetIDs), "subnetIds", strings.Join(n.SubnetIDs, ","), pair)
	v.require(isSubnetPair(n.PrivateSubnetIDs), "privateSubnetIds", strings.Join(n.PrivateSubnetIDs, ","), pair)
	// Private endpoints would not do: the container clones from GitHub and asks the Claude API, which have none.
	v.require(!n.Dedicated || n.NatGateways != "None", "natGateways", n.NatGateways,
		"Single or OnePerAz beside dedicatedVpc: without NAT tasks in its private subnets reach neither their image nor GitHub")
	v.require(!n.Dedicated || len(n.SubnetIDs)+len(n.PrivateSubnetIDs) == 0, "dedicatedVpc", "true",
		"no subnetIds or privateSubnetIds beside it: a dedicated VPC brings its own")
}

func isSubnetPair(ids []string) bool {
	if len(ids) == 0 {
		return true
	}
	return len(ids) == 2 && ids[0] != ids[1] && subnetPattern.MatchString(ids[0]) && subnetPattern.MatchString(ids[1])
}

func (s Sharing) validate(v *validator, stack string) {
	known := []string{PartRegistry, PartSecrets, PartWorkspace, PartLoadBalancer}
	for i, part := range s.Parts {
		v.oneOf("shared", part, known...)
		v.require(!slices.Contains(s.Parts[:i], part), "shared", part, "each part once")
	}
	v.require(len(s.Parts) == 0 || s.Stack != "", "sharedStack", s.Stack,
		"the stack that lends "+strings.Join(s.Parts, ", ")+", such as prod")
	v.require(s.Stack == "" || len(s.Parts) > 0, "shared", "", "some of "+strings.Join(known, ", ")+", as sharedStack is set")
	v.require(s.Stack != stack, "sharedStack", s.Stack, "another stack than this one")
	v.require(s.Stack == "" || stackPattern.MatchString(s.Stack), "sharedStack", s.Stack,
		"a stack such as prod, project/prod or organization/project/prod")
}

func (w Workspace) validate(v *validator) {
	seen := map[string]bool{}
	for _, client := range w.Clients {
		v.require(labelPattern.MatchString(client), "clients", client,
			"a directory name of lower-case letters, digits and hyphens, at most 63")
		v.require(!seen[client], "clients", client, "each client once")
		seen[client] = true
	}
	v.require(seen[w.Client], "client", w.Client, "one of clients: "+strings.Join(w.Clients, ", "))
	// A file system takes 10,000 access points (AWS EFS quotas); one is /clients, a few are left for functions.
	v.require(len(w.Clients) <= 9990, "clients", strconv.Itoa(len(w.Clients)), "at most 9990 clients on one file system")
	w.validateSession(v)
	v.require(w.Bucket == "" || bucketPattern.MatchString(w.Bucket), "workspaceBucket", w.Bucket,
		"empty, or the name of an existing bucket")
	v.roles("mountRoleArns", w.MountRoleArns)
}

// validateSession checks what a client's container opens.
func (w Workspace) validateSession(v *validator) {
	v.require(labelPattern.MatchString(w.User), "user", w.User, "a directory name of lower-case letters, digits and hyphens")
	u, err := url.Parse(w.Repository)
	v.require(err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && strings.Trim(u.Path, "/") != "",
		"repository", redactURL(w.Repository), "an https git URL without credentials")
}

// redactURL leaves out where credentials stand in a URL, so that the error does not repeat them: a token is often the
// user name alone, or a query parameter.
func redactURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" {
		return "(not a URL)"
	}
	if u.User != nil {
		u.User = url.User("REDACTED")
	}
	if u.RawQuery != "" {
		u.RawQuery = "REDACTED"
	}
	return u.String()
}

func (s Service) validate(v *validator) {
	s.validateSize(v)
	v.oneOf("cpuArchitecture", s.CPUArchitecture, "X86_64", "ARM64")
	s.validatePorts(v)
	v.oneOf("dependencies", s.Dependencies, DependenciesInWorkspace, DependenciesOnTask)
	v.between("autoShutdownMinutes", s.AutoShutdownMinutes, 1, 240)
	v.between("minCapacity", s.MinCapacity, 0, 10)
	v.require(s.MaxCapacity >= 1 && s.MaxCapacity >= s.MinCapacity && s.MaxCapacity <= 100, "maxCapacity",
		strconv.Itoa(s.MaxCapacity), fmt.Sprintf("a number from 1 to 100, not below minCapacity %d", s.MinCapacity))
	v.between("cpuTarget", s.CPUTarget, 1, 100)
	v.between("memoryTarget", s.MemoryTarget, 1, 100)
	v.require(pathPattern.MatchString(s.HealthPath), "healthPath", s.HealthPath, "an absolute path such as /health")
	v.between("healthIntervalSeconds", s.HealthIntervalSeconds, 5, 300)
	v.require(s.HealthTimeoutSeconds >= 2 && s.HealthTimeoutSeconds <= 120 && s.HealthTimeoutSeconds < s.HealthIntervalSeconds,
		"healthTimeoutSeconds", strconv.Itoa(s.HealthTimeoutSeconds),
		fmt.Sprintf("2 to 120, below healthIntervalSeconds %d", s.HealthIntervalSeconds))
	v.between("healthyThreshold", s.HealthyThreshold, 2, 10)
	v.between("unhealthyThreshold", s.UnhealthyThreshold, 2, 10)
	v.require(s.RulePriorityBase >= 1 && s.RulePriorityBase <= maxRulePriority-RulesPerStack+1, "rulePriorityBase",
		strconv.Itoa(s.RulePriorityBase), fmt.Sprintf("1 to %d: a stack uses %d priorities from there",
			maxRulePriority-RulesPerStack+1, RulesPerStack))
	v.require(slices.Contains(logRetentionChoices, s.LogRetentionDays), "logRetentionDays", strconv.Itoa(s.LogRetentionDays),
		fmt.Sprintf("a retention CloudWatch Logs offers: %v", logRetentionChoices))
}

// logRetentionChoices are the days PutRetentionPolicy accepts (CloudWatch Logs API reference).
var logRetentionChoices = []int{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

func (s Service) validatePorts(v *validator) {
	used := map[int]string{}
	for _, p := range []struct {
		key  string
		port int
	}{{"apiPort", s.APIPort}, {"previewPort", s.PreviewPort}, {"webSocketPort", s.WebSocketPort}} {
		v.between(p.key, p.port, 1, 65535)
		v.require(used[p.port] == "", p.key, strconv.Itoa(p.port), "a port of its own: "+used[p.port]+" has this one")
		used[p.port] = p.key
	}
}

// fargateSizes maps CPU units to the memory Fargate offers with them, in MiB: from, to, step (AWS: "Task CPU and
// memory" in the Fargate task definition parameters). 256 units are the irregular 512, 1024, 2048.
var fargateSizes = map[int][3]int{
	512: {1024, 4096, 1024}, 1024: {2048, 8192, 1024}, 2048: {4096, 16384, 1024},
	4096: {8192, 30720, 1024}, 8192: {16384, 61440, 4096}, 16384: {32768, 122880, 8192},
}

// smallestCPU has irregular memory sizes.
const smallestCPU = 256

func (s Service) validateSize(v *validator) {
	size, regular := fargateSizes[s.CPU]
	switch {
	case s.CPU == smallestCPU:
		v.require(s.Memory == 512 || s.Memory == 1024 || s.Memory == 2048, "taskMemory", strconv.Itoa(s.Memory),
			"a memory size that Fargate offers with taskCpu 256: 512, 1024 or 2048")
	case regular:
		v.require(s.Memory >= size[0] && s.Memory <= size[1] && s.Memory%size[2] == 0, "taskMemory", strconv.Itoa(s.Memory),
			fmt.Sprintf("a memory size that Fargate offers with taskCpu %d: %d to %d in steps of %d", s.CPU, size[0], size[1], size[2]))
	default:
		v.require(false, "taskCpu", strconv.Itoa(s.CPU), "256, 512, 1024, 2048, 4096, 8192 or 16384")
	}
}

func (c Cleanup) validate(v *validator) {
	v.between("cleanupCompressAfterDays", c.CompressAfterDays, 1, 3650)
	v.require(c.DeleteAfterDays > c.CompressAfterDays && c.DeleteAfterDays <= maxAgeDays, "cleanupDeleteAfterDays",
		strconv.Itoa(c.DeleteAfterDays), fmt.Sprintf("more than cleanupCompressAfterDays %d, at most %d", c.CompressAfterDays, maxAgeDays))
	v.require(c.ArchiveAfterDays == 0 || c.ArchiveAfterDays > c.DeleteAfterDays && c.ArchiveAfterDays <= maxAgeDays,
		"cleanupArchiveAfterDays", strconv.Itoa(c.ArchiveAfterDays),
		fmt.Sprintf("0 (off), or more than cleanupDeleteAfterDays %d, at most %d", c.DeleteAfterDays, maxAgeDays))
}

func (o Observability) validate(v *validator) {
	v.require(o.AlarmEmail == "" || emailPattern.MatchString(o.AlarmEmail), "alarmEmail", o.AlarmEmail, "an e-mail address")
	v.require(o.MonthlyBudgetUSD >= 0, "monthlyBudgetUsd", strconv.Itoa(o.MonthlyBudgetUSD), "0 (none) or dollars a month")
	v.require(o.BudgetTag == "" || costTagPattern.MatchString(o.BudgetTag), "budgetTag", o.BudgetTag,
		"empty, or Key=Value of a cost allocation tag, such as Project=webordinary-live-edit")
	v.require(!o.ExistingTrail || o.AuditTrail, "existingTrail", "true", "auditTrail true beside it")
	v.roles("secretReaderArns", o.SecretReaderArns)
}

func (c CI) validate(v *validator) {
	v.require(c.Repository == "" || githubRepo.MatchString(c.Repository), "ciRepository", c.Repository,
		"owner/name of a GitHub repository")
	v.require(c.RepositoryIDs == "" || githubIDs.MatchString(c.RepositoryIDs), "ciRepositoryIds", c.RepositoryIDs,
		"GitHub's numbers of owner and repository, such as 123456/789012: `gh api repos/OWNER/NAME --jq '\"\\(.owner.id)/\\(.id)\"'`")
	v.require(c.StateBucket == "" || bucketPattern.MatchString(c.StateBucket), "ciStateBucket", c.StateBucket,
		"empty, or the name of the bucket that holds the Pulumi state")
	v.arn("ciStateKeyArn", c.StateKeyArn, "kms")
	for _, needing := range []struct{ key, value string }{
		{"ciRepositoryIds", c.RepositoryIDs}, {"ciStateBucket", c.StateBucket}, {"ciStateKeyArn", c.StateKeyArn},
	} {
		v.require(needing.value == "" || c.Repository != "", needing.key, needing.value, "ciRepository beside it")
	}
}

// validate checks what Lambda and the function would refuse.
func (c Scaler) validate(v *validator) {
	const least, most = 10, 900 // below, visitors get 502; an account has 1,000 by default, of which 100 stay unreserved
	v.require(c.Concurrency == 0 || c.Concurrency >= least && c.Concurrency <= most, "scalerConcurrency", strconv.Itoa(c.Concurrency),
		fmt.Sprintf("0, or a number from %d to %d", least, most))
	site, err := url.Parse(c.StandInURL)
	v.require(c.StandInURL == "" || err == nil && site.Scheme == "https" && site.Host != "" && site.User == nil && site.RawQuery == "" &&
		site.Fragment == "", "standInUrl", c.StandInURL,
		"empty, or an address with https and a host, without query, such as https://www.example.com")
	for _, credential := range c.WakeCredentials {
		v.require(credentialPattern.MatchString(credential), "wakeCredentials", credential,
			"header:NAME or cookie:NAME; a header's name of letters, digits and hyphens, such as Authorization")
	}
}

// credentialPattern is the form that the function takes (functions/scaler/config). The load balancer drops headers whose
// names have anything but letters, digits and hyphens (D9), so one of those would never arrive.
var credentialPattern = regexp.MustCompile("^(header:[A-Za-z0-9-]+|cookie:[A-Za-z0-9!#$%&'*+.^_`|~-]+)$")
