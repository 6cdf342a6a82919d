package serve

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/config"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Options say what to serve, and how.
type Options struct {
	// Stack is the stack's name, Outputs its outputs in plain text.
	Stack   string
	Outputs map[string]any
	// Account is the account that the stack was deployed to.
	Account view.Store
	// StateDir keeps what serving needs: binaries, certificates, the workspaces' files. It is the sandbox's own, .sandbox.
	StateDir string
	// ModuleDir is the repository, from which the functions and the container are built.
	ModuleDir string
	// Builder builds them; nil means one of its own. Several servers may share one.
	Builder *runner.Builder
	// Speed is how many seconds of the service's time pass in one of the machine's; 0 means 1.
	Speed float64
	// StandIn is the published site that the waiting page shows behind its progress; empty for none. The deployed address is
	// not asked: it is somebody's, and nothing of the sandbox leaves the machine.
	StandIn string
	// HTTPS and HTTP are the addresses of the load balancer's ports 443 and 80; empty means a free port of the loopback
	// interface.
	HTTPS, HTTP string
	// Timing of the tasks' lives; its zero fields take the scheduler's defaults.
	Timing scheduler.Timing
	// Containers makes what runs in the tasks; nil means the image that Container names.
	Containers func(*Surroundings) (Containers, error)
	// Container is what the image holds: ContainerDemo, the default, or another of the constants.
	Container string
	// ContainerBoot is how long the demo takes until its preview answers, in the service's time; without a supervisor until it is healthy.
	ContainerBoot time.Duration
	// ContainerPrepare is how long preparing a new workspace takes, as clone and installation do, in the service's time. It needs a
	// supervisor.
	ContainerPrepare time.Duration
	// ContainerEnv is added to the containers' environment, such as DEMO_FAULT, which needs ContainerPlain.
	ContainerEnv map[string]string
	// KeepEmpty leaves a registry without an image and secrets without a value as they are, so that no task can start.
	KeepEmpty bool
	// Report, if set, is told what happens; it must not block.
	Report func(Event)
}

// ErrNotDeployed means that the stack has no outputs to go by.
var ErrNotDeployed = errors.New("not deployed")

// Names of the stack's outputs that serving needs (docs/outputs.md).
const (
	outputBalancer = "albArn"
	outputURL      = "editUrl"
)

// complete fills in the defaults and checks the rest.
func (o *Options) complete() error {
	if o.Speed == 0 {
		o.Speed = 1
	}
	if o.HTTPS == "" {
		o.HTTPS = "127.0.0.1:0"
	}
	if o.HTTP == "" {
		o.HTTP = "127.0.0.1:0"
	}
	if o.Report == nil {
		o.Report = func(Event) {}
	}
	if o.Speed < 0 || o.Speed > config.MaxSpeed {
		return fmt.Errorf("speed %g: expected a number above 0 and up to %d", o.Speed, config.MaxSpeed)
	}
	if err := o.completeContainer(); err != nil {
		return err
	}
	for _, name := range []string{outputBalancer, outputURL} {
		if o.output(name) == "" {
			return fmt.Errorf("stack %s is %w: it has no output %s; `go run ./sandbox up --stack %s` deploys it",
				o.Stack, ErrNotDeployed, name, o.Stack)
		}
	}
	return nil
}

func (o *Options) output(name string) string {
	text, _ := o.Outputs[name].(string)
	return text
}

// host is the editors' host name.
func (o *Options) host() string { return strings.TrimPrefix(o.output(outputURL), "https://") }
