// Package awstest is a deployed stack for the tests of the sandbox's services: its resources in a store without a journal, what
// happens to it by itself, and its AWS APIs, at a time that the test sets.
package awstest
