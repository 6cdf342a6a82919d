package main

import (
	"context"
	"errors"
	"sync"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// functions runs the account's Lambda functions for deployments: the real
// binaries, with the deployed roles, against the account's API. A stack without
// Invocation resources never calls it, and then nothing is built or started.
type functions struct {
	account        *account.Account
	root, binaries string

	mu      sync.Mutex
	api     *wire.Server
	runtime *runner.Runtime
}

var _ account.Invoker = (*functions)(nil)

// Invoke implements account.Invoker.
func (f *functions) Invoke(ctx context.Context, function account.Resource, payload []byte) ([]byte, error) {
	runtime, err := f.open()
	if err != nil {
		return nil, err
	}
	return runner.Invoker{Runtime: runtime}.Invoke(ctx, function, payload)
}

// open starts what functions need, at the first call.
func (f *functions) open() (*runner.Runtime, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.runtime != nil {
		return f.runtime, nil
	}
	api, err := wire.Start(wire.Options{Store: f.account})
	if err != nil {
		return nil, err
	}
	f.api = api
	f.runtime = runner.New(runner.Options{
		Store: f.account, API: api, Builder: runner.NewBuilder(f.root, f.binaries),
	})
	return f.runtime, nil
}

// Close ends the functions' processes.
func (f *functions) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.runtime == nil {
		return nil
	}
	return errors.Join(f.runtime.Close(), f.api.Close())
}
