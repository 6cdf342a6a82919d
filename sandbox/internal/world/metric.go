package world

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Series is one CloudWatch metric with its dimensions; its datapoints cover a minute each.
type Series struct {
	Namespace  string            `json:"namespace"`
	Name       string            `json:"name"`
	Dimensions map[string]string `json:"dimensions"`
	Points     []Point           `json:"points"` // oldest first
}

// Point is one minute of a metric.
type Point struct {
	At      time.Time `json:"at"` // the minute's start
	Sum     float64   `json:"sum"`
	Count   float64   `json:"count"`
	Minimum float64   `json:"minimum"`
	Maximum float64   `json:"maximum"`
	// VisibleAt is when CloudWatch begins to show the point.
	VisibleAt time.Time `json:"visibleAt"`
	Unit      string    `json:"unit,omitempty"`
}

// keptPoints is how long minute points are kept. CloudWatch keeps them for 15 days; nothing here looks back further.
const keptPoints = 24 * time.Hour

// SeriesKey names a series in the account.
func SeriesKey(namespace, name string, dimensions map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s/%s", namespace, name)
	for _, key := range slices.Sorted(maps.Keys(dimensions)) {
		fmt.Fprintf(&b, "|%s=%s", key, dimensions[key])
	}
	return b.String()
}

// Sample is one measurement to be recorded.
type Sample struct {
	Namespace, Name string
	Dimensions      map[string]string
	At              time.Time
	Value           float64 // the sum of Count measurements
	Count           float64 // 0 means 1
	// Minimum and Maximum of the measurements; nil means Value.
	Minimum, Maximum *float64
	Unit             string
	// Lag is the time from the end of the minute until the point shows; negative means at once.
	Lag time.Duration
}

// MetricLag is how late this world's own metrics appear, for those that others record.
func (w *World) MetricLag() time.Duration { return w.options.Timing.MetricLag }

// Record adds a measurement to its minute.
func (w *World) Record(sample Sample) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.record(sample)
}

func (w *World) record(sample Sample) error {
	key := SeriesKey(sample.Namespace, sample.Name, sample.Dimensions)
	series := &Series{Namespace: sample.Namespace, Name: sample.Name, Dimensions: sample.Dimensions}
	if r, ok := w.store.Get(view.RuntimeSeries, key); ok {
		if err := view.Decode(r.State, series); err != nil {
			return fmt.Errorf("metric %s: %w", key, err)
		}
	}
	series.add(sample)
	return view.Save(w.store, view.RuntimeSeries, key, series)
}

func (s *Series) add(sample Sample) {
	minute := sample.At.Truncate(time.Minute)
	if sample.Count == 0 {
		sample.Count = 1
	}
	low, high := sample.Value, sample.Value
	if sample.Minimum != nil {
		low = *sample.Minimum
	}
	if sample.Maximum != nil {
		high = *sample.Maximum
	}
	point := Point{At: minute, Sum: sample.Value, Count: sample.Count, Minimum: low, Maximum: high, Unit: sample.Unit}
	point.VisibleAt = minute.Add(time.Minute + sample.Lag)
	if sample.Lag < 0 {
		point.VisibleAt = sample.At
	}
	i, found := slices.BinarySearchFunc(s.Points, minute, func(p Point, at time.Time) int { return p.At.Compare(at) })
	if !found {
		s.Points = slices.Insert(s.Points, i, point)
	} else {
		have := &s.Points[i]
		have.Sum, have.Count = have.Sum+point.Sum, have.Count+point.Count
		have.Minimum, have.Maximum = min(have.Minimum, low), max(have.Maximum, high)
	}
	oldest := s.Points[len(s.Points)-1].At.Add(-keptPoints)
	s.Points = slices.DeleteFunc(s.Points, func(p Point) bool { return p.At.Before(oldest) })
}

