package e2e

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/infra/config/defaults"
	"github.com/webordinary/live-edit/infra/infratest"
	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// keyChange is another value of a configuration key for a deployed stack.
type keyChange struct {
	value any
	// beside is what has to be set together with it.
	beside map[string]any
	// refused is what preview says where one update can't do it.
	refused string
	// elsewhere names the test that deploys the change; it needs another stack.
	elsewhere string
}

// everythingOn is the stack that the changes are made to: prod with all optional parts.
func everythingOn() map[string]any {
	return map[string]any{
		"protect": false, "auditTrail": true, "alarmEmail": "alarms@example.com", "monthlyBudgetUsd": 40,
		"ciRepository": "webordinary/live-edit", "ciStateBucket": "webordinary-state", "cleanupArchiveAfterDays": 90,
		"clients": []any{"ameliastamps", "second"}, "distributionId": distributionA, "workspaceBucket": "webordinary-a-bucket",
		"subnetIds": []any{sandboxtest.DefaultSubnetIDs[0], sandboxtest.DefaultSubnetIDs[1]},
	}
}

// keyChanges has every key of the configuration. Where two keys need each other's change, one has it beside it.
func keyChanges() map[string]keyChange {
	const moved = "cannot change this in one update"
	sharing := "TestSharingComesAndGoes"
	set := func(value any) keyChange { return keyChange{value: value} }
	subnets := []any{sandboxtest.DefaultSubnetIDs[1], sandboxtest.DefaultSubnetIDs[0]} // each zone is the other one's old one
	return map[string]keyChange{
		"aws:region":       {value: "eu-west-1", refused: moved, elsewhere: "the sandbox has one region, and says so first"},
		"nameSuffix":       {value: "-other", refused: moved},
		"dedicatedVpc":     {value: true, beside: map[string]any{"subnetIds": []any{}}, refused: moved},
		"vpcCidr":          {value: "10.43.0.0/16", refused: moved, elsewhere: "TestDedicatedNetwork"},
		"natGateways":      {value: "OnePerAz", elsewhere: "TestDedicatedNetwork"},
		"rulePriorityBase": {value: 110, refused: moved},
		"sharedStack":      {value: "dev", beside: map[string]any{"shared": []any{"registry"}}, elsewhere: sharing},
		"shared":           {value: []any{"loadBalancer"}, beside: map[string]any{"sharedStack": "dev"}, elsewhere: sharing},

		"apiPort": set(8081), "previewPort": set(4331), "webSocketPort": set(4323),
		"zone": set("example.net"), "host": set("editor"), "hostedZoneId": set(otherZone), "certificateArn": set(otherCertificate),
		"subnetIds": set(subnets), "privateSubnetIds": set(subnets),
		"imageTag": set("v2"), "imagesToKeep": set(20), "client": set("second"), "user": set("jane"),
		"anthropicApiKey": set("sk-ant-2"), "githubToken": set("ghp-2"),
		"awsCredentials": set(`{"accessKeyId":"AKIA2","secretAccessKey":"s2"}`),
		"githubTokens":   {value: map[string]any{"second": "ghp-3"}, elsewhere: "TestClientsComeAndGo"}, // of a client with an editor
		"repository":     set("https://github.com/jscotthorn/other.git"), "clients": set([]any{"ameliastamps", "second", "third"}),
		"auth": {value: "cognito", beside: map[string]any{"clients": withEditors("ann")}, elsewhere: "TestSignInComesAndGoes"},
		"mfa":  set("optional"), "authSessionHours": set(8), // they mean something with auth only
		"oidc":             {value: map[string]any{"clientId": "x"}, elsewhere: "TestSignInComesAndGoes"},
		"oidcClientSecret": {value: "s", elsewhere: "TestSignInComesAndGoes"},
		"backups":          set(false), "workspaceBucket": set("webordinary-b-bucket"), "refuseOtherRoles": set(false),
		"mountRoleArns":      set([]any{"arn:aws:iam::" + sandboxtest.AccountID + ":role/operator"}),
		"idleTimeoutSeconds": set(600), "tlsPolicy": set("ELBSecurityPolicy-TLS13-1-3-2021-06"),
		"taskCpu": {value: 4096, beside: map[string]any{"taskMemory": 8192}}, "taskMemory": set(8192), "cpuArchitecture": set("ARM64"), "autoShutdownMinutes": set(1 + defaults.AutoShutdownMinutes), "dependencies": set("task"),
		"minCapacity": set(1), "maxCapacity": set(5), "cpuTarget": set(50), "memoryTarget": set(70), "healthPath": set("/ready"),
		"healthIntervalSeconds": set(10), "healthTimeoutSeconds": set(4), "healthyThreshold": set(3), "unhealthyThreshold": set(4),
		"logRetentionDays": set(14), "scalerConcurrency": set(20), "wakeCredentials": set([]any{"header:Authorization"}),
		"standInUrl":               set("https://site.example.com"),
		"cleanupCompressAfterDays": set(8), "cleanupDeleteAfterDays": set(31), "cleanupArchiveAfterDays": set(91), "cleanupDryRun": set(true),
		"distributionId": set(distributionB), "distributionBehaviorQuota": set(75), "distributionOriginQuota": set(100),
		"distributionRights": set([]any{"arn:aws:s3:::webordinary-logs"}),
		"alarms":             set(false), "alarmEmail": set("others@example.com"), "monthlyBudgetUsd": set(50), "budgetTag": set("Project=other"),
		"auditTrail": set(false), "existingTrail": set(true), "secretReaderArns": set([]any{"arn:aws:iam::" + sandboxtest.AccountID + ":role/operator"}),
		"ciRepository": set("webordinary/other"), "ciRepositoryIds": set("123456/789012"), "ciExistingOidcProvider": set(true),
		"ciStateBucket": set("other-state"), "ciStateKeyArn": set("arn:aws:kms:us-west-2:" + sandboxtest.AccountID + ":key/0b7c3c1e-9f0e-4a1c-8f65-1f9b6a0d2c11"),
		"protect": set(true), "adopt": set(map[string]any{}),
	}
}

