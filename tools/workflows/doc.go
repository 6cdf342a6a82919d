// Package workflows holds the tests of the GitHub workflows: rules that every workflow keeps, and runs of their scripts with
// stand-ins for the commands that reach outside.
package workflows
