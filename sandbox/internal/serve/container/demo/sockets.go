package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

const (
	// pingEvery keeps load balancer and CloudFront from closing a silent socket (docs/container-contract.md).
	pingEvery = 30 * time.Second
	// reportEvery is how often the page learns how the process is.
	reportEvery = 10 * time.Second
	// dropAfter is when the fault drop-sockets cuts.
	dropAfter = 5 * time.Second
	// hmrPath is Vite's socket; a message there is no sign of life. One to /ws/session/NAME is.
	hmrPath       = "/ws/hmr"
	sessionPrefix = "/ws/session/"
)

// sockets serves port 4322: every path below /ws/ echoes what it gets.
func (d *demo) sockets() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/ws/", func(w http.ResponseWriter, r *http.Request) {
		if !d.up(w, r) {
			return
		}
		if d.faults[noSockets] {
			writeError(w, http.StatusNotFound, "fault "+string(noSockets))
			return
		}
		connection, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			Subprotocols: []string{"vite-hmr"},
			// Through CloudFront the host is the load balancer's and the origin the site's. An echo gives nothing away.
			InsecureSkipVerify: true,
		})
		if err != nil {
			return // Accept has answered
		}
		d.talk(r.Context(), r.URL.Path, connection)
	})
	return mux
}

// talk serves one socket until it ends.
func (d *demo) talk(ctx context.Context, path string, connection *websocket.Conn) {
	defer func() { _ = connection.CloseNow() }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if d.faults[dropSockets] {
		defer time.AfterFunc(d.wall(dropAfter), func() { _ = connection.CloseNow() }).Stop()
	}
	if path == hmrPath && wsjson.Write(ctx, connection, map[string]string{"type": "connected"}) != nil {
		return
	}
	go d.beat(ctx, path, connection)
	for {
		kind, message, err := connection.Read(ctx)
		if err != nil {
			return
		}
		if name, ok := strings.CutPrefix(path, sessionPrefix); ok {
			d.sessions.sign(name, 0)
		}
		if connection.Write(ctx, kind, message) != nil {
			return
		}
	}
}

// beat keeps a socket open, and the page's up to date, until the socket ends.
func (d *demo) beat(ctx context.Context, path string, connection *websocket.Conn) {
	ping, news := time.NewTicker(d.wall(pingEvery)), time.NewTicker(d.wall(reportEvery))
	defer ping.Stop()
	defer news.Stop()
	tell := func() error {
		if path != hmrPath {
			return nil
		}
		return wsjson.Write(ctx, connection, map[string]any{"type": "custom", "event": "demo:status", "data": d.report()})
	}
	err := tell()
	for err == nil {
		select {
		case <-ctx.Done():
			return
		case <-ping.C:
			if err = d.ping(ctx, connection); errors.Is(err, context.DeadlineExceeded) {
				_ = connection.CloseNow() // nobody is there any more
			}
		case <-news.C:
			err = tell()
		}
	}
}

func (d *demo) ping(ctx context.Context, connection *websocket.Conn) error {
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return connection.Ping(ctx)
}
