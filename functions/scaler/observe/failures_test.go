package observe_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// stoppedTask is a task that stopped a minute ago.
func stoppedTask(code ecstypes.TaskStopCode, reason string, containerReasons ...string) ecstypes.Task {
	t := ecstypes.Task{
		TaskArn: aws.String(fmt.Sprint(code, reason, containerReasons)), LastStatus: aws.String("STOPPED"),
		DesiredStatus: aws.String("STOPPED"), CreatedAt: ago(2 * time.Minute), StoppedAt: ago(time.Minute),
		StopCode: code, StoppedReason: &reason,
	}
	for _, r := range containerReasons {
		t.Containers = append(t.Containers, ecstypes.Container{Reason: &r})
	}
	return t
}

// TestFailureClasses sorts AWS's messages (ECS developer guide: "Stopped tasks error messages").
func TestFailureClasses(t *testing.T) {
	t.Parallel()
	const (
		notStarted = ecstypes.TaskStopCodeTaskFailedToStart
		exited     = ecstypes.TaskStopCodeEssentialContainerExited
		scheduler  = ecstypes.TaskStopCodeServiceSchedulerInitiated
	)
	for _, c := range []struct {
		task ecstypes.Task
		want decide.Class
	}{
		{stoppedTask(notStarted, "CannotPullContainerError: pull image manifest has been retried 5 time(s): not found"), decide.ClassImage},
		{stoppedTask(notStarted, "CannotPullECRContainerError: AccessDeniedException"), decide.ClassImage},
		{stoppedTask(notStarted, "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "+
			"failed: unable to retrieve secret from asm: service call has been retried 1 time(s)"), decide.ClassSecret},
		{stoppedTask(notStarted, "ResourceInitializationError: unable to pull registry auth from Amazon ECR"), decide.ClassImage},
		{stoppedTask(notStarted, "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: "+
			"access denied by server"), decide.ClassFileSystem},
		{stoppedTask(notStarted, "ResourceInitializationError: failed to validate logger args: create stream has been retried"), decide.ClassLogs},
		{stoppedTask(notStarted, "Capacity is unavailable at this time. Please try again later"), decide.ClassCapacity},
		{stoppedTask(notStarted, "Timeout waiting for network interface provisioning to complete."), decide.ClassNetwork},
		{stoppedTask(notStarted, "Unexpected EC2 error: insufficient free addresses in subnet"), decide.ClassNetwork},
		{stoppedTask(notStarted, "Task failed to start", "CannotStartContainerError: exec format error"), decide.ClassExit},
		{stoppedTask(notStarted, "AccessDenied: something quite new"), decide.ClassOther},
		{stoppedTask(exited, "Essential container in task exited", "OutOfMemoryError: Container killed due to memory usage"), decide.ClassMemory},
		{stoppedTask(exited, "Essential container in task exited"), decide.ClassExit},
		{stoppedTask(scheduler, "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:...)"), decide.ClassHealth},
		{stoppedTask(scheduler, "Task failed container health checks"), decide.ClassHealth},
	} {
		f := look(t, &account{stopped: []ecstypes.Task{c.task}}, decide.NeedFailures)
		require.Equal(t, decide.Failures{Count: 1, Oldest: noon.Add(-2 * time.Minute), Last: noon.Add(-time.Minute), Class: c.want},
			f.Failures, *c.task.StoppedReason)
	}
}

// TestWhatIsNoFailure leaves out tasks that stopped for good reasons, long ago, or before the present deployment.
func TestWhatIsNoFailure(t *testing.T) {
	t.Parallel()
	worked := stoppedTask(ecstypes.TaskStopCodeEssentialContainerExited, "Essential container in task exited")
	worked.CreatedAt, worked.StartedAt = ago(20*time.Minute), ago(19*time.Minute)
	old := stoppedTask(ecstypes.TaskStopCodeTaskFailedToStart, "CannotPullContainerError")
	old.StoppedAt = ago(11 * time.Minute)
	timeless := stoppedTask(ecstypes.TaskStopCodeTaskFailedToStart, "CannotPullContainerError")
	timeless.StoppedAt = nil
	for name, task := range map[string]ecstypes.Task{
		"scaled in":   stoppedTask(ecstypes.TaskStopCodeServiceSchedulerInitiated, "Scaling activity initiated by (deployment ecs-svc/1)"),
		"by hand":     stoppedTask(ecstypes.TaskStopCodeUserInitiated, "Task stopped by user"),
		"interrupted": stoppedTask(ecstypes.TaskStopCodeSpotInterruption, "Your Spot Task was interrupted."),
		"worked":      worked, "old": old, "without a time": timeless,
	} {
		require.Zero(t, look(t, &account{stopped: []ecstypes.Task{task}}, decide.NeedFailures).Failures, name)
	}
	failed := stoppedTask(ecstypes.TaskStopCodeTaskFailedToStart, "CannotPullContainerError")
	a := &account{stopped: []ecstypes.Task{failed}, service: ecstypes.Service{
		Status:      aws.String("ACTIVE"),
		Deployments: []ecstypes.Deployment{{Status: aws.String("ACTIVE")}, {Status: aws.String("PRIMARY"), CreatedAt: ago(90 * time.Second)}},
	}}
	require.Zero(t, look(t, a, decide.NeedService, decide.NeedFailures).Failures, "a new deployment starts from zero")
}

