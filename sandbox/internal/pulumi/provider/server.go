package provider

import (
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// The versions that the providers say they are: those of the SDKs in go.mod.
const (
	awsVersion  = "6.83.4"
	awsxVersion = "2.22.0"
)

// maxMessage is the largest message accepted, 400 MiB as in Pulumi's own servers.
const maxMessage = 400 << 20

// Server serves the providers on the loopback interface.
type Server struct {
	aws, awsx *endpoint
}

// Serve starts serving the account. The caller closes the server.
func Serve(acc Account) (*Server, error) {
	aws, err := listen(func() pulumirpc.ResourceProviderServer {
		return plugin.NewProviderServer(newAWS(acc))
	})
	if err != nil {
		return nil, err
	}
	awsx, err := listen(func() pulumirpc.ResourceProviderServer { return &awsxProvider{} })
	if err != nil {
		return nil, errors.Join(err, aws.Close())
	}
	return &Server{aws: aws, awsx: awsx}, nil
}

// Attach is the value of PULUMI_DEBUG_PROVIDERS that makes the engine use this
// server.
func (s *Server) Attach() string {
	return fmt.Sprintf("aws:%d,awsx:%d", s.aws.port(), s.awsx.port())
}

// Close ends the providers; calls under way are broken off.
func (s *Server) Close() error { return errors.Join(s.aws.Close(), s.awsx.Close()) }

// endpoint gives every connection a provider of its own. The engine opens one
// connection per provider resource, and expects of each what it expects of a
// provider process: that its configuration is its own.
type endpoint struct {
	listener net.Listener
	create   func() pulumirpc.ResourceProviderServer

	mu      sync.Mutex
	servers map[*grpc.Server]struct{}
	closed  bool
	serving sync.WaitGroup
}

func listen(create func() pulumirpc.ResourceProviderServer) (*endpoint, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends with Close
	if err != nil {
		return nil, fmt.Errorf("serve a provider: %w", err)
	}
	e := &endpoint{listener: listener, create: create, servers: map[*grpc.Server]struct{}{}}
	e.serving.Go(e.accept)
	return e, nil
}

func (e *endpoint) port() int {
	address, _ := e.listener.Addr().(*net.TCPAddr)
	return address.Port
}

func (e *endpoint) accept() {
	for {
		conn, err := e.listener.Accept()
		if err != nil {
			return // closed
		}
		server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))
		pulumirpc.RegisterResourceProviderServer(server, e.create())
		if !e.add(server) {
			_ = conn.Close()
			return
		}
		e.serving.Go(func() {
			_ = server.Serve(newSingle(conn)) // ends with the connection
			e.remove(server)
		})
	}
}

// add registers a server, unless the endpoint has been closed meanwhile.
func (e *endpoint) add(server *grpc.Server) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.servers[server] = struct{}{}
	}
	return !e.closed
}

func (e *endpoint) remove(server *grpc.Server) {
	server.Stop()
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.servers, server)
}

// Close ends all connections and waits for them.
func (e *endpoint) Close() error {
	e.mu.Lock()
	e.closed = true
	for server := range e.servers {
		go server.Stop()
	}
	e.mu.Unlock()
	err := e.listener.Close()
	e.serving.Wait()
	return err
}

// single is a listener with one connection, and done when that is closed.
type single struct {
	conn chan net.Conn
	done chan struct{}
	addr net.Addr
	once sync.Once
}

func newSingle(conn net.Conn) *single {
	s := &single{conn: make(chan net.Conn, 1), done: make(chan struct{}), addr: conn.LocalAddr()}
	s.conn <- &watchedConn{Conn: conn, closed: func() { _ = s.Close() }}
	return s
}

func (s *single) Accept() (net.Conn, error) {
	select {
	case conn := <-s.conn:
		return conn, nil
	case <-s.done:
		return nil, net.ErrClosed
	}
}

func (s *single) Close() error {
	s.once.Do(func() { close(s.done) })
	return nil
}

func (s *single) Addr() net.Addr { return s.addr }

// watchedConn says when it is closed.
type watchedConn struct {
	net.Conn
	closed func()
}

func (c *watchedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}
