package archive

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/webordinary/live-edit/functions/cleanup/aside"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/gz"
)

// The last entry is the workspace directory itself and says, in extended header
// records of our own, that the archive is complete, and what it leaves out.
// Other tar programs pass over records they do not know.
const (
	trailerName    = "./"
	recordEntries  = "WEBORDINARY.entries"
	recordLeftOut  = "WEBORDINARY.leftout" // paths of directories, each followed by a zero byte
	ioBufferBytes  = 256 << 10
	permissionMask = 0o777
)

// writer packs a workspace.
type writer struct {
	ctx     context.Context //nolint:containedctx // lives for one archive
	tar     *tar.Writer
	buffer  []byte
	entries int64
	bytes   int64
	limit   int64
	leftOut strings.Builder
}

// write packs the workspace into w and returns how many bytes of files it held.
func write(ctx context.Context, workspace fsx.Dir, w io.Writer, limit int64) (int64, error) {
	out := bufio.NewWriterSize(w, ioBufferBytes)
	zip, err := gzip.NewWriterLevel(out, gz.Level)
	if err != nil {
		return 0, err
	}
	p := &writer{ctx: ctx, tar: tar.NewWriter(zip), buffer: make([]byte, ioBufferBytes), limit: limit}
	note := func(e entry) error {
		p.leftOut.WriteString(e.path + "\x00")
		return nil
	}
	if err := walk(ctx, workspace, visitor{visit: p.entry, leaveOut: newLeftOut(workspace).decide, excluded: note}); err != nil {
		return 0, err
	}
	if err := p.trailer(workspace.Self()); err != nil {
		return 0, err
	}
	return p.bytes, errors.Join(p.tar.Close(), zip.Close(), out.Flush())
}

func (p *writer) entry(e entry) error {
	p.entries++
	header, err := headerOf(e)
	if err != nil {
		return err
	}
	if e.info.Kind != fsx.KindFile {
		return p.tar.WriteHeader(header)
	}
	if p.bytes += e.info.Size; p.bytes > p.limit {
		return fmt.Errorf("more than %d bytes: %w", p.limit, ErrTooLarge)
	}
	f, err := e.parent.Open(e.name)
	if err != nil {
		return err
	}
	return errors.Join(p.file(header, e, f), f.Close())
}

// file copies exactly the bytes that the header announces, and refuses a file
// that changes under it.
func (p *writer) file(header *tar.Header, e entry, f fsx.File) error {
	if err := unchanged(e, f); err != nil {
		return err
	}
	if err := p.tar.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.CopyBuffer(struct{ io.Writer }{p.tar}, struct{ io.Reader }{gz.Reader(p.ctx, f)}, p.buffer)
	if errors.Is(err, tar.ErrWriteTooLong) {
		return fmt.Errorf("%q: %w", e.path, aside.ErrChanged)
	}
	if err != nil {
		return err
	}
	if err := unchanged(e, f); err != nil {
		return err
	}
	return p.tar.Flush()
}

func unchanged(e entry, f fsx.File) error {
	info, err := f.Stat()
	if err == nil && !info.SameContent(e.info) {
		err = fmt.Errorf("%q: %w", e.path, aside.ErrChanged)
	}
	return err
}

func (p *writer) trailer(root fsx.Info) error {
	records := map[string]string{recordEntries: strconv.FormatInt(p.entries, 10)}
	if p.leftOut.Len() > 0 {
		records[recordLeftOut] = p.leftOut.String()
	}
	return p.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeDir, Name: trailerName, Mode: int64(root.Perm & permissionMask), ModTime: root.Modified(),
		Uid: int(root.UID), Gid: int(root.GID), Format: tar.FormatPAX,
		PAXRecords: records,
	})
}

// headerOf describes an entry. PAX keeps names of any length and bytes, and
// times to the nanosecond.
func headerOf(e entry) (*tar.Header, error) {
	h := &tar.Header{
		Name: e.path, Mode: int64(e.info.Perm & permissionMask), Uid: int(e.info.UID), Gid: int(e.info.GID),
		ModTime: e.info.Modified(), Format: tar.FormatPAX,
	}
	switch e.info.Kind {
	case fsx.KindFile:
		h.Typeflag, h.Size = tar.TypeReg, e.info.Size
	case fsx.KindDir:
		h.Typeflag, h.Name = tar.TypeDir, e.path+"/"
	case fsx.KindSymlink:
		target, err := e.parent.Readlink(e.name)
		if err != nil {
			return nil, err
		}
		h.Typeflag, h.Linkname = tar.TypeSymlink, target
	default:
		return nil, fmt.Errorf("%q: %w", e.path, ErrSpecial)
	}
	return h, nil
}
