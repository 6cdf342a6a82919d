package serve

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// maxLog is how large a served stack's log grows before it is moved aside to make room; the one before that goes.
const maxLog = 16 << 20

// LogPath is the file that holds what the functions and containers of a stack have written since it was last served. Each line has the
// service's time, the function's name or the task's, and the text.
func LogPath(stateDir, stack string) string { return filepath.Join(directory(stateDir), stack+".log") }

// logFile collects the logs of functions and containers.
type logFile struct {
	path string
	now  func() time.Time

	mu   sync.Mutex
	file *os.File
	size int
	lost error
}

func openLog(path string, now func() time.Time) (*logFile, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // a path of our own
	if err != nil {
		return nil, fmt.Errorf("open the log of the served stack: %w", err)
	}
	return &logFile{path: path, now: now, file: file}, nil
}

// write adds what a source has written, line by line. A log that cannot be written must not stop the service; Close tells of it.
func (l *logFile) write(source, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.now().UTC().Format(time.RFC3339)
	for line := range strings.Lines(text) {
		n, err := fmt.Fprintf(l.file, "%s  %-22s  %s\n", at, source, strings.TrimRight(line, "\r\n"))
		l.size += n
		l.lost = errors.Join(l.lost, err)
		if err != nil {
			return
		}
	}
	if l.size >= maxLog {
		l.lost = errors.Join(l.lost, l.turn())
	}
}

// turn moves the log aside and begins another.
func (l *logFile) turn() error {
	if err := os.Rename(l.path, l.path+".1"); err != nil {
		return fmt.Errorf("make room for the log: %w", err)
	}
	next, err := openLog(l.path, l.now)
	if err != nil {
		return err
	}
	old := l.file
	l.file, l.size = next.file, 0
	return old.Close()
}

// Close implements io.Closer.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.lost, l.file.Close())
}
