package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/webordinary/live-edit/cmd/probe/check"
	"github.com/webordinary/live-edit/cmd/probe/clock"
	"github.com/webordinary/live-edit/cmd/probe/progress"
	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/cmd/probe/target"
)

// probe runs every check that the options ask for.
func probe(ctx context.Context, o *options, at *terminal) (*report.Report, error) {
	place, err := find(o)
	if err != nil {
		return nil, err
	}
	pace := clock.New(place.speed)
	display := newDisplay(at, pace)
	defer display.Close()
	book := report.NewBook(report.Criteria(&o.limits))
	suite, err := newSuite(ctx, o, place, &check.Options{Clock: pace, Book: book, Progress: display})
	if err != nil {
		return nil, err
	}
	found := &report.Report{URL: place.url, CloudFront: place.cloudfront, Started: time.Now(), Speed: place.speed}
	running, stop := interruptible(ctx, at.interrupts)
	begun := pace.Now()
	suite.Run(running)
	found.Interrupted = running.Err() != nil
	stop()
	if err := cleanup(ctx, suite, at.interrupts); err != nil {
		_, _ = fmt.Fprintln(at.notes, "\nprobe:", err)
	}
	unknown := "it was not reached"
	if found.Interrupted {
		unknown = "interrupted"
	}
	found.Took, found.Wakes, found.Leftover = pace.Now().Sub(begun), book.Wakes(), suite.Leftover()
	found.Results = book.Results(o.accept, unknown)
	return found, nil
}

// newSuite connects the checks to what they measure.
func newSuite(ctx context.Context, o *options, p *place, options *check.Options) (*check.Suite, error) {
	pace := options.Clock.(*clock.Clock)
	site, err := target.New(p.site(p.url, o, pace))
	if err != nil {
		return nil, err
	}
	options.Site, options.Resolver, options.Limits, options.Wakes = site, net.DefaultResolver, o.limits, o.wakes
	options.Name, options.Lag = newName(), lag(p.speed)
	if p.cloudfront != "" {
		edge, err := target.New(p.site(p.cloudfront, o, pace))
		if err != nil {
			return nil, fmt.Errorf("-cloudfront: %w", err)
		}
		options.Edge = edge
	}
	if o.foundation {
		if options.Foundation, err = newFoundation(ctx, o, p, options.Book); err != nil {
			return nil, err
		}
	}
	return check.New(*options), nil
}

// newName is this run's alone, so that two runs do not delete each other's files.
func newName() string {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails, says its documentation
	return "probe-" + hex.EncodeToString(random[:])
}

// lag is how much later than it happens something may be seen: half a second of the wall clock's, for the network, or for
// the sandbox's machine, where it counts for more.
func lag(speed float64) time.Duration { return time.Duration(speed * float64(time.Second) / 2) }

// interruptible returns a context that ends at the first interrupt.
func interruptible(ctx context.Context, interrupts <-chan os.Signal) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-interrupts:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// cleanup deletes the check files; an interrupt leaves them.
func cleanup(ctx context.Context, suite *check.Suite, interrupts <-chan os.Signal) error {
	ctx, stop := interruptible(ctx, interrupts)
	defer stop()
	err := suite.Cleanup(ctx)
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted again: check files are left behind, see the end of the report")
	}
	return err
}

// newDisplay rewrites a line on a terminal, and prints lines elsewhere.
func newDisplay(at *terminal, pace *clock.Clock) progress.Display {
	if file, ok := at.notes.(*os.File); ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb" {
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil {
			width = 80
		}
		return progress.NewLive(file, pace, width)
	}
	return &progress.Plain{Out: at.notes, Clock: pace}
}
