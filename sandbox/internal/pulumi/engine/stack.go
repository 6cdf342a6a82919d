package engine

import (
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// StackOptions describe one stack of a sandbox.
type StackOptions struct {
	// Name is the stack's name; there must be a Pulumi.<name>.yaml.
	Name string
	// Program is run by previews and updates, in this process.
	Program pulumi.RunFunc
	// Config overrides the stack's settings by key; a key without a namespace
	// belongs to the project.
	Config map[string]ConfigValue
	// Stdout and Stderr receive what Pulumi prints, as it prints it. Nil means
	// that it is only kept in the Result.
	Stdout, Stderr io.Writer
	// Color is Pulumi's --color: always, never, raw or auto. Empty means never.
	Color string
}

// Stack is one environment in a sandbox. One operation at a time works on a
// stack; a second one fails with ErrBusy.
type Stack struct {
	sandbox *Sandbox
	options StackOptions
	project string
	workDir string
}

// Stack returns a stack of the sandbox. It need not have been deployed before.
func (s *Sandbox) Stack(options StackOptions) (*Stack, error) {
	if err := knownStack(s.options.Root, options.Name); err != nil {
		return nil, err
	}
	project, err := projectName(s.options.Root)
	if err != nil {
		return nil, err
	}
	if options.Color == "" {
		options.Color = "never"
	}
	workDir := filepath.Join(s.dirs.work, options.Name)
	if err := os.MkdirAll(workDir, 0o700); err != nil {
		return nil, s.dirs.unwritable(err)
	}
	return &Stack{sandbox: s, options: options, project: project, workDir: workDir}, nil
}

// Name is the stack's name.
func (s *Stack) Name() string { return s.options.Name }

// StateFile is the file that holds the stack's state, secrets encrypted.
func (s *Stack) StateFile() string {
	return s.sandbox.dirs.checkpoint(s.project, s.options.Name)
}

// Export returns the stack's state as the engine last saved it. Secrets are
// encrypted. It is empty for a stack that was never deployed.
func (s *Stack) Export() (*apitype.DeploymentV3, error) { return readDeployment(s.StateFile()) }

// Outputs returns the stack's outputs, secrets in plain text and marked.
func (s *Stack) Outputs() (auto.OutputMap, error) {
	deployment, err := s.Export()
	if err != nil {
		return nil, err
	}
	return s.sandbox.secrets.outputsOf(deployment)
}

// Cancel removes the backend's locks on the stack, whoever holds them: for a
// lock that was left by another machine. Removing the lock of a run that is still
// at work can damage the state.
func (s *Stack) Cancel(ctx context.Context) error {
	return s.exclusively(ctx, "cancel", func(ctx context.Context) error {
		_, stderr, _, err := s.command(ctx, "cancel", "--yes")
		if err != nil {
			return s.failure("cancel", Result{}, stderr)
		}
		return nil
	})
}

// qualifiedName is the stack's name as the backend wants it.
func (s *Stack) qualifiedName() string {
	return auto.FullyQualifiedStackName(organization, s.project, s.options.Name)
}

// environment is what the CLI gets beside this process's own variables.
func (s *Stack) environment() map[string]string {
	environment := map[string]string{
		"PULUMI_BACKEND_URL":       s.sandbox.dirs.backendURL(),
		"PULUMI_HOME":              s.sandbox.dirs.home,
		"PULUMI_CONFIG_PASSPHRASE": s.sandbox.secrets.Passphrase,
		"PULUMI_DEBUG_PROVIDERS":   s.sandbox.providers.Attach(),
		// The attached providers are all there is: nothing is looked for on the
		// PATH, downloaded, or asked of any service.
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		"PULUMI_IGNORE_AMBIENT_PLUGINS":               "true",
		"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		// Each save would also write a backup, and never remove one.
		"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
	}
	if s.sandbox.options.SaveOnce {
		maps.Copy(environment, saveOnce())
	}
	return environment
}

// saveOnce lets the CLI save a stack's state at the end of a run only.
func saveOnce() map[string]string {
	return map[string]string{"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
}

// command runs a CLI command that the Automation API has no method for.
func (s *Stack) command(ctx context.Context, args ...string) (stdout, stderr string, code int, err error) {
	pulumi, err := s.sandbox.command(ctx)
	if err != nil {
		return "", "", 0, err
	}
	var env []string
	for name, value := range s.environment() {
		env = append(env, name+"="+value)
	}
	args = append(args, "--stack", s.qualifiedName())
	return pulumi.Run(ctx, s.workDir, nil, nil, nil, env, args...)
}
