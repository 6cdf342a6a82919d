package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	settings, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	ctx, stop := untilEnd(ctx, settings)
	defer stop()
	if len(arguments) > 0 {
		return runBehind(ctx, settings, arguments)
	}
	demo, err := newDemo(settings)
	if err != nil {
		return err
	}
	var servers servers
	if !settings.faults[deaf] {
		if servers, err = demo.listen(ctx); err != nil {
			return err
		}
	}
	if err := demo.boot(ctx); err != nil {
		return err
	}
	demo.keepBusy(ctx)
	say("told to end")
	if settings.faults[ignoreSigterm] {
		select {}
	}
	return errors.Join(demo.close(), servers.close())
}

// untilEnd gives a context that ends with SIGTERM or, if told so, with the standard input. The terminal sends its
// interrupt to parent and child alike; the parent decides then what becomes of the child.
func untilEnd(ctx context.Context, settings settings) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	if !settings.endWithStdin {
		return ctx, stop
	}
	signal.Ignore(os.Interrupt)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // however it ends, the parent is gone
		cancel()
		time.Sleep(orphanGrace)
		os.Exit(1)
	}()
	return ctx, func() { cancel(); stop() }
}

// orphanGrace is how long a process without a parent may take to save.
const orphanGrace = 5 * time.Second

// The container's ports (docs/container-contract.md).
const (
	apiPort     = 8080
	previewPort = 4321
	socketPort  = 4322
)

type servers []*http.Server

// listen serves all ports and tells the parent where.
func (d *demo) listen(ctx context.Context) (servers, error) {
	report := struct {
		Listening map[string]string `json:"listening"`
	}{map[string]string{}}
	var out servers
	for port, handler := range map[int]http.Handler{apiPort: d.api(), previewPort: d.preview(), socketPort: d.sockets()} {
		address, err := out.add(ctx, "127.0.0.1:0", handler)
		if err != nil {
			return nil, fmt.Errorf("listen for port %d: %w", port, errors.Join(err, out.close()))
		}
		report.Listening[strconv.Itoa(port)] = address.String()
	}
	return out, json.NewEncoder(os.Stdout).Encode(report)
}

// add serves an address.
func (s *servers) add(ctx context.Context, address string, handler http.Handler) (net.Addr, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // until it is closed
	*s = append(*s, server)
	return listener.Addr(), nil
}

func (s servers) close() error {
	var faults []error
	for _, server := range s {
		faults = append(faults, server.Close())
	}
	return errors.Join(faults...)
}

// say writes a line of the log.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
