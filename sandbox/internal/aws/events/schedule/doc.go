// Package schedule fires the account's EventBridge rules that have a schedule: it knows when a rate or cron expression is
// due, and calls the functions behind the rules.
//
// A rate is due at the multiples of its length, such as each full minute or midnight UTC; in AWS it counts from the rule's
// creation. What was missed while nothing ran is not made up for, and a failed invocation is not tried again: the next one
// comes.
package schedule
