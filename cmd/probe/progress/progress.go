// Package progress shows what a probe is doing: one line that is rewritten on a terminal, a line for each event
// elsewhere, such as in the log of a workflow.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Display is a progress display. It is safe for concurrent use; Close ends it.
type Display interface {
	Begin(step string)
	Note(note string)
	Close()
}

// Clock writes how long a step has been going on.
type Clock interface {
	Now() time.Time
	Text(d time.Duration) string
}

// Plain prints a line for each event.
type Plain struct {
	Out   io.Writer
	Clock Clock

	mu    sync.Mutex
	start time.Time
}

// Begin prints the step.
func (p *Plain) Begin(step string) { p.line(step) }

// Note prints the note, indented.
func (p *Plain) Note(note string) { p.line("  " + note) }

// Close does nothing.
func (p *Plain) Close() {}

func (p *Plain) line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Clock.Now()
	if p.start.IsZero() {
		p.start = now
	}
	_, _ = fmt.Fprintf(p.Out, "%8s  %s\n", clockFace(now.Sub(p.start)), text)
}

// clockFace writes a duration as minutes and seconds.
func clockFace(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}

// frames are what moves at the beginning of the line while a step goes on, and frame is how long each is shown.
var frames = [...]string{"|", "/", "-", "\\"}

const frame = 120 * time.Millisecond

// Live rewrites one line of a terminal.
type Live struct {
	out   io.Writer
	clock Clock
	stop  chan struct{}
	done  chan struct{}

	mu         sync.Mutex
	step, note string
	start      time.Time
	width      int
	turn       int
}

// NewLive starts the display on a terminal of that many columns.
func NewLive(out io.Writer, clock Clock, width int) *Live {
	l := &Live{out: out, clock: clock, width: max(width, 20), stop: make(chan struct{}), done: make(chan struct{})}
	go l.move()
	return l
}

func (l *Live) move() {
	defer close(l.done)
	ticker := time.NewTicker(frame)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
			l.mu.Lock()
			l.draw()
			l.mu.Unlock()
		}
	}
}

// Begin leaves the last step's line on the screen and starts another.
func (l *Live) Begin(step string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leave()
	l.step, l.note, l.start = step, "", l.clock.Now()
	l.draw()
}

// Note shows the latest thing that happened in the step.
func (l *Live) Note(note string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note = note
	l.draw()
}

// Close leaves the last line on the screen.
func (l *Live) Close() {
	close(l.stop)
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leave()
}

// clear goes to the line's beginning and erases it (ECMA-48, EL).
const clear = "\r\x1b[2K"

func (l *Live) draw() {
	if l.step == "" {
		return
	}
	l.turn++
	_, _ = fmt.Fprint(l.out, clear+l.text(frames[l.turn%len(frames)]))
}

// leave writes the line for good.
func (l *Live) leave() {
	if l.step != "" {
		_, _ = fmt.Fprintln(l.out, clear+l.text("*"))
	}
}

// text is the line, cut to the terminal's width so that it can be rewritten.
func (l *Live) text(sign string) string {
	line := fmt.Sprintf("%s %s  %s", sign, clockFace(l.clock.Now().Sub(l.start)), l.step)
	if l.note != "" {
		line += ": " + l.note
	}
	if runes := []rune(line); len(runes) >= l.width {
		line = string(runes[:l.width-2]) + "…"
	}
	return line
}
