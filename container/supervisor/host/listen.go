package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/busy"
	"github.com/webordinary/live-edit/container/supervisor/config"
)

type servers []*http.Server

const (
	headerPatience = time.Minute
	// idle is longer than a load balancer keeps a connection (infra sets 4000 s), so that it is never the one that meets its end.
	idle = 4100 * time.Second
	// finish is what answers under way have when the task goes.
	finish = time.Second
)

// listen opens all ports.
func (h *Host) listen(ctx context.Context) (servers, error) {
	var out servers
	for _, port := range []struct {
		number  int
		handler http.Handler
	}{
		{config.APIPort, h.front(config.APIPort)},
		{config.PreviewPort, h.front(config.PreviewPort)},
		{config.SocketPort, h.front(config.SocketPort)},
		{config.PeerPort, http.HandlerFunc(h.servePeers)},
	} {
		if _, err := out.open(ctx, net.JoinHostPort(h.settings.Listen, strconv.Itoa(port.number)), port.handler); err != nil {
			return nil, errors.Join(err, out.close())
		}
	}
	address, err := out.open(ctx, net.JoinHostPort(h.settings.Host(), "0"), http.HandlerFunc(h.serveBusy))
	if err != nil {
		return nil, errors.Join(err, out.close())
	}
	h.busyURL = "http://" + address + "/busy/"
	return out, nil
}

func (s *servers) open(ctx context.Context, address string, handler http.Handler) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerPatience, IdleTimeout: idle, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
	}
	go func() { _ = server.Serve(listener) }() // until it is closed
	*s = append(*s, server)
	return listener.Addr().String(), nil
}

// close lets answers under way end for a moment.
func (s servers) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), finish)
	defer cancel()
	faults := make([]error, len(s))
	var closing sync.WaitGroup
	for i, server := range s {
		closing.Go(func() {
			if server.Shutdown(ctx) != nil {
				faults[i] = server.Close()
			}
		})
	}
	closing.Wait()
	return errors.Join(faults...)
}

// servePeers answers other tasks as soon as this one knows who it is.
func (h *Host) servePeers(w http.ResponseWriter, r *http.Request) {
	if !h.isBooted() {
		fail(w, http.StatusServiceUnavailable, errBooting.Error())
		return
	}
	h.peers.ServeHTTP(w, r)
}

// serveBusy lets a session's processes say that they are at work: PUT …/busy/NAME?minutes=10 until then, DELETE when they are done. It is a
// port that nobody but the task's own processes reaches.
func (h *Host) serveBusy(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 1<<10)) // what it says is in the address
	name, ok := strings.CutPrefix(r.URL.Path, "/busy/")
	var found *session
	for _, s := range h.all() {
		if ok && s.busyName == name {
			found = s
		}
	}
	if found == nil {
		fail(w, http.StatusNotFound, "no session of this task is called so; the address is in the environment as "+config.OwnPrefix+"BUSY_URL")
		return
	}
	now := time.Now()
	switch r.Method {
	case http.MethodPut, http.MethodPost:
		minutes := 1
		if text := r.URL.Query().Get("minutes"); text != "" {
			var err error
			if minutes, err = strconv.Atoi(text); err != nil || minutes < 1 || time.Duration(minutes)*time.Minute > busy.MostSaid {
				fail(w, http.StatusBadRequest, fmt.Sprintf("minutes is %.50q; expected a number from 1 to %d", text, int(busy.MostSaid/time.Minute)))
				return
			}
		}
		found.ledger.Say(now, now.Add(h.settings.Wall(time.Duration(minutes)*time.Minute)))
		h.pokeGuard()
	case http.MethodDelete:
		found.ledger.Unsay(now)
	default:
		w.Header().Set("Allow", "PUT, DELETE")
		fail(w, http.StatusMethodNotAllowed, "expected PUT or DELETE")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
