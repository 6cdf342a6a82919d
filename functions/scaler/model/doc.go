// Package model holds the model test of the scaler: its real code, from the event to the AWS calls, in a simulated
// account where everything that can go wrong does, in virtual time.
package model
