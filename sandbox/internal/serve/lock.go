package serve

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/webordinary/live-edit/tools/filelock"
)

// ErrBusy means that another process serves the same account.
var ErrBusy = errors.New("another process serves this account")

// lock takes the account for one server: two would play its life twice. The lock is the kernel's and ends with the process.
func lock(dir string) (unlock func() error, err error) {
	file, err := filelock.Take(filepath.Join(dir, "lock"))
	if errors.Is(err, filelock.ErrHeld) {
		return nil, fmt.Errorf("%w (state directory %s): stop it first, or choose another directory with --state", ErrBusy, filepath.Dir(dir))
	}
	if err != nil {
		return nil, fmt.Errorf("the account: %w", err)
	}
	return func() error { return filelock.Release(file) }, nil
}

func makeDir(path string) error { return os.MkdirAll(path, 0o700) }
