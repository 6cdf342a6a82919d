package cli

import (
	"context"
	"errors"
	"os"

	"github.com/webordinary/live-edit/tools/filelock"
)

// lockFile takes an exclusive lock on the file at path, which the kernel
// releases when the process ends, however it ends. When somebody else holds the
// lock, waiting is called once and lockFile waits until ctx is done.
func lockFile(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	var file *os.File
	if file, err = filelock.Take(path); errors.Is(err, filelock.ErrHeld) {
		waiting()
		file, err = filelock.Wait(ctx, path)
	}
	if err != nil {
		return nil, err
	}
	return func() { _ = filelock.Release(file) }, nil
}
