// Package gz compresses, and proves what it compressed by reading it again.
package gz

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// Level makes prose as small as gzip -6 does and code 8 % larger, at several
// times its speed. Level 5 would take 30 % longer for 2 to 4 % less, of files
// that are deleted three weeks later (docs/performance.md).
const Level = 4

const bufferSize = 64 << 10

// ErrCorrupt is a file that is not one complete gzip stream and nothing else.
var ErrCorrupt = errors.New("not a complete gzip file")

// Digest identifies content within one process. Its hash finds accidents, which
// is all it is for: besides, gzip's own checksum is compared, and whoever wants
// to put something else in a thread's place can write to it.
type Digest struct {
	Size int64
	Hash uint64
}

var seed = maphash.MakeSeed()

// packer is what one compression needs; they are kept because each costs about
// a megabyte to make.
type packer struct {
	writer *gzip.Writer
	out    *bufio.Writer
	buffer []byte
	hash   maphash.Hash
}

var packers = sync.Pool{New: func() any {
	writer, err := gzip.NewWriterLevel(io.Discard, Level)
	if err != nil {
		panic(err) // Level is a constant
	}
	p := &packer{writer: writer, out: bufio.NewWriterSize(io.Discard, bufferSize), buffer: make([]byte, bufferSize)}
	p.hash.SetSeed(seed)
	return p
}}

// Pack compresses src into dst and returns the digest of what it read.
func Pack(ctx context.Context, dst io.Writer, src io.Reader) (Digest, error) {
	p, _ := packers.Get().(*packer)
	defer packers.Put(p)
	p.out.Reset(dst)
	p.writer.Reset(p.out)
	p.hash.Reset()
	n, err := io.CopyBuffer(onlyWriter{io.MultiWriter(&p.hash, p.writer)}, onlyReader{Reader(ctx, src)}, p.buffer)
	if err != nil {
		return Digest{}, err
	}
	if err := errors.Join(p.writer.Close(), p.out.Flush()); err != nil {
		return Digest{}, err
	}
	return Digest{Size: n, Hash: p.hash.Sum64()}, nil
}

// Check decompresses packed to its end and returns the digest of the content.
// Whatever is not exactly one whole gzip stream is ErrCorrupt.
func Check(ctx context.Context, packed io.Reader) (Digest, error) {
	r, err := NewReader(ctx, packed)
	if err != nil {
		return Digest{}, err
	}
	defer r.Release()
	p, _ := packers.Get().(*packer)
	defer packers.Put(p)
	p.hash.Reset()
	n, err := io.CopyBuffer(onlyWriter{&p.hash}, onlyReader{r}, p.buffer)
	if err != nil {
		return Digest{}, err
	}
	return Digest{Size: n, Hash: p.hash.Sum64()}, nil
}

// Relation says how the content of a packed file relates to a plain one.
type Relation uint8

// The relations.
const (
	Different Relation = iota
	Prefix             // the plain file starts with all that is packed, and goes on
	Identical
)

// Compare reads both to the end of the shorter.
func Compare(ctx context.Context, packed, plain io.Reader) (Relation, error) {
	r, err := NewReader(ctx, packed)
	if err != nil {
		return Different, err
	}
	defer r.Release()
	plain = Reader(ctx, plain)
	a, b := make([]byte, bufferSize), make([]byte, bufferSize)
	for {
		n, errPacked := io.ReadFull(r, a)
		m, errPlain := io.ReadFull(plain, b[:max(n, 1)])
		if err := errors.Join(realError(errPacked), realError(errPlain)); err != nil {
			return Different, err
		}
		switch {
		case n == 0 && m == 0:
			return Identical, nil
		case n == 0:
			return Prefix, nil
		case m < n || !bytes.Equal(a[:n], b[:n]):
			return Different, nil
		}
	}
}

func realError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// Reader stops reading when ctx ends.
func Reader(ctx context.Context, r io.Reader) io.Reader { return &contextReader{ctx, r} }

type contextReader struct {
	ctx context.Context //nolint:containedctx // lives for one copy
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := fsx.Interrupted(c.ctx); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// onlyWriter and onlyReader hide ReadFrom and WriteTo, which would pass the
// kept buffer by and make one of their own.
type (
	onlyWriter struct{ io.Writer }
	onlyReader struct{ io.Reader }
)
