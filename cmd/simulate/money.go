package main

import (
	"slices"
	"time"

	"github.com/webordinary/live-edit/cost"

	"github.com/webordinary/live-edit/cmd/simulate/timing"
)

// dollars of a month.
type dollars struct{ Tasks, Scaler float64 }

func (d dollars) total() float64 { return d.Tasks + d.Scaler }

const (
	// functionGB and runSeconds of an invocation; memory as deployed, time as measured in the sandbox with AWS's latency.
	functionGB = 0.25
	runSeconds = 0.15
	// metricPrice of GetMetricData (aws.amazon.com/cloudwatch/pricing).
	metricPrice = 0.01 / 1000
	// loadBalancerRules of one load balancer; a site has four.
	loadBalancerRules = 100
	siteRules         = 4
)

// priceOf prices tasks and scaler at list prices, without any free allowance: a thousand sites share one.
func priceOf(s timing.Setup, t *tally) dollars {
	memoryGB := 2 * s.CPU
	hours := t.Billed.Hours()
	invocations := float64(t.Invocations)
	seconds := invocations*runSeconds + t.Held.Seconds()
	return dollars{
		Tasks: hours * (s.CPU*cost.FargateVCPU.USD + memoryGB*cost.FargateGB.USD + cost.PublicIPv4.USD),
		Scaler: invocations*cost.FunctionRequest.USD + seconds*functionGB*cost.FunctionGBs.USD +
			float64(t.Metrics)*metricPrice,
	}
}

// percentile of sorted durations.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

func sorted(durations []time.Duration) []time.Duration {
	out := slices.Clone(durations)
	slices.Sort(out)
	return out
}

func sortedTimes(m map[time.Time]int) []time.Time {
	times := make([]time.Time, 0, len(m))
	for t := range m {
		times = append(times, t)
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}
