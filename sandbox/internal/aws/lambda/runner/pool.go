package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// pool holds the instances of one function. An instance serves one invocation at a time and is used again for the next.
type pool struct {
	mu      sync.Mutex
	idle    []*instance
	running int // idle and busy ones
	closed  bool
	all     map[*instance]bool
}

var errClosed = errors.New("the Lambda runtime is closed")

// limit is how many instances of the function may exist at once.
func (r *Runtime) limit(f *Function) (int, string) {
	if f.Reserved != nil && *f.Reserved >= 0 {
		return *f.Reserved, "ReservedFunctionConcurrentInvocationLimitExceeded"
	}
	return r.options.AccountConcurrency, "ConcurrentInvocationLimitExceeded"
}

// acquire takes an idle instance with the function's present configuration, or starts one.
func (r *Runtime) acquire(ctx context.Context, f *Function) (*instance, error) {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil, errClosed
	}
	p := r.pools[f.Name]
	if p == nil {
		p = &pool{all: map[*instance]bool{}}
		r.pools[f.Name] = p
	}
	r.mu.Unlock()
	limit, reason := r.limit(f)
	if process := p.take(f.fingerprint()); process != nil {
		return process, nil
	}
	if !p.reserve(limit) {
		return nil, refuse(CodeTooManyRequests, "Rate Exceeded. (reason: %s, function %s has %d of %d instances busy)",
			reason, f.Name, limit, limit)
	}
	process, err := r.start(ctx, f, p)
	if err != nil {
		p.release(nil)
		return nil, fmt.Errorf("start function %s: %w", f.Name, err)
	}
	return process, nil
}

// take pops the most recently used idle instance; outdated ones are ended on the way.
func (p *pool) take(fingerprint string) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		process := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if process.fingerprint == fingerprint && process.alive() {
			return process
		}
		p.running--
		delete(p.all, process)
		process.discard()
	}
	return nil
}

func (p *pool) reserve(limit int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running >= limit {
		return false
	}
	p.running++
	return true
}

// add registers a started instance; a closed pool takes none.
func (p *pool) add(process *instance) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.all[process] = true
	return true
}

// release gives an instance back: into the idle ones if it can serve again, else its place becomes free.
func (p *pool) release(process *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if process != nil && process.alive() && !p.closed {
		p.idle = append(p.idle, process)
		return
	}
	p.running--
	if process != nil {
		delete(p.all, process)
		process.discard()
	}
}

func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	all := p.all
	p.all, p.idle = map[*instance]bool{}, nil
	p.mu.Unlock()
	for process := range all {
		process.discard()
		<-process.exited
	}
}