// Visible returns the points of [from, to) that CloudWatch shows at a time.
func (s *Series) Visible(from, to, at time.Time) []Point {
	var out []Point
	for _, point := range s.Points {
		if !point.At.Before(from) && point.At.Before(to) && !point.VisibleAt.After(at) {
			out = append(out, point)
		}
	}
	return out
}

// FindSeries returns a series; ok is false when nothing was ever recorded for it.
func FindSeries(store view.Store, namespace, name string, dimensions map[string]string) (series *Series, ok bool, err error) {
	r, ok := store.Get(view.RuntimeSeries, SeriesKey(namespace, name, dimensions))
	if !ok {
		return nil, false, nil
	}
	series = &Series{}
	if err := view.Decode(r.State, series); err != nil {
		return nil, false, fmt.Errorf("metric %s: %w", r.ID, err)
	}
	return series, true, nil
}

// RecordRequests counts requests that the load balancer sent to a target group: RequestCount in AWS/ApplicationELB, per
// load balancer and per load balancer with target group. Nothing is emitted for a quiet minute, as in AWS, and a
// WebSocket counts once, when it is opened.
func (w *World) RecordRequests(at time.Time, targetGroupARN string, requests int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	groups, err := TargetGroups(w.store)
	if err != nil {
		return fmt.Errorf("record requests: %w", err)
	}
	group := groups[targetGroupARN]
	if group == nil || !group.used() {
		return fmt.Errorf("record requests: target group %s does not exist or no listener forwards to it", targetGroupARN)
	}
	for _, balancer := range group.LoadBalancerARNs {
		_, suffix, _ := strings.Cut(balancer, ":loadbalancer/")
		sample := Sample{
			Namespace: "AWS/ApplicationELB", Name: "RequestCount", At: at, Value: float64(requests), Count: float64(requests),
			Dimensions: map[string]string{"LoadBalancer": suffix}, Unit: "Count", Lag: w.options.Timing.MetricLag,
		}
		if err := w.record(sample); err != nil {
			return err
		}
		sample.Dimensions = map[string]string{"LoadBalancer": suffix, "TargetGroup": group.ARNSuffix}
		if err := w.record(sample); err != nil {
			return err
		}
	}
	return nil
}

// emitHealth reports the healthy and unhealthy targets of every group that has some, once a minute, as the load balancer
// does: HealthyHostCount and UnHealthyHostCount in AWS/ApplicationELB. A minute is judged by its end.
func (s *scene) emitHealth(at time.Time) {
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
func (s *scene) awaitMetrics(at time.Time) {
	for _, target := range s.targets {
		if status := s.statuses[target.ServiceARN]; status != nil && status.MetricsAt.IsZero() {
			status.MetricsAt = at.Truncate(time.Minute).Add(time.Minute)
		}
	}
}

func (s *scene) emitMinute(serviceARN string, minute time.Time) {
	counts := map[string]*[2]int{} // by target group: healthy, unhealthy
	for _, target := range s.targets {
		if target.ServiceARN != serviceARN || target.State == TargetUnused {
			continue
		}
		if counts[target.TargetGroupARN] == nil {
			counts[target.TargetGroupARN] = &[2]int{}
		}
		switch target.State {
		case TargetHealthy:
			counts[target.TargetGroupARN][0]++
		case TargetUnhealthy:
			counts[target.TargetGroupARN][1]++
		}
	}
	for arn, count := range counts {
		for _, balancer := range s.groups[arn].LoadBalancerARNs {
			_, suffix, _ := strings.Cut(balancer, ":loadbalancer/")
			for i, name := range []string{"HealthyHostCount", "UnHealthyHostCount"} {
				err := s.world.record(Sample{
					Namespace: "AWS/ApplicationELB", Name: name, At: minute, Value: float64(count[i]), Unit: "Count",
					Dimensions: map[string]string{"LoadBalancer": suffix, "TargetGroup": s.groups[arn].ARNSuffix},
					Lag:        s.world.options.Timing.MetricLag,
				})
				if err != nil {
					s.faults = append(s.faults, err)
				}
			}
		}
	}
}
