package scheduler

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// scene is all facts and configuration during one step; it is loaded at the start and what changed is saved at the end.
type step struct {
	scheduler *Scheduler
	services  []*Service
	groups    map[string]*elb.TargetGroup
	tasks     []*Task
	targets   []*elb.Target
	statuses  map[string]*ServiceStatus

	before saved
	faults []error
}

// saved holds the facts as they were loaded, by their key, to write only what changed.
type saved struct {
	tasks    map[string]Task
	targets  map[string]elb.Target
	statuses map[string]ServiceStatus
}

func (sc *Scheduler) load() (*step, error) {
	s := &step{scheduler: sc, statuses: map[string]*ServiceStatus{}}
	var err error
	if s.services, err = Services(sc.store); err != nil {
		return nil, err
	}
	if s.tasks, err = Tasks(sc.store); err != nil {
		return nil, err
	}
	if s.groups, err = elb.TargetGroups(sc.store); err != nil {
		return nil, err
	}
	if s.targets, err = elb.Targets(sc.store); err != nil {
		return nil, err
	}
	statuses, err := view.All[ServiceStatus](sc.store, view.RuntimeServiceStatus)
	if err != nil {
		return nil, err
	}
	for _, status := range statuses {
		s.statuses[status.ServiceARN] = status
	}
	s.remember()
	return s, nil
}

func (s *step) remember() {
	s.before = saved{map[string]Task{}, map[string]elb.Target{}, map[string]ServiceStatus{}}
	for _, task := range s.tasks {
		s.before.tasks[task.ARN] = *task
	}
	for _, target := range s.targets {
		s.before.targets[target.Key()] = *target
	}
	for arn, status := range s.statuses {
		old := *status
		old.Deployments = append([]Deployment(nil), status.Deployments...)
		old.Events = append([]Event(nil), status.Events...)
		s.before.statuses[arn] = old
	}
}

func (s *step) save() error {
	faults := s.faults
	store := s.scheduler.store
	for _, task := range s.tasks {
		if old, known := s.before.tasks[task.ARN]; !known || !reflect.DeepEqual(old, *task) {
			faults = append(faults, view.Save(store, view.RuntimeTask, task.ARN, task))
		}
		delete(s.before.tasks, task.ARN)
	}
	for arn := range s.before.tasks {
		faults = append(faults, store.Remove(view.RuntimeTask, arn))
	}
	for _, target := range s.targets {
		if old, known := s.before.targets[target.Key()]; !known || old != *target {
			faults = append(faults, view.Save(store, view.RuntimeTarget, target.Key(), target))
		}
		delete(s.before.targets, target.Key())
	}
	for key := range s.before.targets {
		faults = append(faults, store.Remove(view.RuntimeTarget, key))
	}
	for arn, status := range s.statuses {
		if old, known := s.before.statuses[arn]; !known || !reflect.DeepEqual(old, *status) {
			faults = append(faults, view.Save(store, view.RuntimeServiceStatus, arn, status))
		}
	}
	return errors.Join(faults...)
}

// play lets time run from one moment to another.
func (s *step) play(from, now time.Time) {
	s.reconcile(from)
	for {
		at, ok := s.nextDue()
		if !ok || at.After(now) {
			break
		}
		s.advance(at)
		s.reconcile(at)
	}
	s.pollExits(now)
	s.reconcile(now)
}

func (s *step) nextDue() (time.Time, bool) {
	var first time.Time
	consider := func(at time.Time) {
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for _, task := range s.tasks {
		consider(task.DueAt)
	}
	for _, target := range s.targets {
		consider(target.NextCheckAt)
		consider(target.DrainedAt)
	}
	for _, status := range s.statuses {
		consider(status.StartAt)
		consider(status.MetricsAt)
	}
	return first, !first.IsZero()
}

// advance does what is due at that time. New tasks and targets that appear meanwhile have later times.
func (s *step) advance(at time.Time) {
	for _, task := range append([]*Task(nil), s.tasks...) {
		if !task.DueAt.IsZero() && !task.DueAt.After(at) {
			s.transition(task, at)
		}
	}
	for _, target := range append([]*elb.Target(nil), s.targets...) {
		s.advanceTarget(target, at)
	}
	s.emitHealth(at)
}

func (s *step) service(arn string) *Service {
	for _, service := range s.services {
		if service.ARN == arn {
			return service
		}
	}
	return nil
}

func (s *step) event(status *ServiceStatus, at time.Time, format string, args ...any) {
	const kept = 100 // DescribeServices returns the latest 100 events
	event := Event{ID: view.ShortID(status.ServiceARN, at, len(status.Events), format), CreatedAt: at, Message: fmt.Sprintf(format, args...)}
	status.Events = append([]Event{event}, status.Events[:min(len(status.Events), kept-1)]...)
}
