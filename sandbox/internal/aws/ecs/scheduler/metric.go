package scheduler

import (
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudwatch"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
)

// MetricLag is how late this scheduler's own metrics appear, for those that others record.
func (sc *Scheduler) MetricLag() time.Duration { return sc.options.Timing.MetricLag }

// emitHealth reports the healthy and unhealthy targets of every group that has some, once a minute, as the load balancer
// does: HealthyHostCount and UnHealthyHostCount in AWS/ApplicationELB. A minute is judged by its end.
func (s *step) emitHealth(at time.Time) {
	registered := map[string]bool{}
	for _, target := range s.targets {
		registered[target.ServiceARN] = true
	}
	for arn, status := range s.statuses {
		if status.MetricsAt.IsZero() || status.MetricsAt.After(at) {
			continue
		}
		minute := status.MetricsAt.Add(-time.Minute)
		status.MetricsAt = time.Time{}
		if registered[arn] {
			s.emitMinute(arn, minute)
		}
	}
}

// awaitMetrics schedules the next report of every service with targets.
func (s *step) awaitMetrics(at time.Time) {
	for _, target := range s.targets {
		if status := s.statuses[target.ServiceARN]; status != nil && status.MetricsAt.IsZero() {
			status.MetricsAt = at.Truncate(time.Minute).Add(time.Minute)
		}
	}
}

func (s *step) emitMinute(serviceARN string, minute time.Time) {
	counts := map[string]*[2]int{} // by target group: healthy, unhealthy
	for _, target := range s.targets {
		if target.ServiceARN != serviceARN || target.State == elb.TargetUnused {
			continue
		}
		if counts[target.TargetGroupARN] == nil {
			counts[target.TargetGroupARN] = &[2]int{}
		}
		switch target.State {
		case elb.TargetHealthy:
			counts[target.TargetGroupARN][0]++
		case elb.TargetUnhealthy:
			counts[target.TargetGroupARN][1]++
		}
	}
	for arn, count := range counts {
		for _, balancer := range s.groups[arn].LoadBalancerARNs {
			_, suffix, _ := strings.Cut(balancer, ":loadbalancer/")
			for i, name := range []string{"HealthyHostCount", "UnHealthyHostCount"} {
				err := cloudwatch.Record(s.scheduler.store, cloudwatch.Sample{
					Namespace: "AWS/ApplicationELB", Name: name, At: minute, Value: float64(count[i]), Unit: "Count",
					Dimensions: map[string]string{"LoadBalancer": suffix, "TargetGroup": s.groups[arn].ARNSuffix},
					Lag:        s.scheduler.options.Timing.MetricLag,
				})
				if err != nil {
					s.faults = append(s.faults, err)
				}
			}
		}
	}
}
