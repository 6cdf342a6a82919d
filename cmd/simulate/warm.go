package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/webordinary/live-edit/cmd/simulate/timing"
	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

// warmSites is how many sites a row of this file's tables is the mean of.
const warmSites = 5

// habit is how somebody's ten hours of editing lie in a month.
type habit struct {
	Name     string
	sessions func(*rand.Rand) []session
}

var habits = []habit{{"sessions of half an hour at any time", bursts}, {"days of six short visits", returning}}

// returning draws eight working days on which somebody comes six times for 12.5 minutes, half an hour apart on average.
func returning(random *rand.Rand) []session {
	const days, visits, length, apart = 8, 6, 12*time.Minute + 30*time.Second, 30 * time.Minute
	var sessions []session
	for _, day := range random.Perm(20)[:days] {
		at := monthBegins.AddDate(0, 0, 1+day/5*7+day%5).Add(8*time.Hour + time.Duration(random.Int64N(int64(2*time.Hour)))) // a working day
		for range visits {
			sessions = append(sessions, session{From: at, Length: length, Pause: 40 * time.Second, Protects: true})
			at = at.Add(length + time.Duration(random.ExpFloat64()*float64(apart)))
		}
	}
	return sessions
}

// warmRow is the mean month of some sites.
type warmRow struct {
	Habit   string
	Idle    time.Duration
	Intents int     // sign-ins a month after which nobody edits; -1 without waking on intent
	Cap     float64 // hours a month that wakes on intent may cost in vain; negative for no cap

	sessions func(*rand.Rand) []session
	sum      outcome
}

// warmMonths plays each row's sites.
func warmMonths(rows []warmRow) []warmRow {
	outcomes := make([]outcome, len(rows)*warmSites)
	sideBySide(len(outcomes), func(i int) {
		row := &rows[i/warmSites]
		s := timing.Specified
		s.Idle = row.Idle
		st := newSite(s, monthBegins, month, uint64(5000+i%warmSites))
		work := row.sessions(st.random)
		for _, each := range work {
			st.join(each)
		}
		if row.Intents >= 0 {
			st.intend(work, row)
		}
		outcomes[i] = st.finish(row.Habit, s, editedIn(work))
	})
	for i := range outcomes {
		rows[i/warmSites].sum.add(&outcomes[i])
	}
	return rows
}

// byIdle compares idle times.
func byIdle() []warmRow {
	var rows []warmRow
	for _, h := range habits {
		for _, minutes := range []time.Duration{5, 10, 20, 30} {
			rows = append(rows, warmRow{Habit: h.Name, Idle: minutes * time.Minute, Intents: -1, sessions: h.sessions})
		}
	}
	return warmMonths(rows)
}

// byIntent compares caps for waking on intent, by how many sign-ins are in vain.
func byIntent() []warmRow {
	idle := timing.Specified.Idle
	rows := []warmRow{
		{Habit: "none", Idle: idle, Intents: -1, sessions: bursts}, {Habit: "at sign-in", Idle: idle, Cap: -1, sessions: bursts},
	}
	for _, vain := range []int{20, 60, 200} {
		for _, most := range []float64{-1, 5, 2} {
			rows = append(rows, warmRow{Habit: "at sign-in", Idle: idle, Intents: vain, Cap: most, sessions: bursts})
		}
	}
	return warmMonths(rows)
}

// signsIn is how long before the editor is opened somebody signs in. Assumed.
var signsIn = scalertest.Range{Least: 20 * time.Second, Most: 90 * time.Second}

// inVainMost is what a wake that nobody uses may run, beyond the idle time: the wake itself, the drain and late metrics, which set the
// pace of idle times below the usual one.
const inVainMost = 6 * time.Minute

// intents is the budget of waking on intent.
type intents struct {
	most, spent, reserved time.Duration
	capped                bool
	// waking is set while a task runs that an intent began and nobody has used yet.
	waking bool
}

// intend wakes the service when somebody signs in: before each session, and as often in vain.
func (st *site) intend(work []session, row *warmRow) {
	st.intents = intents{most: time.Duration(row.Cap * float64(time.Hour)), capped: row.Cap >= 0}
	for i := range work {
		if at := work[i].From.Add(-signsIn.Draw(st.random)); at.After(monthBegins) {
			st.at(at, st.signIn)
		}
	}
	for range row.Intents {
		day := time.Duration(st.random.IntN(30)) * 24 * time.Hour
		st.at(monthBegins.Add(day+8*time.Hour+time.Duration(st.random.Int64N(int64(12*time.Hour)))), st.signIn)
	}
}

