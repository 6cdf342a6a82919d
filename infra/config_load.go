package infra

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/functions/behaviors/spec"
	"github.com/webordinary/live-edit/infra/stackfile"
)

// Fault is one thing wrong with the configuration.
type Fault struct {
	// Key is the configuration key without the project's namespace.
	Key string
	// Value is what was configured, "(secret)" for secrets.
	Value string
	// Expected says what a right value looks like.
	Expected string
}

// ConfigError reports every fault of a stack's configuration at once.
type ConfigError struct {
	Stack  string
	Faults []Fault
}

// Error lists the faults, one a line, and where to mend them.
func (e *ConfigError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the configuration of stack %q has %d fault(s):", e.Stack, len(e.Faults))
	for _, f := range e.Faults {
		fmt.Fprintf(&b, "\n  %s = %q: expected %s", f.Key, f.Value, f.Expected)
	}
	fmt.Fprintf(&b, "\nMend them in Pulumi.%s.yaml or with `pulumi config set --stack %s KEY VALUE`.", e.Stack, e.Stack)
	return b.String()
}

// secretValue stands for a secret in messages.
const secretValue = "(secret)"

// secretKeys are the configuration keys whose values must be Pulumi secrets.
func secretKeys() []string {
	keys := make([]string, 0, len(secretSpecs))
	for _, s := range secretSpecs {
		keys = append(keys, s.ConfigKey)
	}
	return keys
}

// LoadConfig reads the stack's configuration, applies the defaults of Pulumi.yaml and validates it.
// The error is a [*ConfigError] holding every fault found.
func LoadConfig(ctx *pulumi.Context) (*Config, error) {
	r := newConfigReader(ctx)
	if err := r.readFiles(); err != nil {
		return nil, err
	}
	cfg := &Config{
		Stack:         ctx.Stack(),
		Region:        r.provider("aws:region", "us-west-2"),
		NameSuffix:    r.text("nameSuffix", ""),
		Protect:       r.flag("protect", false),
		Adopt:         r.table("adopt"),
		Site:          loadSite(r),
		Network:       loadNetwork(r),
		Sharing:       SharingConfig{Stack: r.text("sharedStack", ""), Parts: r.list("shared", nil)},
		Registry:      RegistryConfig{ImageTag: r.text("imageTag", "latest"), ImagesToKeep: r.number("imagesToKeep", 10)},
		Secrets:       SecretsConfig{Values: r.secrets(secretKeys())},
		Workspace:     loadWorkspace(r),
		LoadBalancer:  loadLoadBalancer(r),
		Service:       loadService(r),
		Scaler:        ScalerConfig{Concurrency: r.number("scalerConcurrency", 50), WakeCredentials: r.list("wakeCredentials", nil)},
		Cleanup:       loadCleanup(r),
		Edge:          loadEdge(r),
		Observability: loadObservability(r),
		CI: CIConfig{
			Repository:           r.text("ciRepository", ""),
			RepositoryIDs:        r.text("ciRepositoryIds", ""),
			ExistingOIDCProvider: r.flag("ciExistingOidcProvider", false),
			StateBucket:          r.text("ciStateBucket", ""),
			StateKeyArn:          r.text("ciStateKeyArn", ""),
		},
	}
	r.unknown()
	if faults := r.allFaults(cfg.validate()); len(faults) > 0 {
		return nil, &ConfigError{Stack: ctx.Stack(), Faults: faults}
	}
	return cfg, nil
}

func loadSite(r *configReader) SiteConfig {
	return SiteConfig{
		Zone:           r.text("zone", "ameliastamps.com"),
		Host:           r.text("host", "edit"),
		HostedZoneID:   r.text("hostedZoneId", ""),
		CertificateArn: r.text("certificateArn", ""),
	}
}

func loadNetwork(r *configReader) NetworkConfig {
	return NetworkConfig{
		Dedicated:        r.flag("dedicatedVpc", false),
		CidrBlock:        r.text("vpcCidr", "10.42.0.0/16"),
		NatGateways:      r.text("natGateways", "Single"),
		SubnetIDs:        r.list("subnetIds", nil),
		PrivateSubnetIDs: r.list("privateSubnetIds", nil),
	}
}

func loadEdge(r *configReader) EdgeConfig {
	return EdgeConfig{
		DistributionID: r.text("distributionId", ""),
		BehaviorQuota:  r.number("distributionBehaviorQuota", spec.DefaultBehaviorQuota),
		OriginQuota:    r.number("distributionOriginQuota", spec.DefaultOriginQuota),
		Rights:         r.list("distributionRights", nil),
	}
}

