// Package idle ends connections on which nothing moves.
package idle

import (
	"net"
	"time"
)

// Limit gives a connection that ends, with a timeout error for whoever waits, when nothing has been read or written for
// so long.
func Limit(conn net.Conn, limit time.Duration) net.Conn { return &limited{conn, limit} }

type limited struct {
	net.Conn
	limit time.Duration
}

// Read implements net.Conn.
func (c *limited) Read(p []byte) (int, error) {
	c.extend()
	return c.Conn.Read(p)
}

// Write implements net.Conn.
func (c *limited) Write(p []byte) (int, error) {
	c.extend()
	return c.Conn.Write(p)
}

// extend also moves the deadline of a call in the other direction that is waiting.
func (c *limited) extend() { _ = c.SetDeadline(time.Now().Add(c.limit)) } // a closed connection reports itself
