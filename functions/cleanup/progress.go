package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/report"
)

// progress shows one line that is written over and over, and lets log messages
// through above it. On anything but a terminal it only lets messages through.
type progress struct {
	mu    sync.Mutex
	out   io.Writer
	tally *report.Tally
	line  bool // a line stands on the terminal
	done  chan struct{}
	ended sync.WaitGroup
}

const (
	progressEvery = 200 * time.Millisecond
	clearLine     = "\r\x1b[K"
)

func startProgress(tally *report.Tally, out io.Writer, quiet bool) *progress {
	p := &progress{out: out, tally: tally, done: make(chan struct{})}
	if quiet || !isTerminal(out) {
		return p
	}
	p.ended.Go(func() {
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				p.show()
			case <-p.done:
				return
			}
		}
	})
	return p
}

func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprint(p.out, clearLine, report.Progress(p.tally.Sum()))
	p.line = true
}

// Write lets a log message through.
func (p *progress) Write(message []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return p.out.Write(message)
}

func (p *progress) clear() {
	if p.line {
		fmt.Fprint(p.out, clearLine)
		p.line = false
	}
}

func (p *progress) stop() {
	close(p.done)
	p.ended.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}
