package serve

import (
	"fmt"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/config"
	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudwatch"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// newClock begins at the present, but after everything that the account remembers: time that ran fast in an earlier
// session must not run backwards.
func newClock(store view.Store, speed float64) (config.Clock, error) {
	wall := time.Now().Round(0).UTC() // without the monotonic reading, as the functions see it
	latest, err := latestFact(store)
	if err != nil {
		return config.Clock{}, fmt.Errorf("find the account's time: %w", err)
	}
	start := wall
	if latest.After(start) {
		start = latest.UTC()
	}
	return config.Clock{Wall: wall, Service: start, Speed: speed}, nil
}

// latestFact is the latest time that the scheduler has left in the account.
func latestFact(store view.Store) (time.Time, error) {
	var latest time.Time
	consider := func(times ...time.Time) {
		for _, at := range times {
			if at.After(latest) {
				latest = at
			}
		}
	}
	tasks, err := scheduler.Tasks(store)
	if err != nil {
		return latest, err
	}
	for _, task := range tasks {
		consider(task.CreatedAt, task.StartedAt, task.StoppingAt, task.StoppedAt)
	}
	for _, r := range store.List(view.RuntimeSeries) {
		var series cloudwatch.Series
		if err := view.Decode(r.State, &series); err != nil {
			return latest, fmt.Errorf("metric %s: %w", r.ID, err)
		}
		if n := len(series.Points); n > 0 {
			consider(series.Points[n-1].VisibleAt)
		}
	}
	for _, r := range store.List(view.RuntimeServiceStatus) {
		var status scheduler.ServiceStatus
		if err := view.Decode(r.State, &status); err != nil {
			return latest, fmt.Errorf("service %s: %w", r.ID, err)
		}
		for _, event := range status.Events {
			consider(event.CreatedAt)
		}
	}
	return latest, nil
}

// forgetTasks removes the tasks of an earlier session, whose processes ended with it.
func forgetTasks(store view.Store) error {
	for _, typ := range []string{view.RuntimeTask, view.RuntimeTarget} {
		for _, r := range store.List(typ) {
			if err := store.Remove(typ, r.ID); err != nil {
				return fmt.Errorf("forget %s of an earlier session: %w", r.ID, err)
			}
		}
	}
	return nil
}
