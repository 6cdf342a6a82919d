package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/webordinary/live-edit/functions/awslogin"
	"github.com/webordinary/live-edit/infra/config"
)

// entry is one resource of an import file, as `pulumi import --file` reads it.
type entry struct {
	Type      string `json:"type"`
	Name      string `json:"name"`
	ID        string `json:"id,omitempty"`
	Parent    string `json:"parent,omitempty"`
	Component bool   `json:"component,omitempty"`
}

// importFile is the file's outer form.
type importFile struct {
	Resources []entry `json:"resources"`
}

// finder looks one thing up in the account; an empty ID means that it is not there.
type finder interface {
	Repository(ctx context.Context, name string) (id string, err error)
	Secret(ctx context.Context, name string) (arn string, err error)
	FileSystem(ctx context.Context, name string) (id string, err error)
	LoadBalancer(ctx context.Context, name string) (arn string, err error)
	// Listener finds a listener of a load balancer by its port.
	Listener(ctx context.Context, loadBalancerArn string, port int32) (arn string, err error)
}

var errNothingFound = errors.New("nothing to import: none of this stack's names is in the account and region; " +
	"check AWS_PROFILE, or just run `pulumi up`")

// wanted is one resource that may be in the account.
type wanted struct {
	part            string // of the sharing configuration
	component, kind string // the component's type, and the resource's
	parent, name    string // logical names
	find            func(context.Context) (string, error)
	describe        string
}

// buildFile looks for everything this stack would create and keeps what is there, components first: an import file
// names parents by their entries.
func buildFile(ctx context.Context, account finder, p *plan) (*importFile, []string, error) {
	file := &importFile{Resources: []entry{}}
	components := map[string]bool{}
	var missing []string
	for _, w := range wantedResources(account, p) {
		if p.shared[w.part] {
			continue
		}
		id, err := w.find(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("look up %s: %w", w.describe, awslogin.Explain(err))
		}
		if id == "" {
			missing = append(missing, w.describe)
			continue
		}
		if !components[w.parent] {
			components[w.parent] = true
			file.Resources = append(file.Resources, entry{Type: w.component, Name: w.parent, Component: true})
		}
		file.Resources = append(file.Resources, entry{Type: w.kind, Name: w.name, ID: id, Parent: w.parent})
	}
	return file, missing, nil
}

func wantedResources(account finder, p *plan) []wanted {
	all := []wanted{{
		part: config.PartRegistry, component: "webordinary:infra:Registry", kind: "aws:ecr/repository:Repository",
		parent: "registry", name: "registry-repository", describe: "repository " + p.names.Repository(),
		find: func(ctx context.Context) (string, error) { return account.Repository(ctx, p.names.Repository()) },
	}}
	for _, name := range []string{"anthropic-api-key", "github-token", "aws-credentials"} {
		full := p.names.Secret(name)
		all = append(all, wanted{
			part: config.PartSecrets, component: "webordinary:infra:Secrets", kind: "aws:secretsmanager/secret:Secret",
			parent: "secrets", name: "secrets-" + name, describe: "secret " + full,
			find: func(ctx context.Context) (string, error) { return account.Secret(ctx, full) },
		})
	}
	all = append(all, wanted{
		part: config.PartWorkspace, component: "webordinary:infra:Workspace", kind: "aws:efs/fileSystem:FileSystem",
		parent: "workspace", name: "workspace-file-system", describe: "file system " + p.names.Workspaces(),
		find: func(ctx context.Context) (string, error) { return account.FileSystem(ctx, p.names.Workspaces()) },
	})
	return append(all, wantedLoadBalancer(account, p)...)
}

func wantedLoadBalancer(account finder, p *plan) []wanted {
	balancer := func(ctx context.Context) (string, error) { return account.LoadBalancer(ctx, p.names.LoadBalancer()) }
	listener := func(port int32) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) {
			arn, err := balancer(ctx)
			if err != nil || arn == "" {
				return "", err
			}
			return account.Listener(ctx, arn, port)
		}
	}
	one := func(kind, name, describe string, find func(context.Context) (string, error)) wanted {
		return wanted{
			part: config.PartLoadBalancer, component: "webordinary:infra:LoadBalancer", kind: kind,
			parent: "load-balancer", name: name, describe: describe, find: find,
		}
	}
	return []wanted{
		one("aws:lb/loadBalancer:LoadBalancer", "load-balancer-alb", "load balancer "+p.names.LoadBalancer(), balancer),
		one("aws:lb/listener:Listener", "load-balancer-https-listener", "listener on port 443", listener(443)),
		one("aws:lb/listener:Listener", "load-balancer-http-listener", "listener on port 80", listener(80)),
	}
}
