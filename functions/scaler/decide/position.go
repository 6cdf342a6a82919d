package decide

import (
	"fmt"
	"time"
)

// Phase is what the waker rule's priority says is wanted of the service.
type Phase uint8

const (
	// PhaseUnknown is a priority that the scaler never sets, such as one between the service's own rules.
	PhaseUnknown Phase = iota
	// PhaseAsleep wants no task. The waker answers.
	PhaseAsleep
	// PhaseWaking wants a task that serves. The waker answers.
	PhaseWaking
	// PhaseDraining means to sleep unless somebody comes. The waker answers.
	PhaseDraining
	// PhaseAwake wants the service to go on. Its own rules answer.
	PhaseAwake
)

// String is the phase's name in logs.
func (p Phase) String() string {
	switch p {
	case PhaseAsleep:
		return "asleep"
	case PhaseWaking:
		return "waking"
	case PhaseDraining:
		return "draining"
	case PhaseAwake:
		return "awake"
	default:
		return "unknown"
	}
}

// Position is the waker rule's place among the rules, decoded.
type Position struct {
	Phase Phase
	// Since is the start of the minute in which the phase began, in PhaseWaking of the two minutes; zero in PhaseAsleep and
	// in an Awake that has lasted for some minutes, where it does not matter.
	Since time.Time
}

// Offsets of the waker rule from the stack's priority base. The service's own rules are at base+10 (ws, whose paths the
// waker never has), base+20 (api) and base+30 (preview).
const (
	asleepOffset   = 1
	wakingOffset   = 2
	drainingOffset = 11
	awakeOffset    = 90
	markedOffset   = 91
)

// Offsets of the sign-in rule, where there is one: in front of the waker's, and behind the service's own rules.
const (
	signInFrontOffset  = 0
	signInBehindOffset = 89
)

// cycle is how a phase's marks go round: in so many codes of such a length.
type cycle struct {
	codes int
	slot  time.Duration
}

// The cycles. Above the service's own rules there is no room for more than eight codes of PhaseWaking, so a code of it
// stands for two minutes (D21).
var (
	wakingCycle   = cycle{8, 2 * time.Minute}
	drainingCycle = cycle{9, time.Minute}
	awakeCycle    = cycle{9, time.Minute}
)

// clockSkew is how far the clocks of two machines may be apart: a mark that would be a whole cycle old, less than this, was
// made just now by a clock that runs ahead.
const clockSkew = time.Minute

// Layout translates between the waker rule's priority and what it means:
//
//	base+1          asleep
//	base+2 … +9     waking since the two minutes n (of 16)
//	base+11 … +19   draining since minute n (of 9)
//	base+90         awake
//	base+91 … +99   awake since minute n (of 9)
//
// A minute is known only modulo its cycle. Whatever is decided by age is decided within the cycle; if nothing looks at
// the rule for that long, the age starts again from zero, which only makes things later. A mark can also be that of
// another version of this code, which divided the time otherwise: a wake is therefore dated by its tasks where there are
// any (see begun), and a wrong mark does no more than that.
type Layout struct {
	// Base is the first listener-rule priority of the stack.
	Base int
}

// Decode reads a priority as of now.
func (l Layout) Decode(priority int, now time.Time) Position {
	switch offset := priority - l.Base; {
	case offset == asleepOffset:
		return Position{Phase: PhaseAsleep}
	case offset == awakeOffset:
		return Position{Phase: PhaseAwake}
	case offset >= wakingOffset && offset < wakingOffset+wakingCycle.codes:
		return Position{PhaseWaking, wakingCycle.latest(now, offset-wakingOffset)}
	case offset >= drainingOffset && offset < drainingOffset+drainingCycle.codes:
		return Position{PhaseDraining, drainingCycle.latest(now, offset-drainingOffset)}
	case offset >= markedOffset && offset < markedOffset+awakeCycle.codes:
		return Position{PhaseAwake, awakeCycle.latest(now, offset-markedOffset)}
	default:
		return Position{}
	}
}

// Encode gives the priority of a position. It panics on PhaseUnknown, which nobody can want.
func (l Layout) Encode(p Position) int {
	switch {
	case p.Phase == PhaseAsleep:
		return l.Base + asleepOffset
	case p.Phase == PhaseWaking:
		return l.Base + wakingOffset + wakingCycle.code(p.Since)
	case p.Phase == PhaseDraining:
		return l.Base + drainingOffset + drainingCycle.code(p.Since)
	case p.Phase == PhaseAwake && p.Since.IsZero():
		return l.Base + awakeOffset
	case p.Phase == PhaseAwake:
		return l.Base + markedOffset + awakeCycle.code(p.Since)
	default:
		panic(fmt.Sprintf("decide: no priority stands for phase %s", p.Phase))
	}
}

// SignIn is the place of the waker's other rule in a phase, where people sign in: it has the same target, takes only requests of
// people who open a page, and moves with the waker's. It remembers nothing, so it has two places: before all others of the
// stack, and behind the service's.
func (l Layout) SignIn(p Phase) int {
	if p == PhaseAwake {
		return l.Base + signInBehindOffset
	}
	return l.Base + signInFrontOffset
}

func (c cycle) code(at time.Time) int {
	return int((at.Unix() / int64(c.slot/time.Second)) % int64(c.codes))
}

// latest is the start of the latest slot with that code, none in the future.
func (c cycle) latest(now time.Time, code int) time.Time {
	slot := now.Truncate(c.slot)
	age := (c.code(now) - code + c.codes) % c.codes
	if age == c.codes-1 && slot.Add(c.slot).Sub(now) <= clockSkew {
		age = 0
	}
	return slot.Add(-time.Duration(age) * c.slot)
}
