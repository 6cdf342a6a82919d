package decide

import (
	"strings"
	"time"
)

// Need is a set of facts. [Policy.Decide] asks for the ones it lacks, so that a call observes no more than its decision
// takes.
type Need uint16

// The facts that can be observed, with the AWS calls that they cost.
const (
	// NeedRule is the waker rule's priority (1 call).
	NeedRule Need = 1 << iota
	// NeedService is desired, running and pending count (1 call).
	NeedService
	// NeedHealth is the healthy targets of api and preview (2 calls).
	NeedHealth
	// NeedTasks is the service's live tasks and how far they have come (2 calls).
	NeedTasks
	// NeedFailures is the service's tasks that stopped lately because something is wrong (1 call, 2 without NeedTasks).
	NeedFailures
	// NeedProtection is whether a live task is protected (1 call, 2 without NeedTasks).
	NeedProtection
	// NeedTraffic is when the service last served requests, as far as the metrics know (1 call).
	NeedTraffic
	// NeedRuleAgain is the waker rule's priority once more, in place of the first (1 call). Rule and service are read side
	// by side; a rule that is read after the service is not older than what the service shows.
	NeedRuleAgain
)

var needNames = [...]string{"rule", "service", "health", "tasks", "failures", "protection", "traffic", "rule again"}

// String lists the facts in logs and errors.
func (n Need) String() string {
	var names []string
	for i, name := range needNames {
		if n&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "+")
}

// Facts is what has been observed so far. Fields of a group count only while its Need is in Have.
type Facts struct {
	// Now is when the observation began.
	Now time.Time
	// Have was observed. Missing was asked for and could not be: the decision then takes the side that keeps people
	// working.
	Have, Missing Need

	Rule       Position
	Service    Service
	Health     Health
	Tasks      Tasks
	Failures   Failures
	Protection Protection
	Traffic    Traffic
}

// Service is the ECS service's own account of its tasks.
type Service struct {
	Desired, Running, Pending int32
	// Registered is when it last added a task to a target group, by its events; zero if they tell of none. No decision depends on
	// it: it is for the record.
	Registered time.Time
}

// Health counts targets that pass their checks and belong to a live task.
type Health struct {
	API, Preview int32
	// Unreachable is set when there are such targets and all of them fail their checks because no answer comes: nobody
	// listens, or too late, or nothing gets there. An answer of 503 is one.
	Unreachable bool
}

// Serving reports whether both kinds of request find a target.
func (h Health) Serving() bool { return h.API > 0 && h.Preview > 0 }

// Stage is how far a wake has come, in the order in which it goes.
type Stage uint8

// The stages, as the ECS task life cycle and the load balancer tell them apart.
const (
	// StageAsked: a task has been asked for, none exists yet.
	StageAsked Stage = iota
	// StagePlacing: ECS looks for capacity and attaches the network interface (PROVISIONING).
	StagePlacing
	// StagePulling: the image is being pulled (PENDING with pullStartedAt).
	StagePulling
	// StageStarting: the image is there, the container starts (PENDING with pullStoppedAt, ACTIVATING).
	StageStarting
	// StageChecking: the task runs; the load balancer has not seen it healthy yet.
	StageChecking
	// StageReady: requests can be served.
	StageReady
)

var stageNames = [...]string{"asked", "placing", "pulling", "starting", "checking", "ready"}

// String is the stage's name in the status contract.
func (s Stage) String() string {
	if int(s) < len(stageNames) {
		return stageNames[s]
	}
	return "unknown"
}

// Tasks are the service's tasks that ECS means to keep running (desiredStatus RUNNING).
type Tasks struct {
	Live, Running int32
	// Oldest is when the oldest of them was created; zero without tasks.
	Oldest time.Time
	// Stage is that of the task that has come furthest.
	Stage Stage
	// First is the oldest task's life so far, for the record; no decision depends on it.
	First Timeline
}

// Timeline is what ECS tells of a task's start; times that have not come are zero.
type Timeline struct {
	Task                                                 string // its ARN
	Created, Attached, PullStarted, PullStopped, Started time.Time
}

// Class is the kind of error that keeps a task from starting. It is told to visitors, so it never carries AWS's text.
type Class string

// The classes that stoppedReason, stopCode and the containers' reasons are sorted into.
const (
	ClassNone       Class = ""
	ClassImage      Class = "image"
	ClassSecret     Class = "secret"
	ClassFileSystem Class = "file-system"
	ClassNetwork    Class = "network"
	ClassCapacity   Class = "capacity"
	ClassMemory     Class = "memory"
	ClassHealth     Class = "health-check"
	ClassExit       Class = "exit"
	ClassLogs       Class = "logs"
	ClassTimeout    Class = "timeout"
	ClassOther      Class = "other"
)

// Failures are tasks of the present deployment that stopped by themselves.
type Failures struct {
	// Count is how many did so in the last ten minutes.
	Count int32
	// Oldest is when the oldest of them, of this wake's in PhaseWaking, was created; zero without any.
	Oldest time.Time
	// Last is when the latest of them stopped.
	Last time.Time
	// Class is that of the latest.
	Class Class
}

// Protection is task scale-in protection, which a session sets while it is busy.
type Protection struct{ Active bool }

// Traffic is what CloudWatch shows of the requests that reached the api and preview target groups, in minutes.
type Traffic struct {
	// Last is the start of the newest minute with a request; zero when the window shows none.
	Last time.Time
	// Watermark is the start of the newest minute up to which everything has been published (Published), known from
	// HealthyHostCount, which the load balancer reports every minute for a group with targets. Without it silence means nothing.
	Watermark time.Time
	// UpSince is the start of the first minute of the window with a healthy target.
	UpSince time.Time
}

// Published is the newest of the minutes that have a datapoint, up to which no other is still to come: a later minute may overtake an
// earlier one, in which there may have been a request. A minute without a datapoint is waited for as long as CloudWatch may be late.
// Last is the newest minute with a request, before which nothing matters.
func Published(minutes []time.Time, last, now time.Time) time.Time {
	var oldest, newest time.Time
	present := make(map[int64]bool, len(minutes))
	for _, minute := range minutes {
		present[minute.Unix()] = true
		if oldest.IsZero() || minute.Before(oldest) {
			oldest = minute
		}
		if minute.After(newest) {
			newest = minute
		}
	}
	published := oldest
	if last.After(oldest) {
		published = last
	}
	for next := published.Add(metricMinute); !next.After(newest); next = next.Add(metricMinute) {
		if !present[next.Unix()] && now.Sub(next.Add(metricMinute)) < metricLag {
			return published
		}
		published = next
	}
	if published.After(newest) { // the request's own minute is here before that of the targets
		return newest
	}
	return published
}

func (f *Facts) has(n Need) bool { return f.Have&n == n }

// lacks returns those of the needs that have not been tried yet.
func (f *Facts) lacks(n Need) Need { return n &^ (f.Have | f.Missing) }
