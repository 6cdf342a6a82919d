package infra

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/infratest"
)

// taskEvent is an "ECS Task State Change" event as ECS sends it, cut down to what matters here.
type taskEvent struct {
	cluster, group, status, code, reason string
	exitCode                             *int
}

func (e taskEvent) json(t testing.TB) string {
	t.Helper()
	container := map[string]any{"name": "claude-code-astro", "lastStatus": "STOPPED"}
	if e.exitCode != nil {
		container["exitCode"] = *e.exitCode
	}
	data, err := json.Marshal(map[string]any{
		"version": "0", "source": "aws.ecs", "detail-type": "ECS Task State Change", "time": "2026-10-01T08:00:00Z",
		"detail": map[string]any{
			"clusterArn": "arn:aws:ecs:us-west-2:942734823970:cluster/" + e.cluster, "group": "service:" + e.group,
			"lastStatus": e.status, "desiredStatus": "STOPPED", "stopCode": e.code, "stoppedReason": e.reason,
			"taskArn":    "arn:aws:ecs:us-west-2:942734823970:task/webordinary-edit-cluster/0123456789abcdef",
			"containers": []any{container},
		},
	})
	require.NoError(t, err)
	return string(data)
}

func exitCode(code int) *int { return &code }

// taskEvents are what happens to tasks, with the report each belongs into.
func taskEvents() map[string]struct {
	event  taskEvent
	report string
} {
	ours := func(code, reason string, exit *int) taskEvent {
		return taskEvent{"webordinary-edit-cluster", "webordinary-edit", "STOPPED", code, reason, exit}
	}
	const efs = `ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: ` +
		`Failed to resolve "fs-0123456789abcdef0.efs.us-west-2.amazonaws.com"`
	return map[string]struct {
		event  taskEvent
		report string
	}{
		"cannot mount":   {ours("TaskFailedToStart", efs, nil), "mount-failed"},
		"cannot pull":    {ours("TaskFailedToStart", "CannotPullContainerError: pull image manifest has been retried", nil), "task-failed"},
		"no secret":      {ours("TaskFailedToStart", "ResourceInitializationError: unable to pull secrets", nil), "task-failed"},
		"no reason":      {ours("TaskFailedToStart", "Task failed to start", nil), "task-failed"},
		"crashed":        {ours("EssentialContainerExited", "Essential container in task exited", exitCode(1)), "task-failed"},
		"out of memory":  {ours("EssentialContainerExited", "Essential container in task exited", exitCode(137)), "task-failed"},
		"unhealthy":      {ours("ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group arn:…)", nil), "task-failed"},
		"shut itself":    {ours("EssentialContainerExited", "Essential container in task exited", exitCode(0)), ""},
		"put to sleep":   {ours("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)", exitCode(143)), ""},
		"stopped by us":  {ours("UserInitiated", "Task stopped by user", exitCode(137)), ""},
		"still starting": {taskEvent{"webordinary-edit-cluster", "webordinary-edit", "DEPROVISIONING", "TaskFailedToStart", efs, nil}, ""},
		"another stack's": {
			taskEvent{"webordinary-edit-cluster-dev", "webordinary-edit-dev", "STOPPED", "TaskFailedToStart", efs, nil}, "",
		},
		"another service's": {taskEvent{"webordinary-edit-cluster", "other", "STOPPED", "TaskFailedToStart", efs, nil}, ""},
	}
}

func TestEveryFailedTaskIsReportedOnce(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", nil)
	for name, c := range taskEvents() {
		for _, report := range []string{"mount-failed", "task-failed"} {
			pattern := d.One(t, "observability-"+report+"-rule").Text("eventPattern")
			assert.Equal(t, report == c.report, matches(t, pattern, c.event.json(t)), "%s: %s", name, report)
		}
	}
}

func TestReportsSayWhy(t *testing.T) {
	t.Parallel()
	d := operated(t, "prod", nil)
	events := taskEvents()
	for report, event := range map[string]taskEvent{
		"mount-failed": events["cannot mount"].event, "task-failed": events["crashed"].event,
	} {
		target := d.One(t, "observability-"+report+"-target")
		message := filledIn(t, target.Text("inputTransformer.inputTemplate"), pathsOf(target), event.json(t))
		assert.Equal(t, event.reason, message["reason"], "a reason with quotes has to survive")
		assert.Equal(t, event.code, message["code"])
		assert.NotEmpty(t, message["alert"])
		assert.Contains(t, message["task"], "0123456789abcdef")
		assert.True(t, target.DependsOn("alerts-topic"))
		assert.Equal(t, "webordinary-edit-"+report, d.One(t, "observability-"+report+"-rule").Text("name"))
		assert.Equal(t, "ENABLED", d.One(t, "observability-"+report+"-rule").Text("state"))
		assert.Nil(t, target.Get("roleArn"), "a topic's own policy lets EventBridge in; with a role delivery may fail")
	}
}

func pathsOf(target infratest.Resource) map[string]any {
	paths, _ := target.Get("inputTransformer.inputPaths").(map[string]any)
	return paths
}

func TestEventPatternsFit(t *testing.T) {
	t.Parallel()
	for _, rule := range operated(t, "prod", infratest.EverythingOn).OfType(ruleType) {
		assert.LessOrEqual(t, len(rule.Text("eventPattern")), 2048, "%s: EventBridge takes 2,048 characters", rule.Name)
		assert.LessOrEqual(t, len(rule.Text("name")), 64, rule.Name)
	}
}
