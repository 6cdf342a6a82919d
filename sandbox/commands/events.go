package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/webordinary/live-edit/sandbox/internal/serve"
)

// eventLog prints what happens. Requests that repeat are folded: each is shown once and counted until something else happens, which
// shows how many there were. On a terminal a line below tells the service's state.
type eventLog struct {
	session *session

	mu      sync.Mutex
	folds   []*fold // since anything but a request has happened, in order
	state   string  // of the service
	since   time.Time
	running string // the latest repetition, for the status line
}

// fold is a line and how often it came.
type fold struct {
	line         string
	times, shown int
}

func (l *eventLog) write(e serve.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := fmt.Sprintf("%-9s %s", e.Kind, e.Text)
	at := e.At.UTC().Format(time.TimeOnly)
	if i := slices.IndexFunc(l.folds, func(f *fold) bool { return f.line == line }); i >= 0 {
		l.again(at, l.folds[i])
		return
	}
	if e.Kind != "request" {
		l.unfold(at)
	}
	if e.Kind == serve.KindState {
		l.state, l.since = e.Text, e.At
	}
	l.folds = append(l.folds, &fold{line: line, times: 1, shown: 1})
	l.show(at + "  " + l.painted(e.Kind, line))
}

// again counts a repetition; the powers of ten are shown, so that a long run is seen where there is no status line.
func (l *eventLog) again(at string, f *fold) {
	f.times++
	l.running = fmt.Sprintf("%s ×%d", strings.Join(strings.Fields(f.line), " "), f.times)
	if !l.live() && f.times == f.shown*10 {
		f.shown = f.times
		l.show(fmt.Sprintf("%s  %s (%d times)", at, f.line, f.times))
		return
	}
	l.show("")
}

// unfold says how often the folded lines came, as far as that is not shown yet.
func (l *eventLog) unfold(at string) {
	for _, f := range l.folds {
		if f.times > f.shown {
			l.show(l.session.paint(sgrDim, fmt.Sprintf("%s  %s (%d times)", at, f.line, f.times)))
		}
	}
	l.folds, l.running = nil, ""
}

func (l *eventLog) painted(kind, line string) string {
	switch kind {
	case "problem":
		return l.session.paint(sgrRed, line)
	case serve.KindState:
		return l.session.paint(sgrBold, line)
	case "container", "request":
		return line
	default:
		return l.session.paint(sgrDim, line)
	}
}

// live says whether there is a status line.
func (l *eventLog) live() bool { return l.session.color == "always" }

// What a terminal understands (ECMA-48): to the line's beginning, and erase it.
const eraseLine = "\r\x1b[2K"

// show prints a line above the status line; an empty one renews only that.
func (l *eventLog) show(line string) {
	if !l.live() {
		if line != "" {
			l.session.printf("%s\n", line)
		}
		return
	}
	if line != "" {
		line += "\n"
	}
	l.session.printf("%s%s%s", eraseLine, line, l.status())
}

// status is the status line, cut to the terminal's width: a longer one would wrap and could not be erased.
func (l *eventLog) status() string {
	if l.state == "" {
		return ""
	}
	rest := fmt.Sprintf(" since %s", l.since.UTC().Format(time.TimeOnly))
	if l.running != "" {
		rest += " · " + l.running
	}
	text := []rune("● " + l.state + rest)
	if width := l.session.width(); len(text) >= width {
		text = text[:max(width-1, 0)]
	}
	cut := min(len([]rune("● "+l.state)), len(text))
	return l.session.paint(colorOfState(l.state), string(text[:cut])) + string(text[cut:])
}

func colorOfState(state string) string {
	switch word, _, _ := strings.Cut(state, ","); word {
	case "awake":
		return sgrGreen
	case "asleep":
		return sgrDim
	default:
		return sgrYellow
	}
}

// end takes the status line away.
func (l *eventLog) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live() {
		l.session.printf("%s", eraseLine)
	}
	l.state = ""
}

// width is the terminal's, or what most have.
func (s *session) width() int {
	const usual = 80
	if file, ok := s.stdout.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return usual
}
