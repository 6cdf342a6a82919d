package main

import (
	"time"

	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

// scenario is everything that happens in one run of the model, drawn before it starts.
type scenario struct {
	Seed      uint64
	TickPhase time.Duration
	Timing    scalertest.Timing
	// Ticks that do not go as they should, by their number.
	Ticks    map[int]tickFault
	Sessions []session
	Tabs     []tab
	Disturb  []disturbance
	Faults   []faultWindow
}

// quietTail is the end of every run, in which nobody comes and nothing fails.
const quietTail = 30 * time.Minute

// busy is the part of a run before it.
const busy = 40 * time.Minute

// tickFault is a tick that is lost, or delivered twice.
type tickFault int

const (
	tickLost tickFault = iota + 1
	tickTwice
)

// session is a person, or an API client, that does one thing after the other.
type session struct {
	At    time.Duration
	API   bool
	Think []time.Duration
}

// tab is a forgotten browser tab. Old ones have Vite's client before 6.0, which reloads as soon as its ping is answered.
type tab struct {
	At  time.Duration
	Old bool
}

// disturbance is something done to the service by somebody else, or by chance.
type disturbance struct {
	At   time.Duration
	Kind disturbKind
	For  time.Duration
}

type disturbKind int

const (
	// scaleOut sets the count to 3, as the autoscaler may, at any time.
	scaleOut disturbKind = iota
	// scaleAway sets it to 0.
	scaleAway
	// sick makes health checks fail for a while, crash ends a task, brokenImage lets no task start for a while.
	sick
	crash
	brokenImage
	// protect protects the running tasks for a while.
	protect
	// misplace moves the rule to a priority that means nothing.
	misplace
	// stall keeps metrics back for a while.
	stall
	disturbKinds
)

// faultWindow is a time in which AWS calls fail, some with their effect done, and invocations end in the middle.
type faultWindow struct {
	At, For time.Duration
	// Percent of calls.
	Percent int
}

func seconds(t *rapid.T, name string, least, most int) time.Duration {
	return time.Duration(rapid.IntRange(least, most).Draw(t, name)) * time.Second
}

// grace is the service's (healthGraceSeconds of the infra package).
const grace = 10 * time.Minute

// servesWithin is how long after it runs a container is healthy if it listens after so long at most, with the slowest of the
// other steps that are drawn below, and the waits for a check and a tick. What is within a limit then is served.
const aroundListening = 5*time.Second + 15*time.Second + time.Minute + 3*time.Second + 32*time.Second + tickInterval

// hopeless reports whether a wake may be given up although nothing else is wrong: its container needs longer than the scaler
// waits, or longer than it waits for one that does not listen.
func hopeless(t *scalertest.Timing) bool {
	limit := 11 * time.Minute
	if t.Refuses {
		limit = 5 * time.Minute
	}
	return t.Listen.Most+aroundListening > limit
}

// drawListen draws the time that a container needs: seconds as a rule, and minutes when it installs dependencies, so that a
// wake lasts up to a quarter of an hour.
func drawListen(t *rapid.T) scalertest.Range {
	most := seconds(t, "listen", 1, 30)
	switch rapid.IntRange(0, 5).Draw(t, "installs") {
	case 0:
		most = seconds(t, "install", 30, 8*60)
		return scalertest.Range{Least: most / 2, Most: most}
	case 1:
		most = seconds(t, "longInstall", 8*60, 15*60)
		return scalertest.Range{Least: most - time.Minute, Most: most}
	default:
		return scalertest.Range{Least: 0, Most: most}
	}
}

func drawTiming(t *rapid.T) scalertest.Timing {
	lag := scalertest.Range{Least: 30 * time.Second, Most: seconds(t, "metricLag", 31, 115)}
	return scalertest.Timing{
		Scheduler:      scalertest.Range{Least: time.Second, Most: 5 * time.Second},
		Place:          scalertest.Range{Least: 5 * time.Second, Most: 15 * time.Second},
		Pull:           scalertest.Range{Least: 3 * time.Second, Most: seconds(t, "pull", 4, 60)},
		Start:          scalertest.Range{Least: time.Second, Most: 3 * time.Second},
		Listen:         drawListen(t),
		FirstCheck:     scalertest.Range{Least: 0, Most: 2 * time.Second},
		HealthInterval: time.Duration(rapid.SampledFrom([]int{5, 10, 30}).Draw(t, "interval")) * time.Second,
		UnhealthyAfter: 2, Grace: grace, Refuses: rapid.Bool().Draw(t, "refuses"),
		Deregistration: 30 * time.Second, Stop: 5 * time.Second,
		MetricLag: lag, Flip: scalertest.Range{Least: 0, Most: time.Second},
	}
}

// slowestTiming is what drawTiming may draw at most of a container that installs nothing.
func slowestTiming() scalertest.Timing {
	exactly := func(d time.Duration) scalertest.Range { return scalertest.Range{Least: d, Most: d} }
	return scalertest.Timing{
		Scheduler: exactly(5 * time.Second), Place: exactly(15 * time.Second), Pull: exactly(time.Minute),
		Start: exactly(3 * time.Second), Listen: exactly(30 * time.Second), FirstCheck: exactly(2 * time.Second),
		HealthInterval: 30 * time.Second, UnhealthyAfter: 2, Grace: grace, Deregistration: 30 * time.Second, Stop: 5 * time.Second,
		MetricLag: exactly(115 * time.Second), Flip: exactly(time.Second),
	}
}

func drawSession(t *rapid.T) session {
	s := session{At: seconds(t, "at", 0, 35*60), API: rapid.Bool().Draw(t, "api")}
	for range rapid.IntRange(0, 5).Draw(t, "steps") {
		// Pauses about as long as the idle time are where mistakes show.
		s.Think = append(s.Think, rapid.OneOf(
			rapid.Custom(func(t *rapid.T) time.Duration { return seconds(t, "pause", 1, 60) }),
			rapid.Custom(func(t *rapid.T) time.Duration { return seconds(t, "longPause", 150, 400) }),
		).Draw(t, "think"))
	}
	return s
}

// drawCalm draws people, tabs and the odd lost or doubled tick, with an AWS that works.
func drawCalm(t *rapid.T) *scenario {
	s := &scenario{
		Seed: rapid.Uint64().Draw(t, "seed"), TickPhase: seconds(t, "tickPhase", 0, 59), Timing: drawTiming(t),
		Ticks: map[int]tickFault{},
	}
	for range rapid.IntRange(1, 4).Draw(t, "sessions") {
		s.Sessions = append(s.Sessions, drawSession(t))
	}
	for range rapid.IntRange(0, 2).Draw(t, "tabs") {
		s.Tabs = append(s.Tabs, tab{At: seconds(t, "tabAt", 0, 35*60), Old: rapid.Bool().Draw(t, "old")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "protections") {
		s.Disturb = append(s.Disturb, disturbance{
			At: seconds(t, "protectAt", 0, 38*60), Kind: protect, For: seconds(t, "protectFor", 60, 600),
		})
	}
	return s
}

// drawRough adds everything that can go wrong.
func drawRough(t *rapid.T) *scenario {
	s := drawCalm(t)
	for range rapid.IntRange(0, 4).Draw(t, "tickFaults") {
		s.Ticks[rapid.IntRange(0, 39).Draw(t, "tick")] = rapid.SampledFrom([]tickFault{tickLost, tickTwice}).Draw(t, "fault")
	}
	for range rapid.IntRange(0, 4).Draw(t, "disturbances") {
		d := disturbance{
			At: seconds(t, "disturbAt", 0, 38*60), Kind: disturbKind(rapid.IntRange(0, int(disturbKinds)-1).Draw(t, "kind")),
			For: seconds(t, "disturbFor", 30, 400),
		}
		if d.Kind == stall {
			d.For *= 3
		}
		if d.Kind == brokenImage && rapid.IntRange(0, 3).Draw(t, "forever") == 0 {
			d.For = busy + quietTail
		}
		s.Disturb = append(s.Disturb, d)
	}
	for range rapid.IntRange(0, 3).Draw(t, "faults") {
		s.Faults = append(s.Faults, faultWindow{
			At: seconds(t, "faultAt", 0, 36*60), For: seconds(t, "faultFor", 10, 240),
			Percent: rapid.IntRange(5, 90).Draw(t, "percent"),
		})
	}
	return s
}
