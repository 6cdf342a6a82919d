package main

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/webordinary/live-edit/cmd/simulate/timing"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

// month is a simulated month of 730 hours, AWS's own; it begins on a Sunday at midnight.
const month = 730 * time.Hour

var monthBegins = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// outcome is a site's month in a scenario.
type outcome struct {
	Name string
	// Edited is the time that people worked.
	Edited time.Duration
	tally
	// Dollars of tasks and of the scaler.
	Dollars dollars
}

// finish plays a site's month and sums it up.
func (st *site) finish(name string, s timing.Setup, edited time.Duration) outcome {
	st.play()
	return outcome{Name: name, Edited: edited, tally: st.tally, Dollars: priceOf(s, &st.tally)}
}

// add counts another month in; what ran when stays with that month.
func (o *outcome) add(other *outcome) {
	o.Edited += other.Edited
	o.Billed += other.Billed
	o.Wakes = append(o.Wakes, other.Wakes...)
	o.Served += other.Served
	o.Redirected += other.Redirected
	o.Unserved += other.Unserved
	o.Lost += other.Lost
	o.Invocations += other.Invocations
	o.Metrics += other.Metrics
	o.Held += other.Held
	o.Arrivals += other.Arrivals
	o.Warm += other.Warm
	o.Opened = append(o.Opened, other.Opened...)
	o.InVain += other.InVain
	o.Dollars.Tasks += other.Dollars.Tasks
	o.Dollars.Scaler += other.Dollars.Scaler
}

// sumOf adds outcomes up.
func sumOf(name string, outcomes []outcome) outcome {
	sum := outcome{Name: name}
	for i := range outcomes {
		sum.add(&outcomes[i])
	}
	return sum
}

// bursts draws ten hours of editing in sessions of 15 to 45 minutes, on working days between 8 and 20 o'clock.
func bursts(random *rand.Rand) []session {
	const hours = 10 * time.Hour
	var sessions []session
	for edited := time.Duration(0); edited < hours; {
		day := random.IntN(30)
		if weekday := monthBegins.AddDate(0, 0, day).Weekday(); weekday == time.Saturday || weekday == time.Sunday {
			continue
		}
		length := min(15*time.Minute+time.Duration(random.Int64N(int64(30*time.Minute))), hours-edited)
		edited += length
		sessions = append(sessions, session{
			From:   monthBegins.AddDate(0, 0, day).Add(8*time.Hour + time.Duration(random.Int64N(int64(12*time.Hour)))),
			Length: length, Pause: 40 * time.Second, Protects: true,
		})
	}
	return sessions
}

func editedIn(sessions []session) time.Duration {
	var sum time.Duration
	for _, s := range sessions {
		sum += s.Length
	}
	return sum
}

// burstsMonth is one site with ten hours a month in bursts, in a container that protects its sessions or does not.
func burstsMonth(s timing.Setup, seed uint64, protects bool) outcome {
	st := newSite(s, monthBegins, month, seed)
	sessions := bursts(st.random)
	for _, each := range sessions {
		each.Protects = protects
		st.join(each)
	}
	name := "10 h in bursts"
	if !protects {
		name += ", container that protects nothing"
	}
	return st.finish(name, s, editedIn(sessions))
}

// editorsMonth is one site with three people who edit at the same time, ten hours a month. Pinned means that the memory
// target takes the service to three tasks whenever it is used, which a Node process with much memory does.
func editorsMonth(s timing.Setup, name string, pinned bool) outcome {
	st := newSite(s, monthBegins, month, 3)
	sessions := bursts(st.random)
	for _, first := range sessions {
		for range 3 {
			each := first
			each.From = first.From.Add(time.Duration(st.random.Int64N(int64(3 * time.Minute))))
			st.join(each)
		}
		if pinned {
			st.scaleTo(3, first.From.Add(4*time.Minute))
		}
	}
	return st.finish(name, s, editedIn(sessions))
}

// tabMonth is a site with one session of half an hour on the first morning, after which its tab is forgotten, in a window
// that stays visible. Its socket is lost when the service sleeps, it reloads, and its waiting page goes on asking.
func tabMonth(s timing.Setup) outcome {
	st := newSite(s, monthBegins, month, 4)
	opens := monthBegins.Add(9 * time.Hour)
	st.join(session{From: opens, Length: 30 * time.Minute, Pause: 40 * time.Second, Protects: true})
	var ask func()
	ask = func() {
		if st.account.Request(scalertest.ToPreview) == scalertest.ToWaker {
			st.invoke(decide.Query)
		}
		st.account.After(time.Minute, ask)
	}
	var lost func()
	lost = func() {
		if st.account.Lowered() && st.account.Healthy() > 0 {
			st.account.After(time.Second, lost)
			return
		}
		ask()
	}
	st.at(opens.Add(40*time.Minute), lost)
	return st.finish("forgotten tab", s, 30*time.Minute)
}

// sitesMonth is many sites side by side, each with its own sessions.
func sitesMonth(s timing.Setup, count int) []outcome {
	outcomes := make([]outcome, count)
	sideBySide(count, func(i int) {
		outcomes[i] = burstsMonth(s, uint64(1000+i), true) //nolint:gosec // a thousand at most
	})
	return outcomes
}

// sideBySide does something for each number below count, two at a time.
func sideBySide(count int, do func(int)) {
	var workers sync.WaitGroup
	next := make(chan int)
	for range 2 {
		workers.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range count {
		next <- i
	}
	close(next)
	workers.Wait()
}

// mostAtOnce is the largest number of tasks that ran at the same time on all sites.
func mostAtOnce(outcomes []outcome) int {
	changes := map[time.Time]int{}
	for i := range outcomes {
		for _, run := range outcomes[i].Runs {
			changes[run.From]++
			changes[run.To]--
		}
	}
	most, present := 0, 0
	for _, moment := range sortedTimes(changes) {
		present += changes[moment]
		most = max(most, present)
	}
	return most
}
