package host

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/container/supervisor/peer"
)

// TestNewSessionsSpread places sessions of which the other tasks have not told yet.
func TestNewSessionsSpread(t *testing.T) {
	t.Parallel()
	h := New(&config.Settings{SessionsPerTask: 1}, &config.File{}, nil)
	h.loads.at = time.Now()
	h.loads.known = map[string]peer.Load{"a:1": {}, "b:1": {}, "c:1": {Going: true}, "d:1": {Sessions: []string{"dan", "eve"}}}
	find := func(user string, count int) string {
		p, ok := h.elsewhere(t.Context(), user, count)
		if !ok {
			return "here"
		}
		return p.address
	}
	assert.Equal(t, "d:1", find("dan", 1), "where the session is")
	first, second := find("bob", 1), find("cyd", 1)
	assert.ElementsMatch(t, []string{"a:1", "b:1"}, []string{first, second}, "one each")
	assert.Equal(t, "here", find("fay", 1), "nobody has fewer than one now")
	h.loads.known = h.loads.withExpected(map[string]peer.Load{"a:1": {}, "b:1": {}}) // they were asked before they could take them
	assert.Equal(t, "here", find("fay", 1), "what they were given a moment ago still counts")
	assert.Contains(t, []string{"a:1", "b:1"}, find("fay", 2))
}

func TestHealthIsThatSomebodyCanBeServed(t *testing.T) {
	t.Parallel()
	began := time.Now()
	h := health{good: began}
	assert.True(t, h.ok(began.Add(unreadableFor-time.Second)))
	assert.False(t, h.ok(began.Add(unreadableFor)), "the file system has not been readable for a minute")
	h.note(began.Add(unreadableFor))
	assert.True(t, h.ok(began.Add(unreadableFor+time.Second)), "it is again")
	h.note(began)
	assert.True(t, h.ok(began.Add(unreadableFor+time.Second)), "an answer that hung is no news")
}
