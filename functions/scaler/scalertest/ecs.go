package scalertest

import (
	"fmt"
	"slices"
	"time"
)

// keepStopped is how long ECS shows a stopped task.
const keepStopped = time.Hour

// SetDesired changes the service's desired count, as UpdateService does.
func (w *Account) SetDesired(count int, byScaler bool) {
	if count != w.desired {
		w.desiredAt = w.now
	}
	w.desired, w.byScaler = count, byScaler
	w.schedule()
}

// Desired is the service's desired count.
func (w *Account) Desired() int { return w.desired }

// DesiredSince is when the count last changed.
func (w *Account) DesiredSince() time.Time { return w.desiredAt }

// Tasks are all tasks that ECS still shows.
func (w *Account) Tasks() []*Task { return w.tasks }

// Deploy makes a new deployment: what failed before it does not count any more.
func (w *Account) Deploy() { w.deployedAt = w.now }

// Counts are the service's running and pending tasks.
func (w *Account) Counts() (running, pending int) {
	for _, t := range w.tasks {
		switch {
		case t.Status == Running:
			running++
		case t.Wanted && (t.Status == Provisioning || t.Status == Pending):
			pending++
		}
	}
	return running, pending
}

// schedule wakes the service scheduler after its reaction time.
func (w *Account) schedule() {
	if w.scheduled {
		return
	}
	w.scheduled = true
	w.after(w.timing.Scheduler.Draw(w.random), func() {
		w.scheduled = false
		w.steer()
	})
}

// steer starts or stops tasks until the count is right. Scaling in spares protected tasks, except that a count of zero
// takes them too: AWS documents protection for its own scaling and for deployments only.
func (w *Account) steer() {
	w.tasks = slices.DeleteFunc(w.tasks, func(t *Task) bool {
		return t.Status == Stopped && w.now.Sub(t.Ended) > keepStopped
	})
	live := w.live()
	for n := len(live); n < w.desired; n++ {
		w.start()
	}
	surplus := len(live) - w.desired
	for _, t := range live {
		if surplus <= 0 {
			return
		}
		if w.desired > 0 && t.Protected(w.now) {
			continue
		}
		surplus--
		if w.OnStop != nil {
			w.OnStop(t, w.byScaler && w.desired == 0)
		}
		w.stop(t, "ServiceSchedulerInitiated", "Scaling activity initiated by deployment ecs-svc/1")
	}
}

func (w *Account) live() []*Task {
	var live []*Task
	for _, t := range w.tasks {
		if t.Wanted {
			live = append(live, t)
		}
	}
	return live
}

func (w *Account) start() {
	w.nextTask++
	t := &Task{
		ID: fmt.Sprintf("%032x", w.nextTask), Address: fmt.Sprintf("172.31.%d.%d", w.nextTask/250, 2+w.nextTask%250),
		Status: Provisioning, Wanted: true, Created: w.now,
	}
	w.tasks = append(w.tasks, t)
	w.then(t, w.placement(), func() {
		t.Status, t.PullStarted = Pending, w.now
		w.then(t, w.timing.Pull, func() { w.pulled(t) })
	})
}

// placement is the usual one, or now and then the long one.
func (w *Account) placement() Range {
	if w.timing.TailShare > 0 && w.random.Float64() < w.timing.TailShare {
		return Range{Least: w.timing.Tail, Most: w.timing.Tail}
	}
	return w.timing.Place
}

// then goes on with a task unless it has been stopped meanwhile.
func (w *Account) then(t *Task, wait Range, do func()) {
	w.after(wait.Draw(w.random), func() {
		if t.Wanted {
			do()
		}
	})
}

func (w *Account) pulled(t *Task) {
	if w.FailStarts != nil {
		w.stop(t, w.FailStarts.StopCode, w.FailStarts.Reason)
		return
	}
	t.PullStopped = w.now
	w.then(t, w.timing.Start, func() {
		t.Status, t.Started = Running, w.now
		t.listensAt = w.now.Add(w.timing.Listen.Draw(w.random))
		t.servesAt = w.now.Add(w.timing.Serve.Draw(w.random))
		w.then(t, w.timing.Register, func() { w.register(t) })
	})
}

// stop takes a task out of the load balancer, waits for its requests, and ends it.
func (w *Account) stop(t *Task, code, reason string) {
	t.Wanted, t.healthy, t.StopCode, t.Reason, t.Stopping = false, false, code, reason, w.now
	wait := w.timing.Stop
	if t.registered {
		t.registered = false
		wait += w.timing.Deregistration
	}
	if t.Status == Running {
		t.Status = Deactivating
	}
	w.after(wait, func() {
		t.Status, t.Ended = Stopped, w.now
		if w.OnEnd != nil {
			w.OnEnd(t)
		}
		w.schedule()
	})
}

// Crash ends a running task by itself.
func (w *Account) Crash() {
	for _, t := range w.live() {
		if t.Status == Running {
			w.stop(t, "EssentialContainerExited", "Essential container in task exited")
			w.schedule()
			return
		}
	}
}

// Protect sets the scale-in protection of every running task, as its sessions would.
func (w *Account) Protect(until time.Time) {
	for _, t := range w.live() {
		if t.Status != Running {
			continue
		}
		if !t.Protected(w.now) {
			t.ProtectedFrom = w.now
		}
		t.ProtectedUntil = until
	}
}
