package scheduler

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Options say how fast and how kind the scheduler is.
type Options struct {
	Timing Timing
	// Containers run in the tasks; nil means a Simulated of their own.
	Containers Containers
	// Authorizer, when set, makes a task start fail when its roles, image, secrets or file system would make it fail in
	// AWS: see startProblem. Without it every start succeeds that Containers lets succeed.
	Authorizer *authz.Authorizer
	// ScaleInSparesProtected keeps protected tasks when the desired count is lowered by UpdateService. AWS documents
	// protection for Service Auto Scaling and deployments only, so by default they are stopped.
	ScaleInSparesProtected bool
	// FailuresCountOnlyInRollout stops counting a deployment's failed tasks once its rollout has completed.
	FailuresCountOnlyInRollout bool
}

// Timing says how long the steps of a task's life take. Zero fields take their defaults.
type Timing struct {
	// Scheduler is the time until the service scheduler acts on a change. Default 3 s.
	Scheduler time.Duration
	// Provisioning is the time to find a host and attach the network interface. Default 10 s (about 10 s for the
	// interface alone, says the ECS task networking guide).
	Provisioning time.Duration
	// Pull is the time to pull the image. Default 23 s, for about 150 MB at 1 vCPU.
	Pull time.Duration
	// Activating is the time from the start of the container until the task is RUNNING. Default 2 s.
	Activating time.Duration
	// Stop is the time from SIGTERM to the end of the container. Default 5 s.
	Stop time.Duration
	// Deprovisioning is the time to detach the network interface. Default 8 s.
	Deprovisioning time.Duration
	// FirstCheck is the time from a target's registration to its first health check. Default 1 s.
	FirstCheck time.Duration
	// MetricLag is the time from the end of a minute until CloudWatch shows its datapoint. Default 60 s.
	MetricLag time.Duration
}

func (t *Timing) fillDefaults() {
	for _, field := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&t.Scheduler, 3 * time.Second},
		{&t.Provisioning, 10 * time.Second},
		{&t.Pull, 23 * time.Second},
		{&t.Activating, 2 * time.Second},
		{&t.Stop, 5 * time.Second},
		{&t.Deprovisioning, 8 * time.Second},
		{&t.FirstCheck, time.Second},
		{&t.MetricLag, time.Minute},
	} {
		if *field.value == 0 {
			*field.value = field.fallback
		}
	}
}

// Scheduler plays what the account does by itself. It is safe for concurrent use by one process.
type Scheduler struct {
	store   view.Store
	options Options

	mu   sync.Mutex
	last time.Time // end of the latest Step
}

// New returns a scheduler over the account's facts.
func New(store view.Store, options Options) *Scheduler {
	options.Timing.fillDefaults()
	if options.Containers == nil {
		options.Containers = &Simulated{}
	}
	return &Scheduler{store: store, options: options}
}

// Step plays everything that was due up to now. A change that was made to the account since the step before (a new
// desired count, a new task definition) takes effect as of that step. Time never runs backwards: an earlier now is
// taken for the latest one.
func (sc *Scheduler) Step(now time.Time) error {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if now.Before(sc.last) {
		now = sc.last
	}
	from := sc.last
	if from.IsZero() {
		from = now
	}
	s, err := sc.load()
	if err != nil {
		return fmt.Errorf("play what is due: %w", err)
	}
	s.play(from, now)
	sc.last = now
	if err := s.save(); err != nil {
		return fmt.Errorf("play what is due: %w", err)
	}
	return nil
}

// NextDue tells when the next thing happens by itself; ok is false when nothing will.
func (sc *Scheduler) NextDue() (at time.Time, ok bool, err error) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	s, err := sc.load()
	if err != nil {
		return time.Time{}, false, fmt.Errorf("look ahead: %w", err)
	}
	at, ok = s.nextDue()
	return at, ok, nil
}

// Redeploy replaces a service's tasks by new ones of the same task definition, as UpdateService does with
// forceNewDeployment. It begins at the next step.
func (sc *Scheduler) Redeploy(serviceARN string) error {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	status, err := Status(sc.store, serviceARN)
	if err != nil {
		return fmt.Errorf("redeploy service %s: %w", serviceARN, err)
	}
	status.Redeploy = true
	return view.Save(sc.store, view.RuntimeServiceStatus, serviceARN, status)
}

// Protect sets the end of a task's scale-in protection; the zero time ends it at once.
func (sc *Scheduler) Protect(taskARN string, until time.Time) error {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	r, ok := sc.store.Get(view.RuntimeTask, taskARN)
	if !ok {
		return fmt.Errorf("protect task %s: no such task", taskARN)
	}
	task := &Task{}
	if err := view.Decode(r.State, task); err != nil {
		return fmt.Errorf("protect task %s: %w", taskARN, err)
	}
	task.ProtectedUntil = until
	return view.Save(sc.store, view.RuntimeTask, taskARN, task)
}

// Tasks lists the tasks, oldest first; stopped ones stay for an hour, as in ECS.
func Tasks(store view.Store) ([]*Task, error) {
	tasks, err := view.All[Task](store, view.RuntimeTask)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(tasks, func(a, b *Task) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ARN, b.ARN)
	})
	return tasks, nil
}

// Status returns what ECS knows of a service; a service that the scheduler has not seen yet has an empty status.
func Status(store view.Store, serviceARN string) (*ServiceStatus, error) {
	status := &ServiceStatus{ServiceARN: serviceARN}
	r, ok := store.Get(view.RuntimeServiceStatus, serviceARN)
	if !ok {
		return status, nil
	}
	if err := view.Decode(r.State, status); err != nil {
		return nil, fmt.Errorf("status of service %s: %w", serviceARN, err)
	}
	return status, nil
}
