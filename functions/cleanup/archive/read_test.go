package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/aside"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
)

// tarball packs files; a name that starts with the trailer's is a trailer that
// announces the number after it.
func tarball(t *testing.T, names ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, name := range names {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Format: tar.FormatPAX}
		if count, ok := strings.CutPrefix(name, trailerName); ok {
			h.Typeflag, h.Name = tar.TypeDir, trailerName
			h.PAXRecords = map[string]string{recordEntries: count}
		}
		require.NoError(t, w.WriteHeader(h))
	}
	require.NoError(t, w.Close())
	require.NoError(t, z.Close())
	return out.Bytes()
}

// A tar file that some other program has made, or that is short of its end, is
// no archive of ours, however readable.
func TestOnlyACompleteArchiveIsOne(t *testing.T) {
	t.Parallel()
	for announced, names := range map[string][]string{
		"none": {"a", "b"}, "empty": {}, "too few": {"a", "b", trailerName + "1"}, "too many": {"a", trailerName + "2"},
		"not the last": {"a", trailerName + "1", "b"}, "no number": {"a", trailerName + "x"}, "two": {trailerName + "0", trailerName + "0"},
	} {
		s := newFixture()
		s.fs.Write(final, tarball(t, names...), 1)
		d, err := s.fs.Root().OpenDir(Dir)
		require.NoError(t, err)
		_, err = read(t.Context(), d, strings.TrimPrefix(final, Dir+"/"), func(*tar.Header, io.Reader) error { return nil })
		require.ErrorIs(t, err, ErrIncomplete, announced)
	}
	s := newFixture()
	s.fs.Write(final, tarball(t, "a", "b", trailerName+strconv.Itoa(2)), 1)
	d, err := s.fs.Root().OpenDir(Dir)
	require.NoError(t, err)
	n, err := read(t.Context(), d, strings.TrimPrefix(final, Dir+"/"), func(*tar.Header, io.Reader) error { return nil })
	require.NoError(t, err)
	require.Equal(t, int64(2), n.entries)
}

// lastReads rewrites a file when it has been read for the last comparison, and
// not yet to its end.
type lastReads struct {
	fixture *fixture
	reads   int
}

func (l *lastReads) Before(op fault.Op) error {
	if op.Call == "read" && op.Name == "index.astro" && strings.HasSuffix(l.fixture.place(), ".removing") {
		if l.reads++; l.reads == 2 {
			l.fixture.fs.Overwrite(l.fixture.place()+"/project/src/index.astro", []byte(strings.Repeat("Page ", 5000)))
		}
	}
	return nil
}

func (l *lastReads) After(fault.Op) error { return nil }

func TestWrittenOverDuringTheLastComparison(t *testing.T) {
	t.Parallel()
	s := newFixture()
	require.NoError(t, s.create(t, nil))
	hook := &lastReads{fixture: s}
	_, err := s.finish(t, hook)
	require.GreaterOrEqual(t, hook.reads, 2)
	require.ErrorIs(t, err, aside.ErrChanged)
	require.Equal(t, strings.Repeat("Page ", 5000), s.fs.Tree()[s.place()+"/project/src/index.astro"].Data)
}
