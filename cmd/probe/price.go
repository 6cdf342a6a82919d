package main

import "github.com/webordinary/live-edit/cost"

const (
	// minutesPerWake is how long a task runs for one wake: a minute to start, some minutes of measuring, and the idle time
	// with its three ticks until it sleeps.
	minutesPerWake = 11
	// Size of a task (T02 §1) for which the help text tells the price.
	taskVCPUs, taskGB = 2, 4
)

// wakeCost is what so many wakes of a task with the default size cost, in US dollars. Requests, ticks and looks are
// within what Lambda gives away.
func wakeCost(wakes int) float64 {
	perHour := taskVCPUs*cost.FargateVCPU.USD + taskGB*cost.FargateGB.USD + cost.PublicIPv4.USD
	return float64(wakes) * minutesPerWake / 60 * perHour
}

// minutesPerRun is how long a run with so many wakes takes: the first with all that is measured while awake, and nine
// minutes for each sleep and the wake after it.
func minutesPerRun(wakes int) int { return 5 + (wakes-1)*9 }
