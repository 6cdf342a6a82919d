package sandboxtest

import (
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront"
	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudwatch"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ec2"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/efs"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/secrets"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// What an account does by itself.
type (
	// Scheduler lets what an account does by itself happen.
	Scheduler = scheduler.Scheduler
	// SchedulerOptions say how fast and how kind it is.
	SchedulerOptions = scheduler.Options
	// Timing says how long the steps of a task's life take.
	Timing = scheduler.Timing
	// Task is one run of a task definition.
	Task = scheduler.Task
	// Target is one registration in a target group.
	Target = elb.Target
	// Sample is one measurement for CloudWatch.
	Sample = cloudwatch.Sample
	// Mount is an attempt to mount a file system.
	Mount = efs.Mount
	// Distribution is a CloudFront distribution that another stack owns.
	Distribution = cloudfront.Distribution
	// Store is what all of this needs of an account.
	Store = view.Store
)

// TargetHealthy is a healthy target's state, and TypeImage the type of the images in the registry.
const (
	TargetHealthy = elb.TargetHealthy
	TypeImage     = view.RuntimeImage
)

// NewScheduler returns the scheduler of an account.
func NewScheduler(store Store, o SchedulerOptions) *Scheduler { return scheduler.New(store, o) }

// Tasks lists the tasks, oldest first.
func Tasks(store Store) ([]*Task, error) { return scheduler.Tasks(store) }

// Targets lists the registrations of all target groups.
func Targets(store Store) ([]*Target, error) { return elb.Targets(store) }

// ZoneOf gives the availability zone of a subnet.
func ZoneOf(store Store, subnet string) string { return ec2.ZoneOf(store, subnet) }

// PutSecret gives a secret a value out of band.
func PutSecret(store Store, secretARN, value string, now time.Time) error {
	return secrets.PutSecret(store, secretARN, value, now)
}

// PutDistribution creates a distribution with a DistributionConfig document, or overwrites it.
func PutDistribution(store Store, id, config string, now time.Time) (*Distribution, error) {
	return cloudfront.PutDistribution(store, id, config, now)
}

// FindDistribution returns a distribution; ok is false when there is none of that ID.
func FindDistribution(store Store, id string) (d *Distribution, ok bool, err error) {
	return cloudfront.FindDistribution(store, id)
}

// EditDistribution changes a distribution's configuration as another writer would.
func EditDistribution(store Store, id string, now time.Time, edit func(config string) string) error {
	return cloudfront.EditDistribution(store, id, now, edit)
}

// Record adds a measurement to CloudWatch's series.
func Record(store Store, sample Sample) error { return cloudwatch.Record(store, sample) }
