package target

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// protocol is the subprotocol of Vite's client; its server refuses others.
const protocol = "vite-hmr"

// Socket is an open WebSocket that a browser's tab would hold. It reads what comes and forgets it.
type Socket struct {
	conn *websocket.Conn
	stop context.CancelFunc
	done chan struct{}

	mu  sync.Mutex
	end error
}

// Refused is a handshake that was answered with something else than a WebSocket.
type Refused struct{ Answer *Answer }

func (r *Refused) Error() string { return "no WebSocket: " + r.Answer.String() }

// Open opens a WebSocket. Its error is a *Refused when there was an answer.
func (s *Site) Open(ctx context.Context, path string) (*Socket, error) {
	dialing, cancel := context.WithTimeout(ctx, s.options.Pace.Wall(requestLimit)+wallMargin)
	defer cancel()
	header := s.options.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("User-Agent", Agent)
	address := "wss" + strings.TrimPrefix(s.URL(), "https") + path
	conn, response, err := websocket.Dial(dialing, address, &websocket.DialOptions{ //nolint:bodyclose // the library says never to
		HTTPClient: s.socket, HTTPHeader: header, Subprotocols: []string{protocol},
	})
	if err != nil {
		if response != nil && response.StatusCode != http.StatusSwitchingProtocols {
			// The library has read the beginning of the body, which is enough to tell who answered.
			body := make([]byte, 1024)
			n, _ := response.Body.Read(body)
			return nil, &Refused{newAnswer(response, body[:n])}
		}
		return nil, plainError(err)
	}
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	socket := &Socket{conn: conn, stop: stop, done: make(chan struct{})}
	conn.SetReadLimit(maxBody)
	go socket.read(reading)
	return socket, nil
}

func (s *Socket) read(ctx context.Context) {
	defer close(s.done)
	for {
		if _, _, err := s.conn.Read(ctx); err != nil {
			s.mu.Lock()
			s.end = err
			s.mu.Unlock()
			return
		}
	}
}

// Ping sends a ping and waits for its answer; it fails once the socket is closed.
func (s *Socket) Ping(ctx context.Context) error {
	if err := s.Dropped(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, wallMargin)
	defer cancel()
	err := s.conn.Ping(ctx)
	if err == nil {
		return nil
	}
	// A connection is closed, and pings fail, before the reader returns from reading how it ended. Only a ping without an answer
	// leaves it open.
	select {
	case <-s.done:
		return s.Dropped()
	case <-ctx.Done():
		return fmt.Errorf("no answer to a ping: %w", err)
	}
}

// Dropped says how the socket ended; nil while it is open.
func (s *Socket) Dropped() error {
	select {
	case <-s.done:
	default:
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var closed websocket.CloseError
	if errors.As(s.end, &closed) {
		return fmt.Errorf("closed with status %d %q", closed.Code, closed.Reason)
	}
	return fmt.Errorf("connection lost: %w", s.end)
}

// Done is closed when the socket has ended.
func (s *Socket) Done() <-chan struct{} { return s.done }

// Close closes the socket.
func (s *Socket) Close() {
	_ = s.conn.Close(websocket.StatusNormalClosure, "")
	s.stop()
	<-s.done
}
