package observe

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

const (
	// describeLimit of DescribeTasks and GetTaskProtection (ECS API reference).
	describeLimit = 100
	// failureWindow is how long a failed task counts.
	failureWindow = 10 * time.Minute
)

// readTasks reads live tasks, failed tasks or both, describing them together.
func (l *Observation) readTasks(ctx context.Context, about decide.Need, f *decide.Facts) error {
	var arns []string
	if about&decide.NeedTasks != 0 {
		live, err := l.list(ctx, types.DesiredStatusRunning)
		if err != nil {
			return err
		}
		l.live, arns = live, live
	}
	if about&decide.NeedFailures != 0 {
		stopped, err := l.list(ctx, types.DesiredStatusStopped)
		if err != nil {
			return err
		}
		arns = append(append([]string{}, arns...), stopped...)
	}
	tasks, err := l.describe(ctx, arns[:min(len(arns), describeLimit)])
	if err != nil {
		return err
	}
	if about&decide.NeedTasks != 0 {
		f.Tasks, l.addresses = liveTasks(tasks)
	}
	if about&decide.NeedFailures != 0 {
		since := deployment{now: f.Now, at: l.deployedAt}
		if f.Have&decide.NeedRule != 0 && f.Rule.Phase == decide.PhaseWaking {
			since.wake = f.Rule.Since
		}
		f.Failures = since.failures(tasks)
	}
	return nil
}

// list gives the ARNs of the service's tasks with that desired status, the first page of them: a service has at most a
// few live tasks, and of the stopped ones a hundred are more than enough.
func (l *Observation) list(ctx context.Context, status types.DesiredStatus) ([]string, error) {
	o := l.observer
	out, err := o.ECS.ListTasks(ctx, &ecs.ListTasksInput{Cluster: &o.Cluster, ServiceName: &o.Service, DesiredStatus: status})
	if err != nil {
		return nil, fmt.Errorf("list %s tasks of service %s: %w", status, o.Service, err)
	}
	return append([]string{}, out.TaskArns...), nil
}

func (l *Observation) describe(ctx context.Context, arns []string) ([]types.Task, error) {
	if len(arns) == 0 {
		return nil, nil
	}
	o := l.observer
	out, err := o.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &o.Cluster, Tasks: arns})
	if err != nil {
		return nil, fmt.Errorf("describe tasks of service %s: %w", o.Service, err)
	}
	return out.Tasks, nil
}

// liveTasks sums up the tasks that ECS means to keep, and the addresses of the running ones, or nil if one has none yet.
func liveTasks(tasks []types.Task) (decide.Tasks, map[string]bool) {
	var sum decide.Tasks
	addresses := map[string]bool{}
	for i := range tasks {
		task := &tasks[i]
		if aws.ToString(task.DesiredStatus) != string(types.DesiredStatusRunning) {
			continue
		}
		sum.Live++
		if created := aws.ToTime(task.CreatedAt); sum.Oldest.IsZero() || created.Before(sum.Oldest) {
			sum.Oldest, sum.First = created, timeline(task)
		}
		sum.Stage = max(sum.Stage, stage(task))
		if aws.ToString(task.LastStatus) != "RUNNING" {
			continue
		}
		sum.Running++
		if addresses == nil {
			continue
		}
		if address := privateAddress(task); address != "" {
			addresses[address] = true
		} else {
			addresses = nil
		}
	}
	return sum, addresses
}

func timeline(task *types.Task) decide.Timeline {
	return decide.Timeline{
		Task: aws.ToString(task.TaskArn), Created: aws.ToTime(task.CreatedAt), Attached: aws.ToTime(task.ConnectivityAt),
		PullStarted: aws.ToTime(task.PullStartedAt), PullStopped: aws.ToTime(task.PullStoppedAt), Started: aws.ToTime(task.StartedAt),
	}
}

// stage tells how far a task has come (ECS developer guide: "Amazon ECS task lifecycle").
func stage(task *types.Task) decide.Stage {
	switch aws.ToString(task.LastStatus) {
	case "PROVISIONING":
		return decide.StagePlacing
	case "PENDING":
		switch {
		case task.PullStoppedAt != nil:
			return decide.StageStarting
		case task.PullStartedAt != nil:
			return decide.StagePulling
		default:
			return decide.StagePlacing
		}
	case "ACTIVATING":
		return decide.StageStarting
	case "RUNNING":
		return decide.StageChecking
	default:
		return decide.StageAsked
	}
}

func privateAddress(task *types.Task) string {
	for _, attachment := range task.Attachments {
		for _, detail := range attachment.Details {
			if aws.ToString(detail.Name) == "privateIPv4Address" {
				return aws.ToString(detail.Value)
			}
		}
	}
	for _, container := range task.Containers {
		for _, network := range container.NetworkInterfaces {
			if address := aws.ToString(network.PrivateIpv4Address); address != "" {
				return address
			}
		}
	}
	return ""
}

// readProtection tells whether a live task is protected from being stopped.
func (l *Observation) readProtection(ctx context.Context, f *decide.Facts) error {
	if l.live == nil {
		live, err := l.list(ctx, types.DesiredStatusRunning)
		if err != nil {
			return err
		}
		l.live = live
	}
	f.Protection = decide.Protection{}
	if len(l.live) == 0 {
		return nil
	}
	o := l.observer
	out, err := o.ECS.GetTaskProtection(ctx, &ecs.GetTaskProtectionInput{
		Cluster: &o.Cluster, Tasks: l.live[:min(len(l.live), describeLimit)],
	})
	if err != nil {
		return fmt.Errorf("get protection of the tasks of service %s: %w", o.Service, err)
	}
	for _, task := range out.ProtectedTasks {
		// A protection without an end cannot be set, but must not be taken for none.
		if task.ProtectionEnabled && (task.ExpirationDate == nil || task.ExpirationDate.After(f.Now)) {
			f.Protection.Active = true
		}
	}
	return nil
}
