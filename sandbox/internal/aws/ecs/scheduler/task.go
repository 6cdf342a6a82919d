package scheduler

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// stoppedFor is how long ECS shows a stopped task.
const stoppedFor = time.Hour

func (s *step) startTask(service *Service, status *ServiceStatus, at time.Time) *Task {
	status.Started++
	id := view.ShortID(service.ARN, at.UnixNano(), status.Started)
	prefix, _, _ := strings.Cut(service.ARN, ":service/")
	task := &Task{
		ARN:        fmt.Sprintf("%s:task/%s/%s", prefix, service.ClusterName(), id),
		ClusterARN: service.ClusterARN(), ServiceARN: service.ARN, ServiceName: service.Name,
		DeploymentID: status.Primary().ID, TaskDefinitionARN: status.Primary().TaskDefinitionARN,
		LastStatus: Provisioning, DesiredStatus: Running,
		PrivateIP: s.freeAddress(id), CreatedAt: at, DueAt: at.Add(s.scheduler.options.Timing.Provisioning),
	}
	if subnets := service.Network.Subnets; len(subnets) > 0 {
		task.SubnetID = subnets[status.Started%len(subnets)]
	}
	s.tasks = append(s.tasks, task)
	return task
}

// freeAddress picks an address of the default VPC (172.31.0.0/16) that no present task has.
func (s *step) freeAddress(id string) string {
	sum := sha256.Sum256([]byte(id))
	for third, fourth := int(sum[0]), int(sum[1]); ; fourth++ {
		address := fmt.Sprintf("172.31.%d.%d", third%64, 4+fourth%250)
		if !slices.ContainsFunc(s.tasks, func(t *Task) bool { return t.PrivateIP == address }) {
			return address
		}
	}
}

// transition moves a task to its next state.
func (s *step) transition(task *Task, at time.Time) {
	timing := s.scheduler.options.Timing
	switch task.LastStatus {
	case Provisioning:
		task.LastStatus, task.PullStartedAt, task.DueAt = Pending, at, at.Add(timing.Pull)
	case Pending:
		s.start(task, at)
	case Activating:
		s.run(task, at)
	case Deactivating:
		s.terminate(task, at)
	case Stopping:
		task.LastStatus, task.DueAt = Deprovisioning, at.Add(timing.Deprovisioning)
	case Deprovisioning:
		task.LastStatus, task.StoppedAt, task.DueAt = Stopped, at, at.Add(stoppedFor)
		s.countFailure(task, at)
	case Stopped:
		s.tasks = slices.DeleteFunc(s.tasks, func(t *Task) bool { return t == task })
	default:
		task.DueAt = time.Time{}
	}
}

// start starts the container of a task whose image has been pulled.
func (s *step) start(task *Task, at time.Time) {
	err := s.startProblem(task)
	if err == nil {
		err = s.scheduler.options.Containers.Start(at, *task)
	}
	var failure *StartFailure
	if errors.As(err, &failure) {
		task.Failed = true
		s.stop(task, at, CodeTaskFailedToStart, failure.Reason)
		return
	}
	if err != nil {
		s.faults = append(s.faults, fmt.Errorf("start task %s: %w", task.ARN, err))
		task.DueAt = at.Add(s.scheduler.options.Timing.Pull)
		return
	}
	task.LastStatus, task.PullStoppedAt, task.DueAt = Activating, at, at.Add(s.scheduler.options.Timing.Activating)
}

// run brings a task whose container has started to RUNNING and registers it with the load balancer.
func (s *step) run(task *Task, at time.Time) {
	task.LastStatus, task.StartedAt, task.DueAt = Running, at, time.Time{}
	if status := s.statuses[task.ServiceARN]; status != nil {
		status.StartFailures = 0
	}
	s.register(task, at)
}

// stop begins the end of a task: its targets drain first, then its container gets SIGTERM.
func (s *step) stop(task *Task, at time.Time, code, reason string) {
	if !task.alive() {
		return
	}
	task.DesiredStatus, task.StoppingAt, task.StopCode, task.StoppedReason = Stopped, at, code, reason
	if task.LastStatus == Activating {
		s.terminate(task, at)
		return
	}
	if task.LastStatus != Running {
		task.LastStatus, task.DueAt = Deprovisioning, at.Add(s.scheduler.options.Timing.Deprovisioning)
		return
	}
	if drained := s.drain(task, at); drained.After(at) {
		task.LastStatus, task.DueAt = Deactivating, drained
		return
	}
	s.terminate(task, at)
}

func (s *step) terminate(task *Task, at time.Time) {
	s.scheduler.options.Containers.Stop(at, *task)
	task.LastStatus, task.DueAt = Stopping, at.Add(s.scheduler.options.Timing.Stop)
}

// pollExits stops the tasks whose essential container has ended by itself.
func (s *step) pollExits(at time.Time) {
	for _, task := range s.tasks {
		if task.LastStatus == Running && task.alive() && s.scheduler.options.Containers.Exited(at, *task) {
			s.stop(task, at, CodeEssentialContainerExited, "Essential container in task exited")
		}
	}
}
