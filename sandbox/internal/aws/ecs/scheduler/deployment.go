package scheduler

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// reconcile brings every service nearer to its configuration, as the ECS service scheduler does.
func (s *step) reconcile(at time.Time) {
	s.followUse(at)
	for _, service := range s.services {
		status := s.statuses[service.ARN]
		if status == nil {
			status = &ServiceStatus{ServiceARN: service.ARN}
			s.statuses[service.ARN] = status
		}
		r := rollout{step: s, service: service, status: status, at: at}
		r.follow()
		r.scale()
		r.finish()
	}
	for _, task := range s.tasks {
		if task.alive() && s.service(task.ServiceARN) == nil {
			s.stop(task, at, CodeServiceScheduler, "Scaling activity initiated by deletion of the service")
		}
	}
	s.awaitMetrics(at)
}

// rollout is the scheduler's look at one service at one time.
type rollout struct {
	*step
	service *Service
	status  *ServiceStatus
	at      time.Time
}

func (r *rollout) say(format string, args ...any) {
	r.event(r.status, r.at, "(service "+r.service.Name+") "+format, args...)
}

// follow starts a new deployment when the service has got another task definition.
func (r *rollout) follow() {
	primary := r.status.Primary()
	if primary == nil || primary.TaskDefinitionARN != r.service.TaskDefinitionARN || r.status.Redeploy {
		r.status.Redeploy = false
		r.deploy(r.service.TaskDefinitionARN, "ECS deployment %s in progress.")
	}
}

func (r *rollout) deploy(taskDefinition, reason string) {
	digest := view.ShortID(r.service.ARN, taskDefinition, r.at.UnixNano(), len(r.status.Deployments))
	number, _ := strconv.ParseUint(digest[:15], 16, 64) // hexadecimal by construction
	id := fmt.Sprintf("ecs-svc/%019d", number)
	for i := range r.status.Deployments {
		r.status.Deployments[i].Status = DeploymentActive
		r.status.Deployments[i].UpdatedAt = r.at
	}
	r.status.Deployments = append([]Deployment{{
		ID: id, Status: DeploymentPrimary, TaskDefinitionARN: taskDefinition,
		RolloutState: RolloutInProgress, RolloutStateReason: fmt.Sprintf(reason, id), CreatedAt: r.at, UpdatedAt: r.at,
	}}, r.status.Deployments...)
	r.status.Steady, r.status.StartFailures, r.status.StartAt = false, 0, time.Time{}
}

// alive lists the tasks that count, those of the primary deployment apart from older ones.
func (r *rollout) alive() (current, old []*Task) {
	primary := r.status.Primary().ID
	for _, task := range r.tasks {
		switch {
		case task.ServiceARN != r.service.ARN || !task.alive():
		case task.DeploymentID == primary:
			current = append(current, task)
		default:
			old = append(old, task)
		}
	}
	return current, old
}

// scale starts what is missing and stops what is too much, within the service's minimum and maximum percent.
func (r *rollout) scale() {
	current, old := r.alive()
	want := r.service.DesiredCount
	room := percent(r.service.MaximumPercent, 200)*want/100 - len(current) - len(old)
	missing := min(want-len(current), room)
	if r.status.Primary().RolloutState == RolloutFailed {
		missing = 0 // the circuit breaker has stopped this deployment
	}
	r.startMissing(missing)
	r.stopSurplus(current, len(current)-want)
	r.stopOld(current, old)
}

func (r *rollout) startMissing(missing int) {
	switch {
	case missing <= 0:
		r.status.StartAt = time.Time{}
	case r.status.StartAt.IsZero():
		r.status.Steady = false
		r.status.StartAt = r.at.Add(r.scheduler.options.Timing.Scheduler + backoff(r.status.StartFailures))
	case !r.at.Before(r.status.StartAt):
		r.status.StartAt = time.Time{}
		for range missing {
			task := r.startTask(r.service, r.status, r.at)
			r.say("has started 1 tasks: (task %s).", task.ARN[len(task.ARN)-32:])
		}
	}
}

// backoff is the service throttle: tasks that repeatedly do not reach RUNNING are started at growing intervals, up to
// 15 minutes ("Amazon ECS service throttle logic"). The guide gives only the limit; the steps are doubling from 20 s.
func backoff(failures int) time.Duration {
	const free, first, limit = 2, 20 * time.Second, 15 * time.Minute
	if failures <= free {
		return 0
	}
	return min(first<<min(failures-free-1, 16), limit)
}

// stopSurplus scales in: tasks that do not run yet first, then the youngest.
func (r *rollout) stopSurplus(current []*Task, surplus int) {
	candidates := slices.Clone(current)
	slices.SortStableFunc(candidates, func(a, b *Task) int {
		if aRuns, bRuns := a.LastStatus == Running, b.LastStatus == Running; aRuns != bRuns {
			if bRuns {
				return -1
			}
			return 1
		}
		return b.CreatedAt.Compare(a.CreatedAt)
	})
	for _, task := range candidates {
		if surplus <= 0 {
			return
		}
		if r.scheduler.options.ScaleInSparesProtected && task.Protected(r.at) {
			continue
		}
		r.retire(task)
		surplus--
	}
}

