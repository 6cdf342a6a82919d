package engine

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// workspace is the Automation API's local workspace, without the CLI runs that a
// look at the backend's files replaces: each would cost more than a tenth of a
// second.
type workspace struct {
	auto.Workspace
	stack *Stack
}

// SelectStack does nothing: every command names its stack.
func (w workspace) SelectStack(context.Context, string) error { return nil }

// StackOutputs reads the outputs from the state.
func (w workspace) StackOutputs(context.Context, string) (auto.OutputMap, error) {
	return w.stack.Outputs()
}

// open writes the working copies and returns the stack to operate on, created in
// the backend when it is not there.
func (s *Stack) open(ctx context.Context) (auto.Stack, error) {
	if err := s.writeCopies(); err != nil {
		return auto.Stack{}, err
	}
	command, err := s.sandbox.command(ctx)
	if err != nil {
		return auto.Stack{}, err
	}
	local, err := auto.NewLocalWorkspace(ctx,
		auto.WorkDir(s.workDir),
		auto.PulumiHome(s.sandbox.dirs.home),
		auto.Pulumi(command),
		auto.Program(onOwnStack(s.options.Program, s.workDir)),
		auto.SecretsProvider("passphrase"),
		auto.EnvVars(s.environment()),
	)
	if err != nil {
		return auto.Stack{}, err
	}
	opened := workspace{Workspace: local, stack: s}
	if _, err := os.Stat(s.StateFile()); errors.Is(err, fs.ErrNotExist) {
		return auto.NewStack(ctx, s.qualifiedName(), opened)
	}
	return auto.SelectStack(ctx, s.qualifiedName(), opened)
}

// writeCopies brings the working copies of the project's files up to date.
func (s *Stack) writeCopies() error {
	if err := copyProject(s.sandbox.options.Root, s.workDir); err != nil {
		return err
	}
	data, err := settingsCopy{
		path:       filepath.Join(s.sandbox.options.Root, stackFile(s.options.Name)),
		stack:      s.options.Name,
		project:    s.project,
		overrides:  s.options.Config,
		keys:       s.sandbox.secrets,
		passphrase: passphraseFrom(s.sandbox.options.Passphrase),
	}.make()
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(s.workDir, stackFile(s.options.Name)), data)
}