// signIn wakes a service that is asleep, if a wake in vain still has room in the month's budget: what it may cost at most is
// reserved until it is known what it has cost.
func (st *site) signIn() {
	worst := max(st.policy.Idle, timing.Specified.Idle) + inVainMost
	in := &st.intents
	if !st.account.Idle() || in.capped && in.spent+in.reserved+worst > in.most {
		return
	}
	in.reserved, in.waking = in.reserved+worst, true
	st.invoke(decide.Ask)
}

// used ends the doubt whether an intent's wake is in vain.
func (st *site) used() {
	if st.intents.waking {
		st.intents.waking = false
		st.intents.reserved = 0
	}
}

// ended settles a task's cost with the budget.
func (st *site) ended(billed time.Duration) {
	if in := &st.intents; in.waking {
		in.waking, in.reserved = false, 0
		in.spent += billed
		st.InVain += billed
	}
}

func idleTable(rows []warmRow) string {
	var b strings.Builder
	b.WriteString("| Ten hours a month as | Idle minutes | Arrivals meeting a warm service | p50 of arrivals | p95 | Task hours | Tasks |\n" +
		"|" + strings.Repeat("---|", 7) + "\n")
	for i := range rows {
		r := &rows[i]
		opened := sorted(r.sum.Opened)
		fmt.Fprintf(&b, "| %s | %d | %.0f %% | %s | %s | %.1f h | $%.2f |\n", r.Habit, int(r.Idle.Minutes()), r.warm(),
			inSeconds(opened, 0.5), inSeconds(opened, 0.95), r.sum.Billed.Hours()/warmSites, r.sum.Dollars.Tasks/warmSites)
	}
	return b.String()
}

// warm is the share of arrivals, in percent, that met a service which was up.
func (r *warmRow) warm() float64 { return 100 * float64(r.sum.Warm) / float64(max(1, r.sum.Arrivals)) }

func intentTable(rows []warmRow) string {
	var b strings.Builder
	b.WriteString("| Waking on intent | Sign-ins in vain a month | Cap | p50 of arrivals | p95 | In vain | Task hours | Tasks |\n" +
		"|" + strings.Repeat("---|", 8) + "\n")
	for i := range rows {
		r := &rows[i]
		vain, most := fmt.Sprint(r.Intents), "none"
		switch {
		case r.Intents < 0:
			vain, most = "–", "–"
		case r.Cap >= 0:
			most = fmt.Sprintf("%g h", r.Cap)
		}
		opened := sorted(r.sum.Opened)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %.1f h | %.1f h | $%.2f |\n", r.Habit, vain, most, inSeconds(opened, 0.5),
			inSeconds(opened, 0.95), r.sum.InVain.Hours()/warmSites, r.sum.Billed.Hours()/warmSites, r.sum.Dollars.Tasks/warmSites)
	}
	return b.String()
}

// clientsMonth is three clients of one stack, each with a service of its own: at the same hours, or each at their own.
func clientsMonth(s timing.Setup, name string, together bool) (sum outcome, most int) {
	outcomes := make([]outcome, 3)
	for i := range outcomes {
		seed := uint64(700)
		if !together {
			seed += uint64(i)
		}
		st := newSite(s, monthBegins, month, seed)
		sessions := bursts(st.random)
		own := rand.New(rand.NewPCG(uint64(i), 0xc11e)) //nolint:gosec // a simulation wants repeatable chance
		for _, each := range sessions {
			each.From = each.From.Add(time.Duration(own.Int64N(int64(3 * time.Minute))))
			st.join(each)
		}
		outcomes[i] = st.finish(name, s, editedIn(sessions))
	}
	return sumOf(name, outcomes), mostAtOnce(outcomes)
}

// clientsRow is three clients' month.
type clientsRow struct {
	outcome
	Most int
}

func byClients() []clientsRow {
	var rows []clientsRow
	for _, c := range []struct {
		name     string
		together bool
	}{{"at the same hours", true}, {"each at their own", false}} {
		sum, most := clientsMonth(timing.Specified, c.name, c.together)
		rows = append(rows, clientsRow{sum, most})
	}
	return rows
}

func clientsTable(rows []clientsRow) string {
	var b strings.Builder
	b.WriteString("| Three clients, ten hours each | Wakes | p50 | p95 | Tasks at once | vCPU at once | Task hours | Tasks | Scalers |\n" +
		"|" + strings.Repeat("---|", 9) + "\n")
	for i := range rows {
		r := &rows[i]
		waits := sorted(r.Wakes)
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %d | %g | %.1f h | $%.2f | $%.2f |\n", r.Name, len(waits), inSeconds(waits, 0.5),
			inSeconds(waits, 0.95), r.Most, float64(r.Most)*timing.Specified.CPU, r.Billed.Hours(), r.Dollars.Tasks, r.Dollars.Scaler)
	}
	return b.String()
}
