package e2e

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// cleanupStack is a deployed stack whose cleanup is the real binary, with the deployed environment and role, and with a
// directory that it finds mounted through the deployed access point.
type cleanupStack struct {
	*scalerStack
	builder                   *sandboxtest.Builder
	role, accessPoint, queue  string
	accessPointID, fileSystem string
	workspaces                string
}

func newCleanupStack(t *testing.T) *cleanupStack {
	t.Helper()
	c := &cleanupStack{scalerStack: newScalerStack(t), workspaces: t.TempDir()}
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	c.builder = sandboxtest.NewBuilder(root, t.TempDir())
	output := func(name, key string) string { return c.resource(c.stack, name).Outputs[key].(string) }
	c.function, c.tickRule = output("cleanup-function", "arn"), output("cleanup-schedule", "arn")
	c.policy = string(c.resource(c.stack, "cleanup-function-policy").ID)
	c.role, c.queue = output("cleanup-function", "role"), output("cleanup-failures", "arn")
	c.accessPoint, c.accessPointID = output("workspace-clients", "arn"), string(c.resource(c.stack, "workspace-clients").ID)
	c.fileSystem = output("workspace-clients", "fileSystemId")
	c.start()
	return c
}

// start replaces the runtime, and with it every instance: the next invocation mounts anew.
func (c *cleanupStack) start() {
	c.t.Helper()
	c.runtime = sandboxtest.NewRuntime(sandboxtest.RuntimeOptions{
		Store: c.sandbox.Account(), API: c.api, Builder: c.builder,
		Mounts:   map[string]string{c.accessPoint: c.workspaces},
		ExtraEnv: map[string]string{"SETTLE": "100ms"},
	})
	runtime := c.runtime
	c.t.Cleanup(func() { assert.NoError(c.t, runtime.Close()) })
}

// plant writes a file of a certain age in days.
func (c *cleanupStack) plant(path, content string, days int) {
	c.t.Helper()
	path = filepath.Join(c.workspaces, path)
	require.NoError(c.t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(c.t, os.WriteFile(path, []byte(content), 0o600))
	when := time.Now().Add(-time.Duration(days) * 24 * time.Hour)
	require.NoError(c.t, os.Chtimes(path, when, when))
}

// files lists what lies in the workspaces, packed threads unpacked.
func (c *cleanupStack) files() map[string]string {
	c.t.Helper()
	all := map[string]string{}
	require.NoError(c.t, filepath.WalkDir(c.workspaces, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file, err := os.Open(path)
		require.NoError(c.t, err)
		var content io.Reader = file
		if strings.HasSuffix(path, ".gz") {
			content, err = gzip.NewReader(file)
			require.NoError(c.t, err, path)
		}
		text, err := io.ReadAll(content)
		require.NoError(c.t, err, path)
		all[strings.TrimPrefix(path, c.workspaces+"/")] = string(text)
		return file.Close()
	}))
	delete(all, ".cleanup/lock")
	return all
}

// record finds the run's metrics in the function's log.
func (c *cleanupStack) record(result *sandboxtest.Invoked) map[string]any {
	c.t.Helper()
	for line := range strings.Lines(result.Log) {
		record := map[string]any{}
		if json.Unmarshal([]byte(line), &record) == nil && record["_aws"] != nil {
			return record
		}
	}
	require.Fail(c.t, "no metrics", result.Log)
	return nil
}

const cleanupThreads = "ameliastamps/scott/.claude/threads/"

var workspaceFiles = map[string]string{
	cleanupThreads + "idle.json":           `{"said":"idle"}`,
	cleanupThreads + "old.json":            `{"said":"old"}`,
	cleanupThreads + "young.json":          `{"said":"young"}`,
	"ameliastamps/scott/.claude/user.json": `{"user":"scott"}`,
	"ameliastamps/scott/metadata.json":     `{}`,
	"ameliastamps/scott/project/old.json":  `{"not":"a thread"}`,
}

// TestLifeOfTheCleanup runs the deployed cleanup on mounted workspaces, and takes away in turn what it needs for that.
// The steps build on each other.
func TestLifeOfTheCleanup(t *testing.T) {
	t.Parallel()
	c := newCleanupStack(t)
	ages := map[string]int{cleanupThreads + "idle.json": 8, cleanupThreads + "young.json": 1}
	for path, content := range workspaceFiles {
		days, ok := ages[path]
		if !ok {
			days = 40
		}
		c.plant(path, content, days)
	}
	requireItDependsOnTheMounts(c)
	requireNobodyElseMounts(c)
	requireItMountsOnlyAsDeployed(c)
	requireADryRunChangesNothing(c)
	requireTheDailyRunCleans(c)
	requireFailuresReachTheQueue(c)
	c.requireNoChanges(c.stack)
}

