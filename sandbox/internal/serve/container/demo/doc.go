// Demo is the process that stands for the container of the image when a stack is served on this machine. It keeps
// docs/container-contract.md, so that load balancer, scaler and probe meet what they will meet in AWS: the API with
// /health and the check endpoint on port 8080, a preview page on 4321, WebSockets on 4322, task protection while somebody
// works, and a session that is saved on SIGTERM. It edits nothing; its page says that it is the demo.
//
// With an argument it is one of the programs that a supervisor (container/supervisor) runs for a session, which then keeps the contract:
//
//	demo api -listen HOST:PORT
//	demo preview -listen HOST:PORT -sockets HOST:PORT
//	demo prepare     takes DEMO_PREPARE of the service's time, as clone and installation do on a new workspace
//
// Beside the contract's environment it reads:
//
//	DEMO_BOOT             how long /health says 503 before it says 200, in service time, such as 5s; default 0. Behind a supervisor, how
//	                      long the preview takes until it listens
//	DEMO_SPEED            how many times faster than the clock on the wall the service's time runs; default 1
//	DEMO_FAULT            comma-separated faults, for tests of what watches the service; see fault
//	DEMO_END_WITH_STDIN   true: end when the standard input does, so that no process outlives its parent
//
// It listens on free ports of 127.0.0.1 and tells its parent in the first line of its standard output which one stands
// for which port of the container: {"listening":{"8080":"127.0.0.1:40123",…}}. Everything after that line is its log.
package main
