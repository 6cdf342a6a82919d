package memfs

import (
	"errors"
	"io"
	"syscall"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

var errReadOnly = errors.New("opened for reading only")

type file struct {
	fs       *FS
	node     *node
	offset   int
	writable bool
}

func (f *file) Read(p []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.offset >= len(f.node.data) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[f.offset:])
	f.offset += n
	return n, nil
}

func (f *file) Write(p []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if !f.writable {
		return 0, errReadOnly
	}
	if f.fs.full {
		return 0, syscall.ENOSPC
	}
	f.fs.append(f.node, p)
	return len(p), nil
}

// append adds bytes at the end. The caller holds the lock.
func (f *FS) append(n *node, p []byte) {
	n.data = append(n.data, p...)
	n.info.Size = int64(len(n.data))
	n.info.ModTime = f.now()
	n.info.ChangeTime = n.info.ModTime
}

func (f *file) Stat() (fsx.Info, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.node.info, nil
}

func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.node.durable = append([]byte(nil), f.node.data...)
	return nil
}

func (f *file) Hold() fsx.Hold {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	hold := f.alone()
	if hold == fsx.HoldFree {
		f.node.holder = f
	}
	return hold
}

func (f *file) Probe() fsx.Hold {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.alone()
}

// alone says whether nobody else has the file open. The caller holds the lock.
func (f *file) alone() fsx.Hold {
	switch {
	case !f.fs.leases:
		return fsx.HoldUnknown
	case f.node.opens > 1:
		return fsx.HoldBusy
	default:
		return fsx.HoldFree
	}
}

func (f *file) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.node.opens--
	if f.node.holder == f {
		f.node.holder = nil
	}
	return nil
}
