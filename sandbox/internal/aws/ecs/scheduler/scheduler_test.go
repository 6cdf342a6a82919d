package scheduler_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func after(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }

// play is a scheduler under test at a time of its own.
type play struct {
	t          require.TestingT
	store      *view.Memory
	scheduler  *scheduler.Scheduler
	containers *scheduler.Simulated
}

func newPlay(t require.TestingT, options scheduler.Options) *play {
	p := &play{t: t, store: &view.Memory{}, containers: &scheduler.Simulated{Boot: 5 * time.Second}}
	awstest.Deploy(p.store)
	options.Containers = p.containers
	p.scheduler = scheduler.New(p.store, options)
	p.step(0)
	return p
}

func (p *play) step(seconds int) { require.NoError(p.t, p.scheduler.Step(after(seconds))) }

func (p *play) desire(seconds, count int) {
	p.step(seconds)
	awstest.SetDesired(p.store, count)
	p.step(seconds)
}

func (p *play) tasks() []*scheduler.Task {
	tasks, err := scheduler.Tasks(p.store)
	require.NoError(p.t, err)
	return tasks
}

// seen sums up the tasks and targets, e.g. "RUNNING | healthy,healthy,healthy".
func (p *play) seen() string {
	var states, health []string
	for _, task := range p.tasks() {
		states = append(states, task.LastStatus)
	}
	targets, err := elb.Targets(p.store)
	require.NoError(p.t, err)
	for _, target := range targets {
		health = append(health, target.State)
	}
	return strings.Join(states, ",") + " | " + strings.Join(health, ",")
}

func (p *play) status() *scheduler.ServiceStatus {
	status, err := scheduler.Status(p.store, awstest.ServiceARN)
	require.NoError(p.t, err)
	return status
}

func (p *play) said(text string) bool {
	return slices.ContainsFunc(p.status().Events, func(e scheduler.Event) bool { return strings.Contains(e.Message, text) })
}

func TestWakeAndSleep(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	assert.Equal(t, scheduler.RolloutCompleted, p.status().Primary().RolloutState, "a deployment of nothing completes at once")
	p.desire(0, 1)
	for _, moment := range []struct {
		second int
		want   string
	}{
		{2, " | "},             // the scheduler has not acted yet
		{3, "PROVISIONING | "}, // +3 s
		{12, "PROVISIONING | "},
		{13, "PENDING | "}, // +10 s
		{35, "PENDING | "},
		{36, "ACTIVATING | "}, // +23 s
		{37, "ACTIVATING | "},
		{38, "RUNNING | initial,initial,initial"}, // +2 s
		{39, "RUNNING | initial,initial,initial"}, // first check at +1 s, the container listens at +5 s
		{48, "RUNNING | initial,initial,initial"},
		{49, "RUNNING | healthy,healthy,healthy"}, // second check: one success is enough
	} {
		p.step(moment.second)
		assert.Equal(t, moment.want, p.seen(), "at second %d", moment.second)
	}
	assert.True(t, p.said("has reached a steady state"))
	p.desire(100, 0)
	for _, moment := range []struct {
		second int
		want   string
	}{
		{100, "DEACTIVATING | draining,draining,draining"},
		{129, "DEACTIVATING | draining,draining,draining"},
		{130, "STOPPING | "}, // +30 s of deregistration delay
		{135, "DEPROVISIONING | "},
		{143, "STOPPED | "},
		{143 + 3599, "STOPPED | "},
		{143 + 3600, " | "},
	} {
		p.step(moment.second)
		assert.Equal(t, moment.want, p.seen(), "at second %d", moment.second)
	}
}

func TestTaskTimesAndReasonOfAScaleIn(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	p.desire(0, 1)
	p.desire(100, 0)
	p.step(200)
	task := p.tasks()[0]
	assert.Equal(t, []time.Time{after(3), after(13), after(38), after(100), after(143)},
		[]time.Time{task.CreatedAt, task.PullStartedAt, task.StartedAt, task.StoppingAt, task.StoppedAt})
	assert.Equal(t, scheduler.CodeServiceScheduler, task.StopCode)
	assert.Contains(t, task.StoppedReason, "Scaling activity initiated by (deployment ecs-svc/")
}

