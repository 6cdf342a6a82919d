package sandboxtest

import (
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/world"
)

// What an account does by itself.
type (
	// World lets an account's time pass.
	World = world.World
	// WorldOptions say how fast and how kind it is.
	WorldOptions = world.Options
	// Timing says how long the steps of a task's life take.
	Timing = world.Timing
	// Task is one run of a task definition.
	Task = world.Task
	// Target is one registration in a target group.
	Target = world.Target
	// Sample is one measurement for CloudWatch.
	Sample = world.Sample
	// Mount is an attempt to mount a file system.
	Mount = world.Mount
	// Distribution is a CloudFront distribution that another stack owns.
	Distribution = world.Distribution
	// Store is what all of this needs of an account.
	Store = view.Store
)

// TargetHealthy is a healthy target's state, and TypeImage the type of the images in the registry.
const (
	TargetHealthy = world.TargetHealthy
	TypeImage     = view.RuntimeImage
)

// NewWorld returns a world over an account.
func NewWorld(store Store, o WorldOptions) *World { return world.New(store, o) }

// Tasks lists the tasks, oldest first.
func Tasks(store Store) ([]*Task, error) { return world.Tasks(store) }

// Targets lists the registrations of all target groups.
func Targets(store Store) ([]*Target, error) { return world.Targets(store) }

// ZoneOf gives the availability zone of a subnet.
func ZoneOf(store Store, subnet string) string { return world.ZoneOf(store, subnet) }

// PutSecret gives a secret a value out of band.
func PutSecret(store Store, secretARN, value string, now time.Time) error {
	return world.PutSecret(store, secretARN, value, now)
}

// PutDistribution creates a distribution with a DistributionConfig document, or overwrites it.
func PutDistribution(store Store, id, config string, now time.Time) (*Distribution, error) {
	return world.PutDistribution(store, id, config, now)
}

// FindDistribution returns a distribution; ok is false when there is none of that ID.
func FindDistribution(store Store, id string) (d *Distribution, ok bool, err error) {
	return world.FindDistribution(store, id)
}

// EditDistribution changes a distribution's configuration as another writer would.
func EditDistribution(store Store, id string, now time.Time, edit func(config string) string) error {
	return world.EditDistribution(store, id, now, edit)
}
