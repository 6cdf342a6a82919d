package busy_test

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/webordinary/live-edit/container/supervisor/busy"
)

// frame builds a masked frame as a browser sends it.
func frame(first byte, payload string) []byte {
	out := []byte{first}
	switch n := len(payload); {
	case n < 126:
		out = append(out, 0x80|byte(n))
	case n < 1<<16:
		out = binary.BigEndian.AppendUint16(append(out, 0x80|126), uint16(n))
	default:
		out = binary.BigEndian.AppendUint64(append(out, 0x80|127), uint64(n))
	}
	mask := [4]byte{0x12, 0x34, 0x56, 0x78}
	out = append(out, mask[:]...)
	for i := range len(payload) {
		out = append(out, payload[i]^mask[i&3])
	}
	return out
}

const (
	text, textPart, rest, lastRest, binaryMessage = 0x81, 0x01, 0x00, 0x80, 0x82
	closing, ping, pong, packedText               = 0x88, 0x89, 0x8a, 0xc1
)

func TestWhichMessagesAreSignsOfLife(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		frames [][]byte
		want   bool
	}{
		"vite's ping":             {[][]byte{frame(text, `{"type":"ping"}`)}, false},
		"spaced":                  {[][]byte{frame(text, ` { "type" : "ping" } `)}, false},
		"in two parts":            {[][]byte{frame(textPart, `{"type":`), frame(lastRest, `"ping"}`)}, false},
		"a ping between parts":    {[][]byte{frame(textPart, `{"type":`), frame(ping, "x"), frame(lastRest, `"ping"}`)}, false},
		"websocket ping and pong": {[][]byte{frame(ping, ""), frame(pong, "abc"), frame(closing, "\x03\xe8")}, false},
		"a message":               {[][]byte{frame(text, `{"type":"custom","event":"edit"}`)}, true},
		"a ping that says more":   {[][]byte{frame(text, `{"type":"ping","typing":true}`)}, true},
		"parts that say more":     {[][]byte{frame(textPart, `{"type":`), frame(rest, `"ping"`), frame(lastRest, `,"x":1}`)}, true},
		"an empty message":        {[][]byte{frame(text, "")}, true},
		"binary":                  {[][]byte{frame(binaryMessage, `{"type":"ping"}`)}, true},
		"compressed":              {[][]byte{frame(packedText, `{"type":"ping"}`)}, true},
		"long":                    {[][]byte{frame(text, strings.Repeat(" ", 70000)+`{"type":"ping"}`)}, true},
		"a ping after a message":  {[][]byte{frame(text, "x"), frame(text, `{"type":"ping"}`)}, true},
		"a message after a ping":  {[][]byte{frame(text, `{"type":"ping"}`), frame(text, "x")}, true},
		"two pings":               {[][]byte{frame(text, `{"type":"ping"}`), frame(text, `{"type":"ping"}`)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := []byte{}
			for _, f := range c.frames {
				all = append(all, f...)
			}
			var whole busy.Frames
			assert.Equal(t, c.want, whole.Pass(all), "in one piece")
			var pieces busy.Frames
			sign := false
			for _, b := range all {
				sign = pieces.Pass([]byte{b}) || sign
			}
			assert.Equal(t, c.want, sign, "byte by byte")
		})
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(frame(text, `{"type":"ping"}`), uint64(1))
	f.Add(append(frame(binaryMessage, "abc"), 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), uint64(2))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		var whole, pieces busy.Frames
		want, got := whole.Pass(data), false
		for random := rand.New(rand.NewPCG(seed, 0)); len(data) > 0; {
			n := 1 + random.IntN(len(data))
			got = pieces.Pass(data[:n]) || got
			data = data[n:]
		}
		if got != want {
			t.Errorf("in one piece %t, in several %t", want, got)
		}
	})
}

func TestWhichEventsAreSignsOfLife(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": false, "\n\n": false, ": keep-alive\n\n": false, ":\r\n\r\n:x": false, "data: x\n\n": true, ": a\ndata: b\n\n": true,
		"event: ping\ndata: {}\n\n": true, "data": true, ":data: x": false,
	} {
		var whole, pieces busy.Events
		assert.Equal(t, want, whole.Pass([]byte(text)), "%q", text)
		sign := false
		for _, b := range []byte(text) {
			sign = pieces.Pass([]byte{b}) || sign
		}
		assert.Equal(t, want, sign, "%q byte by byte", text)
	}
}

func TestALedgerKnowsTheLastSignOfLife(t *testing.T) {
	t.Parallel()
	var l busy.Ledger
	start := time.Now()
	at := func(minutes float64) time.Time { return start.Add(time.Duration(minutes * float64(time.Minute))) }
	assert.False(t, l.Within(at(0), time.Hour), "nobody has come")
	l.Sign(at(1))
	l.Sign(at(0.5)) // a stream's chunk that was noted late
	assert.True(t, l.Within(at(2.9), busy.ProtectFor))
	assert.False(t, l.Within(at(3), busy.ProtectFor))
	l.Say(at(4), at(14))
	assert.True(t, l.Within(at(13), time.Second), "a job that has said so")
	assert.True(t, l.Within(at(15.9), busy.ProtectFor))
	assert.False(t, l.Within(at(16), busy.ProtectFor), "what was said has run out")
	l.Say(at(20), at(60))
	l.Unsay(at(30))
	assert.True(t, l.Within(at(31.9), busy.ProtectFor))
	assert.False(t, l.Within(at(32), busy.ProtectFor))
	l.Unsay(at(40))
	assert.False(t, l.Within(at(40), busy.ProtectFor), "nothing was said that could be taken back")
}
