package fault

import (
	"errors"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

type file struct {
	inner fsx.File
	hook  Hook
	name  string
}

func (f *file) Read(p []byte) (int, error) {
	op := Op{Call: "read", Name: f.name}
	if err := f.hook.Before(op); err != nil {
		return 0, err
	}
	n, err := f.inner.Read(p)
	if after := f.hook.After(op); after != nil {
		return n, after
	}
	return n, err // io.EOF must stay io.EOF
}

func (f *file) Write(p []byte) (int, error) {
	op := Op{Call: "write", Name: f.name}
	if err := f.hook.Before(op); err != nil {
		if !errors.Is(err, ErrShort) {
			return 0, err
		}
		n, writeErr := f.inner.Write(p[:len(p)/2])
		return n, errors.Join(err, writeErr)
	}
	n, err := f.inner.Write(p)
	return n, errors.Join(err, f.hook.After(op))
}

func (f *file) Stat() (fsx.Info, error) {
	return get(f.hook, Op{Call: "fstat", Name: f.name}, f.inner.Stat)
}

func (f *file) Sync() error {
	op := Op{Call: "sync", Name: f.name}
	if err := f.hook.Before(op); err != nil {
		return err
	}
	return errors.Join(f.inner.Sync(), f.hook.After(op))
}

func (f *file) Probe() fsx.Hold { return f.hold("probe", f.inner.Probe) }

func (f *file) Hold() fsx.Hold { return f.hold("hold", f.inner.Hold) }

// hold has no other way to fail than not to know.
func (f *file) hold(call string, ask func() fsx.Hold) fsx.Hold {
	op := Op{Call: call, Name: f.name}
	if f.hook.Before(op) != nil {
		return fsx.HoldUnknown
	}
	hold := ask()
	if f.hook.After(op) != nil {
		return fsx.HoldUnknown
	}
	return hold
}

// Close may be told to fail after the fact, as close(2) on a network file
// system may; the file is closed all the same.
func (f *file) Close() error {
	op := Op{Call: "close", Name: f.name}
	if err := f.hook.Before(op); err != nil {
		return errors.Join(err, f.inner.Close())
	}
	return errors.Join(f.inner.Close(), f.hook.After(op))
}
