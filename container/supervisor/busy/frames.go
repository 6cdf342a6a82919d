package busy

import (
	"encoding/binary"
	"encoding/json"
)

// Frames reads the WebSocket frames that a browser sends (RFC 6455, section 5), as they pass, and tells messages that somebody caused from
// those that keep a connection open. It never holds anything up: what it can't read it takes for a message.
type Frames struct {
	header  [14]byte
	have    int    // bytes of the header
	need    int    // bytes that the header has; 0 until that is known
	left    uint64 // bytes of the payload that are still to come
	mask    [4]byte
	at      int    // position in the mask
	opcode  byte   // of this frame
	final   bool   // this frame ends its message
	packed  bool   // the message is compressed: it can't be looked into
	text    []byte // start of a text message
	isText  bool   // a text message is under way
	tooLong bool   // more of it than any ping has
}

const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2

	// longestPing is more than any message has that only keeps a connection open.
	longestPing = 64
)

// Pass looks at bytes on their way and says whether they hold a sign of life.
func (f *Frames) Pass(p []byte) (sign bool) {
	for len(p) > 0 {
		if f.left == 0 {
			n, begun := f.begin(p)
			p = p[n:]
			if begun && f.left == 0 {
				sign = f.end() || sign
			}
			continue
		}
		n := int(min(f.left, uint64(len(p)))) //nolint:gosec // at most len(p)
		f.payload(p[:n])
		p, f.left = p[n:], f.left-uint64(n)
		if f.left == 0 {
			sign = f.end() || sign
		}
	}
	return sign
}

// begin reads bytes of a frame's header and says whether it is whole.
func (f *Frames) begin(p []byte) (n int, whole bool) {
	for n < len(p) {
		f.header[f.have] = p[n]
		f.have++
		n++
		if f.have == 2 {
			f.need = headerSize(f.header[1])
		}
		if f.have == f.need {
			f.open()
			return n, true
		}
	}
	return n, false
}

func headerSize(second byte) int {
	size := 2
	switch second & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if second&0x80 != 0 {
		size += 4
	}
	return size
}

// open takes what a whole header says.
func (f *Frames) open() {
	first, second := f.header[0], f.header[1]
	f.opcode, f.final, f.at = first&0x0f, first&0x80 != 0, 0
	switch length := second & 0x7f; length {
	case 126:
		f.left = uint64(binary.BigEndian.Uint16(f.header[2:]))
	case 127:
		f.left = binary.BigEndian.Uint64(f.header[2:])
	default:
		f.left = uint64(length)
	}
	f.mask = [4]byte{}
	if second&0x80 != 0 {
		copy(f.mask[:], f.header[f.need-4:f.need])
	}
	if f.opcode == opText || f.opcode == opBinary {
		f.isText, f.packed, f.text, f.tooLong = f.opcode == opText, first&0x40 != 0, f.text[:0], false
	}
	f.have, f.need = 0, 0
}

// payload keeps the start of a text.
func (f *Frames) payload(p []byte) {
	if f.opcode != opText && (f.opcode != opContinuation || !f.isText) || f.packed || f.tooLong {
		return
	}
	for _, b := range p {
		if len(f.text) == longestPing {
			f.tooLong = true
			return
		}
		f.text = append(f.text, b^f.mask[f.at&3])
		f.at++
	}
}

// end judges a frame: control frames are no sign, data frames are, unless they end a message that is a ping.
func (f *Frames) end() bool {
	switch {
	case f.opcode > opBinary:
		return false
	case !f.isText || f.packed || f.tooLong:
		return true
	case !f.final:
		return false // the last one tells
	default:
		return !isPing(f.text)
	}
}

// isPing recognises what Vite's client sends every half minute: {"type":"ping"}.
func isPing(text []byte) bool {
	var message map[string]any
	return json.Unmarshal(text, &message) == nil && len(message) == 1 && message["type"] == "ping"
}
