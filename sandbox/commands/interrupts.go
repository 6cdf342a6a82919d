package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
)

// interrupts turns signals into what the engine understands: the first asks it
// to stop when what is under way has finished, the second to stop at once, the
// third ends this process.
type interrupts struct {
	context context.Context
	out     io.Writer

	mu      sync.Mutex
	again   func() // what the second signal does
	signals int
}

// watchInterrupts begins to watch for SIGINT and SIGTERM.
func watchInterrupts(ctx context.Context, out io.Writer) *interrupts {
	ctx, cancel := context.WithCancel(ctx)
	watched := &interrupts{context: ctx, out: out, again: func() {}}
	arriving := make(chan os.Signal, 3)
	signal.Notify(arriving, os.Interrupt, syscall.SIGTERM)
	go func() {
		for range arriving {
			watched.handle(cancel, func() { os.Exit(engine.ExitInterrupted) })
		}
	}()
	return watched
}

// handle does what the next signal asks for.
func (i *interrupts) handle(cancel, exit func()) {
	i.mu.Lock()
	i.signals++
	count, again := i.signals, i.again
	i.mu.Unlock()
	switch count {
	case 1:
		_, _ = fmt.Fprintln(i.out, "\nInterrupted: stopping when what is under way has finished. Once more stops at once.")
		cancel()
	case 2:
		again()
	default:
		exit()
	}
}

// onSecond sets what a second signal does.
func (i *interrupts) onSecond(again func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.again = again
}