// requireItDependsOnTheMounts: Lambda tries the mount when it creates the function, so everything that the mount needs
// comes first, in every zone where the function may run.
func requireItDependsOnTheMounts(c *cleanupStack) {
	function := c.resource(c.stack, "cleanup-function")
	for _, name := range []string{
		"workspace-mount-target-0", "workspace-mount-target-1", "workspace-clients", "workspace-policy", "cleanup-function-policy",
	} {
		require.True(c.t, slices.Contains(function.Dependencies, c.resource(c.stack, name).URN), name)
	}
	subnets := map[any]bool{}
	for _, name := range []string{"workspace-mount-target-0", "workspace-mount-target-1"} {
		subnets[c.resource(c.stack, name).Outputs["subnetId"]] = true
	}
	vpc := function.Outputs["vpcConfig"].(map[string]any)
	for _, subnet := range vpc["subnetIds"].([]any) {
		require.True(c.t, subnets[subnet], "%v has a mount target", subnet)
	}
	require.Len(c.t, vpc["subnetIds"], 2)
}

// requireNobodyElseMounts tries the file system as others would.
func requireNobodyElseMounts(c *cleanupStack) {
	own := sandboxtest.Mount{
		FileSystemID: c.fileSystem, AccessPointID: c.accessPointID, RoleARN: c.role, Encrypted: true,
		Zone: sandboxtest.ZoneOf(c.sandbox.Account(), c.resource(c.stack, "workspace-mount-target-0").Outputs["subnetId"].(string)),
	}
	authorizer := sandboxtest.NewAuthorizer(c.sandbox.Account())
	refusal := func(change func(*sandboxtest.Mount)) string {
		mount := own
		change(&mount)
		text, err := mount.Refusal(c.sandbox.Account(), authorizer)
		require.NoError(c.t, err)
		return text
	}
	require.Empty(c.t, refusal(func(*sandboxtest.Mount) {}), "the cleanup itself")
	require.Contains(c.t, refusal(func(m *sandboxtest.Mount) { m.AccessPointID = "" }), "access denied", "the root of the file system")
	require.Contains(c.t, refusal(func(m *sandboxtest.Mount) { m.Encrypted = false }), "access denied", "in the clear")
	require.Contains(c.t, refusal(func(m *sandboxtest.Mount) { m.RoleARN = "" }), "access denied", "anybody in the VPC")
	scaler := c.resource(c.stack, "scaler-function").Outputs["role"].(string)
	require.Contains(c.t, refusal(func(m *sandboxtest.Mount) { m.RoleARN = scaler }), "access denied", "another function")
}

// requireItMountsOnlyAsDeployed takes each permission and each mount target away.
func requireItMountsOnlyAsDeployed(c *cleanupStack) {
	before := c.files()
	requireRefused := func(want string) {
		c.t.Helper()
		c.start()
		payload, err := sandboxtest.ScheduledEvent(c.tickRule, c.now())
		require.NoError(c.t, err)
		_, err = c.runtime.Invoke(c.ctx, sandboxtest.Invocation{
			Function: c.function, Payload: payload, Service: sandboxtest.ServiceEvents, SourceARN: c.tickRule,
		})
		require.ErrorContains(c.t, err, "EFSMountFailureException")
		require.ErrorContains(c.t, err, want)
		require.Equal(c.t, before, c.files())
	}
	for _, action := range []string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"} {
		restoreRole := c.deny(action) // the file system's policy allows it too, and within an account one of both is enough
		restorePolicy := c.editPolicy(`"`+action+`"`, `"elasticfilesystem:DescribeMountTargets"`)
		requireRefused(action)
		restorePolicy()
		restoreRole()
	}
	restore := c.editPolicy(c.role, c.role+"-former")
	requireRefused("access denied") // whoever the file system's policy does not name, whatever the role allows
	restore()
	const mountTargetType = "aws:efs/mountTarget:MountTarget"
	target, ok := c.sandbox.Account().Get(mountTargetType, string(c.resource(c.stack, "workspace-mount-target-1").ID))
	require.True(c.t, ok)
	require.NoError(c.t, c.sandbox.Account().Remove(mountTargetType, target.ID))
	requireRefused("cannot be found in availability zone")
	require.NoError(c.t, c.sandbox.Account().Put(target))
	c.start()
}

// editPolicy changes the first place where the file system's policy says something, and returns what puts it back.
func (c *cleanupStack) editPolicy(from, to string) (restore func()) {
	c.t.Helper()
	const policyType = "aws:efs/fileSystemPolicy:FileSystemPolicy"
	id := string(c.resource(c.stack, "workspace-policy").ID)
	policy, ok := c.sandbox.Account().Get(policyType, id)
	require.True(c.t, ok)
	before := policy.State["policy"].StringValue()
	require.Contains(c.t, before, from)
	replaced := strings.Replace(before, from, to, 1)
	if strings.HasPrefix(from, "arn:") {
		replaced = strings.ReplaceAll(before, from, to)
	}
	c.set(policyType, id, "policy", replaced)
	return func() { c.set(policyType, id, "policy", before) }
}

