package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// What a process may print. More would cost money in CloudWatch Logs and the time of everybody else.
const (
	longestLine    = 4 << 10
	burstLines     = 1000
	linesPerSecond = 100
)

// read passes on what a process prints, line by line, and leaves out what is too much.
func read(from io.Reader, to func(line string)) {
	lines := bufio.NewReaderSize(from, longestLine)
	limit := limiter{at: time.Now(), left: burstLines}
	for {
		line, cut, err := readLine(lines)
		if line != "" || cut {
			if cut {
				line += " …"
			}
			if ok, missed := limit.take(time.Now()); ok {
				if missed > 0 {
					to(fmt.Sprintf("(%d lines left out: more than %d a second)", missed, linesPerSecond))
				}
				to(line)
			}
		}
		if err != nil {
			if limit.missed > 0 {
				to(fmt.Sprintf("(%d lines left out: more than %d a second)", limit.missed, linesPerSecond))
			}
			return
		}
	}
}

// readLine reads a line and drops what it has beyond longestLine.
func readLine(lines *bufio.Reader) (line string, cut bool, err error) {
	text, err := lines.ReadSlice('\n')
	line = strings.TrimRight(string(text), "\r\n")
	for errors.Is(err, bufio.ErrBufferFull) {
		cut = true
		_, err = lines.ReadSlice('\n')
	}
	return line, cut, err
}

// limiter lets so many lines a second through, after a burst.
type limiter struct {
	at     time.Time
	left   float64
	missed int
}

// take says whether a line may pass, and how many have not since the last one that did.
func (l *limiter) take(now time.Time) (ok bool, missed int) {
	l.left = min(burstLines, l.left+now.Sub(l.at).Seconds()*linesPerSecond)
	l.at = now
	if l.left < 1 {
		l.missed++
		return false, 0
	}
	l.left--
	missed, l.missed = l.missed, 0
	return true, missed
}
