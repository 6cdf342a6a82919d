package main

import (
	"time"

	"github.com/webordinary/live-edit/cmd/simulate/timing"
)

// session is somebody editing: they open the preview, then send requests until they leave.
type session struct {
	From   time.Time
	Length time.Duration
	// Pause is the mean time between two requests.
	Pause time.Duration
	// Protects says that the container protects its task while the session is at work.
	Protects bool
}

const (
	// protection and its renewal, as the container contract asks for.
	protection = 3 * time.Minute
	renewal    = time.Minute
	// longestPause of somebody at work.
	longestPause = 4 * time.Minute
)

// join schedules a session.
func (st *site) join(s session) {
	st.at(s.From, func() {
		v := &visit{site: st, began: st.account.Now()}
		st.Arrivals++
		st.used()
		v.served = func(waited time.Duration) {
			st.Opened = append(st.Opened, waited)
			if !v.asleep {
				st.Warm++
			}
			leaves := st.account.Now().Add(s.Length)
			st.work(s, leaves)
			if s.Protects {
				st.protect(leaves)
			}
		}
		v.open()
	})
}

// work sends one request after the other.
func (st *site) work(s session, leaves time.Time) {
	pause := min(time.Duration(st.random.ExpFloat64()*float64(s.Pause)), longestPause)
	next := st.account.Now().Add(pause)
	if next.After(leaves) {
		return
	}
	st.at(next, func() {
		v := &visit{site: st, began: st.account.Now(), served: func(time.Duration) { st.work(s, leaves) }}
		if st.random.IntN(3) == 0 {
			v.open()
		} else {
			v.call()
		}
	})
}

// protect renews the running tasks' protection while somebody works.
func (st *site) protect(leaves time.Time) {
	if now := st.account.Now(); now.Before(leaves) {
		st.account.Protect(now.Add(protection))
		st.account.After(renewal, func() { st.protect(leaves) })
	}
}

// scaleTo is the autoscaler's part while sessions are at work: it sets the count, if anything runs at all.
func (st *site) scaleTo(count int, at time.Time) {
	st.at(at, func() {
		if st.account.Desired() > 0 {
			st.account.SetDesired(count, false)
		}
	})
}

// aWakeOf measures one wake of a fresh site by a page or an API call; served is false if it was given up.
func aWakeOf(s timing.Setup, byCall bool, seed uint64) (waited time.Duration, served bool) {
	began := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	st := newSite(s, began, 20*time.Minute, seed)
	v := &visit{site: st, served: func(d time.Duration) { waited, served = d, true }}
	st.at(began.Add(time.Duration(st.random.Int64N(int64(time.Minute)))), func() {
		v.began = st.account.Now()
		if byCall {
			v.call()
		} else {
			v.open()
		}
	})
	st.play()
	return waited, served
}
