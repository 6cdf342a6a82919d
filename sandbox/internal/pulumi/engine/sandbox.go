package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/pulumi/provider"
	"github.com/webordinary/live-edit/tools/cli"
)

// Options say where a sandbox lives.
type Options struct {
	// Root is the project's directory, with Pulumi.yaml and the stack files.
	// Empty means the working directory.
	Root string
	// StateDir keeps everything the sandbox writes. Empty means .sandbox below
	// Root.
	StateDir string
	// Tools finds or builds the Pulumi CLI. Its zero value means the tool modules
	// below Root and binaries in .sandbox/bin below Root.
	Tools cli.Builder
	// Passphrase protects the secrets in a stack file that has an encryption
	// salt. Nil means what Pulumi reads: PULUMI_CONFIG_PASSPHRASE, or the file
	// named by PULUMI_CONFIG_PASSPHRASE_FILE.
	Passphrase *string
	// Intercept puts something between the providers and the account: a test that
	// makes an operation fail, wait, or be counted. Nil means nothing.
	Intercept func(provider.Account) provider.Account
	// SaveOnce saves a stack's state at the end of a run only. The CLI saves all of it before and after every step, which takes most of a
	// long run: its time grows with the square of the resources. A run that is killed then leaves things that no state knows of.
	SaveOnce bool
	// Log is told of long steps and of what an earlier, interrupted run left
	// behind. Nil means silence.
	Log io.Writer
}

// Sandbox is an open state directory. Its methods and stacks may be used by
// several goroutines.
type Sandbox struct {
	options   Options
	dirs      directories
	secrets   *keyring
	account   *account.Account
	ledger    ledger
	providers *provider.Server
	watchers  *watchers

	mu     sync.Mutex
	pulumi *pulumiCommand // found by the first operation

	closing sync.Once
	closed  error
}

// Open opens the sandbox in the state directory, creating it when needed. The
// Pulumi CLI is looked for, or built, by the first operation. The caller closes
// the sandbox.
func Open(options Options) (_ *Sandbox, err error) {
	if options, err = options.withDefaults(); err != nil {
		return nil, err
	}
	s := &Sandbox{options: options, dirs: newDirectories(options.StateDir), watchers: &watchers{}}
	defer func() {
		if err != nil {
			if mentionsFull(err) {
				err = usagef("%w", s.dirs.explainFull(err))
			}
			err = errors.Join(err, s.Close())
		}
	}()
	if err = s.dirs.create(); err != nil {
		return nil, err
	}
	if s.secrets, err = openKeyring(s.dirs.keyFile); err != nil {
		return nil, err
	}
	if err = s.dirs.checkJournal(); err != nil {
		return nil, err
	}
	if s.account, err = account.Open(s.dirs.account); err != nil {
		return nil, s.dirs.explainJournal(err)
	}
	s.ledger = ledger{Account: s.account, dir: s.dirs.run, full: s.watchers.exhausted}
	var served provider.Account = s.ledger
	if options.Intercept != nil {
		served = options.Intercept(served)
	}
	if s.providers, err = provider.Serve(served); err != nil {
		return nil, fmt.Errorf("cannot serve the simulated providers: %w", err)
	}
	return s, nil
}

// Account is the simulated account, for looking at it and for changing it
// behind Pulumi's back.
func (s *Sandbox) Account() *account.Account { return s.account }

// Interrupt asks running operations to stop, a second time to stop without
// waiting for what is under way. A done context does the first by itself.
func (s *Sandbox) Interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pulumi != nil {
		s.pulumi.interruptAll()
	}
}

// kill ends running CLIs at once and reports whether there were any.
func (s *Sandbox) kill() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pulumi != nil && s.pulumi.killAll()
}

// command finds the Pulumi CLI, or builds it.
func (s *Sandbox) command(ctx context.Context) (*pulumiCommand, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pulumi != nil {
		return s.pulumi, nil
	}
	found, err := s.options.Tools.PulumiCommand(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%w: %w", ErrInterrupted, err)
		}
		return nil, usagef("no Pulumi CLI: %w", err)
	}
	s.pulumi = newPulumiCommand(found)
	return s.pulumi, nil
}

// Close ends the providers and releases the account. A second time does nothing.
func (s *Sandbox) Close() error {
	s.closing.Do(func() {
		if s.providers != nil {
			s.closed = s.providers.Close()
		}
		if s.account != nil {
			s.closed = errors.Join(s.closed, s.account.Close())
		}
	})
	return s.closed
}

func (o Options) withDefaults() (Options, error) {
	if o.Root == "" {
		o.Root = "."
	}
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return o, usagef("the project directory %q: %w", o.Root, err)
	}
	o.Root = root
	if _, err := os.Stat(filepath.Join(root, projectFile)); err != nil {
		return o, usagef("%s is no Pulumi project: %w; run the sandbox in the repository's root", root, err)
	}
	if o.StateDir == "" {
		o.StateDir = filepath.Join(root, ".sandbox")
	}
	if o.StateDir, err = filepath.Abs(o.StateDir); err != nil {
		return o, usagef("the state directory %q: %w", o.StateDir, err)
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Tools.Root == "" {
		o.Tools.Root = root
	}
	if o.Tools.Log == nil {
		o.Tools.Log = o.Log
	}
	return o, nil
}
