package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// project is a copy of the repository's Pulumi project with its own number of clients and its own state. The functions'
// sources are copied, since a build does not follow links; the rest is linked.
type project struct {
	dir, binary string
}

func (b *bench) project(name string, clients int) (*project, error) {
	dir := filepath.Join(b.work, name)
	if err := os.MkdirAll(filepath.Join(dir, ".sandbox"), 0o750); err != nil {
		return nil, fmt.Errorf("make project %s: %w", name, err)
	}
	for _, linked := range []string{"go.mod", "go.sum", "tools", "Pulumi.yaml", "Pulumi.dev.yaml", ".sandbox/bin"} {
		if err := os.Symlink(filepath.Join(b.root, linked), filepath.Join(dir, linked)); err != nil {
			return nil, fmt.Errorf("make project %s: %w", name, err)
		}
	}
	if err := os.CopyFS(filepath.Join(dir, "functions"), os.DirFS(filepath.Join(b.root, "functions"))); err != nil {
		return nil, fmt.Errorf("make project %s: %w", name, err)
	}
	if err := writeProd(filepath.Join(b.root, "Pulumi.prod.yaml"), filepath.Join(dir, "Pulumi.prod.yaml"), clients); err != nil {
		return nil, fmt.Errorf("make project %s: %w", name, err)
	}
	return &project{dir: dir, binary: b.sandboxBinary}, nil
}

// writeProd copies prod's stack file with a list of clients, the default one first.
func writeProd(from, to string, clients int) error {
	data, err := os.ReadFile(from) //nolint:gosec // the repository's stack file
	if err != nil {
		return err
	}
	var file map[string]map[string]any
	if err := yaml.Unmarshal(data, &file); err != nil {
		return err
	}
	names := []string{"ameliastamps"}
	for i := 1; i < clients; i++ {
		names = append(names, fmt.Sprintf("client-%04d", i))
	}
	file["config"]["webordinary-live-edit:clients"] = names
	if data, err = yaml.Marshal(file); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

func (p *project) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.binary, args...) //nolint:gosec // built a moment ago
	cmd.Dir = p.dir
	return cmd
}
