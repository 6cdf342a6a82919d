package report

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Verdict is what a criterion comes to.
type Verdict string

// The verdicts.
const (
	Pass        Verdict = "pass"
	Fail        Verdict = "fail"
	NotMeasured Verdict = "not measured"
)

// Fault is one thing that is wrong: what was asked, what came back, and what to do about it.
type Fault struct {
	Asked string `json:"asked"`
	Came  string `json:"came"`
	Do    string `json:"do"`
	// Symptom is the row of docs/troubleshooting.md that leads on; empty where none does.
	Symptom Symptom `json:"symptom,omitempty"`
}

func (f *Fault) String() string {
	text := fmt.Sprintf("asked %s; came %s; do: %s", f.Asked, f.Came, f.Do)
	if f.Symptom != "" {
		text += fmt.Sprintf(" (docs/troubleshooting.md, %q)", f.Symptom)
	}
	return text
}

// Result is one row of the table.
type Result struct {
	Criterion
	Measured string  `json:"measured"`
	Verdict  Verdict `json:"verdict"`
	// Accepted says that a failure is known and does not fail the run.
	Accepted bool    `json:"accepted,omitempty"`
	Faults   []Fault `json:"faults,omitempty"`
	// Reason says why nothing was measured.
	Reason string `json:"reason,omitempty"`
	// missed says that the measurement was asked for and did not come about.
	missed bool
}

// Stage is when a wake was first seen in a stage, counted from its beginning.
type Stage struct {
	Name string        `json:"stage"`
	At   time.Duration `json:"-"`
}

// Wake is one wake from zero.
type Wake struct {
	// Took is from the request that woke the service to the container's first answer.
	Took   time.Duration `json:"-"`
	Stages []Stage       `json:"-"`
}

// Book collects findings while the probe runs. It is safe for concurrent use.
type Book struct {
	mu       sync.Mutex
	criteria []Criterion
	results  map[string]*Result
	wakes    []Wake
}

// NewBook opens a book for these criteria.
func NewBook(criteria []Criterion) *Book {
	return &Book{criteria: criteria, results: map[string]*Result{}}
}

func (b *Book) note(id string, note func(*Result)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.ContainsFunc(b.criteria, func(c Criterion) bool { return c.ID == id }) {
		panic("unknown criterion " + id)
	}
	result := b.results[id]
	if result == nil {
		result = &Result{Verdict: NotMeasured}
		b.results[id] = result
	}
	note(result)
}

// Pass records a measurement that meets its limit. Several about one criterion add up; one failure fails it.
func (b *Book) Pass(id, measured string) {
	b.note(id, func(r *Result) {
		r.add(measured)
		if r.Verdict == NotMeasured {
			r.Verdict = Pass
		}
	})
}

// Fail records a measurement that does not.
func (b *Book) Fail(id, measured string, faults ...Fault) {
	b.note(id, func(r *Result) {
		r.add(measured)
		r.Verdict, r.Faults = Fail, append(r.Faults, faults...)
	})
}

// Measured records Pass without faults, Fail with some.
func (b *Book) Measured(id, measured string, faults ...Fault) {
	if len(faults) == 0 {
		b.Pass(id, measured)
		return
	}
	b.Fail(id, measured, faults...)
}

func (r *Result) add(measured string) {
	switch {
	case measured == "" || strings.Contains(r.Measured, measured):
	case r.Measured == "":
		r.Measured = measured
	default:
		r.Measured += "; " + measured
	}
}

// Missed records that something could not be measured although it was asked for.
func (b *Book) Missed(id, reason string) { b.unmeasured(id, reason, missed) }

// Left records that something was not asked for.
func (b *Book) Left(id, reason string) { b.unmeasured(id, reason, left) }

type absence int

const (
	left absence = iota
	missed
)

func (b *Book) unmeasured(id, reason string, why absence) {
	b.note(id, func(r *Result) {
		if r.Verdict != NotMeasured || r.Reason != "" {
			return // what was measured stands, and the first reason is the cause of the others
		}
		r.Reason, r.missed = reason, why == missed
	})
}

// Failed says whether a criterion has failed so far.
func (b *Book) Failed(id string) bool { return b.verdict(id) == Fail }

// Open says whether nothing is known about a criterion yet.
func (b *Book) Open(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.results[id] == nil
}

func (b *Book) verdict(id string) Verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.results[id]; r != nil {
		return r.Verdict
	}
	return NotMeasured
}

// AddWake keeps one wake's times.
func (b *Book) AddWake(w Wake) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wakes = append(b.wakes, w)
}

// Wakes are those so far.
func (b *Book) Wakes() []Wake {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.wakes)
}

// Results lists a row for every criterion. Failures of accepted criteria are marked; what nothing is known about gets
// the reason given.
func (b *Book) Results(accepted []string, unknown string) []Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	rows := make([]Result, 0, len(b.criteria))
	for _, c := range b.criteria {
		row := Result{Verdict: NotMeasured, Reason: unknown, missed: true}
		switch found := b.results[c.ID]; {
		case found != nil:
			row = *found
		case c.elsewhere != "":
			row.Reason, row.missed = c.elsewhere, false
		}
		row.Criterion = c
		row.Accepted = row.Verdict == Fail && slices.Contains(accepted, c.ID)
		rows = append(rows, row)
	}
	return rows
}
