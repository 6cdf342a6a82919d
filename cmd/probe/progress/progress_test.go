package progress_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/webordinary/live-edit/cmd/probe/progress"
)

// steps is a time that moves on by 30 s whenever it is asked for.
type steps struct {
	mu  sync.Mutex
	now time.Time
}

func (s *steps) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(30 * time.Second)
	return s.now
}

func (s *steps) Text(d time.Duration) string { return d.String() }

func TestPlainLines(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := &progress.Plain{Out: &out, Clock: &steps{}}
	p.Begin("wake 1 of 2")
	p.Note("pulling at 12s")
	p.Begin("API")
	p.Close()
	assert.Equal(t, "   00:00  wake 1 of 2\n   00:30    pulling at 12s\n   01:00  API\n", out.String())
}

func TestTheLiveLineFitsTheTerminal(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	l := progress.NewLive(&out, &steps{}, 30)
	l.Begin("short")
	l.Begin("a step with a name that is longer than the terminal")
	l.Note("note")
	l.Close()
	text := out.String()
	assert.Contains(t, text, "* 01:00  short\n", "a step that is done stays on the screen")
	assert.Equal(t, 2, strings.Count(text, "\n"))
	assert.NotContains(t, text, "terminal")
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\n", ""), "\r\x1b[2K") {
		assert.Less(t, len([]rune(line)), 30, line)
	}
}
