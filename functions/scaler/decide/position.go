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
	// Since is the start of the minute in which the phase began; zero in PhaseAsleep and in an Awake that has lasted
	// for some minutes, where it does not matter.
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

// Minutes that each phase can tell apart. The last one of a cycle stands for "just now", so that a clock that runs a
// moment ahead on another machine is not read as a whole cycle ago.
const (
	wakingCycle   = 8
	drainingCycle = 9
	awakeCycle    = 9
)

// Layout translates between the waker rule's priority and what it means:
//
//	base+1          asleep
//	base+2 … +9     waking since minute n (of 8)
//	base+11 … +19   draining since minute n (of 9)
//	base+90         awake
//	base+91 … +99   awake since minute n (of 9)
//
// A minute is known only modulo its cycle. Whatever is decided by age is decided within the cycle; if nothing looks at
// the rule for that long, the age starts again from zero, which only makes things later.
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
	case offset >= wakingOffset && offset < wakingOffset+wakingCycle:
		return Position{PhaseWaking, minuteAgo(now, offset-wakingOffset, wakingCycle)}
	case offset >= drainingOffset && offset < drainingOffset+drainingCycle:
		return Position{PhaseDraining, minuteAgo(now, offset-drainingOffset, drainingCycle)}
	case offset >= markedOffset && offset < markedOffset+awakeCycle:
		return Position{PhaseAwake, minuteAgo(now, offset-markedOffset, awakeCycle)}
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
		return l.Base + wakingOffset + minuteCode(p.Since, wakingCycle)
	case p.Phase == PhaseDraining:
		return l.Base + drainingOffset + minuteCode(p.Since, drainingCycle)
	case p.Phase == PhaseAwake && p.Since.IsZero():
		return l.Base + awakeOffset
	case p.Phase == PhaseAwake:
		return l.Base + markedOffset + minuteCode(p.Since, awakeCycle)
	default:
		panic(fmt.Sprintf("decide: no priority stands for phase %s", p.Phase))
	}
}

func minuteCode(at time.Time, cycle int) int {
	return int((at.Unix() / 60) % int64(cycle))
}

// minuteAgo is the start of the latest minute with that code, none in the future.
func minuteAgo(now time.Time, code, cycle int) time.Time {
	age := (minuteCode(now, cycle) - code + cycle) % cycle
	if age == cycle-1 {
		age = 0
	}
	return now.Truncate(time.Minute).Add(-time.Duration(age) * time.Minute)
}
