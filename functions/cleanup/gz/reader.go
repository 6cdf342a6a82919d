package gz

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// Unpacker decompresses one gzip stream. Its io.EOF means that the checksum
// was right and that nothing follows the stream.
type Unpacker struct {
	in     *bufio.Reader
	reader *gzip.Reader
	source sourceError
}

// sourceError keeps the error of the underlying file apart from the faults of
// its content: a failing disk is not a corrupt file.
type sourceError struct {
	r   io.Reader
	err error
}

func (s *sourceError) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

var unpackers = sync.Pool{New: func() any {
	return &Unpacker{in: bufio.NewReaderSize(nil, bufferSize), reader: new(gzip.Reader)}
}}

// NewReader starts to decompress. Release returns its memory.
func NewReader(ctx context.Context, packed io.Reader) (*Unpacker, error) {
	u, _ := unpackers.Get().(*Unpacker)
	u.source = sourceError{r: Reader(ctx, packed)}
	u.in.Reset(&u.source)
	if err := u.reader.Reset(u.in); err != nil {
		err = u.fault(err)
		u.Release()
		return nil, err
	}
	u.reader.Multistream(false)
	return u, nil
}

// Release gives the reader back. It must not be used afterwards.
func (u *Unpacker) Release() {
	u.source = sourceError{}
	unpackers.Put(u)
}

func (u *Unpacker) Read(p []byte) (int, error) {
	n, err := u.reader.Read(p)
	if err == nil {
		return n, nil
	}
	if !errors.Is(err, io.EOF) {
		return n, u.fault(err)
	}
	if _, err := u.in.ReadByte(); !errors.Is(err, io.EOF) {
		if u.source.err != nil {
			return n, u.source.err
		}
		return n, fmt.Errorf("something follows the gzip stream: %w", ErrCorrupt)
	}
	return n, io.EOF
}

func (u *Unpacker) fault(err error) error {
	if u.source.err != nil {
		return u.source.err
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, unwrapEOF(err))
}

// unwrapEOF makes an error of an end that came too early, which must not look
// like a proper end.
func unwrapEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early")
	}
	return err
}
