// Package alb plays the traffic side of a deployed Application Load Balancer on this machine: listeners, rules by
// priority, their conditions and actions, target groups with tasks or functions behind them, stickiness, WebSockets, idle
// timeouts, and the answers that the load balancer gives by itself.
//
// Everything is read from the account at every request, so that a change takes effect at once: the scaler's
// SetRulePriorities, a deployment in another process, or somebody's hand.
//
// The rules are those of "Application Load Balancers" and "Troubleshoot your Application Load Balancers" in the Elastic
// Load Balancing user guide. Out of scope are authentication actions, rule transforms, gRPC and HTTP/2 to targets, mutual
// TLS and WAF; a rule that uses one of them answers 500 and says so in Exchange.Problem.
package alb