func TestFailingStartsAreCountedAndThrottled(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	p.containers.FailStarts(func(scheduler.Task) *scheduler.StartFailure {
		return &scheduler.StartFailure{Reason: "CannotPullContainerError: no such image"}
	})
	p.desire(0, 1)
	p.step(46)
	task := p.tasks()[0]
	assert.Equal(t, scheduler.Stopped, task.LastStatus)
	assert.Equal(t, scheduler.CodeTaskFailedToStart, task.StopCode)
	assert.Equal(t, "CannotPullContainerError: no such image", task.StoppedReason)
	assert.Equal(t, 1, p.status().Primary().FailedTasks)
	p.step(1500)
	var starts []time.Duration
	for i, task := range p.tasks()[1:] {
		starts = append(starts, task.CreatedAt.Sub(p.tasks()[i].CreatedAt))
	}
	assert.IsIncreasing(t, starts[2:], "from the third failure on, each try waits longer than the one before")
	assert.Equal(t, len(p.tasks()), p.status().Primary().FailedTasks+notStopped(p.tasks()))
	assert.True(t, p.said("is unable to consistently start tasks successfully"))
	p.step(6 * 3600)
	assert.NotEmpty(t, p.tasks(), "the throttle is at most 15 minutes, and stopped tasks stay for an hour")
}

func notStopped(tasks []*scheduler.Task) (n int) {
	for _, task := range tasks {
		if task.LastStatus != scheduler.Stopped {
			n++
		}
	}
	return n
}

func TestFailuresStopCountingAfterTheRolloutIfToldSo(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{FailuresCountOnlyInRollout: true})
	p.containers.FailStarts(func(scheduler.Task) *scheduler.StartFailure { return &scheduler.StartFailure{Reason: "x"} })
	p.desire(0, 1)
	p.step(300)
	assert.Zero(t, p.status().Primary().FailedTasks)
	assert.NotEmpty(t, p.tasks())
}

func TestFailedTasksStartAfreshOnceATaskIsReady(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	p.containers.FailStarts(func(scheduler.Task) *scheduler.StartFailure { return &scheduler.StartFailure{Reason: "x"} })
	p.desire(0, 1)
	p.step(100)
	assert.Equal(t, 2, p.status().Primary().FailedTasks)
	p.containers.FailStarts(nil)
	p.step(400)
	assert.Contains(t, p.seen(), "healthy,healthy,healthy")
	assert.Zero(t, p.status().Primary().FailedTasks)
}

func TestCircuitBreakerRollsBack(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	p.desire(0, 1)
	p.step(60)
	p.containers.FailStarts(func(task scheduler.Task) *scheduler.StartFailure {
		if task.TaskDefinitionARN == awstest.TaskDef2 {
			return &scheduler.StartFailure{Reason: "bad image"}
		}
		return nil
	})
	awstest.Redeploy(p.store, "bad")
	p.step(100)
	assert.Equal(t, scheduler.RolloutInProgress, p.status().Primary().RolloutState)
	assert.Len(t, p.status().Deployments, 2)
	p.step(900)
	status := p.status()
	assert.Equal(t, awstest.TaskDef1, status.Primary().TaskDefinitionARN)
	assert.Equal(t, scheduler.RolloutCompleted, status.Primary().RolloutState)
	service, _ := p.store.Get("aws:ecs/service:Service", awstest.ServiceARN)
	assert.Equal(t, awstest.TaskDef1, service.State["taskDefinition"].StringValue(), "the service itself went back")
	assert.True(t, p.said("rolling back to deployment"))
	failed := 0
	for _, task := range p.tasks() {
		if task.TaskDefinitionARN == awstest.TaskDef2 {
			failed++
		}
	}
	// Three failures trip the breaker; the fourth task was on its way before the third had stopped.
	assert.Equal(t, 4, failed)
	assert.Equal(t, scheduler.Running, p.tasks()[0].LastStatus, "the old task was never stopped")
}

