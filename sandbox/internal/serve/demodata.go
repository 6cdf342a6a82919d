package serve

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecr"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/secrets"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// demoImageBytes is about what an image of Node, Astro and Claude Code weighs.
const demoImageBytes = 400 << 20

// needs are what the containers of a task definition cannot start without.
type needs struct{ images, secrets []string }

// needsOf reads the deployed services' task definitions.
func needsOf(store view.Store) (*needs, error) {
	services, err := scheduler.Services(store)
	if err != nil {
		return nil, err
	}
	out := &needs{}
	for _, service := range services {
		r, _, ok := scheduler.FindTaskDefinition(store, service.TaskDefinitionARN)
		if !ok {
			continue
		}
		var definition struct {
			Containers string `json:"containerDefinitions"`
		}
		if err := view.Decode(r.State, &definition); err != nil {
			return nil, fmt.Errorf("task definition %s: %w", r.ID, err)
		}
		if err := out.add(definition.Containers); err != nil {
			return nil, fmt.Errorf("task definition %s: %w", r.ID, err)
		}
	}
	return out, nil
}

func (n *needs) add(definitions string) error {
	var containers []struct {
		Image   string `json:"image"`
		Secrets []struct {
			From string `json:"valueFrom"`
		} `json:"secrets"`
	}
	if err := json.Unmarshal([]byte(definitions), &containers); err != nil {
		return err
	}
	for _, c := range containers {
		n.images = append(n.images, c.Image)
		for _, secret := range c.Secrets {
			n.secrets = append(n.secrets, secret.From)
		}
	}
	return nil
}

// addDemoData puts an image and secret values where the account has none, as an operator would, and says so.
func (s *Server) addDemoData() error {
	store := s.options.Account
	wanted, err := needsOf(store)
	if err != nil {
		return fmt.Errorf("see what the tasks need: %w", err)
	}
	for _, image := range wanted.images {
		registry, name, _ := strings.Cut(image, "/")
		repository, tag, _ := strings.Cut(name, ":")
		if !strings.HasPrefix(registry, view.AccountID+".dkr.ecr.") {
			continue
		}
		there, err := ecr.FindImage(store, repository, "", tag)
		if err != nil {
			return fmt.Errorf("look for image %s: %w", name, err)
		}
		if there != nil {
			continue
		}
		pushed := ecr.Image{Repository: repository, Tags: []string{tag}, PushedAt: s.clock.Now(), SizeBytes: demoImageBytes}
		if err := ecr.PushImage(s.options.Account, pushed); err != nil {
			return fmt.Errorf("push the demo image %s: %w", name, err)
		}
		s.say("demo", "pushed a demo image as %s: the registry had none of that tag", name)
	}
	for _, arn := range wanted.secrets {
		if err := s.addDemoSecret(arn); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) addDemoSecret(arn string) error {
	for _, r := range s.options.Account.List(view.TypeSecretVersion) {
		var version struct {
			Secret string `json:"secretId"`
		}
		if err := view.Decode(r.State, &version); err != nil {
			return fmt.Errorf("secret version %s: %w", r.ID, err)
		}
		if version.Secret == arn {
			return nil
		}
	}
	if err := secrets.PutSecret(s.options.Account, arn, "demo-value", s.clock.Now().Truncate(time.Millisecond)); err != nil {
		return fmt.Errorf("set a demo value of secret %s: %w", arn, err)
	}
	s.say("demo", "set a demo value of secret %s: it had none", arn[strings.LastIndex(arn, ":")+1:])
	return nil
}
