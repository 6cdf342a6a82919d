// Package config is the configuration of a stack: read once, with every fault reported at once, and handed down from there.
// Nothing of it is written again, and nothing here knows what is deployed.
//
// config.go and clients.go say what there is, load.go under which keys and with which defaults it is read, validate.go what is
// refused, and names.go and routes.go what follows from it: the names of everything in the account, and the three routes.
package config

// Config is the whole configuration of one stack, filled and validated once by [Load].
// The schema with the same defaults, shown by `pulumi config`, is in Pulumi.yaml; a test keeps the two equal.
type Config struct {
	// Stack is the Pulumi stack's name; not configurable, it names things in messages.
	Stack string
	// Region is aws:region, where everything is deployed (spec: us-west-2).
	Region string
	// NameSuffix is appended to every name that must be unique in an account and region. Empty in prod, which
	// carries the spec's names to the letter; "-dev" in dev.
	NameSuffix string
	// Protect guards what holds data, and the load balancer, against `pulumi destroy` and replacement.
	Protect bool
	// Adopt maps a retained resource's logical name to its provider ID: resources that an earlier destroy kept are
	// imported instead of created. Entries of resources already in the state are ignored by Pulumi.
	Adopt map[string]string

	Site          Site
	Network       Network
	Sharing       Sharing
	Registry      Registry
	Secrets       Secrets
	Auth          Auth
	Workspace     Workspace
	LoadBalancer  LoadBalancer
	Service       Service
	Scaler        Scaler
	Cleanup       Cleanup
	Edge          Edge
	Observability Observability
	CI            CI

	// Clients are those with an editor, the first one first, the others by ID; never empty.
	Clients []Client
	// Kept are those whose editor is gone and whose data is not.
	Kept []Client
}

// Site says under which name editors reach the service.
type Site struct {
	// Zone is the Route 53 public hosted zone and the domain of the wildcard certificate, such as ameliastamps.com.
	Zone string
	// Host is the single DNS label below Zone (spec: edit), so that the certificate `*.<zone>` covers it.
	Host string
	// HostedZoneID skips the look-up by name; empty means look up. It must be a zone of the stack's account: the record is
	// made with the stack's credentials.
	HostedZoneID string
	// CertificateArn skips the look-up of an issued certificate that covers the host; empty means look up (D7, D24).
	CertificateArn string
}

// FQDN is the host name editors use, such as edit.ameliastamps.com.
func (s Site) FQDN() string { return s.Host + "." + s.Zone }

// Network chooses the VPC and the two subnets that everything uses.
type Network struct {
	// Dedicated creates a VPC of its own with public and private subnets in two zones, instead of the default VPC.
	Dedicated bool
	// CidrBlock is the dedicated VPC's address range; unused otherwise.
	CidrBlock string
	// NatGateways is None, Single or OnePerAz: how the dedicated VPC's private subnets reach the internet.
	NatGateways string
	// SubnetIDs pins the two public subnets, and with them the VPC; empty means two default subnets of the default VPC (D24).
	SubnetIDs []string
	// PrivateSubnetIDs puts tasks, file system and functions into these two subnets, without public addresses; they
	// need a route to the internet (D1). Empty means the public ones.
	PrivateSubnetIDs []string
}

// Parts of a stack that another stack may lend, the legal members of Sharing.Parts.
const (
	PartRegistry     = "registry"
	PartSecrets      = "secrets"
	PartWorkspace    = "workspace"
	PartLoadBalancer = "loadBalancer"
)

// Sharing names the parts that are read from another stack's outputs instead of being created.
type Sharing struct {
	// Stack is "prod", "project/prod" or "org/project/prod"; empty means nothing is shared.
	Stack string
	// Parts are some of registry, secrets, workspace, loadBalancer.
	Parts []string
}

// Has reports whether part comes from the other stack.
func (s Sharing) Has(part string) bool {
	for _, p := range s.Parts {
		if p == part {
			return true
		}
	}
	return false
}

// Registry describes the image registry (T00 §1).
type Registry struct {
	// ImageTag is the tag the task definition runs (spec: latest).
	ImageTag string
	// ImagesToKeep is how many images the lifecycle policy leaves, whatever their tags (spec: 10).
	ImagesToKeep int
}

// Secrets holds the secret values that are configured; the rest are put out of band (D5).
type Secrets struct {
	// Values maps a secret's configuration key to its value. Only keys with a value are present. The values are
	// Pulumi secrets wherever they are used.
	Values map[string]string
	// GitHubTokens are the further clients' tokens, by ID; a client without one gets it out of band.
	GitHubTokens map[string]string
}

// Workspace describes the file system and the bucket of workspaces (T00 §3, T02 §1).
type Workspace struct {
	// Client and User are the session the first client's container opens by default (CLIENT_ID, USER_ID).
	Client, User string
	// Repository is the git URL of DEFAULT_REPO.
	Repository string
	// Clients each get an access point /clients/<id>, with an editor or without; includes Client.
	Clients []string
	// Backups turns on the file system's AWS Backup policy.
	Backups bool
	// Bucket is an existing S3 bucket's name; empty creates a private one.
	Bucket string
	// MountRoleArns are further roles that may mount the file system, such as those of a stack sharing it.
	MountRoleArns []string
	// RefuseOtherRoles keeps the statement in the file system's policy that refuses every other role (D23).
	RefuseOtherRoles bool
}

// LoadBalancer describes the load balancer (T00 §4, D9).
type LoadBalancer struct {
	// IdleTimeoutSeconds is how long a silent connection stays open, 1 to 4000 (D9: 4000, for WebSockets).
	IdleTimeoutSeconds int
	// TLSPolicy is the ELB security policy of the HTTPS listener.
	TLSPolicy string
}

