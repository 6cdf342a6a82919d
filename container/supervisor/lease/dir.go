package lease

import (
	"errors"
	"fmt"
	"os"
)

// Dir is a directory of lease files. Names that would lead out of it are refused by the kernel.
type Dir struct{ root *os.Root }

// OpenDir opens a directory, and makes it if need be.
func OpenDir(path string) (Dir, error) {
	if err := os.MkdirAll(path, 0o750); err != nil {
		return Dir{}, fmt.Errorf("make the directory of leases: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return Dir{}, fmt.Errorf("open the directory of leases: %w", err)
	}
	return Dir{root: root}, nil
}

// Close closes the directory.
func (d Dir) Close() error { return d.root.Close() }

// Read implements Files.
func (d Dir) Read(name string) ([]byte, error) { return d.root.ReadFile(name) }

// Create implements Files. On NFS an exclusive open is decided by the server.
func (d Dir) Create(name string, content []byte) error {
	return d.write(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, content)
}

// Rewrite implements Files.
func (d Dir) Rewrite(name string, content []byte) error {
	return d.write(name, os.O_WRONLY|os.O_CREATE, content)
}

// write leaves a file that it could not fill where it is: an empty lease is one that stands still.
func (d Dir) write(name string, flags int, content []byte) error {
	file, err := d.root.OpenFile(name, flags, 0o640)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(content, 0)
	return errors.Join(err, file.Close()) // closing is what sends the write to the server and tells whether it arrived
}

// Remove implements Files.
func (d Dir) Remove(name string) error { return d.root.Remove(name) }

// List implements Files.
func (d Dir) List() (names []string, err error) {
	dir, err := d.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	return dir.Readdirnames(-1)
}
