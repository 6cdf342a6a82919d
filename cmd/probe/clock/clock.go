// Package clock tells service time. On AWS that is the time of the day; in a sandbox that is played faster, a minute of
// the service passes in a second of this machine's. Everything that the probe measures and waits for is service time.
package clock

import (
	"context"
	"fmt"
	"time"
)

// Clock runs Speed times as fast as the wall clock. Make one with New.
type Clock struct {
	speed float64
	start time.Time
}

// New starts a clock at the present time; a speed of 1 is the wall clock's.
func New(speed float64) *Clock { return &Clock{speed: speed, start: time.Now()} }

// Now is the service's time.
func (c *Clock) Now() time.Time {
	if c.speed == 1 {
		return time.Now()
	}
	return c.start.Add(time.Duration(float64(time.Since(c.start)) * c.speed))
}

// Sleep waits for a time of the service's, or returns the context's error.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(c.Wall(d))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Speed is how many seconds of the service pass in one of the wall clock.
func (c *Clock) Speed() float64 { return c.speed }

// Wall converts a duration of the service's to the wall clock's.
func (c *Clock) Wall(d time.Duration) time.Duration { return time.Duration(float64(d) / c.speed) }

// Text writes a duration of the service's, with the wall clock's beside it where the two differ.
func (c *Clock) Text(d time.Duration) string {
	if c.speed == 1 {
		return Short(d)
	}
	return fmt.Sprintf("%s (%s wall)", Short(d), Short(c.Wall(d)))
}

// Short writes a duration with as many digits as anybody reads: 84ms, 1.5s, 38s, 6m40s.
func Short(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	default:
		d = d.Round(time.Second)
		if d%time.Minute == 0 {
			return fmt.Sprintf("%dm", d/time.Minute)
		}
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	}
}
