// Package decide says what to do about the live editor's service: wake it, keep it, drain it, put it to sleep.
//
// [Policy.Decide] is a pure function from observed facts, an event's intent and a time to a [Plan]. It remembers nothing;
// what has to outlive a call is kept where it also takes effect: in the priority of the waker's listener rule. That one
// number says where requests go, what is wanted, and since which minute (see [Layout]), and one SetRulePriorities call
// changes all three at once. So a lost call, a call made twice, a crash between two steps and calls side by side all
// leave a state from which the next call carries on.
//
//	          asked for              api and preview healthy
//	Asleep ─────────────▶ Waking ──────────────────────────────▶ Awake
//	  ▲                     ▲  │ gave up                           │  │ no healthy target, or count 0
//	  │                     └──┼──────────────────────────────────┼──┘
//	  │◀───────────────────────┘                                  │ quiet and unprotected
//	  │  still quiet, unprotected, and the metrics have caught up ▼
//	  └───────────────────────────────────────────────────── Draining ──▶ back to Awake at the first request
//
// The waker is above the service's own rules in Asleep, Waking and Draining, and below them in Awake. Draining is the
// answer to CloudWatch's delay: a request counts as seen only minutes after it was made, so before the count goes to zero
// the waker stands in front of the service for as long as a datapoint may be late. Requests made before that are in the
// metrics by then; requests made since were answered by the waker, which cancelled the drain.
package decide