// A second hosted zone of the account, and the certificate for it.
const (
	otherZone        = "Z0OTHERZONE000000000"
	otherCertificate = "arn:aws:acm:us-west-2:" + sandboxtest.AccountID + ":certificate/0d6c7b1a-1111-4222-8333-944445555666"
)

// putOtherZone makes both.
func putOtherZone(t *testing.T, acc *sandboxtest.Account) {
	t.Helper()
	for typ, change := range map[string]map[string]any{
		"aws:route53/zone:Zone": {"name": "example.net", "zoneId": otherZone, "arn": "arn:aws:route53:::hostedzone/" + otherZone},
		"aws:acm/certificate:Certificate": {
			"arn": otherCertificate, "domainName": "*.example.net", "subjectAlternativeNames": []any{"*.example.net"},
		},
	} {
		r := acc.List(typ)[0]
		for key, value := range change {
			r.State[resource.PropertyKey(key)] = resource.NewPropertyValue(value)
		}
		if r.ID = otherCertificate; typ == "aws:route53/zone:Zone" {
			r.ID = otherZone
		}
		require.NoError(t, acc.Put(r))
	}
}

// secretKeys are the keys whose values are Pulumi secrets.
var secretKeys = []string{"anthropicApiKey", "githubToken", "awsCredentials"}

// secretly marks the secret ones of values.
func secretly(values map[string]any) settings {
	config := with(values)
	for _, key := range secretKeys {
		if value, ok := config[key]; ok {
			value.Secret = true
			config[key] = value
		}
	}
	return config
}

// registered is what the program registers for prod with some values, without an engine.
func registered(t *testing.T, values map[string]any) *infratest.Deployment {
	t.Helper()
	run := infratest.Run{Stack: "prod", Config: infratest.StackConfig(t, "..", "prod"), Secrets: map[string]string{}}
	for key, value := range values {
		if !strings.Contains(key, ":") {
			key = infratest.Project + ":" + key
		}
		text, ok := value.(string)
		if !ok {
			data, err := json.Marshal(value)
			require.NoError(t, err)
			text = string(data)
		}
		if _, name, _ := strings.Cut(key, ":"); slices.Contains(secretKeys, name) {
			run.Secrets[key] = text
		}
		run.Config[key] = text
	}
	return run.Do(t, infra.Build)
}

// replaced are the resources that another configuration replaces by the provider's schema, with the properties that it is for.
func replaced(t *testing.T, acc *sandboxtest.Account, before, after *infratest.Deployment) map[string][]string {
	t.Helper()
	later := map[string]infratest.Resource{}
	for _, r := range after.Resources {
		later[r.URN] = r
	}
	out := map[string][]string{}
	for _, r := range before.Resources {
		now, stays := later[r.URN]
		if !stays || !r.Custom || !strings.HasPrefix(r.Type, "aws:") {
			continue
		}
		diff, err := acc.Diff(sandboxtest.DiffRequest{
			URN: r.URN, Type: r.Type, ID: r.Name, OldState: r.Inputs, NewInputs: now.Inputs, IgnoreChanges: now.Request.GetIgnoreChanges(),
		})
		require.NoError(t, err, r.URN)
		for _, p := range diff.Properties {
			if p.Replace {
				out[r.Name] = append(out[r.Name], p.Path)
			}
		}
	}
	return out
}