// invoke runs the function by hand.
func (c *cleanupStack) invoke(payload string) *sandboxtest.Invoked {
	c.t.Helper()
	result, err := c.runtime.Invoke(c.ctx, sandboxtest.Invocation{Function: c.function, Payload: []byte(payload)})
	require.NoError(c.t, err)
	return result
}

func requireADryRunChangesNothing(c *cleanupStack) {
	before := c.files()
	result := c.invoke(`{"dryRun": true}`)
	require.NoError(c.t, result.Err(), result.Log)
	var answer struct{ Scanned, Compressed, Deleted int }
	require.NoError(c.t, json.Unmarshal(result.Payload, &answer))
	require.Equal(c.t, [3]int{3, 1, 1}, [3]int{answer.Scanned, answer.Compressed, answer.Deleted})
	require.Equal(c.t, before, c.files())
	require.Equal(c.t, true, c.record(result)["DryRun"])
	require.Error(c.t, c.invoke(`[]`).Err(), "an event that says nothing sensible must not start a real run")
	require.Equal(c.t, before, c.files())
}

// requireTheDailyRunCleans has the schedule call the function, without a single AWS call: it has no way to make any.
func requireTheDailyRunCleans(c *cleanupStack) {
	result := c.tick()
	require.NoError(c.t, result.Err(), result.Log)
	require.Empty(c.t, c.api.Calls())
	want := map[string]string{}
	for path, content := range workspaceFiles {
		want[path] = content
	}
	want[cleanupThreads+"idle.json.gz"] = want[cleanupThreads+"idle.json"]
	delete(want, cleanupThreads+"idle.json")
	delete(want, cleanupThreads+"old.json")
	require.Equal(c.t, want, c.files())
	record := c.record(result)
	for name, value := range map[string]float64{"Scanned": 3, "Compressed": 1, "Deleted": 1, "Finished": 2, "Pending": 0, "LeftOver": 0} {
		require.InDelta(c.t, value, record[name], 0, name)
	}
	require.Equal(c.t, "webordinary-workspace-cleanup", record["FunctionName"])
	require.Less(c.t, result.MaxMemory, int64(96<<20))

	restore := c.deny("logs:PutLogEvents")
	c.start()
	require.NotEmpty(c.t, c.invoke(`{"dryRun": true}`).LogLost, "without that permission nobody would ever read the metrics")
	restore()
	c.start()
	_, err := c.runtime.Invoke(c.ctx, sandboxtest.Invocation{
		Function: c.function, Payload: []byte(`{}`), Service: sandboxtest.ServiceEvents, SourceARN: c.tickRule + "-other",
	})
	require.ErrorContains(c.t, err, "AccessDeniedException", "only its own rule may call it")
}

// requireFailuresReachTheQueue: a run that fails says what to do, and its role may report it.
func requireFailuresReachTheQueue(c *cleanupStack) {
	mounted := c.workspaces
	c.workspaces = filepath.Join(mounted, "nothing here")
	c.start()
	result := c.invoke(`{}`)
	require.ErrorContains(c.t, result.Err(), "WORKSPACE_ROOT")
	require.ErrorContains(c.t, result.Err(), "is the access point mounted there?")
	c.workspaces = mounted
	c.start()

	destinations := c.resource(c.stack, "cleanup-on-failure").Outputs["destinationConfig"]
	require.Contains(c.t, fmt.Sprint(destinations), c.queue)
	for queue, allowed := range map[string]bool{c.queue: true, c.queue + "-other": false} {
		decision, err := sandboxtest.NewAuthorizer(c.sandbox.Account()).Authorize(sandboxtest.AuthorizationRequest{
			Caller: sandboxtest.Caller{RoleARN: c.role, SessionARN: c.role}, Action: "sqs:SendMessage", Resource: queue,
		})
		require.NoError(c.t, err)
		require.Equal(c.t, allowed, decision.Allowed(), queue)
	}
}

// TestCleanupRefusesToRunUnconfigured starts the real binary with an environment that makes no sense.
func TestCleanupRefusesToRunUnconfigured(t *testing.T) {
	t.Parallel()
	c := newCleanupStack(t)
	c.plant(cleanupThreads+"old.json", `{}`, 400)
	id := string(c.resource(c.stack, "cleanup-function").ID)
	c.set("aws:lambda/function:Function", id, "environment", map[string]any{"variables": map[string]any{
		"COMPRESS_AFTER": "soon", "DELETE_AFTER": "1h", "DRY_RUN": "perhaps",
	}})
	result := c.invoke(`{}`)
	require.Error(t, result.Err())
	for _, name := range []string{"WORKSPACE_ROOT", "COMPRESS_AFTER", "DRY_RUN"} {
		require.Contains(t, result.Log, name)
	}
	require.Contains(t, c.files(), cleanupThreads+"old.json")
}