// TestCircuitBreakerCannotRollBackToAnInactiveDefinition: the revision before was deregistered after the deployment had
// begun, as Pulumi does without skipDestroy.
func TestCircuitBreakerCannotRollBackToAnInactiveDefinition(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	p.desire(0, 1)
	p.step(60)
	p.containers.FailStarts(func(scheduler.Task) *scheduler.StartFailure { return &scheduler.StartFailure{Reason: "bad image"} })
	awstest.Redeploy(p.store, "bad")
	p.step(70)
	before, ok := p.store.Get("aws:ecs/taskDefinition:TaskDefinition", "edit:1")
	require.True(t, ok)
	require.NoError(t, p.store.Remove(before.Type, before.ID))
	before.Type = view.RuntimeInactiveTaskDefinition
	require.NoError(t, p.store.Put(before))
	p.step(900)
	assert.Equal(t, awstest.TaskDef2, p.status().Primary().TaskDefinitionARN)
	assert.Equal(t, scheduler.RolloutFailed, p.status().Primary().RolloutState)
	assert.True(t, p.said("was unable to roll back to task definition "+awstest.TaskDef1+". Reason: TaskDefinition is inactive."))
	assert.Equal(t, scheduler.Running, p.tasks()[0].LastStatus, "the old task runs on")
	p.containers.FailStarts(nil)
	p.desire(900, 0)
	p.step(1000)
	p.desire(1000, 1)
	p.step(2000)
	for _, task := range p.tasks() {
		assert.NotEqual(t, scheduler.Running, task.LastStatus, "and once it sleeps, nothing wakes any more")
	}
}

func TestFailedDeploymentWithoutRollbackStartsNothingMore(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	awstest.Set(p.store, "aws:ecs/service:Service", awstest.ServiceARN, "deploymentCircuitBreaker", map[string]any{"enable": true})
	p.containers.FailStarts(func(scheduler.Task) *scheduler.StartFailure { return &scheduler.StartFailure{Reason: "bad image"} })
	awstest.SetDesired(p.store, 1)
	awstest.Redeploy(p.store, "bad")
	p.step(400)
	assert.Equal(t, scheduler.RolloutFailed, p.status().Primary().RolloutState)
	assert.Equal(t, "ECS deployment circuit breaker: tasks failed to start.", p.status().Primary().RolloutStateReason)
	count := len(p.tasks())
	p.step(3000)
	assert.Len(t, p.tasks(), count)
}

func TestThrottleEndsWhenATaskRuns(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	fail := func(scheduler.Task) *scheduler.StartFailure { return &scheduler.StartFailure{Reason: "x"} }
	p.containers.FailStarts(fail)
	p.desire(0, 1)
	p.step(400)
	p.containers.FailStarts(nil)
	p.step(1200)
	require.Contains(t, p.seen(), "RUNNING")
	p.containers.FailStarts(fail)
	last := len(p.tasks())
	p.containers.Exit(p.tasks()[last-1].ARN)
	p.step(1200)
	p.step(1250)
	tasks := p.tasks()
	require.Greater(t, len(tasks), last+1)
	assert.Equal(t, 3*time.Second, tasks[last].CreatedAt.Sub(after(1200)))
	// It fails at the end of the pull, after 33 s, and the scheduler acts 3 s later.
	assert.Equal(t, 36*time.Second, tasks[last+1].CreatedAt.Sub(tasks[last].CreatedAt), "the next try comes at once")
}

