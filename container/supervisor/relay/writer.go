// Package relay passes a request on to another process and its answer back: HTTP/1.1 with upgrades, streams as they come, trailers, and an
// abort of either side. A request that has not reached anybody can be passed to somebody else.
package relay

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// Writer is an http.ResponseWriter that knows whether an answer has begun.
type Writer struct {
	http.ResponseWriter
	started bool
	mark    [2]string // a header of ours that every answer gets
}

// Wrap makes a request and its answer fit to be passed on more than once.
func Wrap(w http.ResponseWriter, r *http.Request) (*Writer, *http.Request) {
	out := r.WithContext(r.Context()) // a shallow copy
	if r.Body != nil && r.Body != http.NoBody {
		out.Body = &body{from: r.Body, left: r.ContentLength}
		// Otherwise the server reads the body to its end, and closes it, when the answer begins. A transport that then looks once more
		// whether the body is at its end takes the refusal for a fault, and breaks the answer off.
		_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/2 has it anyway
	}
	return &Writer{ResponseWriter: w}, out
}

// Mark gives every answer a header.
func (w *Writer) Mark(name, value string) { w.mark = [2]string{name, value} }

// Started says whether an answer has begun, so that no other can be given.
func (w *Writer) Started() bool { return w.started }

// WriteHeader implements http.ResponseWriter. The server tells a client itself to go on with its body, when that is read.
func (w *Writer) WriteHeader(code int) {
	if code == http.StatusContinue {
		return
	}
	if code >= http.StatusOK || code == http.StatusSwitchingProtocols {
		w.started = true
		if w.mark[0] != "" {
			w.Header().Set(w.mark[0], w.mark[1])
		}
	}
	w.ResponseWriter.WriteHeader(code)
}

// Write implements http.ResponseWriter.
func (w *Writer) Write(p []byte) (int, error) {
	if !w.started {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack is for upgrades.
func (w *Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	connection, buffer, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.started = true
	}
	return connection, buffer, err
}

// body is a request's body that can be tried with several servers until one reads it.
type body struct {
	from    io.ReadCloser
	left    int64 // bytes still to come; negative where nobody said how many
	touched atomic.Bool
	seen    func() // something of it has passed
}

// Read tells the end as soon as it is known: whoever passes a body on looks once more after the last byte, when the answer may be complete
// and the server's body closed.
func (b *body) Read(p []byte) (int, error) {
	b.touched.Store(true)
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.from.Read(p)
	if b.left > 0 {
		b.left -= int64(n)
	}
	if n > 0 && b.seen != nil {
		b.seen()
	}
	return n, err
}

// Close leaves the body open; the server closes it when the request has been answered.
func (b *body) Close() error { return nil }

// Untouched says whether nothing of the request's body has been read, so that it can still be passed to somebody else.
func Untouched(r *http.Request) bool {
	b, ok := r.Body.(*body)
	return !ok || !b.touched.Load()
}

// OnBody has a function called when bytes of the request's body pass.
func OnBody(r *http.Request, seen func()) {
	if b, ok := r.Body.(*body); ok {
		b.seen = seen
	}
}
