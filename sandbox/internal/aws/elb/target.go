package elb

import (
	"fmt"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Target health states (ELBv2 API reference, TargetHealth.State).
const (
	TargetInitial     = "initial"
	TargetHealthy     = "healthy"
	TargetUnhealthy   = "unhealthy"
	TargetDraining    = "draining"
	TargetUnused      = "unused"
	TargetUnavailable = "unavailable"
)

// Target is one registration in a target group.
type Target struct {
	TargetGroupARN string `json:"targetGroupArn"`
	TaskARN        string `json:"taskArn"`
	ServiceARN     string `json:"serviceArn"`
	// ID is the task's private address.
	ID               string    `json:"id"`
	Port             int       `json:"port"`
	AvailabilityZone string    `json:"availabilityZone"`
	State            string    `json:"state"`
	RegisteredAt     time.Time `json:"registeredAt"`
	// NextCheckAt is the time of the next health check; zero while none is made.
	NextCheckAt time.Time `json:"nextCheckAt,omitzero"`
	// Successes and Failures count the latest checks of the same result in a row.
	Successes int `json:"successes"`
	Failures  int `json:"failures"`
	// Failed is how the latest failed check ended.
	Failed ProbeResult `json:"failed,omitzero"`
	// DrainedAt is when a draining target is gone.
	DrainedAt time.Time `json:"drainedAt,omitzero"`
}

// Key names the registration in the account.
func (t *Target) Key() string { return fmt.Sprintf("%s|%s:%d", t.TargetGroupARN, t.ID, t.Port) }

// Targets lists the registrations of all target groups.
func Targets(store view.Store) ([]*Target, error) {
	return view.All[Target](store, view.RuntimeTarget)
}