// TestFailuresAreCountedWithTheLatestClass, together with the live tasks in one description.
func TestFailuresAreCountedWithTheLatestClass(t *testing.T) {
	t.Parallel()
	first := stoppedTask(ecstypes.TaskStopCodeTaskFailedToStart, "CannotPullContainerError")
	last := stoppedTask(ecstypes.TaskStopCodeTaskFailedToStart, "secret")
	first.StoppedAt, last.StoppedAt, last.StoppingAt = ago(3*time.Minute), nil, ago(30*time.Second)
	a := &account{stopped: []ecstypes.Task{last, first}, live: []ecstypes.Task{task("1", "PENDING", time.Second)}}
	f := look(t, a, decide.NeedTasks|decide.NeedFailures)
	require.Equal(t, decide.Failures{
		Count: 2, Oldest: noon.Add(-2 * time.Minute), Last: noon.Add(-30 * time.Second), Class: decide.ClassSecret,
	}, f.Failures)
	require.Equal(t, int32(1), f.Tasks.Live)
	require.Equal(t, map[string]int{"ListTasks": 2, "DescribeTasks": 1}, a.calls)
	for range 150 {
		a.stopped = append(a.stopped, stoppedTask(ecstypes.TaskStopCodeUserInitiated, "x"))
	}
	require.Equal(t, int32(1), look(t, a, decide.NeedTasks|decide.NeedFailures).Tasks.Live, "more tasks than one call describes")
}

// TestAContainerThatEndsWhileItWakesHasFailed, after whatever time: had it served, the wake would be over. One that ended
// before the wake had worked.
func TestAContainerThatEndsWhileItWakesHasFailed(t *testing.T) {
	t.Parallel()
	ended := func(created, ran time.Duration) ecstypes.Task {
		out := stoppedTask(ecstypes.TaskStopCodeEssentialContainerExited, "Essential container in task exited")
		out.TaskArn = aws.String(created.String())
		out.CreatedAt, out.StartedAt, out.StoppedAt = ago(created), ago(created-time.Minute), ago(created-time.Minute-ran)
		return out
	}
	layout := decide.Layout{Base: 100}
	waking := layout.Encode(decide.Position{Phase: decide.PhaseWaking, Since: noon.Add(-9 * time.Minute)})
	a := &account{
		priority: strconv.Itoa(waking), service: ecstypes.Service{Status: aws.String("ACTIVE")},
		stopped: []ecstypes.Task{ended(9*time.Minute, 4*time.Minute), ended(20*time.Minute, 10*time.Minute)},
	}
	needs := []decide.Need{decide.NeedRule | decide.NeedService, decide.NeedFailures}
	require.Equal(t, decide.Failures{
		Count: 1, Oldest: noon.Add(-9 * time.Minute), Last: noon.Add(-4 * time.Minute), Class: decide.ClassExit,
	}, look(t, a, needs...).Failures)
	a.stopped = append(a.stopped, stoppedTask(ecstypes.TaskStopCodeTaskFailedToStart, "CannotPullContainerError"))
	a.stopped[2].CreatedAt = ago(12 * time.Minute) // of the wake before
	failures := look(t, a, needs...).Failures
	require.Equal(t, int32(2), failures.Count)
	require.Equal(t, noon.Add(-9*time.Minute), failures.Oldest, "the oldest of this wake's")
	a.priority = "190" // awake
	failures = look(t, a, needs...).Failures
	require.Equal(t, int32(1), failures.Count, "they had worked")
	require.Equal(t, noon.Add(-12*time.Minute), failures.Oldest)
}