func TestRollingDeploymentKeepsOneReady(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	p.desire(0, 1)
	p.step(60)
	awstest.Redeploy(p.store, "v2")
	for second := 60; second < 300; second++ {
		p.step(second)
		require.GreaterOrEqual(t, strings.Count(p.seen(), "healthy"), 3, "at second %d: %s", second, p.seen())
	}
	status := p.status()
	require.Len(t, status.Deployments, 1)
	assert.Equal(t, awstest.TaskDef2, status.Primary().TaskDefinitionARN)
	assert.Equal(t, scheduler.RolloutCompleted, status.Primary().RolloutState)
	assert.Equal(t, "STOPPED,RUNNING | healthy,healthy,healthy", p.seen())
}

func TestProtectionOutlivesADeployment(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	p.desire(0, 1)
	p.step(60)
	require.NoError(t, p.scheduler.Protect(p.tasks()[0].ARN, after(400)))
	awstest.Redeploy(p.store, "v2")
	p.step(399)
	assert.Equal(t, "RUNNING,RUNNING | healthy,healthy,healthy,healthy,healthy,healthy", p.seen())
	assert.Equal(t, scheduler.RolloutInProgress, p.status().Primary().RolloutState)
	p.step(411) // the next thing that happens after the protection is a health check
	assert.Equal(t, scheduler.Deactivating, p.tasks()[0].LastStatus)
}

func TestProtectedTasksAtScaleIn(t *testing.T) {
	t.Parallel()
	for _, spare := range []bool{false, true} {
		p := newPlay(t, scheduler.Options{ScaleInSparesProtected: spare})
		p.desire(0, 1)
		p.step(60)
		require.NoError(t, p.scheduler.Protect(p.tasks()[0].ARN, after(400)))
		p.desire(100, 0)
		want := scheduler.Deactivating
		if spare {
			want = scheduler.Running
		}
		assert.Equal(t, want, p.tasks()[0].LastStatus, "spare %v", spare)
	}
	require.ErrorContains(t, newPlay(t, scheduler.Options{}).scheduler.Protect("arn:none", epoch), "no such task")
}

func TestScaleInStopsTheYoungestAndStartingFirst(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	p.desire(0, 1)
	p.desire(20, 2)
	p.step(100)
	p.desire(100, 3)
	p.desire(110, 2)
	assert.Contains(t, p.seen(), "RUNNING,RUNNING,DEPROVISIONING |")
	p.desire(120, 1)
	tasks := p.tasks()
	assert.Equal(t, []string{scheduler.Running, scheduler.Deactivating}, []string{tasks[0].LastStatus, tasks[1].LastStatus})
}

func TestUnhealthyTaskIsReplacedAfterTheGracePeriod(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	p.containers.FailProbes(func(probe scheduler.Probe) bool { return probe.Target.Port == 8080 })
	p.desire(0, 1)
	p.step(157)
	assert.Equal(t, scheduler.Running, p.tasks()[0].LastStatus, "within the grace period of 120 s")
	assert.Contains(t, p.seen(), "unhealthy")
	p.step(250)
	task := p.tasks()[0]
	assert.Equal(t, scheduler.Stopped, task.DesiredStatus)
	assert.Equal(t, "Task failed ELB health checks in (target-group "+awstest.APIGroup+")", task.StoppedReason)
	assert.True(t, p.said("is unhealthy in (target-group "+awstest.APIGroup))
	assert.Equal(t, 2, len(p.tasks()), "a replacement has been started")
	p.containers.FailProbes(nil)
	p.step(500)
	assert.Contains(t, p.seen(), "STOPPED,RUNNING | healthy,healthy,healthy")
}

func TestThresholds(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	p.desire(0, 1)
	p.step(60) // checks at 49, 59, 69, ...
	p.containers.FailProbes(func(scheduler.Probe) bool { return true })
	p.step(88)
	assert.Contains(t, p.seen(), "| healthy,healthy,healthy", "two failures of three")
	p.step(89)
	assert.Contains(t, p.seen(), "| unhealthy,unhealthy,unhealthy")
	p.containers.FailProbes(nil)
	p.step(99)
	assert.Contains(t, p.seen(), "| unhealthy,unhealthy,unhealthy", "one success of two")
	p.step(109)
	assert.Contains(t, p.seen(), "| healthy,healthy,healthy")
}

