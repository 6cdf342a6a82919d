package main

import (
	"github.com/webordinary/live-edit/cost"
	"github.com/webordinary/live-edit/infra/config/defaults"
)

const (
	// minutesPerWake is how long a task runs for one wake: a minute to start, some minutes of measuring, and the idle time
	// with its three ticks until it sleeps.
	minutesPerWake = 6 + defaults.AutoShutdownMinutes
	// Size of a task for which the help text tells the price.
	taskVCPUs, taskGB = defaults.TaskCPU / 1024., defaults.TaskMemory / 1024.
	// minutesPerSleep is the idle time with its three ticks.
	minutesPerSleep = 3 + defaults.AutoShutdownMinutes
)

// wakeCost is what so many wakes of a task with the default size cost, in US dollars. Requests, ticks and looks are
// within what Lambda gives away.
func wakeCost(wakes int) float64 {
	perHour := taskVCPUs*cost.FargateVCPU.USD + taskGB*cost.FargateGB.USD + cost.PublicIPv4.USD
	return float64(wakes) * minutesPerWake / 60 * perHour
}

// minutesPerRun is how long a run with so many wakes takes: the first with all that is measured while awake, and each sleep
// with the minute of the wake after it.
func minutesPerRun(wakes int) int { return 5 + (wakes-1)*(minutesPerSleep+1) }
