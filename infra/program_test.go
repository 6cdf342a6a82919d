// Tests of the whole program under mocks: one for each acceptance criterion of the specification's two tasks
// (acceptance_*_test.go), and what holds for every resource (program_*_test.go). They look at the recorded registrations
// after the run.
package infra_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/infra/infratest"
)

// root is the folder of Pulumi.yaml, seen from this package.
const root = ".."

// stack is one environment, deployed or previewed.
type stack struct {
	*infratest.Deployment
	// Name is prod or dev, Suffix what its names end in, Host where editors go, Base its first rule priority.
	Name, Suffix, Host string
	Base               int
	// Preview is a run in which what AWS assigns is unknown.
	Preview bool
}

// configured is the value of a key, of the stack's file or the default.
func (s stack) configured(t testing.TB, key string) string {
	t.Helper()
	return infratest.StackConfig(t, root, s.Name)[infratest.Project+":"+key]
}

var deployed struct {
	once   sync.Once
	stacks []stack
	err    error
}

// deployAll deploys prod, then dev with prod's recorded outputs, and previews both.
func deployAll(t testing.TB) {
	prod := stack{Name: "prod", Host: "edit.ameliastamps.com", Base: 100}
	dev := stack{Name: "dev", Suffix: "-dev", Host: "edit-dev.ameliastamps.com", Base: 200}
	for _, preview := range []bool{false, true} {
		for _, s := range []stack{prod, dev} {
			run := infratest.Run{Stack: s.Name, Config: infratest.StackConfig(t, root, s.Name), DryRun: preview}
			if s.Name == "dev" {
				run.References = map[string]map[string]any{"prod": deployed.stacks[0].Outputs}
			}
			s.Preview = preview
			if s.Deployment, deployed.err = run.Try(infra.Build); deployed.err != nil {
				return
			}
			deployed.stacks = append(deployed.stacks, s)
		}
	}
}

// stacks are prod and dev, deployed with their stack files, and the previews of both. Tests only read them.
func stacks(t testing.TB) []stack {
	t.Helper()
	deployed.once.Do(func() { deployAll(t) })
	require.NoError(t, deployed.err)
	require.Len(t, deployed.stacks, 4)
	return deployed.stacks
}

// prod and dev are the deployed stacks.
func prod(t testing.TB) stack { return stacks(t)[0] }
func dev(t testing.TB) stack  { return stacks(t)[1] }

// inEachStack runs a test on prod and dev, deployed.
func inEachStack(t *testing.T, test func(t *testing.T, s stack)) {
	t.Helper()
	for _, s := range stacks(t) {
		if !s.Preview {
			t.Run(s.Name, func(t *testing.T) { t.Parallel(); test(t, s) })
		}
	}
}

// inEachRun runs a test on prod and dev, deployed and previewed.
func inEachRun(t *testing.T, test func(t *testing.T, s stack)) {
	t.Helper()
	for _, s := range stacks(t) {
		name := s.Name
		if s.Preview {
			name += " preview"
		}
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, s) })
	}
}

// variation is prod with some configuration changed, by keys without the project's namespace.
type variation struct {
	// From is the stack whose file it starts from: prod if empty.
	From           string
	Config, Secret map[string]string
	References     map[string]map[string]any
	DryRun         bool
	FailInvokes    map[string]error
}

func (v variation) run(t testing.TB) infratest.Run {
	t.Helper()
	from := v.From
	if from == "" {
		from = "prod"
	}
	run := infratest.Run{
		Stack: from, Config: infratest.StackConfig(t, root, from), Secrets: map[string]string{}, References: v.References,
		DryRun: v.DryRun, FailInvokes: v.FailInvokes,
	}
	for key, value := range v.Config {
		run.Config[infratest.Project+":"+key] = value
	}
	for key, value := range v.Secret {
		run.Secrets[infratest.Project+":"+key] = value
	}
	return run
}

func (v variation) deploy(t testing.TB) *infratest.Deployment {
	t.Helper()
	return v.run(t).Do(t, infra.Build)
}

func (v variation) fail(t testing.TB) error {
	t.Helper()
	_, err := v.run(t).Try(infra.Build)
	require.Error(t, err)
	return err
}

// Account facts that the mocks answer with.
const (
	account        = infratest.AccountID
	publicSubnetA  = "subnet-0aaaaaaaa"
	publicSubnetB  = "subnet-0bbbbbbbb"
	accountArn     = "arn:aws:iam::" + account
	regionAccount  = infratest.Region + ":" + account
	loadBalancerSG = "load-balancer-security-group-id"
	taskSG         = "edit-task-security-group-id"
	workspaceSG    = "workspace-security-group-id"
)

