// Package serve lets one deployed stack of the sandbox's account answer on this machine: its load balancer on two ports, its
// functions' real binaries, its schedules, and a process for every task that the service wants.
//
// The account lives by a clock that may run faster than the machine's. Everything that has a duration in AWS takes that
// long by this clock: starts, health checks, idle timeouts, metrics, schedules. What really computes (a function, a
// container, the load balancer itself) takes as long as it takes.
package serve
