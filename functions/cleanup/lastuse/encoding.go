package lastuse

import (
	"bytes"
	"errors"
	"io"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// encodings are recognised by the first four bytes: by their mark, or, since
// the first two characters of JSON are ASCII, by where its zeros are (RFC 4627,
// section 3). The longer marks come first, because the shorter begin them.
var encodings = []struct {
	zeros    string // 0 and x for each byte, if there is no mark
	mark     string
	encoding encoding.Encoding
}{
	{"000x", "\x00\x00\xfe\xff", utf32.UTF32(utf32.BigEndian, utf32.UseBOM)},
	{"x000", "\xff\xfe\x00\x00", utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)},
	{"0x0x", "\xfe\xff", unicode.UTF16(unicode.BigEndian, unicode.UseBOM)},
	{"x0x0", "\xff\xfe", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
}

// asUTF8 decodes what is not UTF-8. UTF-8 passes as it is: the scanner knows
// its mark, which appending writers put anywhere.
func asUTF8(r io.Reader) (io.Reader, error) {
	head := make([]byte, 4)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	head = head[:n]
	whole := io.MultiReader(bytes.NewReader(head), r)
	for _, e := range encodings {
		if n > 1 && bytes.HasPrefix(head, []byte(e.mark)) || zeros(head) == e.zeros {
			return e.encoding.NewDecoder().Reader(whole), nil
		}
	}
	return whole, nil
}

func zeros(head []byte) string {
	pattern := make([]byte, len(head))
	for i, c := range head {
		pattern[i] = 'x'
		if c == 0 {
			pattern[i] = '0'
		}
	}
	return string(pattern)
}
