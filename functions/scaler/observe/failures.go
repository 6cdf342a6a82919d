package observe

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// earlyExit is the run time below which a container that ended counts as one that could not start.
const earlyExit = 3 * time.Minute

// deployment is what failures are seen from.
type deployment struct {
	// now is the time of the observation; at that of the present deployment, before which failures no longer matter.
	now, at time.Time
	// wake is the mark of the wake under way; zero without one. A container of such a wake that ended could not start,
	// however long it tried: had it served, the wake would be over.
	wake time.Time
}

// failures sums up the tasks of the present deployment that stopped by themselves within the failure window.
func (d *deployment) failures(tasks []types.Task) decide.Failures {
	var sum decide.Failures
	for i := range tasks {
		task := &tasks[i]
		created := aws.ToTime(task.CreatedAt)
		waking := !d.wake.IsZero() && !created.Before(d.wake)
		class, failed := failureOf(task, waking)
		if !failed || created.Before(d.at) {
			continue
		}
		stopped := stoppedAt(task)
		if stopped.IsZero() || d.now.Sub(stopped) > failureWindow {
			continue
		}
		sum.Count++
		if !stopped.Before(sum.Last) {
			sum.Last, sum.Class = stopped, class
		}
		if (waking || d.wake.IsZero()) && (sum.Oldest.IsZero() || created.Before(sum.Oldest)) {
			sum.Oldest = created
		}
	}
	return sum
}

// stoppedAt is when a task stopped, or began to.
func stoppedAt(task *types.Task) time.Time {
	for _, at := range []*time.Time{task.StoppedAt, task.ExecutionStoppedAt, task.StoppingAt} {
		if at != nil {
			return *at
		}
	}
	return time.Time{}
}

// failureOf tells whether a stopped task failed, and sorts its error. Tasks stopped by a deployment, by scaling or by
// hand did not fail, and neither did a container that worked for a while before it ended, unless it was waking all the time.
func failureOf(task *types.Task, waking bool) (decide.Class, bool) {
	if aws.ToString(task.DesiredStatus) == string(types.DesiredStatusRunning) {
		return decide.ClassNone, false
	}
	reason := strings.ToLower(aws.ToString(task.StoppedReason))
	switch task.StopCode {
	case types.TaskStopCodeTaskFailedToStart:
		return classify(reason + " " + containerReasons(task)), true
	case types.TaskStopCodeEssentialContainerExited:
		if !waking && task.StartedAt != nil && stoppedAt(task).Sub(*task.StartedAt) >= earlyExit {
			return decide.ClassNone, false
		}
		if class := classify(containerReasons(task)); class != decide.ClassOther {
			return class, true
		}
		return decide.ClassExit, true
	case types.TaskStopCodeServiceSchedulerInitiated:
		if strings.Contains(reason, "health check") {
			return decide.ClassHealth, true
		}
	}
	return decide.ClassNone, false
}

func containerReasons(task *types.Task) string {
	var reasons strings.Builder
	for _, container := range task.Containers {
		reasons.WriteString(strings.ToLower(aws.ToString(container.Reason)))
		reasons.WriteByte(' ')
	}
	return reasons.String()
}

// errorTexts sort AWS's texts, in lower case, into classes; first match first (ECS developer guide: "Stopped tasks error
// messages").
var errorTexts = []struct {
	text  string
	class decide.Class
}{
	{"outofmemory", decide.ClassMemory},
	{"cannotpull", decide.ClassImage},
	{"efs utils", decide.ClassFileSystem},
	{"efs volume", decide.ClassFileSystem},
	{"file system", decide.ClassFileSystem},
	{"mount", decide.ClassFileSystem},
	{"secret", decide.ClassSecret},
	{"ssm parameter", decide.ClassSecret},
	{"registry auth", decide.ClassImage},
	{"logger", decide.ClassLogs},
	{"log group", decide.ClassLogs},
	{"log stream", decide.ClassLogs},
	{"capacity", decide.ClassCapacity},
	{"network interface", decide.ClassNetwork},
	{"subnet", decide.ClassNetwork},
	{"cannotstartcontainer", decide.ClassExit},
	{"cannotcreatecontainer", decide.ClassExit},
	{"health check", decide.ClassHealth},
}

func classify(text string) decide.Class {
	for _, known := range errorTexts {
		if strings.Contains(text, known.text) {
			return known.class
		}
	}
	return decide.ClassOther
}
