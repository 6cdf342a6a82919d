package idle_test

import (
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/serve/idle"
)

// TestLimit: every byte in either direction begins the time anew, for a reader that is already waiting too.
func TestLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		conn := idle.Limit(near, time.Minute)
		begun := time.Now()
		go func() {
			for range 2 {
				time.Sleep(50 * time.Second)
				_, err := conn.Write([]byte("out"))
				assert.NoError(t, err)
			}
			time.Sleep(50 * time.Second)
			_, err := far.Write([]byte("in"))
			assert.NoError(t, err)
		}()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		buffer := make([]byte, 8)
		n, err := conn.Read(buffer)
		require.NoError(t, err)
		require.Equal(t, "in", string(buffer[:n]))
		_, err = conn.Read(buffer)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, 210*time.Second, time.Since(begun))
	})
}

// TestSilence: a connection on which nothing ever moves ends too.
func TestSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		begun := time.Now()
		_, err := idle.Limit(near, time.Minute).Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(begun))
	})
}