func loadWorkspace(r *configReader) WorkspaceConfig {
	return WorkspaceConfig{
		Client:        r.text("client", "ameliastamps"),
		User:          r.text("user", "scott"),
		Repository:    r.text("repository", "https://github.com/jscotthorn/amelia-astro.git"),
		Clients:       r.list("clients", []string{"ameliastamps"}),
		Backups:       r.flag("backups", true),
		Bucket:        r.text("workspaceBucket", ""),
		MountRoleArns: r.list("mountRoleArns", nil),

		RefuseOtherRoles: r.flag("refuseOtherRoles", true),
	}
}

func loadLoadBalancer(r *configReader) LoadBalancerConfig {
	return LoadBalancerConfig{
		IdleTimeoutSeconds: r.number("idleTimeoutSeconds", 4000),
		TLSPolicy:          r.text("tlsPolicy", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
	}
}

func loadService(r *configReader) ServiceConfig {
	return ServiceConfig{
		CPU:                   r.number("taskCpu", 2048),
		Memory:                r.number("taskMemory", 4096),
		CPUArchitecture:       r.text("cpuArchitecture", "X86_64"),
		APIPort:               r.number("apiPort", specAPIPort),
		PreviewPort:           r.number("previewPort", specPreviewPort),
		WebSocketPort:         r.number("webSocketPort", specWebSocketPort),
		AutoShutdownMinutes:   r.number("autoShutdownMinutes", 5),
		MinCapacity:           r.number("minCapacity", 0),
		MaxCapacity:           r.number("maxCapacity", 3),
		CPUTarget:             r.number("cpuTarget", 40),
		MemoryTarget:          r.number("memoryTarget", 60),
		HealthPath:            r.text("healthPath", "/health"),
		HealthIntervalSeconds: r.number("healthIntervalSeconds", 30),
		HealthTimeoutSeconds:  r.number("healthTimeoutSeconds", 5),
		HealthyThreshold:      r.number("healthyThreshold", 2),
		UnhealthyThreshold:    r.number("unhealthyThreshold", 3),
		RulePriorityBase:      r.number("rulePriorityBase", 100),
		LogRetentionDays:      r.number("logRetentionDays", 7),
	}
}

func loadCleanup(r *configReader) CleanupConfig {
	return CleanupConfig{
		CompressAfterDays: r.number("cleanupCompressAfterDays", 7),
		DeleteAfterDays:   r.number("cleanupDeleteAfterDays", 30),
		ArchiveAfterDays:  r.number("cleanupArchiveAfterDays", 0),
		DryRun:            r.flag("cleanupDryRun", false),
	}
}

func loadObservability(r *configReader) ObservabilityConfig {
	return ObservabilityConfig{
		Alarms:           r.flag("alarms", true),
		AlarmEmail:       r.text("alarmEmail", ""),
		MonthlyBudgetUSD: r.number("monthlyBudgetUsd", 0),
		BudgetTag:        r.text("budgetTag", ""),
		AuditTrail:       r.flag("auditTrail", false),
		ExistingTrail:    r.flag("existingTrail", false),
		SecretReaderArns: r.list("secretReaderArns", nil),
	}
}

// configReader reads raw values and collects what cannot be parsed, so that one run reports every fault.
type configReader struct {
	ctx       *pulumi.Context
	namespace string
	// kinds are the keys that were read, which are all that there are.
	kinds map[string]keyKind
	// entries are the values as they are written in the project's files, where those can be read.
	entries []stackfile.Entry
	faults  []Fault
	// refused are the members of lists and maps that have their fault already, by key.
	refused map[string][]string
}

func newConfigReader(ctx *pulumi.Context) *configReader {
	return &configReader{ctx: ctx, namespace: ctx.Project(), kinds: map[string]keyKind{}, refused: map[string][]string{}}
}

// given is the configuration that the CLI hands to the program that it starts, whatever it comes from; the SDK lists none.
func (r *configReader) given() map[string]string {
	var all map[string]string
	if json.Unmarshal([]byte(os.Getenv(pulumi.EnvConfig)), &all) != nil {
		return nil
	}
	for key := range all {
		if r.ctx.IsConfigSecret(key) {
			all[key] = secretValue
		}
	}
	return all
}

// qualified completes a key of ours; a provider's key, such as aws:region, is complete.
func (r *configReader) qualified(key string) string {
	if strings.Contains(key, ":") {
		return key
	}
	return r.namespace + ":" + key
}

func (r *configReader) raw(key string) (string, bool) {
	return r.ctx.GetConfig(r.qualified(key))
}

func (r *configReader) provider(key, fallback string) string {
	if v, ok := r.ctx.GetConfig(key); ok && v != "" {
		return v
	}
	return fallback
}

func (r *configReader) fault(key, value, expected string) {
	r.faults = append(r.faults, Fault{Key: key, Value: value, Expected: expected})
}

// allFaults joins what could not be parsed with what validation found. A key that could not be parsed was validated
// with its default, so its second fault would name a value that nobody configured. Secret values are not repeated.
func (r *configReader) allFaults(found []Fault) []Fault {
	unparsed := map[string]bool{}
	for _, f := range r.faults {
		unparsed[f.Key] = true
	}
	all := r.faults
	for _, f := range found {
		if !unparsed[f.Key] && !slices.Contains(r.refused[f.Key], f.Value) {
			all = append(all, f)
		}
	}
	for i, f := range all {
		if r.ctx.IsConfigSecret(r.qualified(whole(f.Key))) {
			all[i].Value = secretValue
		}
	}
	return all
}

// whole is the key of a member such as clients[0] or adopt.registry-repository.
func whole(key string) string {
	if at := strings.IndexAny(key, ".["); at >= 0 {
		return key[:at]
	}
	return key
}

func (r *configReader) text(key, fallback string) string {
	r.kinds[key] = kindText
	if v, ok := r.raw(key); ok {
		r.miswritten(key, kindText)
		return v
	}
	return fallback
}

// wholeNumber is what a number has to be.
const wholeNumber = "a whole number"

func (r *configReader) number(key string, fallback int) int {
	r.kinds[key] = kindNumber
	v, ok := r.raw(key)
	if !ok || r.miswritten(key, kindNumber) {
		return fallback
	}
	v = strings.TrimSpace(v)
	n, err := strconv.Atoi(v)
	if err != nil || !decimal.MatchString(v) {
		r.fault(key, v, wholeNumber)
		return fallback
	}
	return n
}

func (r *configReader) flag(key string, fallback bool) bool {
	r.kinds[key] = kindFlag
	v, ok := r.raw(key)
	if !ok {
		return fallback
	}
	switch strings.TrimSpace(v) {
	case "true":
		return true
	case "false":
		return false
	}
	r.fault(key, v, "true or false")
	return fallback
}

func (r *configReader) list(key string, fallback []string) []string {
	r.kinds[key] = kindList
	const expected = `a list of strings, such as ["a", "b"]`
	v, ok := r.raw(key)
	if !ok || r.nothing(key, expected) || v == "" {
		return fallback
	}
	var items []any
	if err := decodeNumbers(v, &items); err != nil || items == nil {
		r.fault(key, v, expected)
		return fallback
	}
	values, order := map[string]any{}, make([]string, 0, len(items))
	for i, item := range items {
		at := fmt.Sprintf("[%d]", i)
		values[at], order = item, append(order, at)
	}
	texts := r.members(key, values, order)
	list := make([]string, 0, len(items))
	for _, at := range order {
		list = append(list, texts[at])
	}
	return list
}

func (r *configReader) table(key string) map[string]string {
	r.kinds[key] = kindTable
	const expected = "a map of strings, logical name to provider ID"
	v, ok := r.raw(key)
	if !ok || r.nothing(key, expected) || v == "" {
		return nil
	}
	var items map[string]any
	if err := decodeNumbers(v, &items); err != nil || items == nil {
		r.fault(key, v, expected)
		return nil
	}
	values := map[string]any{}
	for name, item := range items {
		values["."+name] = item
	}
	texts := r.members(key, values, sortedKeys(values))
	table := make(map[string]string, len(items))
	for name := range items {
		table[name] = texts["."+name]
	}
	return table
}

// decodeNumbers reads JSON without rounding its numbers.
func decodeNumbers(text string, target any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(target); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("more than one value")
	}
	return nil
}

// secrets returns the configured values among keys. A value kept in plain text is a fault: it would stand readable in
// the stack file and in the history of the repository.
func (r *configReader) secrets(keys []string) map[string]string {
	values := map[string]string{}
	for _, key := range keys {
		r.kinds[key] = kindText
		v, ok := r.raw(key)
		if !ok || v == "" {
			continue
		}
		if !r.ctx.IsConfigSecret(r.qualified(key)) {
			r.fault(key, "(in plain text)", fmt.Sprintf("a secret: `pulumi config set --stack %s --secret %s`", r.ctx.Stack(), key))
			continue
		}
		values[key] = v
	}
	return values
}

// sortedKeys returns the keys of m in order, so that nothing registered depends on map order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