// stopOld stops tasks of older deployments as far as enough others are ready. Protected tasks outlive a deployment.
func (r *rollout) stopOld(current, old []*Task) {
	isReady := func(tasks []*Task) (n int) {
		for _, task := range tasks {
			if r.ready(task) {
				n++
			}
		}
		return n
	}
	minimum := percent(r.service.MinimumPercent, 100) * r.service.DesiredCount
	spare := isReady(current) + isReady(old) - (minimum+99)/100
	for _, task := range old {
		if r.service.DesiredCount > 0 && task.Protected(r.at) {
			continue
		}
		if r.ready(task) {
			if spare <= 0 {
				continue
			}
			spare--
		}
		r.retire(task)
	}
}

func (r *rollout) retire(task *Task) {
	r.status.Steady = false
	primary := r.status.Primary().ID
	r.stop(task, r.at, CodeServiceScheduler, fmt.Sprintf("Scaling activity initiated by (deployment %s)", primary))
	r.say("has stopped 1 running tasks: (task %s).", task.ARN[len(task.ARN)-32:])
}

// finish completes a rollout whose tasks are all ready, and says when the service is steady.
func (r *rollout) finish() {
	current, old := r.alive()
	for _, task := range current {
		if !r.ready(task) {
			return
		}
	}
	if len(old) > 0 || len(current) != r.service.DesiredCount {
		return
	}
	primary := r.status.Primary()
	if primary.RolloutState == RolloutInProgress {
		primary.RolloutState, primary.UpdatedAt = RolloutCompleted, r.at
		primary.RolloutStateReason = fmt.Sprintf("ECS deployment %s completed.", primary.ID)
		r.status.LastCompleted = primary.TaskDefinitionARN
		r.status.Deployments = []Deployment{*primary}
		primary = &r.status.Deployments[0]
		r.say("(deployment %s) deployment completed.", primary.ID)
	}
	if !r.status.Steady {
		r.status.Steady = true
		r.say("has reached a steady state.")
	}
	if r.service.DesiredCount > 0 {
		primary.FailedTasks = 0 // it counts consecutive failures
	}
}

// countFailure adds a stopped task to its deployment's failures and trips the circuit breaker.
func (s *step) countFailure(task *Task, at time.Time) {
	service, status := s.service(task.ServiceARN), s.statuses[task.ServiceARN]
	if !task.Failed || service == nil || status == nil {
		return
	}
	r := rollout{step: s, service: service, status: status, at: at}
	if task.StartedAt.IsZero() {
		status.StartFailures++
		if status.StartFailures == 3 {
			r.say("is unable to consistently start tasks successfully.")
		}
	}
	for i := range status.Deployments {
		deployment := &status.Deployments[i]
		if deployment.ID != task.DeploymentID ||
			(s.scheduler.options.FailuresCountOnlyInRollout && deployment.RolloutState != RolloutInProgress) {
			continue
		}
		deployment.FailedTasks++
		deployment.UpdatedAt = at
		if deployment.Status == DeploymentPrimary {
			r.breakCircuit(deployment)
		}
		return // the breaker may have reordered the deployments
	}
}

// breakCircuit fails a deployment in progress with too many failed tasks: half the desired count, but at least 3 and at
// most 200 (DeploymentCircuitBreaker in the API reference).
func (r *rollout) breakCircuit(deployment *Deployment) {
	threshold := min(max((r.service.DesiredCount+1)/2, 3), 200)
	if !r.service.Breaker.Enable || deployment.RolloutState != RolloutInProgress || deployment.FailedTasks < threshold {
		return
	}
	deployment.RolloutState = RolloutFailed
	deployment.RolloutStateReason = "ECS deployment circuit breaker: tasks failed to start."
	r.say("(deployment %s) deployment failed: tasks failed to start.", deployment.ID)
	target := r.status.LastCompleted
	if !r.service.Breaker.Rollback || target == "" || target == deployment.TaskDefinitionARN {
		return
	}
	if _, active, _ := FindTaskDefinition(r.scheduler.store, target); !active {
		// That a service can't be updated to reference an inactive definition is documented; what the breaker says then
		// is not, and these words are ours.
		r.say("was unable to roll back to task definition %s. Reason: TaskDefinition is inactive.", target)
		return
	}
	if err := setDesiredTaskDefinition(r.scheduler.store, r.service, target); err != nil {
		r.faults = append(r.faults, fmt.Errorf("roll back service %s: %w", r.service.ARN, err))
		return
	}
	r.service.TaskDefinitionARN = target
	r.rollBack(target)
}

// rollBack makes the last completed deployment the primary one again, so that its tasks stay.
func (r *rollout) rollBack(taskDefinition string) {
	const reason = "ECS deployment circuit breaker: rolling back to deploymentId %s."
	i := slices.IndexFunc(r.status.Deployments, func(d Deployment) bool { return d.TaskDefinitionARN == taskDefinition })
	if i < 0 {
		r.deploy(taskDefinition, reason)
	} else {
		r.status.Deployments[0].Status = DeploymentActive
		revived := r.status.Deployments[i]
		revived.Status, revived.RolloutState, revived.UpdatedAt = DeploymentPrimary, RolloutInProgress, r.at
		revived.RolloutStateReason = fmt.Sprintf(reason, revived.ID)
		r.status.Deployments = slices.Insert(slices.Delete(r.status.Deployments, i, i+1), 0, revived)
		r.status.StartFailures, r.status.StartAt = 0, time.Time{}
	}
	r.say("rolling back to deployment %s.", r.status.Primary().ID)
}
