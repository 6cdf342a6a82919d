// Package scalertest is a model of the parts of AWS that the scaler lives in: the service scheduler and tasks of ECS, rules,
// targets and health checks of the load balancer, and CloudWatch's late metrics. It is deterministic: the same timing and
// the same calls give the same history. The model test drives the function's real code against it through the SDK's own
// types (see [API]); `make simulate` reads its facts directly.
//
// Where AWS documents nothing, the model takes the side that is worse for the scaler.
package scalertest

import (
	"container/heap"
	"math/rand/v2"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

// Range is a duration between Least and Most, drawn evenly.
type Range struct{ Least, Most time.Duration }

// Draw draws one.
func (r Range) Draw(random *rand.Rand) time.Duration {
	if r.Most <= r.Least {
		return r.Least
	}
	return r.Least + time.Duration(random.Int64N(int64(r.Most-r.Least)))
}

// Timing says how long things take.
type Timing struct {
	// Scheduler is the time until ECS acts on a changed count or a stopped task.
	Scheduler Range
	// Place is PROVISIONING: finding a host and attaching the network interface.
	Place Range
	// Pull is the image pull, Start the time from there to RUNNING.
	Pull, Start Range
	// Tail is how long the placement takes in the share TailShare of tasks, instead of Place.
	Tail      time.Duration
	TailShare float64
	// Register is the time from RUNNING until ECS has added the task to the target groups.
	Register Range
	// Listen is the time from RUNNING until the container answers its health check.
	Listen Range
	// Serve is the time from RUNNING until the process behind the container's front sends its first byte; before that, what
	// reaches the container waits in it. Zero for a container whose health check waits for that process.
	Serve Range
	// HealthInterval of the target groups, and FirstCheck from registration to the first check.
	HealthInterval time.Duration
	FirstCheck     Range
	// UnhealthyAfter so many failed checks in a row.
	UnhealthyAfter int
	// Grace is how long after its start ECS leaves a task alone that the load balancer calls unhealthy; then it replaces it.
	Grace time.Duration
	// Refuses says that a container that does not pass its checks does not listen, instead of answering 503.
	Refuses bool
	// Deregistration is the delay before a stopping task's container is told; Stop is what it takes after that.
	Deregistration, Stop time.Duration
	// MetricLag is the time from the end of a minute until its datapoints show; drawn for each minute.
	MetricLag Range
	// Flip is the time until the load balancer follows a moved rule.
	Flip Range
}

// StartFault makes task starts fail.
type StartFault struct{ StopCode, Reason string }

// Account is one service behind a load balancer, at a moment.
type Account struct {
	timing Timing
	seed   uint64
	random *rand.Rand
	now    time.Time
	queue  queue
	order  int64

	layout   decide.Layout
	priority int
	// effective is the priority that the load balancer goes by, which may be behind.
	effective int

	desired    int
	desiredAt  time.Time
	byScaler   bool
	scheduled  bool
	deployedAt time.Time
	tasks      []*Task
	nextTask   int

	requests [2]series
	hosts    series
	// stalledFrom and stalledUntil bound a delay of CloudWatch beyond the usual.
	stalledFrom, stalledUntil time.Time

	// Window is how far back the policy reads metrics, if that is more than for five idle minutes.
	Window time.Duration
	// FailStarts, when set, makes every task that would start fail.
	FailStarts *StartFault
	// Sick makes running tasks fail their health checks.
	Sick bool
	// OnStop is told when ECS begins to stop a task to get the count right; byScaler says that the scaler had set it to 0.
	OnStop func(t *Task, byScaler bool)
	// OnEnd is told when a task has ended.
	OnEnd func(t *Task)
}

// Stages of a task's life, as ECS calls them.
const (
	Provisioning = "PROVISIONING"
	Pending      = "PENDING"
	Running      = "RUNNING"
	Deactivating = "DEACTIVATING"
	Stopped      = "STOPPED"
)

// Task is a run of the container.
type Task struct {
	ID, Address string
	Status      string
	Wanted      bool
	Created     time.Time
	PullStarted time.Time
	PullStopped time.Time
	Started     time.Time
	// Registered and FirstHealthy are when the load balancer got to know the task, and when it first called it healthy.
	Registered, FirstHealthy time.Time
	Stopping, Ended          time.Time
	StopCode, Reason         string
	// ProtectedFrom and ProtectedUntil bound its scale-in protection.
	ProtectedFrom, ProtectedUntil time.Time
	// LastRequest reached the task through the load balancer.
	LastRequest time.Time
	listensAt   time.Time
	servesAt    time.Time
	registered  bool
	healthy     bool
	failed      int
}

// Protected reports whether the task is protected at that time.
func (t *Task) Protected(at time.Time) bool { return t.ProtectedUntil.After(at) }

// Healthy reports whether the load balancer takes the task for healthy.
func (t *Task) Healthy() bool { return t.healthy }

// Serves is when the task's preview sends its first byte; zero before the task runs.
func (t *Task) Serves() time.Time { return t.servesAt }

// New makes an account in which the service is asleep.
func New(timing Timing, layout decide.Layout, start time.Time, seed uint64) *Account {
	w := &Account{
		timing: timing, seed: seed, now: start,
		random: rand.New(rand.NewPCG(seed, 0x5ca1e)), //nolint:gosec // a simulation wants repeatable chance
		layout: layout, deployedAt: start.Add(-time.Hour),
	}
	w.priority = layout.Encode(decide.Position{Phase: decide.PhaseAsleep})
	w.effective = w.priority
	return w
}

// Now is the account's time.
func (w *Account) Now() time.Time { return w.now }

// event is something that happens by itself.
type event struct {
	at    time.Time
	order int64
	do    func()
}

type queue []event

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].order < q[j].order
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = event{}
	*q = old[:len(old)-1]
	return last
}

// after lets something happen later.
func (w *Account) after(d time.Duration, do func()) {
	w.order++
	heap.Push(&w.queue, event{at: w.now.Add(d), order: w.order, do: do})
}

// Advance lets everything happen that is due up to then.
func (w *Account) Advance(to time.Time) {
	for len(w.queue) > 0 && !w.queue[0].at.After(to) {
		next := heap.Pop(&w.queue).(event)
		w.now = next.at
		next.do()
	}
	if to.After(w.now) {
		w.now = to
	}
}

// Next is when something happens by itself next; false when nothing does.
func (w *Account) Next() (time.Time, bool) {
	if len(w.queue) == 0 {
		return time.Time{}, false
	}
	return w.queue[0].at, true
}
