package config

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/functions/behaviors/spec"
	"github.com/webordinary/live-edit/infra/config/defaults"
)

// secretValue stands for a secret in messages.
const secretValue = "(secret)"

// The configuration keys whose values must be Pulumi secrets (T00 §2).
const (
	AnthropicAPIKey = "anthropicApiKey"
	GitHubToken     = "githubToken"
	AWSCredentials  = "awsCredentials"
)

var secretKeys = []string{AnthropicAPIKey, GitHubToken, AWSCredentials, OIDCClientSecret}

// Load reads the stack's configuration, applies the defaults of Pulumi.yaml and validates it.
// The error is a [*Error] holding every fault found.
func Load(ctx *pulumi.Context) (*Config, error) {
	r := newReader(ctx)
	if err := r.readFiles(); err != nil {
		return nil, err
	}
	cfg := &Config{
		Stack:         ctx.Stack(),
		Region:        r.provider("aws:region", "us-west-2"),
		NameSuffix:    r.text("nameSuffix", ""),
		Protect:       r.flag("protect", false),
		Adopt:         r.table("adopt", ", logical name to provider ID"),
		Site:          loadSite(r),
		Network:       loadNetwork(r),
		Sharing:       Sharing{Stack: r.text("sharedStack", ""), Parts: r.list("shared")},
		Registry:      Registry{ImageTag: r.text("imageTag", "latest"), ImagesToKeep: r.number("imagesToKeep", 10)},
		Secrets:       Secrets{Values: r.secrets(secretKeys)},
		Auth:          loadAuth(r),
		Workspace:     loadWorkspace(r),
		LoadBalancer:  loadLoadBalancer(r),
		Service:       loadService(r),
		Scaler:        loadScaler(r),
		Cleanup:       loadCleanup(r),
		Edge:          loadEdge(r),
		Observability: loadObservability(r),
		CI: CI{
			Repository:           r.text("ciRepository", ""),
			RepositoryIDs:        r.text("ciRepositoryIds", ""),
			ExistingOIDCProvider: r.flag("ciExistingOidcProvider", false),
			StateBucket:          r.text("ciStateBucket", ""),
			StateKeyArn:          r.text("ciStateKeyArn", ""),
		},
	}
	cfg.loadClients(r, r.entryList("clients", []string{"ameliastamps"}))
	r.unknown()
	if faults := r.allFaults(cfg.validate()); len(faults) > 0 {
		return nil, &Error{Stack: ctx.Stack(), Faults: faults}
	}
	return cfg, nil
}

func loadSite(r *reader) Site {
	return Site{
		Zone:           r.text("zone", "ameliastamps.com"),
		Host:           r.text("host", "edit"),
		HostedZoneID:   r.text("hostedZoneId", ""),
		CertificateArn: r.text("certificateArn", ""),
	}
}

// zoneInAddress is replaced by the client's zone in standInUrl, so that its default fits every stack.
const zoneInAddress = "<zone>"

// loadScaler leaves the zone in the stand-in's address to loadClients.
func loadScaler(r *reader) Scaler {
	standIn := r.text("standInUrl", "https://www."+zoneInAddress)
	return Scaler{
		Concurrency:     r.number("scalerConcurrency", 50),
		WakeCredentials: r.list("wakeCredentials"),
		StandInURL:      standIn,
	}
}

func loadNetwork(r *reader) Network {
	return Network{
		Dedicated:        r.flag("dedicatedVpc", false),
		CidrBlock:        r.text("vpcCidr", "10.42.0.0/16"),
		NatGateways:      r.text("natGateways", "Single"),
		SubnetIDs:        r.list("subnetIds"),
		PrivateSubnetIDs: r.list("privateSubnetIds"),
	}
}

func loadEdge(r *reader) Edge {
	return Edge{
		DistributionID: r.text("distributionId", ""),
		BehaviorQuota:  r.number("distributionBehaviorQuota", spec.DefaultBehaviorQuota),
		OriginQuota:    r.number("distributionOriginQuota", spec.DefaultOriginQuota),
		Rights:         r.list("distributionRights"),
	}
}

func loadWorkspace(r *reader) Workspace {
	return Workspace{
		Client:        r.text("client", "ameliastamps"),
		User:          r.text("user", "scott"),
		Repository:    r.text("repository", "https://github.com/jscotthorn/amelia-astro.git"),
		Backups:       r.flag("backups", true),
		Bucket:        r.text("workspaceBucket", ""),
		MountRoleArns: r.list("mountRoleArns"),

		RefuseOtherRoles: r.flag("refuseOtherRoles", true),
	}
}

func loadLoadBalancer(r *reader) LoadBalancer {
	return LoadBalancer{
		IdleTimeoutSeconds: r.number("idleTimeoutSeconds", 4000),
		TLSPolicy:          r.text("tlsPolicy", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
	}
}

func loadService(r *reader) Service {
	return Service{
		CPU:                   r.number("taskCpu", defaults.TaskCPU),
		Memory:                r.number("taskMemory", defaults.TaskMemory),
		CPUArchitecture:       r.text("cpuArchitecture", "X86_64"),
		APIPort:               r.number("apiPort", specAPIPort),
		PreviewPort:           r.number("previewPort", specPreviewPort),
		WebSocketPort:         r.number("webSocketPort", specWebSocketPort),
		Dependencies:          r.text("dependencies", DependenciesInWorkspace),
		AutoShutdownMinutes:   r.number("autoShutdownMinutes", defaults.AutoShutdownMinutes),
		MinCapacity:           r.number("minCapacity", 0),
		MaxCapacity:           r.number("maxCapacity", 3),
		CPUTarget:             r.number("cpuTarget", 40),
		MemoryTarget:          r.number("memoryTarget", 60),
		HealthPath:            r.text("healthPath", "/health"),
		HealthIntervalSeconds: r.number("healthIntervalSeconds", defaults.HealthIntervalSeconds),
		HealthTimeoutSeconds:  r.number("healthTimeoutSeconds", 5),
		HealthyThreshold:      r.number("healthyThreshold", 2),
		UnhealthyThreshold:    r.number("unhealthyThreshold", 3),
		RulePriorityBase:      r.number("rulePriorityBase", 100),
		LogRetentionDays:      r.number("logRetentionDays", 7),
	}
}

func loadCleanup(r *reader) Cleanup {
	return Cleanup{
		CompressAfterDays: r.number("cleanupCompressAfterDays", 7),
		DeleteAfterDays:   r.number("cleanupDeleteAfterDays", 30),
		ArchiveAfterDays:  r.number("cleanupArchiveAfterDays", 0),
		DryRun:            r.flag("cleanupDryRun", false),
	}
}

func loadObservability(r *reader) Observability {
	return Observability{
		Alarms:           r.flag("alarms", true),
		AlarmEmail:       r.text("alarmEmail", ""),
		MonthlyBudgetUSD: r.number("monthlyBudgetUsd", 0),
		BudgetTag:        r.text("budgetTag", ""),
		AuditTrail:       r.flag("auditTrail", false),
		ExistingTrail:    r.flag("existingTrail", false),
		SecretReaderArns: r.list("secretReaderArns"),
	}
}
