package busy

// Events reads an event stream (text/event-stream) as it passes and tells lines that say something from comments, which only keep a
// connection open.
type Events struct {
	inLine    bool // something of the line has been seen
	isComment bool
}

// Pass looks at bytes on their way and says whether they hold more than comments and empty lines.
func (e *Events) Pass(p []byte) (sign bool) {
	for _, b := range p {
		switch {
		case b == '\n' || b == '\r':
			e.inLine, e.isComment = false, false
		case !e.inLine:
			e.inLine, e.isComment = true, b == ':'
			sign = sign || !e.isComment
		default:
			sign = sign || !e.isComment
		}
	}
	return sign
}
