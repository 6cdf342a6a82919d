// Package scheduler simulates what happens in the account by itself: ECS starting and stopping the tasks of a service, the
// load balancer checking their health, metrics appearing late in CloudWatch. Its facts live in the account beside the
// deployed resources, as resources of "runtime:..." types, so that the API front, a local load balancer and tests all see
// the same account.
//
// Time is passed in: Step(now) plays everything that was due up to now in its proper order and at its proper time, so a
// test may leap over hours in microseconds and a server may call it a few times a second. Nothing runs in between.
//
// The rules are those of the Amazon ECS Developer Guide and the Elastic Load Balancing User Guide; where they are
// silent, an Option says so and defaults to the side that is worse for the program under test.
package scheduler
