package cli

import (
	"os"
	"testing"
)

// TestMain forgets what the caller has asked for: the tests say it themselves.
func TestMain(m *testing.M) {
	if err := os.Unsetenv("TOOLS_FROM_SOURCE"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
