package serve

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrBusy means that another process serves the same account.
var ErrBusy = errors.New("another process serves this account")

// lock takes the account for one server: two would play its life twice. The lock is the kernel's and ends with the process.
func lock(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // a path of our own
	if err != nil {
		return nil, fmt.Errorf("lock the account: %w", err)
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("%w (state directory %s): stop it first, or choose another directory with --state", ErrBusy, filepath.Dir(dir))
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func makeDir(path string) error { return os.MkdirAll(path, 0o700) }
