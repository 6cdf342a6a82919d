package lastuse

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"time"
)

// The strings, numbers and literals between the structure of what is scanned, and what they say of time.

func (s *scanner) begin() { s.length, s.escaped = 0, false }

func (s *scanner) collect(p []byte) {
	if s.length < maxToken {
		copy(s.token[s.length:], p)
	}
	s.length += len(p)
}

// decoded is the token without its escapes.
func (s *scanner) decoded() (string, bool) {
	raw := s.token[:s.length]
	if !s.escaped {
		return string(raw), true
	}
	var text string
	err := json.Unmarshal(append(append([]byte{'"'}, raw...), '"'), &text)
	return text, err == nil
}

// stringPart consumes what p holds of a string and returns the rest.
func (s *scanner) stringPart(p []byte) []byte {
	end := plainPrefix(p)
	s.collect(p[:end])
	if end == len(p) {
		return nil
	}
	s.rest = int64(len(p) - end)
	switch c := p[end]; {
	case c == '"':
		s.endString()
	case c == '\\':
		s.collect(p[end : end+1])
		s.escaped = true
		s.state = inEscape
	case endsLine(c):
		s.broke()
		return p[end:]
	default: // a control character that some writers do not escape
		s.collect(p[end : end+1])
	}
	return p[end+1:]
}

// plainPrefix is how many bytes of p are neither a quote, a backslash nor a
// control character. It looks at eight at a time: most of a thread is text.
func plainPrefix(p []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(p); i += 8 {
		x := binary.LittleEndian.Uint64(p[i:])
		quote, backslash := x^(ones*'"'), x^(ones*'\\')
		found := ((x-ones*' ')&^x | (quote-ones)&^quote | (backslash-ones)&^backslash) & highs
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(p); i++ {
		if c := p[i]; c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return i
}

func (s *scanner) endString() {
	if s.isKey {
		s.key = s.kindOfToken()
		s.state = wantColon
		return
	}
	s.text()
	s.endValue()
}

func (s *scanner) kindOfToken() keyKind {
	if s.length > maxToken {
		return otherKey
	}
	if !s.escaped {
		return kindOfKey(s.token[:s.length])
	}
	name, ok := s.decoded()
	if !ok || len(name) > maxToken {
		return otherKey
	}
	return kindOfKey([]byte(name))
}

// kindAt is what the key promises at a depth.
func (s *scanner) kindAt(depth int) keyKind {
	if depth > ownDepth {
		return min(s.key, timelyKey)
	}
	return s.key
}

// text looks for a date in a string.
func (s *scanner) text() {
	kind := s.kindAt(s.depth)
	if s.length > maxToken {
		if kind == ownKey {
			s.doubtDate(string(s.token[:]))
		}
		return
	}
	raw := s.token[:s.length]
	if kind == otherKey && s.compound.depth == 0 && !maybeDate(raw) && !maybeCount(raw) {
		return
	}
	text, ok := s.decoded()
	t, says := time.Time{}, isUnreadable
	if ok {
		t, says = parseTime(text, s.now)
	}
	s.note(t, says)
	if says == isUnreadable && (kind == ownKey || kind == weakKey && claimsDate(raw)) {
		s.doubtDate(text)
	}
}

// claimsDate says whether a text has at least the digits of a year.
func claimsDate(raw []byte) bool {
	digits := 0
	for _, c := range raw {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	return digits >= 4
}

// scalarPart consumes what p holds of a number or literal and returns the rest.
func (s *scanner) scalarPart(p []byte) []byte {
	end := 0
	for end < len(p) && inScalarToken(p[end]) {
		end++
	}
	s.collect(p[:end])
	if end == len(p) {
		return nil
	}
	s.rest = int64(len(p) - end)
	s.endScalar()
	return p[end:]
}

func inScalarToken(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.'
}

func (s *scanner) endScalar() {
	if s.length <= maxToken {
		raw := s.token[:s.length]
		if !isScalar(raw) {
			s.broke()
			return
		}
		kind := s.kindAt(s.depth)
		timely := kind != otherKey || s.compound.depth > 0 || maybeCount(raw)
		if first := raw[0]; timely && first >= '0' && first <= '9' {
			t, says := parseNumber(string(raw))
			s.note(t, says)
			if says == isUnreadable && kind == ownKey {
				s.doubtDate(string(raw))
			}
		}
	}
	s.endValue()
}

// isScalar knows what Python writes besides what JSON allows.
func isScalar(raw []byte) bool {
	switch string(raw) {
	case "true", "false", "null", "NaN", "Infinity", "-Infinity":
		return true
	}
	return json.Valid(raw)
}

func (s *scanner) note(t time.Time, says verdict) {
	if says != isDate {
		return
	}
	own := s.kindAt(s.depth) >= weakKey || s.compound.depth > 0 && s.compound.kind >= weakKey
	s.dated = s.dated || own
	s.compound.dated = true
	switch {
	case !t.After(s.now):
		if t.After(s.newest) {
			s.newest = t
		}
	case own && t.After(s.future):
		s.future = t
	}
}

func (s *scanner) doubtDate(text string) {
	if s.doubt.Kind == DoubtNone {
		s.doubt = Doubt{Kind: DoubtDate, At: s.fed - s.rest, Text: text}
	}
}
