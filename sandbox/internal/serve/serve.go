package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/webordinary/live-edit/functions/scaler/config"
	"github.com/webordinary/live-edit/functions/scaler/spec"
	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront/cdn"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb/alb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/events/schedule"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/serve/tlsca"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// Server is a stack that answers on this machine.
type Server struct {
	options     Options
	clock       config.Clock
	scheduler   *scheduler.Scheduler
	api         *wire.Server
	runtime     *runner.Runtime
	containers  Containers
	balancer    *alb.Balancer
	cdn         *cdn.CDN
	schedules   *schedule.Runner
	authority   *tlsca.Authority
	description *Description
	log         *logFile
	signIn      signIn
	image       image // unless the options say what runs in the tasks

	closers []func() error // in the order of opening
	closing sync.Once
	closed  error
}

// Start serves a deployed stack until Close is called; when ctx ends its life stands still. The functions and the container
// are built first, so that a fault in them is an error here.
func Start(ctx context.Context, options Options) (_ *Server, err error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	s := &Server{options: options}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, step := range []func(context.Context) error{
		s.takeAccount, s.buildAll, s.startClock, s.openLog, s.openAPI, s.openSignIn, s.openFunctions, s.openContainers, s.openFronts, s.describe,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	s.live(ctx)
	return s, nil
}

func (s *Server) atClose(f func() error) { s.closers = append(s.closers, f) }

// takeAccount makes this process the one that plays the account's life, and clears away what an earlier one left.
func (s *Server) takeAccount(context.Context) error {
	dir := directory(s.options.StateDir)
	if err := makeDir(dir); err != nil {
		return fmt.Errorf("the directory for serving: %w", err)
	}
	unlock, err := lock(dir)
	if err != nil {
		return err
	}
	s.atClose(unlock)
	s.atClose(func() error { return forgetTasks(s.options.Account) }) // or nobody could take down what nobody stops any more
	if s.authority, err = tlsca.Open(dir); err != nil {
		return err
	}
	if s.options.Builder == nil {
		s.options.Builder = runner.NewBuilder(s.options.ModuleDir, filepath.Join(dir, "bin"))
	}
	return forgetTasks(s.options.Account)
}

// buildAll builds the deployed functions and the container, before the clock runs.
func (s *Server) buildAll(ctx context.Context) error {
	functions, err := runner.Functions(s.options.Account)
	if err != nil {
		return err
	}
	for _, function := range functions {
		pkg, err := runner.PackageOf(function)
		if err != nil {
			return err
		}
		if _, err := s.options.Builder.Build(ctx, pkg); err != nil {
			return fmt.Errorf("function %s: %w", function.Name, err)
		}
	}
	if s.options.Containers == nil {
		s.image, err = s.buildImage(ctx)
	}
	return err
}

func (s *Server) startClock(context.Context) error {
	var err error
	s.clock, err = newClock(s.options.Account, s.options.Speed)
	return err
}

// openLog begins the log of the functions and containers.
func (s *Server) openLog(context.Context) error {
	var err error
	if s.log, err = openLog(LogPath(s.options.StateDir, s.options.Stack), s.clock.Now); err != nil {
		return err
	}
	s.atClose(s.log.Close)
	return nil
}

// openAPI starts the scheduler and the API front. The containers come later, since they need both.
func (s *Server) openAPI(context.Context) error {
	s.scheduler = scheduler.New(s.options.Account, scheduler.Options{
		Timing: s.options.Timing, Containers: &lateContainers{server: s}, Authorizer: authz.New(s.options.Account),
	})
	var err error
	if s.api, err = wire.Start(wire.Options{Store: s.options.Account, Scheduler: s.scheduler, Now: s.clock.Now}); err != nil {
		return err
	}
	s.atClose(s.api.Close)
	if s.options.KeepEmpty {
		return nil
	}
	return s.addDemoData()
}

// openFunctions prepares the functions that requests and schedules lead to.
func (s *Server) openFunctions(context.Context) error {
	mounted, err := mounts(s.options.Account, s.filesDir())
	if err != nil {
		return err
	}
	environment := s.signInEnvironment()
	environment[config.EnvClock], environment[spec.StandIn] = s.clock.String(), s.options.StandIn
	s.runtime = runner.New(runner.Options{
		Store: s.options.Account, API: s.api, Builder: s.options.Builder, Mounts: mounted, ExtraEnv: environment, Log: s.log.write,
	})
	s.atClose(s.runtime.Close)
	s.api.Invokes(func(ctx context.Context, function string, payload []byte) ([]byte, string, error) {
		result, err := s.runtime.Invoke(ctx, runner.Invocation{Function: function, Payload: payload})
		if err != nil {
			return nil, "", err
		}
		return result.Payload, result.FunctionError, nil
	})
	s.schedules = &schedule.Runner{Store: s.options.Account, Functions: s.runtime, Report: s.reportFiring}
	return nil
}

func (s *Server) openContainers(context.Context) error {
	mounted, err := mounts(s.options.Account, s.filesDir())
	if err != nil {
		return err
	}
	open := s.options.Containers
	if open == nil {
		open = s.imageContainers
	}
	s.containers, err = open(&Surroundings{Clock: s.clock, Mounts: mounted, Protect: s.scheduler.Protect})
	if err != nil {
		return fmt.Errorf("the containers: %w", err)
	}
	s.atClose(s.containers.Close)
	return nil
}

// openBalancer makes the load balancer once its ports are known.
func (s *Server) openBalancer() error {
	_, httpsPort, err := net.SplitHostPort(s.options.HTTPS)
	if err != nil {
		return fmt.Errorf("address %q for HTTPS: %w", s.options.HTTPS, err)
	}
	s.balancer, err = alb.New(alb.Options{
		Store: s.options.Account, ARN: s.options.output(outputBalancer), Clock: s.clock, Address: s.containers.Address,
		Function:  s.runtime.Handler,
		LocalHost: s.options.host(), LocalPorts: map[int]string{443: httpsPort}, Report: s.reportExchange,
		Signer: s.signIn.signer, Issuer: s.issuerEndpoint,
	})
	return err
}

// describe tells other programs where the stack is reached, until the server is closed.
func (s *Server) describe(context.Context) error {
	edge, err := s.cdn.HostOf(s.options.host())
	if err != nil {
		return err
	}
	credentials := s.api.Environment(s.api.DeployerCredentials())
	s.description = &Description{
		Stack: s.options.Stack, Host: s.options.host(), HTTPS: s.options.HTTPS, HTTP: s.options.HTTP, CA: s.authority.Path(),
		AWSEndpoint: s.api.URL(), AWSEnvironment: credentials, Speed: s.options.Speed, CDNHost: edge,
		Outputs: s.options.Outputs, PID: os.Getpid(),
	}
	path := DescriptionPath(s.options.StateDir, s.options.Stack)
	if err := s.description.write(s.options.StateDir); err != nil {
		return err
	}
	s.atClose(func() error { return os.Remove(path) })
	return nil
}

// Description says where the stack is reached.
func (s *Server) Description() Description { return *s.description }

// API is the account's API front.
func (s *Server) API() *wire.Server { return s.api }

// Clock is the service's.
func (s *Server) Clock() config.Clock { return s.clock }

// Client trusts the server's certificates and connects to it instead of the hosts' real addresses; it follows no redirects.
func (s *Server) Client() *http.Client {
	return &http.Client{
		Transport:     s.transport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close ends everything that the server has started, the latest first. A second time does nothing.
func (s *Server) Close() error {
	s.closing.Do(func() {
		var faults []error
		for i := len(s.closers) - 1; i >= 0; i-- {
			faults = append(faults, s.closers[i]())
		}
		s.closed = errors.Join(faults...)
	})
	return s.closed
}
