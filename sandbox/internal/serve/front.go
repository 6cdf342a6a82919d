package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

// Ports of the load balancer's listeners.
const (
	portHTTPS = 443
	portHTTP  = 80
)

// openFronts listens on both ports.
func (s *Server) openFronts(ctx context.Context) error {
	secure, err := listen(ctx, s.options.HTTPS, "--https")
	if err != nil {
		return err
	}
	s.atClose(once(secure))
	plain, err := listen(ctx, s.options.HTTP, "--http")
	if err != nil {
		return err
	}
	s.atClose(once(plain))
	s.options.HTTPS, s.options.HTTP = secure.Addr().String(), plain.Addr().String()
	if err := s.openBalancer(); err != nil {
		return err
	}
	s.atClose(s.balancer.Close)
	s.openCDN()
	settings := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: protocols, GetConfigForClient: s.handshake}
	s.serve(plain, s.byHost(s.balancer.Handler(portHTTP)))
	s.serve(tls.NewListener(secure, settings), s.byHost(s.balancer.Handler(portHTTPS)))
	return nil
}

var protocols = []string{"h2", "http/1.1"}

func listen(ctx context.Context, address, flag string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; choose another address with %s", address, err, flag)
	}
	return listener, nil
}

// once closes a listener that may be closed already.
func once(listener net.Listener) func() error {
	return func() error { return unlessClosed(listener.Close()) }
}

func unlessClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// serve answers on a listener until the server is closed, and then cuts what is still under way.
func (s *Server) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: time.Minute, MaxHeaderBytes: 128 << 10, ErrorLog: log.New(io.Discard, "", 0),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // until it is closed
	}()
	s.atClose(func() error {
		err := server.Close()
		<-ended
		return unlessClosed(err)
	})
}

// transport connects to this server whatever the host, and trusts its authority.
func (s *Server) transport() *http.Transport {
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.authority.Pool(), MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			to := s.options.HTTPS
			if strings.HasSuffix(address, ":80") {
				to = s.options.HTTP
			}
			return new(net.Dialer).DialContext(ctx, network, to)
		},
	}
}
