package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"
)

// A line is: checksum, space, JSON list of headers, tab, the bodies one after
// the other, newline. Bodies stay apart from the headers so that opening an
// account only scans them; they are decoded when somebody looks.

type opKind string

const (
	opPut     opKind = "put"
	opRemove  opKind = "del"
	opCounter opKind = "cnt"
	opFormat  opKind = "fmt"
)

// formatVersion is raised when the meaning of lines changes.
const formatVersion = 1

type header struct {
	Op   opKind `json:"o"`
	Type string `json:"t,omitempty"`
	ID   string `json:"i,omitempty"`
	URN  string `json:"u,omitempty"`
	N    int64  `json:"n,omitempty"`
	Len  int    `json:"l,omitempty"`
}

type op struct {
	header header
	body   []byte
	// kept is the decoded body where it is at hand, so that it need not be
	// decoded again.
	kept *Resource
}

const checksumLen = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func encodeLine(ops []op) ([]byte, error) {
	size := checksumLen + 2
	headers := make([]header, len(ops))
	for i, o := range ops {
		headers[i] = o.header
		size += len(o.body) + 128
	}
	line := make([]byte, checksumLen, size)
	line = append(line, ' ')
	h, err := json.Marshal(headers)
	if err != nil {
		return nil, err
	}
	line = append(line, h...)
	line = append(line, '\t')
	for _, o := range ops {
		line = append(line, o.body...)
	}
	sum := fmt.Sprintf("%08x", crc32.Checksum(line[checksumLen:], castagnoli))
	copy(line, sum)
	return append(line, '\n'), nil
}

var errBadLine = errors.New("bad line")

// decodeLine parses a line without its newline; bodies alias line.
func decodeLine(line []byte) ([]op, error) {
	if len(line) < checksumLen+1 {
		return nil, errBadLine
	}
	sum, err := strconv.ParseUint(string(line[:checksumLen]), 16, 32)
	if err != nil || uint32(sum) != crc32.Checksum(line[checksumLen:], castagnoli) {
		return nil, errBadLine
	}
	head, bodies, ok := bytes.Cut(line[checksumLen+1:], []byte{'\t'})
	if !ok {
		return nil, errBadLine
	}
	var headers []header
	if err := json.Unmarshal(head, &headers); err != nil {
		return nil, errBadLine
	}
	ops := make([]op, len(headers))
	for i, h := range headers {
		if h.Len < 0 || h.Len > len(bodies) {
			return nil, errBadLine
		}
		ops[i] = op{header: h, body: bodies[:h.Len:h.Len]}
		bodies = bodies[h.Len:]
	}
	return ops, nil
}

// tail says what an incomplete end of the journal means.
type tail int

const (
	// tailMayGrow: another process may be writing just now; leave it.
	tailMayGrow tail = iota
	// tailIsTorn: we hold the lock, so whoever wrote it is gone; cut it off.
	tailIsTorn
)

// open makes s.file the present journal, also after another process compacted it.
func (s *Store) open() error {
	if s.file != nil {
		now, err := os.Stat(s.path()) //nolint:gosec // the folder is the one that the caller opened
		if err == nil {
			mine, err := s.file.Stat()
			if err == nil && os.SameFile(now, mine) {
				return nil
			}
		}
		_ = s.file.Close() // only read since its last sync: it was replaced
		s.file, s.offset, s.mem = nil, 0, newMemory()
	}
	f, err := os.OpenFile(s.path(), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600) //nolint:gosec // see above
	if err != nil {
		return fmt.Errorf("opening the account's journal: %w", err)
	}
	s.file = f
	return nil
}

// refresh applies the lines that were appended since the last call.
func (s *Store) refresh(t tail) error {
	info, err := s.file.Stat()
	if err != nil {
		return fmt.Errorf("reading the account's journal: %w", err)
	}
	if info.Size() == s.offset {
		return nil
	}
	if info.Size() < s.offset {
		return fmt.Errorf("%w: %s shrank from %d to %d bytes while it was in use; put back a copy of the file, or remove it to start a new "+
			"account", ErrCorrupt, s.path(), s.offset, info.Size())
	}
	data := make([]byte, info.Size()-s.offset)
	n, err := s.file.ReadAt(data, s.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the account's journal: %w", err)
	}
	return s.apply(data[:n], t)
}

func (s *Store) apply(data []byte, t tail) error {
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			return s.badTail(data, t)
		}
		ops, err := decodeLine(data[:end])
		if err != nil {
			return s.badTail(data, t)
		}
		if err := s.mem.apply(ops, int64(end+1)); err != nil {
			return fmt.Errorf("%s at byte %d: %w", s.path(), s.offset, err)
		}
		s.offset += int64(end + 1)
		data = data[end+1:]
	}
	return nil
}

// badTail decides about data that starts with a line that can't be used. Only the
// beginning of a line, at the very end, is what a process that died while writing
// leaves; everything else is damage, and cutting it off would lose what it held.
func (s *Store) badTail(data []byte, t tail) error {
	if _, after, found := bytes.Cut(data, []byte{'\n'}); found && len(after) > 0 && hasGoodLine(after) {
		return fmt.Errorf("%w: %s has a bad line at byte %d with good ones behind it; %s", ErrCorrupt, s.path(), s.offset, s.howToCut())
	}
	if t == tailMayGrow {
		return nil
	}
	if !isTorn(data) {
		return fmt.Errorf("%w: what follows byte %d of %s is no change of an account; %s", ErrCorrupt, s.offset, s.path(), s.howToCut())
	}
	if err := s.file.Truncate(s.offset); err != nil {
		return fmt.Errorf("cutting a half-written line off the account's journal: %w", err)
	}
	return nil
}

// howToCut says how to return to the state before the damage.
func (s *Store) howToCut() string {
	if s.offset == 0 {
		return "put back a copy of the file, or remove it to start a new account"
	}
	return fmt.Sprintf("`cp %[1]s %[1]s.damaged && truncate -s %[2]d %[1]s` keeps it and returns to the account before that line",
		s.path(), s.offset)
}

// lineStart is how every line begins, see encodeLine.
const lineStart = "00000000 [{\"o\":\""

// isTorn reports whether data is the beginning of a line and no more.
func isTorn(data []byte) bool {
	for i := range min(len(data), len(lineStart)) {
		switch digit := bytes.IndexByte([]byte("0123456789abcdef"), data[i]) >= 0; {
		case i < checksumLen && !digit, i >= checksumLen && data[i] != lineStart[i]:
			return false
		}
	}
	return !bytes.Contains(data, []byte{'\n'})
}

func hasGoodLine(data []byte) bool {
	for line := range bytes.Lines(data) {
		if _, err := decodeLine(bytes.TrimSuffix(line, []byte{'\n'})); err == nil {
			return true
		}
	}
	return false
}

// commit appends the staged operations as one line and applies them.
func (s *Store) commit(tx *Tx) error {
	if len(tx.ops) == 0 {
		return nil
	}
	ops := tx.ops
	if s.offset == 0 {
		ops = append([]op{{header: header{Op: opFormat, N: formatVersion}}}, ops...)
	}
	line, err := encodeLine(ops)
	if err != nil {
		return fmt.Errorf("encoding a change of the account: %w", err)
	}
	if _, err := s.file.Write(line); err != nil {
		cut := s.file.Truncate(s.offset)
		return errors.Join(fmt.Errorf("writing the account's journal: %w", err), cut)
	}
	s.offset += int64(len(line))
	return s.mem.apply(ops, int64(len(line)))
}
