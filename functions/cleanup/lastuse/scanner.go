package lastuse

import (
	"time"
)

const (
	// maxDepth is encoding/json's own limit on nesting.
	maxDepth = 10_000
	// ownDepth is how deep the thread's own fields may lie:
	// {"projects": {"p": {"sessions": [{"timestamp": …}]}}} is five levels.
	// Deeper lies what people and tools have said: a date in there is a sign of
	// use if it has passed, and none if it has not, or is in an unknown notation.
	ownDepth = 5
	// maxToken bounds the strings and numbers that are looked at. JavaScript's
	// date with the longest name of a zone has 79 characters.
	maxToken = 128
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
	broken   // until the next line
)

// scanner finds times in JSON that is fed to it piece by piece. It keeps one
// token and one bit per level of nesting, whatever the size of the content.
//
// What is torn or overwritten ends at the next line, where JSON lines go on; a
// run of zero bytes, which is what a crash leaves of data that had not reached
// the disk, is such an end too. Of lines written one after the other the later
// are the newer, so a whole line with a date outweighs a torn one before it.
// Nothing outweighs damage to a value of many lines: the part that tells of the
// last use may be what is missing.
type scanner struct {
	now     time.Time
	state   state
	isKey   bool    // the string being read is a key
	key     keyKind // of the last key at this level
	escaped bool
	depth   int
	objects [(maxDepth + 64) / 64]uint64 // bit per level: object or array
	token   [maxToken]byte
	length  int // of the token, counted on beyond maxToken

	compound compound // the value of a timely key, if it is being read

	fed, rest int64 // bytes so far, and how many of them are not looked at yet
	lines     int   // ends of line since the value at the top began
	lineStart bool  // nothing but the end of a line was before this byte
	dated     bool  // the value at the top has a date
	newest    time.Time
	future    time.Time
	damage    Doubt // outweighed by the next whole line with a date
	doubt     Doubt // outweighed by nothing
}

// compound is an object or array that stands for a date:
// {"$date": …}, {"seconds": …}, [2026, 1, 2].
type compound struct {
	depth int // of its entries; 0 if there is none
	kind  keyKind
	dated bool
	full  bool // it has entries
}

func (s *scanner) feed(p []byte) {
	s.fed += int64(len(p))
	for len(p) > 0 {
		s.rest = int64(len(p))
		switch s.state {
		case inString:
			p = s.stringPart(p)
		case inScalar:
			p = s.scalarPart(p)
		case inEscape:
			s.state = inString
			if p[0] >= ' ' {
				s.collect(p[:1])
				p = p[1:]
			}
		case broken:
			p = s.skipLine(p)
		default:
			if s.structure(p[0]) {
				p = p[1:]
			}
		}
	}
	s.rest = 0
}

func (s *scanner) finish() Activity {
	if s.state == inScalar && s.depth == 0 {
		s.endScalar()
	}
	if s.state != broken && (s.state != wantValue || s.depth > 0) {
		s.broke()
	}
	a := Activity{Last: s.newest, Future: s.future, Doubt: s.doubt}
	if a.Doubt.Kind == DoubtNone {
		a.Doubt = s.damage
	}
	return a
}

// broke notes damage and goes on at the next line.
func (s *scanner) broke() {
	d := Doubt{Kind: DoubtContent, At: s.fed - s.rest}
	if s.depth == 0 || s.lines == 0 {
		s.damage = d
	} else if s.doubt.Kind == DoubtNone {
		s.doubt = d
	}
	s.state = broken
}

// restart begins a new value at the top.
func (s *scanner) restart() {
	s.state, s.depth, s.key, s.compound = wantValue, 0, otherKey, compound{}
	s.lines, s.dated = 0, false
}

func (s *scanner) skipLine(p []byte) []byte {
	for i, c := range p {
		if endsLine(c) {
			s.restart()
			return p[i:]
		}
	}
	return nil
}

