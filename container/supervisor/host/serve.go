package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/busy"
	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/container/supervisor/peer"
	"github.com/webordinary/live-edit/container/supervisor/process"
	"github.com/webordinary/live-edit/container/supervisor/relay"
)

// toProcess passes requests to the processes of sessions. Node ends a connection that has been idle for 5 s, which may meet a request on
// its way; ours are gone before.
var toProcess = &http.Transport{
	DisableCompression: true, MaxIdleConnsPerHost: 100, IdleConnTimeout: 3 * time.Second, ExpectContinueTimeout: time.Second,
}

var (
	errPreparing = errors.New("the session is being prepared")
	errNoAPI     = errors.New("the image has no API")
)

// serve answers a request of the session.
func (s *session) serve(ctx context.Context, w *relay.Writer, r *http.Request, v visit) error {
	if v.kind == statusPoll && !s.previewReady() {
		return errPreparing // whatever path it asks at
	}
	sign := s.isSign(r, v)
	if sign {
		s.sign()
	}
	if v.port == config.APIPort && s.serveOwn(w, r) {
		return nil
	}
	server := s.preview
	if v.port == config.APIPort {
		if server = s.api; server == nil {
			fail(w, http.StatusNotFound, errNoAPI.Error())
			return nil
		}
	}
	state, err := s.await(ctx, server, v)
	if err != nil {
		return err
	}
	address := state.Address
	if v.port == config.SocketPort {
		address = state.HMRAddress
	}
	if !relay.Safe(r.Method) {
		s.edits.Add(1)
		defer s.edits.Add(-1)
		if !s.usable() { // it may have begun to end before it could see this request
			return errEnding
		}
	}
	if sign {
		relay.OnBody(r, s.sign)
	}
	target := relay.Target{
		Transport: toProcess, Address: address,
		Edit: func(out *http.Request) {
			if v.port == config.SocketPort {
				editSocket(out.Header)
			}
		},
		Inspect: func(response *http.Response) error {
			peer.Strip(response.Header)
			response.Header.Del(stateHeader)
			s.observe(r, response, v)
			return nil
		},
	}
	return target.Pass(w, r)
}

// editSocket prepares the request for a socket of the dev server's.
func editSocket(header http.Header) {
	header.Del("Sec-Websocket-Extensions") // what is compressed can't be told from a ping; Vite compresses nothing
	// Vite asks a page for the token that its client came with, which a restart of the dev server makes anew: a page that loads meanwhile
	// would be refused, and its client does not try again. Whoever sends no Origin needs none, and which pages may come was decided before.
	if header.Get("Sec-Websocket-Protocol") == "vite-hmr" {
		header.Del("Origin")
	}
}

// await waits until the server answers.
func (s *session) await(ctx context.Context, server *process.Server, v visit) (process.State, error) {
	for {
		state, change := server.State()
		if state.Ready && (v.kind != statusPoll || s.previewReady()) {
			return state, nil
		}
		if v.kind == statusPoll {
			return state, errPreparing // asked again in a moment; nobody waits for it
		}
		select {
		case <-change:
		case <-s.gone:
			return state, errEnding
		case <-ctx.Done():
			return state, errPreparing
		}
	}
}

func (s *session) previewReady() bool {
	state, _ := s.preview.State()
	return state.Ready
}

// sign notes a sign of life.
func (s *session) sign() {
	now := time.Now()
	was := s.ledger.Within(now, s.host.settings.Wall(busy.ProtectFor))
	s.ledger.Sign(now)
	if !was {
		s.host.pokeGuard()
	}
}

func (h *Host) pokeGuard() {
	select {
	case h.poke <- struct{}{}:
	default:
	}
}

// isSign says whether a request is a sign of a person's or a job's life. Sockets and streams that only open are none: a forgotten tab sends
// them, too.
func (s *session) isSign(r *http.Request, v visit) bool {
	return !isBackground(r, v) && !relay.IsUpgrade(r.Header) && !strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream")
}

// isBackground recognises a request of which nothing is a sign of life, not even its answer: questions of the waiting page, what says of
// itself that it is a poll, and pings. At the sockets' port everything else than a socket is one: no person asks there.
func isBackground(r *http.Request, v visit) bool {
	return v.port == config.SocketPort && !relay.IsUpgrade(r.Header) || v.kind == statusPoll ||
		r.Method == http.MethodHead || r.Method == http.MethodOptions || saysNever(r) ||
		strings.HasPrefix(r.Header.Get("Accept"), "text/x-vite-ping")
}

// saysNever recognises a request that says it is made in the background (docs/container-contract.md).
func saysNever(r *http.Request) bool {
	if strings.EqualFold(strings.TrimSpace(r.Header.Get("X-Webordinary-Wake")), "never") {
		return true
	}
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(name); err == nil && name == "webordinary-wake" && strings.EqualFold(value, "never") {
			return true
		}
	}
	return false
}

// observe looks at an answer as it passes: bytes of a running answer are a sign of life, comments of an event stream are not, and of a
// socket only the messages are that the browser sends.
func (s *session) observe(r *http.Request, response *http.Response, v visit) {
	if response.StatusCode == http.StatusSwitchingProtocols {
		if socket, ok := response.Body.(io.ReadWriteCloser); ok {
			response.Body = &watchedSocket{ReadWriteCloser: socket, sign: s.sign}
		}
		return
	}
	if isBackground(r, v) {
		return
	}
	watched := &watchedBody{ReadCloser: response.Body, sign: s.sign}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		watched.events = &busy.Events{}
	}
	response.Body = watched
}

type watchedBody struct {
	io.ReadCloser
	sign   func()
	events *busy.Events
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 && (b.events == nil || b.events.Pass(p[:n])) {
		b.sign()
	}
	return n, err
}

// watchedSocket is the process's side of an upgraded connection: what is written to it comes from the browser.
type watchedSocket struct {
	io.ReadWriteCloser
	frames busy.Frames
	sign   func()
}

func (c *watchedSocket) Write(p []byte) (int, error) {
	if c.frames.Pass(p) {
		c.sign()
	}
	return c.ReadWriteCloser.Write(p)
}

// CloseWrite passes on that the browser sends no more, where that can be said.
func (c *watchedSocket) CloseWrite() error {
	if half, ok := c.ReadWriteCloser.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

// fail answers with a message for whoever called.
func fail(w http.ResponseWriter, status int, message string) {
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	var body bytes.Buffer
	fmt.Fprintf(&body, "{\"error\": %s}\n", quoteJSON(message))
	_, _ = w.Write(body.Bytes()) // the client may be gone
}
