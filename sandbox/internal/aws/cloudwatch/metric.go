package cloudwatch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
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

// recording makes a series' change one thing: it is read, added to and written.
var recording sync.Mutex

// Record adds a measurement to its minute.
func Record(store view.Store, sample Sample) error {
	recording.Lock()
	defer recording.Unlock()
	key := SeriesKey(sample.Namespace, sample.Name, sample.Dimensions)
	series := &Series{Namespace: sample.Namespace, Name: sample.Name, Dimensions: sample.Dimensions}
	if r, ok := store.Get(view.RuntimeSeries, key); ok {
		if err := view.Decode(r.State, series); err != nil {
			return fmt.Errorf("metric %s: %w", key, err)
		}
	}
	series.add(sample)
	return view.Save(store, view.RuntimeSeries, key, series)
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
