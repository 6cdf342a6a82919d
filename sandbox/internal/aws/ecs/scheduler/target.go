package scheduler

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ec2"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
)

// register adds a running task to the service's target groups.
func (s *step) register(task *Task, at time.Time) {
	service, status := s.service(task.ServiceARN), s.statuses[task.ServiceARN]
	if service == nil {
		return
	}
	for _, balancer := range service.LoadBalancers {
		group := s.groups[balancer.TargetGroupARN]
		if group == nil {
			s.event(status, at, "(service %s) failed to register targets in (target-group %s) with (error The target group '%s' does not exist)",
				service.Name, balancer.TargetGroupARN, balancer.TargetGroupARN)
			continue
		}
		target := &elb.Target{
			TargetGroupARN: group.ARN, TaskARN: task.ARN, ServiceARN: service.ARN,
			ID: task.PrivateIP, Port: balancer.ContainerPort, AvailabilityZone: ec2.ZoneOf(s.scheduler.store, task.SubnetID),
			RegisteredAt: at,
		}
		s.resetTarget(target, at)
		s.targets = append(s.targets, target)
		s.event(status, at, "(service %s) registered 1 targets in (target-group %s)", service.Name, group.ARN)
	}
}

// resetTarget begins a target's checks, if its group is in use by a load balancer and has checks.
func (s *step) resetTarget(target *elb.Target, at time.Time) {
	group := s.groups[target.TargetGroupARN]
	target.Successes, target.Failures, target.NextCheckAt = 0, 0, time.Time{}
	switch {
	case group == nil || !group.Used():
		target.State = elb.TargetUnused
	case !group.Checked():
		target.State = elb.TargetUnavailable
	default:
		target.State, target.NextCheckAt = elb.TargetInitial, at.Add(s.scheduler.options.Timing.FirstCheck)
	}
}

// drain deregisters a task's targets and says when the last of them is gone.
func (s *step) drain(task *Task, at time.Time) time.Time {
	latest := at
	drained := 0
	for _, target := range s.targets {
		if target.TaskARN != task.ARN || target.State == elb.TargetDraining {
			continue
		}
		delay := 300 // ELB's default deregistration delay, in seconds
		if group := s.groups[target.TargetGroupARN]; group != nil && group.DeregistrationTime != nil {
			delay = *group.DeregistrationTime
		}
		target.State, target.NextCheckAt, target.DrainedAt = elb.TargetDraining, time.Time{}, at.Add(time.Duration(delay)*time.Second)
		if target.DrainedAt.After(latest) {
			latest = target.DrainedAt
		}
		drained++
	}
	if status := s.statuses[task.ServiceARN]; drained > 0 && status != nil {
		s.event(status, at, "(service %s) has begun draining connections on 1 tasks.", task.ServiceName)
	}
	return latest
}

func (s *step) advanceTarget(target *elb.Target, at time.Time) {
	switch {
	case !target.DrainedAt.IsZero() && !target.DrainedAt.After(at):
		s.targets = slices.DeleteFunc(s.targets, func(t *elb.Target) bool { return t == target })
	case !target.NextCheckAt.IsZero() && !target.NextCheckAt.After(at):
		s.check(target, at)
	}
}

// check makes one health check. A new target needs a single success, whatever the threshold ("Health checks for your
// target groups" in the ELB guide); after that the thresholds count.
func (s *step) check(target *elb.Target, at time.Time) {
	group, task := s.groups[target.TargetGroupARN], s.task(target.TaskARN)
	if group == nil || task == nil {
		target.State, target.NextCheckAt = elb.TargetUnused, time.Time{}
		return
	}
	check := group.HealthCheck
	target.NextCheckAt = at.Add(time.Duration(check.Interval) * time.Second)
	port := target.Port
	if number, err := strconv.Atoi(check.Port); err == nil {
		port = number
	}
	result := s.scheduler.options.Containers.Probe(at, Probe{Task: *task, Target: *target, Check: check, Port: port})
	if result.Passed() {
		target.Successes, target.Failures = target.Successes+1, 0
		if target.State == elb.TargetInitial || target.Successes >= check.HealthyThreshold {
			target.State = elb.TargetHealthy
		}
		return
	}
	target.Successes, target.Failures, target.Failed = 0, target.Failures+1, result
	if target.State == elb.TargetUnhealthy || target.Failures >= check.UnhealthyThreshold {
		target.State = elb.TargetUnhealthy
		s.replaceUnhealthy(task, target, at)
	}
}

// replaceUnhealthy stops a task that fails its health checks once the service's grace period is over.
func (s *step) replaceUnhealthy(task *Task, target *elb.Target, at time.Time) {
	service, status := s.service(task.ServiceARN), s.statuses[task.ServiceARN]
	if service == nil || !task.alive() || at.Before(task.StartedAt.Add(time.Duration(service.GracePeriod)*time.Second)) {
		return
	}
	s.event(status, at, "(service %s) (port %d) is unhealthy in (target-group %s) due to (reason %s)",
		service.Name, target.Port, target.TargetGroupARN, target.Failed.Description)
	task.Failed = true
	s.stop(task, at, CodeServiceScheduler, fmt.Sprintf("Task failed ELB health checks in (target-group %s)", target.TargetGroupARN))
}

// followUse starts or ends the checks of targets whose group was taken into use by a load balancer, or out of it.
func (s *step) followUse(at time.Time) {
	for _, target := range s.targets {
		group := s.groups[target.TargetGroupARN]
		used := group != nil && group.Used()
		if target.State != elb.TargetDraining && used == (target.State == elb.TargetUnused) {
			s.resetTarget(target, at)
		}
	}
}

func (s *step) task(arn string) *Task {
	for _, task := range s.tasks {
		if task.ARN == arn {
			return task
		}
	}
	return nil
}

// ready says whether a task runs and all its targets are healthy.
func (s *step) ready(task *Task) bool {
	if task.LastStatus != Running {
		return false
	}
	for _, target := range s.targets {
		if target.TaskARN == task.ARN && target.State != elb.TargetHealthy && target.State != elb.TargetUnavailable {
			return false
		}
	}
	return true
}