// endsLine tells the characters that never are in a value of one line. RS
// begins each text of RFC 7464.
func endsLine(c byte) bool { return c == '\n' || c == '\r' || c == 0 || c == recordSeparator }

const recordSeparator = 0x1e

// structure handles a byte between tokens; false if it is to be looked at again.
func (s *scanner) structure(c byte) bool {
	switch c {
	case ' ', '\t':
		s.lineStart = false
		return true
	case '\n':
		s.lines++
		s.lineStart = true
		return true
	case '\r':
		return true
	}
	if s.depth == 0 && s.state == wantValue && s.between(c) {
		return true
	}
	torn := c == '{' && s.lineStart && s.lines == 1 // the line before was cut off between two tokens
	s.lineStart = false
	if s.expected(c) {
		return true
	}
	if torn {
		s.lines = 0
		s.broke()
		s.restart()
		return false
	}
	s.broke()
	return !endsLine(c)
}

// between handles what may stand between values at the top.
func (s *scanner) between(c byte) bool {
	switch c {
	case 0:
		s.broke()
		s.restart()
		return true
	case recordSeparator, ',', 0xef, 0xbb, 0xbf: // the last three are the mark of UTF-8, which appending writers repeat
		return true
	default:
		s.lines, s.dated = 0, false
		return false
	}
}

// expected handles a byte that is not a space; false if nothing begins with it here.
func (s *scanner) expected(c byte) bool {
	switch s.state {
	case wantColon:
		s.state = wantValue
		return c == ':'
	case wantCommaOrEnd:
		return s.afterValue(c)
	case wantKey, wantKeyOrEnd:
		return s.keyOrEnd(c)
	case wantValueOrEnd:
		if c == ']' {
			return s.pop(false)
		}
		return s.value(c)
	default:
		return s.value(c)
	}
}

func (s *scanner) keyOrEnd(c byte) bool {
	if c == '}' && s.state == wantKeyOrEnd {
		return s.pop(true)
	}
	s.isKey = true
	s.begin()
	s.state = inString
	return c == '"'
}

func (s *scanner) afterValue(c byte) bool {
	switch {
	case c == ',' && s.inObject():
		s.state = wantKey
	case c == ',':
		s.state = wantValue
	case c == '}' || c == ']':
		return s.pop(c == '}')
	default:
		return false
	}
	return true
}

func (s *scanner) value(c byte) bool {
	s.isKey = false
	s.begin()
	if s.compound.depth > 0 {
		s.compound.full = true
	}
	switch {
	case c == '{':
		return s.push(true, wantKeyOrEnd)
	case c == '[':
		return s.push(false, wantValueOrEnd)
	case c == '"':
		s.state = inString
	case c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' || c == 'n' || c == 'N' || c == 'I':
		s.collect([]byte{c})
		s.state = inScalar
	default:
		return false
	}
	return true
}

func (s *scanner) push(object bool, next state) bool {
	if s.depth == maxDepth {
		return false
	}
	word, bit := s.depth/64, uint64(1)<<(s.depth%64)
	s.objects[word] &^= bit
	if object {
		s.objects[word] |= bit
	}
	s.depth++
	if s.key != otherKey && s.compound.depth == 0 {
		s.compound = compound{depth: s.depth, kind: s.kindAt(s.depth - 1)}
	}
	s.key = otherKey
	s.state = next
	return true
}

func (s *scanner) pop(object bool) bool {
	if s.depth == 0 || s.inObject() != object {
		return false
	}
	s.depth--
	if c := s.compound; s.depth < c.depth {
		if c.kind == ownKey && c.full && !c.dated {
			s.doubtDate("{…}")
		}
		s.compound = compound{}
	}
	s.endValue()
	return true
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
	s.key = otherKey
	if s.depth > 0 {
		s.state = wantCommaOrEnd
		return
	}
	if s.dated {
		s.damage = Doubt{}
	}
	s.state = wantValue
}
