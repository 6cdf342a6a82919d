package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/webordinary/live-edit/tools/stacks"
)

const (
	// projectFile is Pulumi's project file.
	projectFile = "Pulumi.yaml"
	// organization is the only one that a file backend knows.
	organization = "organization"
)

// stackFile is the settings file of a stack.
func stackFile(stack string) string { return stacks.File(stack) }

// projectName reads the project's name.
func projectName(root string) (string, error) {
	path := filepath.Join(root, projectFile)
	data, err := os.ReadFile(path) //nolint:gosec // the project's own file
	if err != nil {
		return "", usagef("cannot read the project: %w", err)
	}
	var project struct {
		Name string `yaml:"name"`
	}
	if err := yaml.Unmarshal(data, &project); err != nil {
		return "", usagef("%s is not valid YAML: %w", path, err)
	}
	if project.Name == "" {
		return "", usagef("%s has no name", path)
	}
	return project.Name, nil
}

// Stacks are the names of the stacks that have a settings file in root, sorted.
func Stacks(root string) ([]string, error) { return stacks.Names(root) }

// knownStack checks that there is a settings file for the stack.
func knownStack(root, stack string) error {
	known, err := Stacks(root)
	if err != nil {
		return err
	}
	choices := stacks.Choices(known, stack)
	if stack == "" {
		return usagef("which stack? %s", choices)
	}
	_, err = os.Stat(filepath.Join(root, stackFile(stack)))
	switch {
	case err == nil && !strings.ContainsAny(stack, `/\`):
		return nil
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return usagef("no stack %q: there is no %s in %s; %s", stack, stackFile(stack), root, choices)
	default:
		return usagef("cannot read the settings of stack %q: %w", stack, err)
	}
}

// copyProject copies the project file beside the stack's settings. The language
// host named in it is never started, since the program runs in this process.
func copyProject(root, workDir string) error {
	data, err := os.ReadFile(filepath.Join(root, projectFile)) //nolint:gosec // the project's own file
	if err != nil {
		return usagef("cannot read the project: %w", err)
	}
	return replaceFile(filepath.Join(workDir, projectFile), data)
}

// replaceFile writes a file so that a reader sees the old or the new one.
func replaceFile(path string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { _ = os.Remove(temp.Name()) }() // gone already after the rename
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(temp.Name(), path)
}