// container is an ECS container definition as the program writes it; other fields are refused.
type container struct {
	Name         string `json:"name"`
	Image        string `json:"image"`
	Consistency  string `json:"versionConsistency"`
	CPU          int    `json:"cpu"`
	Essential    bool   `json:"essential"`
	PortMappings []struct {
		ContainerPort int    `json:"containerPort"`
		HostPort      int    `json:"hostPort"`
		Protocol      string `json:"protocol"`
	} `json:"portMappings"`
	Environment []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"environment"`
	Secrets []struct {
		Name      string `json:"name"`
		ValueFrom string `json:"valueFrom"`
	} `json:"secrets"`
	MountPoints []struct {
		SourceVolume  string `json:"sourceVolume"`
		ContainerPath string `json:"containerPath"`
		ReadOnly      bool   `json:"readOnly"`
	} `json:"mountPoints"`
	VolumesFrom     []string `json:"volumesFrom"`
	SystemControls  []string `json:"systemControls"`
	LinuxParameters struct {
		InitProcessEnabled bool `json:"initProcessEnabled"`
	} `json:"linuxParameters"`
	StopTimeout      int `json:"stopTimeout"`
	LogConfiguration struct {
		LogDriver string            `json:"logDriver"`
		Options   map[string]string `json:"options"`
	} `json:"logConfiguration"`
}

// containerOf decodes the only container of the task definition.
func containerOf(t testing.TB, d *infratest.Deployment) container {
	t.Helper()
	var containers []container
	d.One(t, "edit-task-definition").JSON(t, "containerDefinitions", &containers)
	require.Len(t, containers, 1)
	return containers[0]
}

// list is what Get returns for a list.
func list(items ...any) []any { return items }

// Every run registers the same inputs, byte for byte: nothing depends on time, randomness, map order or scheduling.
func TestEveryRunRegistersTheSame(t *testing.T) {
	t.Parallel()
	runs := map[string]variation{
		"prod":             {},
		"dev":              {From: "dev", References: map[string]map[string]any{"prod": prod(t).Outputs}},
		"dev preview":      {From: "dev", DryRun: true, References: map[string]map[string]any{"prod": prod(t).Outputs}},
		"prod with all of": {Config: richConfig(), Secret: richSecrets()},
	}
	for name, v := range runs {
		t.Run(name, func(t *testing.T) {
			first := v.deploy(t)
			for repetition := range 6 {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1 + repetition%4))
				again := v.deploy(t)
				infratest.RequireSameText(t, first.Canonical(), again.Canonical())
				assert.Equal(t, first.Outputs, again.Outputs)
			}
		})
	}
}

// richConfig switches on what the stack files leave off and fills every list and map.
func richConfig() map[string]string {
	return map[string]string{
		"clients": `["ameliastamps","b","c","d","e","f","g"]`, "alarmEmail": "ops@example.com", "auditTrail": "true",
		"mountRoleArns": `["` + accountArn + `:role/one","` + accountArn + `:role/two"]`, "monthlyBudgetUsd": "10",
		"adopt":        `{"registry-repository":"r","workspace-bucket":"b","workspace-file-system":"fs-1","secrets-github-token":"s"}`,
		"ciRepository": "owner/name", "distributionId": "E2QWRUHAPOMQZL", "cleanupArchiveAfterDays": "90",
	}
}

func richSecrets() map[string]string {
	return map[string]string{
		"anthropicApiKey": "sk-ant-plain-value-1", "githubToken": "ghp-plain-value-2",
		"awsCredentials": `{"accessKeyId":"plain-value-3","secretAccessKey":"plain-value-4"}`,
	}
}

// Under a preview, what AWS assigns is unknown: the program must not take it for empty.
func TestPreviewLeavesUnknownsUnknown(t *testing.T) {
	t.Parallel()
	for _, s := range stacks(t) {
		if !s.Preview {
			continue
		}
		text := s.Canonical()
		assert.NotContains(t, text, `service//`, "%s: a name made of unknown parts", s.Name)
		assert.NotContains(t, text, `"arn:aws:s3:::"`, s.Name)
		assert.Empty(t, s.One(t, "edit-task-definition").Text("containerDefinitions"), "%s: image and secrets are unknown", s.Name)
		assert.Empty(t, s.One(t, "edit-task-policy").Text("policy"), s.Name)
		assert.NotContains(t, s.Outputs, "fileSystemId", s.Name)
		assert.NotContains(t, s.Outputs, "taskDefinitionArn", s.Name)
		assert.Equal(t, "https://"+s.Host, s.Outputs["editUrl"], s.Name)
	}
	deployed, previewed := map[string]bool{}, map[string]bool{}
	for _, s := range stacks(t) {
		for _, r := range s.Resources {
			map[bool]map[string]bool{false: deployed, true: previewed}[s.Preview][r.URN] = true
		}
	}
	assert.Equal(t, deployed, previewed, "a preview shows every resource")
}
