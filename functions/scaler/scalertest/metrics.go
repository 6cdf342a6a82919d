package scalertest

import (
	"math/rand/v2"
	"time"
)

// point is one minute of a metric.
type point struct {
	minute  time.Time
	value   float64
	visible time.Time
}

// series is a metric; only minutes that were reported exist.
type series struct{ points []point }

// keepPoints bounds a series: half a day of minutes is more than anybody reads.
const keepPoints = 720

// at finds or adds the point of the present minute.
func (s *series) at(w *Account) *point {
	minute := w.now.Truncate(time.Minute)
	if n := len(s.points); n > 0 && s.points[n-1].minute.Equal(minute) {
		return &s.points[n-1]
	}
	if len(s.points) >= keepPoints {
		s.points = append(s.points[:0], s.points[keepPoints/2:]...)
	}
	s.points = append(s.points, point{minute: minute, visible: minute.Add(time.Minute + w.lagOf(minute))})
	return &s.points[len(s.points)-1]
}

// lagOf is how late a minute's datapoints are: all metrics of a minute come together, each minute for itself, so a later
// one may overtake an earlier one. Every other lag is the least or the most there is, where mistakes show.
func (w *Account) lagOf(minute time.Time) time.Duration {
	random := rand.New(rand.NewPCG(w.seed, uint64(minute.Unix()))) //nolint:gosec // a simulation wants repeatable chance
	switch random.IntN(4) {
	case 0:
		return w.timing.MetricLag.Least
	case 1:
		return w.timing.MetricLag.Most
	default:
		return w.timing.MetricLag.Draw(random)
	}
}

func (s *series) add(w *Account, n float64) { s.at(w).value += n }

func (s *series) maximum(w *Account, n float64) {
	p := s.at(w)
	p.value = max(p.value, n)
}

// countHosts reports HealthyHostCount, which exists for every minute in which a target is registered.
func (w *Account) countHosts() {
	for _, t := range w.tasks {
		if t.registered {
			w.hosts.maximum(w, float64(w.Healthy()))
			return
		}
	}
}

// StallMetrics keeps datapoints that would appear from now on back for a while, of all metrics alike.
func (w *Account) StallMetrics(d time.Duration) {
	w.stalledFrom, w.stalledUntil = w.now, w.now.Add(d)
}

// shown are the points of a window that CloudWatch shows at the moment.
func (s *series) shown(w *Account, from time.Time) []point {
	var shown []point
	for _, p := range s.points {
		visible := p.visible
		if !visible.Before(w.stalledFrom) && visible.Before(w.stalledUntil) {
			visible = w.stalledUntil
		}
		if !p.minute.Before(from) && !visible.After(w.now) {
			shown = append(shown, p)
		}
	}
	return shown
}
