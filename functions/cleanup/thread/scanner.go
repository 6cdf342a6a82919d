package thread

import (
	"bytes"
	"encoding/json"
	"time"
)

const (
	// maxDepth is encoding/json's own limit on nesting.
	maxDepth = 10_000
	// activityDepth is how deep the thread's own fields may lie:
	// {"messages": [{"timestamp": …}]} is three levels. Deeper lies what people
	// and tools have said, and a date in there says nothing of the thread.
	activityDepth = 3
	// maxToken bounds the strings and numbers that are looked at: no name or time is longer.
	maxToken = 64
)

type state uint8

const (
	wantValue state = iota
	wantValueOrEnd
	wantKeyOrEnd
	wantKey
	wantColon
	wantCommaOrEnd
	inString
	inEscape
	inScalar // number, true, false, null
	broken
)

// scanner finds times in JSON that is fed to it piece by piece. It keeps one
// token and one bit per level of nesting, whatever the size of the content.
type scanner struct {
	state    state
	isKey    bool // the string being read is a key
	relevant bool // the last key at this level names a time of use
	escaped  bool
	values   int // complete values at the top level
	depth    int
	objects  [(maxDepth + 64) / 64]uint64 // bit per level: object or array
	token    [maxToken]byte
	length   int // of the token, counted on beyond maxToken
	newest   time.Time
}

func (s *scanner) feed(p []byte) {
	for len(p) > 0 && s.state != broken {
		switch s.state {
		case inString:
			p = s.stringPart(p)
		case inScalar:
			p = s.scalarPart(p)
		case inEscape:
			s.collect(p[:1])
			s.state = inString
			p = p[1:]
		default:
			s.structure(p[0])
			p = p[1:]
		}
	}
}

func (s *scanner) finish() Activity {
	if s.state == inScalar && s.depth == 0 {
		s.endScalar()
	}
	whole := s.state == wantValue && s.depth == 0 && s.values > 0
	return Activity{Last: s.newest, Malformed: !whole}
}

// structure handles a byte between tokens.
func (s *scanner) structure(c byte) {
	if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
		return
	}
	switch s.state {
	case wantColon:
		s.expect(c == ':', wantValue)
	case wantCommaOrEnd:
		s.afterValue(c)
	case wantKey, wantKeyOrEnd:
		s.keyOrEnd(c)
	case wantValueOrEnd:
		if c == ']' {
			s.pop(false)
			return
		}
		s.value(c)
	default:
		s.value(c)
	}
}

func (s *scanner) expect(ok bool, next state) {
	s.state = broken
	if ok {
		s.state = next
	}
}

func (s *scanner) keyOrEnd(c byte) {
	if c == '}' && s.state == wantKeyOrEnd {
		s.pop(true)
		return
	}
	s.isKey = true
	s.begin()
	s.expect(c == '"', inString)
}

func (s *scanner) afterValue(c byte) {
	switch {
	case c == ',' && s.inObject():
		s.state = wantKey
	case c == ',':
		s.state = wantValue
	case c == '}' || c == ']':
		s.pop(c == '}')
	default:
		s.state = broken
	}
}

func (s *scanner) value(c byte) {
	s.isKey = false
	s.begin()
	switch {
	case c == '{':
		s.push(true, wantKeyOrEnd)
	case c == '[':
		s.push(false, wantValueOrEnd)
	case c == '"':
		s.state = inString
	case c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' || c == 'n':
		s.collect([]byte{c})
		s.state = inScalar
	default:
		s.state = broken
	}
}

func (s *scanner) push(object bool, next state) {
	if s.depth == maxDepth {
		s.state = broken
		return
	}
	word, bit := s.depth/64, uint64(1)<<(s.depth%64)
	s.objects[word] &^= bit
	if object {
		s.objects[word] |= bit
	}
	s.depth++
	s.relevant = false
	s.state = next
}

func (s *scanner) pop(object bool) {
	if s.depth == 0 || s.inObject() != object {
		s.state = broken
		return
	}
	s.depth--
	s.endValue()
}

func (s *scanner) inObject() bool {
	if s.depth == 0 {
		return false
	}
	level := s.depth - 1
	return s.objects[level/64]&(1<<(level%64)) != 0
}

// endValue is called after a complete value: what follows depends on where it stood.
func (s *scanner) endValue() {
	s.relevant = false
	if s.depth > 0 {
		s.state = wantCommaOrEnd
		return
	}
	s.values++
	s.state = wantValue
}

func (s *scanner) begin() { s.length, s.escaped = 0, false }

func (s *scanner) collect(p []byte) {
	if s.depth <= activityDepth && s.length < maxToken {
		copy(s.token[s.length:], p)
	}
	s.length += len(p)
}

// text returns the token, if it is short enough to mean something.
func (s *scanner) text() (string, bool) {
	if s.length > maxToken || s.depth > activityDepth {
		return "", false
	}
	raw := s.token[:s.length]
	if !s.escaped {
		return string(raw), true
	}
	var decoded string
	err := json.Unmarshal(append(append([]byte{'"'}, raw...), '"'), &decoded)
	return decoded, err == nil
}

// stringPart consumes what p holds of a string and returns the rest.
func (s *scanner) stringPart(p []byte) []byte {
	end := bytes.IndexByte(p, '"')
	part := p
	if end >= 0 {
		part = p[:end]
	}
	if escape := bytes.IndexByte(part, '\\'); escape >= 0 {
		s.collect(p[:escape+1])
		s.escaped = true
		s.state = inEscape
		return p[escape+1:]
	}
	s.collect(part)
	if end < 0 {
		return nil
	}
	s.endString()
	return p[end+1:]
}

func (s *scanner) endString() {
	if s.isKey {
		key, ok := s.text()
		s.relevant = ok && isActivityKey(key)
		s.state = wantColon
		return
	}
	if s.relevant {
		if text, ok := s.text(); ok {
			s.note(parseTime(text))
		}
	}
	s.endValue()
}

// scalarPart consumes what p holds of a number or literal and returns the rest.
func (s *scanner) scalarPart(p []byte) []byte {
	end := bytes.IndexAny(p, " \t\r\n,]}")
	if end < 0 {
		s.collect(p)
		return nil
	}
	s.collect(p[:end])
	s.endScalar()
	return p[end:]
}

func (s *scanner) endScalar() {
	if s.length <= maxToken && s.depth <= activityDepth {
		raw := s.token[:s.length]
		if !json.Valid(raw) {
			s.state = broken
			return
		}
		if s.relevant {
			s.note(parseNumber(string(raw)))
		}
	}
	s.endValue()
}

func (s *scanner) note(t time.Time, ok bool) {
	if ok && t.After(s.newest) {
		s.newest = t
	}
}