// Where what a site installs lies while a task runs.
const (
	DependenciesInWorkspace = "workspace"
	DependenciesOnTask      = "task"
)

// Service describes the Fargate service (T02 §1–4).
type Service struct {
	// CPU units and Memory in MiB of a task; must be a pair that Fargate offers (spec: 2048 and 4096).
	CPU, Memory int
	// CPUArchitecture is X86_64 or ARM64, as the image was built.
	CPUArchitecture string
	// APIPort, PreviewPort and WebSocketPort are the container's ports (spec: 8080, 4321, 4322).
	APIPort, PreviewPort, WebSocketPort int
	// Dependencies says where what a site installs lies while a task runs: DependenciesInWorkspace (the specification's), or
	// DependenciesOnTask, unpacked there from the workspace at the start (D53).
	Dependencies string
	// AutoShutdownMinutes without activity put the service to sleep.
	AutoShutdownMinutes int
	// MinCapacity and MaxCapacity bound the task count (spec: 0 and 3).
	MinCapacity, MaxCapacity int
	// CPUTarget and MemoryTarget are the target-tracking percentages (spec: 40 and 60).
	CPUTarget, MemoryTarget int
	// HealthPath, HealthIntervalSeconds and HealthTimeoutSeconds of the target groups (spec: /health, 30, 5).
	HealthPath                                  string
	HealthIntervalSeconds, HealthTimeoutSeconds int
	// HealthyThreshold and UnhealthyThreshold are consecutive checks, 2 to 10. A newly registered target needs one
	// passing check whatever the threshold.
	HealthyThreshold, UnhealthyThreshold int
	// RulePriorityBase is the first of the hundred listener-rule priorities this stack may use (prod 100, dev 200).
	RulePriorityBase int
	// LogRetentionDays of the container's log group (spec: 7).
	LogRetentionDays int
}

// Scaler bounds what the wake function may cost, and who may cause it (D4).
type Scaler struct {
	// Concurrency is how many requests the function answers or holds at once, its reserved concurrency; 0 reserves
	// none, for the cleanup neither.
	Concurrency int
	// WakeCredentials, each header:NAME or cookie:NAME, are what a request must bring one of to wake the service.
	WakeCredentials []string
	// StandInURL is where the published site begins, which the waiting page shows behind its progress; empty shows none.
	StandInURL string
}

// Cleanup sets the ages of the workspace cleanup, in days.
type Cleanup struct {
	// CompressAfterDays without activity a thread is compressed; DeleteAfterDays it is deleted.
	CompressAfterDays, DeleteAfterDays int
	// ArchiveAfterDays without activity a user is archived; 0 turns archiving off.
	ArchiveAfterDays int
	// DryRun reports what would be done and changes nothing.
	DryRun bool
}

// Edge names the CloudFront distribution, owned by another stack, that gets our behaviours (D12).
type Edge struct {
	// DistributionID is empty where the stack has no CloudFront.
	DistributionID string
	// BehaviorQuota and OriginQuota are how many the account may have in a distribution (25 each, which every
	// account has; AWS's present defaults are 75 and 100).
	BehaviorQuota, OriginQuota int
	// Rights are the ARNs of the owner's log bucket, web ACL and Lambda@Edge functions, for which CloudFront asks whoever
	// updates the distribution (D35).
	Rights []string
}

// Observability switches what watches the stack.
type Observability struct {
	// Alarms creates the CloudWatch alarms, the rules that report failed tasks, and the dashboard.
	Alarms bool
	// AlarmEmail subscribes an address to the alarms; empty subscribes nobody.
	AlarmEmail string
	// MonthlyBudgetUSD is the limit of the cost budget; 0 creates none.
	MonthlyBudgetUSD int
	// BudgetTag is the Key=Value of an activated cost allocation tag that the budget counts; empty counts the account.
	BudgetTag string
	// AuditTrail reports who reads the secrets, from a CloudTrail trail of its own; ExistingTrail says that the account
	// already has one that logs read management events here, and creates none.
	AuditTrail, ExistingTrail bool
	// SecretReaderArns are further roles whose reads are expected, such as those of a stack that shares the secrets.
	SecretReaderArns []string
}

// CI creates the roles that GitHub Actions assumes; off while Repository is empty.
type CI struct {
	// Repository is owner/name on GitHub.
	Repository string
	// RepositoryIDs are GitHub's numbers of both, as ownerID/repositoryID. Repositories created since July 15, 2026
	// carry them in the subject of their tokens (GitHub: "Immutable subject claims"); empty trusts the older form.
	RepositoryIDs string
	// ExistingOIDCProvider reuses the account's provider for token.actions.githubusercontent.com (one per account).
	ExistingOIDCProvider bool
	// StateBucket is the S3 bucket of the Pulumi state, and StateKeyArn the KMS key that encrypts the stacks' secrets;
	// both empty with Pulumi Cloud.
	StateBucket, StateKeyArn string
}

// Adoptable are the logical names of the resources that hold data and so outlive the stack: what the adopt key may name. Every
// resource that is registered to be retained is listed here.
var Adoptable = []string{
	"audit-bucket", "registry-repository", "secrets-anthropic-api-key", "secrets-aws-credentials", "secrets-github-token",
	"workspace-bucket", "workspace-file-system",
}

// TokenResource is the logical name of a further client's token, which is adoptable as well.
func TokenResource(client string) string { return "secrets-github-token--" + client }
