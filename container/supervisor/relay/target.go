package relay

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"syscall"
)

// Target is where a request is passed to.
type Target struct {
	Transport http.RoundTripper
	Address   string // host:port
	// Edit changes the request on its way.
	Edit func(out *http.Request)
	// Inspect looks at the answer and may replace its body. An error says that it is not to be passed on.
	Inspect func(*http.Response) error
}

// Error is why a request was not answered.
type Error struct {
	// Again says that the request can be passed to somebody else: nobody has begun to act on it.
	Again bool
	err   error
}

func (e *Error) Error() string { return e.err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.err }

// buffers for answers on their way.
var buffers bufferPool

type bufferPool struct{ pool sync.Pool }

const bufferSize = 32 << 10

func (b *bufferPool) Get() []byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return *buffer
	}
	return make([]byte, bufferSize)
}

func (b *bufferPool) Put(buffer []byte) { b.pool.Put(&buffer) }

// Pass passes a request on. The error is an *Error, and nothing has been answered then; an answer that breaks off panics with
// http.ErrAbortHandler, which breaks the client's connection off, too.
func (t *Target) Pass(w *Writer, r *http.Request) error {
	var failed error
	proxy := httputil.ReverseProxy{
		Transport: t.Transport, BufferPool: &buffers, FlushInterval: -1,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo), // what breaks off there is told by the panic
		Rewrite: func(p *httputil.ProxyRequest) {
			t.rewrite(p)
		},
		ModifyResponse: func(response *http.Response) error {
			if t.Inspect != nil {
				if err := t.Inspect(response); err != nil {
					return err
				}
			}
			if response.StatusCode == http.StatusSwitchingProtocols && w.mark[0] != "" {
				response.Header.Set(w.mark[0], w.mark[1]) // such an answer is written past the Writer
			}
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) { failed = err },
	}
	proxy.ServeHTTP(w, r)
	if failed == nil {
		return nil
	}
	return &Error{Again: !w.Started() && Untouched(r) && again(r, failed), err: fmt.Errorf("pass to %s: %w", t.Address, failed)}
}

// rewrite keeps the request as it came: host, path byte for byte, query, and the addresses of the client.
func (t *Target) rewrite(p *httputil.ProxyRequest) {
	p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = "http", t.Address, p.In.Host
	p.Out.URL.RawQuery = p.In.URL.RawQuery // also what does not parse
	p.Out.Trailer = p.In.Trailer           // the server fills it in when the body has passed
	if path, _, _ := strings.Cut(p.In.RequestURI, "?"); strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") {
		p.Out.URL.Opaque = path
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, ok := p.In.Header[name]; ok {
			p.Out.Header[name] = values
		}
	}
	if t.Edit != nil {
		t.Edit(p.Out)
	}
}

// errRefusedAnswer is joined to errors of Inspect that say so: nobody has acted on the request.
var errRefusedAnswer = errors.New("the answer says that it was not acted on")

// NotActed marks an error of Inspect: whoever answered has done nothing.
func NotActed(err error) error { return errors.Join(errRefusedAnswer, err) }

// again says whether another try can do no harm.
func again(r *http.Request, err error) bool {
	var dial *net.OpError
	switch {
	case errors.Is(err, errRefusedAnswer), errors.As(err, &dial) && dial.Op == "dial":
		return true
	case !Safe(r.Method):
		return false
	default:
		return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
			errors.Is(err, syscall.EPIPE) || strings.Contains(err.Error(), "server closed") || errors.Is(err, ErrMoved)
	}
}

// ErrMoved is the cause by which a request is called back from a task that has lost its session.
var ErrMoved = errors.New("the session has moved")

// Safe says whether a method only reads (RFC 9110, section 9.2.1).
func Safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions || method == http.MethodTrace
}

// IsUpgrade says whether a request asks for another protocol, such as a WebSocket's.
func IsUpgrade(header http.Header) bool {
	if header.Get("Upgrade") == "" {
		return false
	}
	for _, line := range header["Connection"] {
		for entry := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(entry), "upgrade") {
				return true
			}
		}
	}
	return false
}
