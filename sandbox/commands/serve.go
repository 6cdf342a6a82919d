package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/webordinary/live-edit/functions/scaler/config"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/sandbox/internal/serve"
)

const serveHelp = `Lets a deployed stack answer on this machine: its load balancer with the deployed
listeners and rules, the real functions behind it, its schedules, and for each task
that the service wants a container with the supervisor (docs/container-contract.md)
and a demo of an editor behind it.

Open the page that it prints, and watch the service wake; leave it alone for five
minutes of its time, and watch it sleep. With --speed 60 a minute takes a second.
Ctrl-C ends it and everything that it has started.`

func newServeCommand(s *session) *cobra.Command {
	var stack string
	options := serve.Options{}
	cmd := &cobra.Command{
		Use: "serve", Short: "Let a deployed stack answer on this machine", Long: serveHelp, Args: cobra.NoArgs,
		Example: "  go run ./sandbox up --stack prod\n  go run ./sandbox serve --stack prod --speed 60",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !(options.Speed > 0 && options.Speed <= config.MaxSpeed) { // not a number is neither
				return usagef("--speed %g: expected a number above 0 and up to %d", options.Speed, config.MaxSpeed)
			}
			return s.serve(cmd.Context(), stack, options)
		},
	}
	s.addStack(cmd, &stack)
	cmd.Flags().Float64Var(&options.Speed, "speed", 1, "seconds of the service's time that pass in one of this machine's")
	cmd.Flags().StringVar(&options.HTTPS, "https", "127.0.0.1:8443", "address of the load balancer's port 443")
	cmd.Flags().StringVar(&options.HTTP, "http", "127.0.0.1:8080", "address of the load balancer's port 80")
	cmd.Flags().DurationVar(&options.ContainerBoot, "boot", 5*time.Second, "time that the demo takes until its preview answers")
	cmd.Flags().StringVar(&options.Container, "container", serve.ContainerDemo, serve.ContainerHelp)
	cmd.Flags().DurationVar(&options.ContainerPrepare, "prepare", 0,
		"time that a new workspace takes to be prepared, as clone and installation do")
	cmd.Flags().StringVar(&options.StandIn, "site", "", "published site to show behind the waiting page, such as https://www.example.com")
	cmd.Flags().StringToStringVar(&options.ContainerEnv, "container-env", nil,
		"variables for the containers, such as DEMO_FAULT=unhealthy with --container plain")
	return cmd
}

// serve serves a stack until the session is interrupted, which is how serving ends well.
func (s *session) serve(ctx context.Context, name string, options serve.Options) error {
	return s.withSandbox(func(sandbox *openSandbox) error {
		stack, err := s.stack(sandbox.Sandbox, name)
		if err != nil {
			return err
		}
		outputs, err := stack.Outputs()
		if err != nil {
			return err
		}
		options.Stack, options.Account, options.ModuleDir = name, sandbox.Account(), sandbox.root
		options.StateDir = sandbox.stateDir
		options.Outputs = map[string]any{}
		for name, output := range outputs {
			options.Outputs[name] = output.Value
		}
		log := &eventLog{session: s}
		options.Report = log.write
		s.printf("Building the functions and the container of stack %s.\n", name)
		server, err := serve.Start(ctx, options)
		if err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("%w: %w", engine.ErrInterrupted, err)
			}
			return err
		}
		s.introduce(server.Description())
		<-ctx.Done()
		log.end()
		s.printf("Stopping the containers and the functions.\n")
		return server.Close()
	})
}

func (s *session) introduce(d serve.Description) {
	s.printf("\nStack %s answers, %g times as fast as AWS would.\n\n", d.Stack, d.Speed)
	s.printf("  Open            https://%s/preview/   (trust %s, or the browser warns)\n", d.HTTPS, d.CA)
	s.printf("  Plain HTTP      http://%s/\n", d.HTTP)
	s.printf("  As editors do   curl -L --cacert %s --connect-to %s:443:%s https://%s/api/status\n", d.CA, d.Host, d.HTTPS, d.Host)
	if d.CDNHost != "" {
		s.printf("  CloudFront      https://%s, at the same address\n", d.CDNHost)
	}
	s.printf("  AWS APIs        AWS_ENDPOINT_URL=%s\n", d.AWSEndpoint)
	s.printf("  Measure it      go run ./cmd/probe -sandbox %s%s\n\n", d.Stack, s.stateFlag())
	s.printf("What happens, in the service's time (Ctrl-C ends it):\n\n")
}

// stateFlag is what cmd/probe needs to find a sandbox that is not where it looks by itself.
func (s *session) stateFlag() string {
	if s.stateDir == "" {
		return ""
	}
	return " -state " + s.stateDir
}
