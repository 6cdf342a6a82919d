package process

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFreePorts has every twentieth port taken, at another address than the processes'.
func TestFreePorts(t *testing.T) {
	const listeners, looks = 1000, 300
	for range listeners {
		listener, err := net.Listen("tcp", "127.0.0.2:0")
		require.NoError(t, err)
		t.Cleanup(func() { _ = listener.Close() })
	}
	seen := map[int]bool{}
	for range looks {
		ports, err := freePorts(t.Context())
		require.NoError(t, err)
		for _, port := range ports {
			require.False(t, seen[port], "port %d was given before", port)
			seen[port] = true
			everywhere, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
			require.NoError(t, err, "a program that listens at every address can't have it")
			require.NoError(t, everywhere.Close())
		}
	}
}
