package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"

	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/tools/stacks"
)

const projectNamespace = "webordinary-live-edit:"

// plan is what to look for.
type plan struct {
	region string
	names  config.Names
	// shared parts belong to another stack and are not imported into this one.
	shared map[string]bool
}

// readPlan reads the stack file; what it does not set has the defaults of Pulumi.yaml.
func readPlan(root, stack string) (*plan, error) {
	path := filepath.Join(root, stacks.File(stack))
	data, err := os.ReadFile(path) //nolint:gosec // the user's own stack file
	if errors.Is(err, os.ErrNotExist) {
		return nil, unknown(root, stack)
	}
	if err != nil {
		return nil, fmt.Errorf("read the stack file: %w", err)
	}
	var file struct{ Config map[string]any }
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	p := &plan{region: "us-west-2", shared: map[string]bool{}}
	if region, ok := file.Config["aws:region"].(string); ok {
		p.region = region
	}
	suffix, _ := file.Config[projectNamespace+"nameSuffix"].(string)
	p.names = config.NewNames(suffix)
	parts, _ := file.Config[projectNamespace+"shared"].([]any)
	for _, part := range parts {
		p.shared[fmt.Sprint(part)] = true
	}
	return p, nil
}

// unknown says which stacks there are instead.
func unknown(root, stack string) error {
	known, err := stacks.Names(root)
	if err != nil {
		return err
	}
	return fmt.Errorf("no stack %q: there is no %s in %s; %s (`make import STACK=NAME` chooses one)", stack, stacks.File(stack), root,
		stacks.Choices(known, stack))
}
