package cost

import (
	"errors"
	"fmt"

	"github.com/webordinary/live-edit/infra/config/defaults"
)

// Usage is what the deployed resources are assumed to be used for in a month.
type Usage struct {
	// Hours of editing, summed over all sessions that do not overlap.
	Hours float64
	// SessionMinutes is the length of one session; each ends with an idle tail that is billed, too.
	SessionMinutes float64
	// WakeMinutes are billed before the first answer: Fargate bills from the image pull.
	WakeMinutes float64
	// IdleMinutes after the last request until the task is gone: the configured minutes and one to three ticks.
	IdleMinutes float64
	// ImagesGB in the registry; the specification counts 10 GB for ten images.
	ImagesGB float64
	// StandardGB and InfrequentGB on the file system (specification: 10 and 90).
	StandardGB, InfrequentGB float64
	// BucketGB in the workspace bucket.
	BucketGB float64
	// LogGB written to CloudWatch Logs by container and functions.
	LogGB float64
	// LCUs is the average load in load-balancer capacity units while somebody edits; one is 25 new connections a
	// second, 3,000 open ones or 1 GB an hour.
	LCUs float64
	// TickMillis is how long one minute's tick of the scaler runs.
	TickMillis float64
	// NatGB through a NAT gateway in the variant that has one: image pulls and npm.
	NatGB float64
}

// DefaultUsage is the specification's month: ten hours, ten images, 10 GB of active and 90 GB of old workspaces.
func DefaultUsage(hours float64) Usage {
	return Usage{
		Hours: hours, SessionMinutes: 30, WakeMinutes: 1, IdleMinutes: defaults.AutoShutdownMinutes + 1.5,
		ImagesGB: 10, StandardGB: 10, InfrequentGB: 90, BucketGB: 1,
		LogGB: 0.2, LCUs: 0.1, TickMillis: 300, NatGB: 20,
	}
}

var errUsage = errors.New("usage")

// Validate refuses what cannot be.
func (u Usage) Validate() error {
	if u.Hours < 0 || u.Hours > hoursPerMonth {
		return fmt.Errorf("%w: %g hours a month, expected 0 to %d", errUsage, u.Hours, hoursPerMonth)
	}
	if u.SessionMinutes <= 0 {
		return fmt.Errorf("%w: sessions of %g minutes, expected more than 0", errUsage, u.SessionMinutes)
	}
	return nil
}

// BilledHours is how long a task runs: ten hours in sessions of 30 minutes are 20 wakes and 20 idle tails.
func (u Usage) BilledHours() float64 {
	sessions := u.Hours * 60 / u.SessionMinutes
	billed := u.Hours + sessions*(u.WakeMinutes+u.IdleMinutes)/60
	return min(billed, hoursPerMonth)
}