func TestContainerThatEndsByItselfIsReplaced(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	p.desire(0, 1)
	p.step(60)
	p.containers.Exit(p.tasks()[0].ARN)
	p.step(61)
	assert.Equal(t, scheduler.CodeEssentialContainerExited, p.tasks()[0].StopCode)
	p.step(200)
	assert.Equal(t, "STOPPED,RUNNING | healthy,healthy,healthy", p.seen())
	assert.Zero(t, p.status().Primary().FailedTasks, "it had reached RUNNING and was healthy")
}

func TestGroupWithoutARuleIsNotChecked(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	rule, _ := p.store.Get("aws:lb/listenerRule:ListenerRule", awstest.RuleARN("ws"))
	require.NoError(t, p.store.Remove(rule.Type, rule.ID))
	p.desire(0, 1)
	p.step(100)
	assert.Contains(t, p.seen(), "| healthy,healthy,unused")
	require.NoError(t, p.store.Put(rule))
	p.step(100)
	assert.Contains(t, p.seen(), "| healthy,healthy,initial")
	p.step(101)
	assert.Contains(t, p.seen(), "| healthy,healthy,healthy")
}

func TestGroupBehindARuleOfNoListenerIsNotInUse(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	awstest.Set(p.store, "aws:lb/listenerRule:ListenerRule", awstest.RuleARN("ws"), "listenerArn", "arn:gone")
	p.desire(0, 1)
	p.step(100)
	assert.Contains(t, p.seen(), "| healthy,healthy,unused")
}

func TestTasksOfADeletedServiceStop(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	p.desire(0, 1)
	p.step(60)
	require.NoError(t, p.store.Remove("aws:ecs/service:Service", awstest.ServiceARN))
	p.step(200)
	assert.Equal(t, "STOPPED | ", p.seen())
}

func TestTimeDoesNotRunBackwards(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	p.desire(0, 1)
	p.step(60)
	before := p.seen()
	p.step(10)
	assert.Equal(t, before, p.seen())
	awstest.SetDesired(p.store, 2)
	p.step(61)
	assert.Len(t, p.tasks(), 1, "the scheduler acts 3 s after second 60, not after second 10")
	p.step(63)
	assert.Len(t, p.tasks(), 2)
	at, ok, err := p.scheduler.NextDue()
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, after(69), at, "the next health check")
}

// TestStepSizeDoesNotMatter plays random changes once in large steps and once in small ones.
func TestStepSizeDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		changes := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 4).Draw(t, "counts")
		gaps := rapid.SliceOfN(rapid.IntRange(1, 60), len(changes), len(changes)).Draw(t, "gaps")
		sick := rapid.IntRange(0, 150).Draw(t, "sick from")
		small := rapid.IntRange(3, 60).Draw(t, "step")
		histories := make([]string, 2)
		for i, stride := range []int{1 << 20, small} {
			p := newPlay(t, scheduler.Options{})
			p.containers.FailProbes(func(probe scheduler.Probe) bool {
				return probe.Target.RegisteredAt.Sub(epoch) > time.Duration(sick)*time.Second
			})
			now := 0
			for n, count := range changes {
				for end := now + gaps[n]; now < end; now += min(stride, end-now) {
					p.step(now)
				}
				p.desire(now, count)
			}
			p.step(now + 200)
			histories[i] = fmt.Sprintf("%s\n%+v\n%+v", p.seen(), derefAll(p.tasks()), *p.status())
		}
		if histories[0] != histories[1] {
			t.Fatalf("in large steps:\n%s\n\nin small steps:\n%s", histories[0], histories[1])
		}
	})
}

func derefAll(tasks []*scheduler.Task) []scheduler.Task {
	out := make([]scheduler.Task, 0, len(tasks))
	for _, task := range tasks {
		out = append(out, *task)
	}
	return out
}