// plannedReplacements are the resources that the changes replace, with the properties that it is for, and the configuration that
// replaces them all.
func plannedReplacements(
	t *testing.T, acc *sandboxtest.Account, base map[string]any, changes map[string]keyChange,
) (changed map[string]any, expected map[string][]string) {
	t.Helper()
	before := registered(t, base)
	changed, expected = maps.Clone(base), map[string][]string{}
	for key, change := range changes {
		if change.refused != "" || change.elsewhere != "" {
			continue
		}
		values := maps.Clone(base)
		values[key] = change.value
		maps.Copy(values, change.beside)
		found := replaced(t, acc, before, registered(t, values))
		for name, paths := range found {
			expected[name] = append(expected[name], paths...)
		}
		if len(found) > 0 {
			changed[key] = change.value
			maps.Copy(changed, change.beside)
		}
	}
	for _, name := range []string{ // seen to be found
		"edit-api-tg", "edit-preview-tg", "edit-ws-tg", "workspace-mount-target-0", "workspace-mount-target-1", "dns-record",
		"edit-task-definition", "alerts-email", "registry-lifecycle",
	} {
		require.Contains(t, expected, name)
	}
	return changed, expected
}

// TestEveryReplacementDeploys finds out, for every key of the configuration, which named resource it replaces, and makes all of
// those changes to a deployed stack, in one update there and in one back again; what one update can't do, preview refuses.
func TestEveryReplacementDeploys(t *testing.T) {
	t.Parallel()
	e := newEdgeStack(t)
	putOtherZone(t, e.sandbox.Account())
	for _, bucket := range []string{"webordinary-a-bucket", "webordinary-b-bucket"} {
		foreign(t, e.sandbox.Account(), "aws:s3/bucketV2:BucketV2", props{"bucket": bucket})
	}
	base := everythingOn()
	base["anthropicApiKey"], base["githubToken"] = "sk-ant-1", "ghp-1"
	base["awsCredentials"] = `{"accessKeyId":"AKIA1","secretAccessKey":"s1"}`
	changes := keyChanges()
	for key := range infratest.ProjectSchema(t, "..") {
		require.Contains(t, changes, key, "say how a deployed stack is tried with another value")
	}
	changed, expected := plannedReplacements(t, e.sandbox.Account(), base, changes)

	prod := e.stack("prod", secretly(base))
	e.up(prod)
	for key, change := range changes {
		if change.refused != "" && change.elsewhere == "" {
			requireRefused(t, e.deployment, base, key, change)
		}
	}
	// Ports that change places, or move up by one.
	for _, beside := range []any{8080, 4400} {
		requireRefused(t, e.deployment, base, "apiPort", keyChange{
			value: 4321, beside: map[string]any{"previewPort": beside}, refused: "cannot change this in one update",
		})
	}
	there := e.up(e.stack("prod", secretly(changed)))
	requireReplaced(t, there, expected)
	e.requireNoChanges(e.stack("prod", secretly(changed)))
	requireReplaced(t, e.up(prod), expected)
	e.requireNoChanges(prod)
}

// requireReplaced checks that an update replaced what the schema said.
func requireReplaced(t *testing.T, result sandboxtest.Result, expected map[string][]string) {
	t.Helper()
	got := map[string]bool{}
	for _, step := range result.Steps {
		if step.Op == apitype.OpReplace || step.Op == apitype.OpCreateReplacement {
			got[step.Name] = true
		}
	}
	for name, paths := range expected {
		require.True(t, got[name], "%s was not replaced for %v", name, paths)
	}
}

// requireRefused checks that preview refuses a change before it plans anything else.
func requireRefused(t *testing.T, w *deployment, base map[string]any, key string, change keyChange) {
	t.Helper()
	values := map[string]any{key: change.value}
	for other, value := range base {
		if other != key {
			values[other] = value
		}
	}
	maps.Copy(values, change.beside)
	_, err := w.stack("prod", secretly(values)).Preview(w.ctx, sandboxtest.RunOptions{})
	require.ErrorContains(t, err, change.refused, key)
	require.ErrorContains(t, err, strings.TrimPrefix(key, infratest.Project+":"), "the error names the key")
	require.ErrorContains(t, err, "pulumi config set", "and what to do, of %s", key)
}

// TestSharingComesAndGoes moves dev from prod's load balancer to one of its own and back, secrets and workspace as well.
func TestSharingComesAndGoes(t *testing.T) {
	t.Parallel()
	w := newDeployment(t)
	w.up(w.stack("prod", nil))
	shared := w.stack("dev", nil)
	w.up(shared)
	alone := w.stack("dev", with(map[string]any{"shared": nil, "sharedStack": nil}))
	w.up(alone)
	w.requireNoChanges(alone)
	borrowing := w.stack("dev", with(map[string]any{"shared": []any{"loadBalancer", "secrets", "registry"}}))
	w.up(borrowing)
	w.requireNoChanges(borrowing)
}
