package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/webordinary/live-edit/container/supervisor/config"
)

// NewSpec fills a program's texts.
func NewSpec(name string, program *config.Program, values *config.Values, output func(line string)) Spec {
	spec := Spec{Name: name, Directory: values.Workspace, Output: output}
	if program.Directory != "" {
		spec.Directory = values.Fill(program.Directory)
	}
	for _, argument := range program.Command {
		spec.Command = append(spec.Command, values.Fill(argument))
	}
	for name, value := range program.Environment {
		spec.Environment = append(spec.Environment, name+"="+values.Fill(value))
	}
	return spec
}

// Run runs a process to its end. When ctx ends first, its group is killed.
func (f *Family) Run(ctx context.Context, spec Spec) error {
	process, err := f.Start(spec)
	if err != nil {
		return err
	}
	select {
	case <-process.Exited():
	case <-ctx.Done():
		process.Signal(syscall.SIGKILL)
		<-process.Exited()
		return fmt.Errorf("%s: %w", spec.Name, ctx.Err())
	}
	process.Signal(syscall.SIGKILL) // what its leader leaves behind
	if process.Err() != nil {
		return fmt.Errorf("%s: %w", spec.Name, process.Err())
	}
	return nil
}

// Needed says whether a step has to run.
func Needed(step *config.Step, values *config.Values) (bool, error) {
	if step.Unless == "" {
		return true, nil
	}
	_, err := os.Stat(values.Fill(step.Unless))
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look whether %s is needed: %w", step.Name, err)
	}
	return false, nil
}
