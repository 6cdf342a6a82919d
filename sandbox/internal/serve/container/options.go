package container

import (
	"errors"
	"fmt"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// The Go packages of what tasks run, for runner.Builder or go build: the demo, and the supervisor in front of it.
const (
	Package           = "./sandbox/internal/serve/container/demo"
	SupervisorPackage = "./container/supervisor"
	// RoomPackage keeps a task from what it does not mount.
	RoomPackage = "./sandbox/internal/serve/container/room"
)

// Options configure Processes.
type Options struct {
	// Store is the account, read for task definitions, secrets and access points.
	Store view.Store
	// Binary is the path of the process to run for each task: the built Package, or the built SupervisorPackage.
	Binary string
	// Config, when set, is the path of the image's file for the supervisor (/etc/live-edit.json in an image), and Binary is the supervisor.
	// Each task then has an address of its own with the container's ports, as in a VPC. Without it Binary keeps the contract by itself,
	// and says where it listens.
	Config string
	// Mounts maps the ARN of an EFS access point to a directory of this machine, as runner.Options.Mounts does for
	// functions. Environment variables that name the container's mount path, or a path below it, are rewritten to it.
	Mounts map[string]string
	// Room is the path of the built RoomPackage, and Hidden the directory that all of Mounts lie below: a task sees of it what it mounts.
	// Where the kernel does not allow that, or Room is empty, it may look at the others' directories.
	Room, Hidden string
	// Notice, when set, is told once, at the start, what tasks do not get on this machine and why.
	Notice func(text string)
	// Protect sets the end of a task's scale-in protection, the zero time ends it: (*scheduler.Scheduler).Protect. It is called
	// by a container's request, never during a call of the scheduler.
	Protect func(taskARN string, until time.Time) error
	// Authorizer, when set, lets a container protect its task only if the task role may (ecs:UpdateTaskProtection).
	Authorizer *authz.Authorizer
	// Now is the scheduler's clock; nil means time.Now.
	Now func() time.Time
	// Speed is how many times faster than the clock on the wall the scheduler's time runs; 0 means 1.
	Speed float64
	// Boot is how long a container takes until it is healthy, in the scheduler's time.
	Boot time.Duration
	// Role gives the credentials of a task's role, as the agent does on ECS, in the variables that the SDKs read; nil for none.
	Role func(roleARN string) map[string]string
	// Env is added to every process, for instance DEMO_FAULT. SetEnv changes it for later starts.
	Env map[string]string
	// Output, when set, gets every line that a process logs, one call at a time per task, and must not block.
	Output func(taskARN, line string)
}

func (o *Options) complete() error {
	var faults []error
	if o.Store == nil {
		faults = append(faults, errors.New("option Store is missing"))
	}
	if o.Binary == "" {
		faults = append(faults, fmt.Errorf("option Binary is missing; expected the path of the built %s or %s", Package, SupervisorPackage))
	}
	if o.Protect == nil {
		faults = append(faults, errors.New("option Protect is missing; expected (*scheduler.Scheduler).Protect"))
	}
	if o.Speed < 0 {
		faults = append(faults, fmt.Errorf("option Speed is %g; expected a number greater than 0", o.Speed))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("run containers: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Speed == 0 {
		o.Speed = 1
	}
	return nil
}

// wall gives the time on the wall for one of the scheduler's.
func (o *Options) wall(worldTime time.Duration) time.Duration {
	return time.Duration(float64(worldTime) / o.Speed)
}
