package fault

import (
	"io"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/memfs"
)

// script is five operations: create, write, sync, close, link.
func script(d fsx.Dir) error {
	f, err := d.Create("a", 0o600)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(f, "1234"); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return d.Link("a", "b")
}

func TestEachOperationIsStruckInEachWay(t *testing.T) {
	t.Parallel()
	const create, write, link = 0, 1, 4
	cases := []struct {
		target int64
		mode   Mode
		names  int    // left behind
		data   string // in a
	}{
		{create, FailBefore, 0, ""},
		{create, FailAfter, 1, ""},
		{create, StopBefore, 0, ""},
		{create, StopAfter, 1, ""},
		{write, FailBefore, 1, ""},
		{write, FailShort, 1, "12"},
		{write, StopShort, 1, "12"},
		{write, StopAfter, 1, "1234"},
		{link, FailBefore, 1, "1234"},
		{link, FailAfter, 2, "1234"},
		{link, StopAfter, 2, "1234"},
	}
	for _, c := range cases {
		mem := memfs.New(func() int64 { return 1 })
		at := &At{Target: c.target, Mode: c.mode, Err: syscall.EIO}
		d := Wrap(mem.Root(), at)
		err := script(d)
		want := error(syscall.EIO)
		if c.mode >= StopBefore {
			want = ErrKilled
		}
		require.ErrorIs(t, err, want, "%+v", c)
		tree := mem.Tree()
		require.Len(t, tree, c.names, "%+v", c)
		require.Equal(t, c.data, tree["a"].Data, "%+v", c)
		require.Equal(t, c.mode >= StopBefore, at.Killed())
		if _, err = d.Stat("a"); at.Killed() {
			require.ErrorIs(t, err, ErrKilled, "a dead process does nothing more")
		}
	}
}

func TestCountsEveryOperation(t *testing.T) {
	t.Parallel()
	mem := memfs.New(func() int64 { return 1 })
	at := &At{Target: -1}
	require.NoError(t, script(Wrap(mem.Root(), at)))
	require.Equal(t, int64(5), at.Count())
}
