package config

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// EnvClock is set in the sandbox only, where the service's time may run faster than the machine's: the same moment on
// both clocks and how many seconds of the service's time pass in one of the machine's, such as
// "2026-03-01T12:00:00Z,2026-03-08T09:30:00Z,60". AWS never sets it.
const EnvClock = "SANDBOX_CLOCK"

// MaxSpeed is the fastest that a Clock can run: beyond it the granularity of the machine's timers is minutes.
const MaxSpeed = 10_000

// Clock is the clock that the service lives by. Its zero value is the machine's.
type Clock struct {
	// Wall and Service are the same moment, on the machine's clock and on the service's.
	Wall, Service time.Time
	// Speed is how many seconds of the service's time pass in one second of the machine's.
	Speed float64
}

// ParseClock reads the form that String writes. An empty text is the machine's clock.
func ParseClock(text string) (Clock, error) {
	if text == "" {
		return Clock{}, nil
	}
	const parts = 3
	fields := strings.Split(text, ",")
	if len(fields) != parts {
		return Clock{}, fmt.Errorf("clock %q has %d parts, expected %d", text, len(fields), parts)
	}
	var c Clock
	var err error
	if c.Wall, err = time.Parse(time.RFC3339Nano, fields[0]); err != nil {
		return Clock{}, fmt.Errorf("the machine's time: %w", err)
	}
	if c.Service, err = time.Parse(time.RFC3339Nano, fields[1]); err != nil {
		return Clock{}, fmt.Errorf("the service's time: %w", err)
	}
	if c.Speed, err = strconv.ParseFloat(fields[2], 64); err != nil || !(c.Speed > 0 && c.Speed <= MaxSpeed) {
		return Clock{}, fmt.Errorf("speed %q is not a number above 0 and up to %d", fields[2], MaxSpeed)
	}
	return c, nil
}

// String is the clock as ParseClock reads it; the machine's clock is empty.
func (c Clock) String() string {
	if c.Speed == 0 {
		return ""
	}
	return c.Wall.Format(time.RFC3339Nano) + "," + c.Service.Format(time.RFC3339Nano) + "," + strconv.FormatFloat(c.Speed, 'g', -1, 64)
}

// Now is the service's present time.
func (c Clock) Now() time.Time { return c.At(time.Now()) }

// At turns a time of the machine into the service's.
func (c Clock) At(wall time.Time) time.Time {
	if c.Speed == 0 {
		return wall
	}
	return c.Service.Add(time.Duration(float64(wall.Sub(c.Wall)) * c.Speed))
}

// Wait is how long a time of the service takes on this machine.
func (c Clock) Wait(d time.Duration) time.Duration {
	if c.Speed == 0 {
		return d
	}
	return time.Duration(float64(d) / c.Speed)
}

// Sleep waits for a time of the service, or returns the context's error.
func (c Clock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(c.Wait(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait: %w", ctx.Err())
	}
}

// Context gives a context whose deadline is told in the service's time. It ends when the original does.
func (c Clock) Context(ctx context.Context) context.Context {
	if c.Speed == 0 {
		return ctx
	}
	return clockContext{ctx, c}
}

type clockContext struct {
	context.Context //nolint:containedctx // it is a context
	clock           Clock
}

// Deadline implements context.Context.
func (c clockContext) Deadline() (time.Time, bool) {
	end, ok := c.Context.Deadline()
	if !ok {
		return end, false
	}
	return c.clock.At(end), true
}
