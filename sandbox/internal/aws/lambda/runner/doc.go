// Package runner runs the account's Lambda functions on this machine: it builds a function's real source for this
// machine, starts the real binary behind a local Lambda Runtime API (version 2018-06-01), and gives it the environment,
// timeout, concurrency and role that the function has in the account, with AWS_ENDPOINT_URL pointing at the sandbox's
// own API front. So the function's AWS calls are authorised by the role that the stack deployed.
//
// What Lambda refuses is refused here: a role that Lambda may not assume, a caller without lambda:InvokeFunction, more
// runs than the reserved concurrency, a file system that may not be mounted, a payload over the limit. A function that
// takes longer than its timeout is killed and reported as Lambda reports it.
//
// The package also translates between HTTP and the events of an Application Load Balancer, and makes scheduled events.
package runner
