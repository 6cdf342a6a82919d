package decide

import "time"

// Intent is what an event means for the service.
type Intent uint8

// The intents.
const (
	// Tick is the schedule's: keep facts and wishes in line.
	Tick Intent = iota
	// Query wants to know the state, and repairs what it finds half done. It never wakes.
	Query
	// Touch is a request that shows somebody is there, but is not enough to wake for, such as a stylesheet.
	Touch
	// Ask wants the service: a browser navigation or an API call.
	Ask
)

// State is what a visitor is told.
type State uint8

// The states.
const (
	// StateUnknown: the facts could not be observed.
	StateUnknown State = iota
	// StateAsleep: nothing runs, or what runs is about to stop.
	StateAsleep
	// StateWaking: a task is on its way.
	StateWaking
	// StateReady: requests reach the service from now on.
	StateReady
	// StateFailing: tasks keep failing, and for some minutes none is started.
	StateFailing
)

var stateNames = [...]string{"unknown", "asleep", "waking", "ready", "failing"}

// String is the state's name in the status contract.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return stateNames[0]
}

// Reason says in the log why a plan is what it is.
type Reason string

// The reasons. Each is also a row of the decision table test.
const (
	ReasonNone          Reason = ""
	ReasonBlind         Reason = "rule or service unknown"
	ReasonQuiet         Reason = "asleep and nobody asks"
	ReasonAsked         Reason = "asked for"
	ReasonStray         Reason = "tasks wanted while asleep"
	ReasonCooling       Reason = "tasks keep failing"
	ReasonSettled       Reason = "asleep, no task left"
	ReasonStopping      Reason = "tasks are stopping"
	ReasonResumed       Reason = "asked for while draining"
	ReasonDraining      Reason = "waiting for late metrics"
	ReasonNoMetrics     Reason = "metrics have not caught up"
	ReasonRecent        Reason = "requests too recent"
	ReasonProtected     Reason = "a task is protected"
	ReasonUnprovable    Reason = "task protection unknown"
	ReasonIdle          Reason = "idle"
	ReasonLostWake      Reason = "a wake got lost"
	ReasonStarting      Reason = "task on its way"
	ReasonWoke          Reason = "task serves"
	ReasonGaveUp        Reason = "gave up"
	ReasonScaledAway    Reason = "count went to zero while awake"
	ReasonServing       Reason = "serving"
	ReasonUnhealthy     Reason = "no healthy target"
	ReasonHealthUnknown Reason = "target health unknown"
	ReasonInactive      Reason = "no requests"
	ReasonRepaired      Reason = "rule was in nobody's place"
)

// StepKind is one kind of action.
type StepKind uint8

// The kinds of step.
const (
	// StepMove puts the waker rule into Phase, marked with the minute in which it is done if Mark is set.
	StepMove StepKind = iota + 1
	// StepStart sets the desired count to 1.
	StepStart
	// StepStop sets the desired count to 0.
	StepStop
	// StepStopIdle sets the desired count to 0 and looks at the waker rule once more; if somebody came in between, it
	// sets 1 again. The service's scheduler takes seconds to act, so nothing is lost.
	StepStopIdle
)

// Step is one idempotent action.
type Step struct {
	Kind  StepKind
	Phase Phase
	Mark  bool
}

// maxSteps of a plan.
const maxSteps = 2

// Plan is a decision: either the facts it still needs, or what to do and what to tell.
type Plan struct {
	// Need is not empty while facts are missing; everything else is empty then.
	Need Need
	// steps are done in order; when one fails the rest wait for the next call.
	steps [maxSteps]Step
	count uint8

	State  State
	Reason Reason
	// Stage of the wake, in StateWaking.
	Stage Stage
	// WokenAt is when the wake began, as exactly as is known; in StateWaking and StateReady.
	WokenAt time.Time
	// Class of the error and RetryAt, when a new attempt is allowed; in StateFailing.
	Class   Class
	RetryAt time.Time
}

// Steps are the plan's actions in order.
func (p *Plan) Steps() []Step { return p.steps[:p.count] }

func (p Plan) with(s Step) Plan {
	p.steps[p.count] = s
	p.count++
	return p
}

// markedMove starts a phase now.
func markedMove(phase Phase) Step { return Step{Kind: StepMove, Phase: phase, Mark: true} }

// settledMove puts the rule where it stays.
func settledMove(phase Phase) Step { return Step{Kind: StepMove, Phase: phase} }
