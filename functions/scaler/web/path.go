package web

import (
	"net/http"
	"strings"
)

const (
	apiPrefix     = "/api/"
	previewPrefix = "/preview/"
	// maxTarget is more than browsers and the load balancer (16 KB per line) send in earnest.
	maxTarget = 8192
)

// refusal is an answer to a request that is wrong in itself.
type refusal struct {
	status  int
	message string
}

// checkTarget refuses paths and queries that mean one thing here and another to a browser or the container: what comes
// through is safe to send back as a relative Location.
func checkTarget(r *Request) *refusal {
	switch {
	case len(r.Path)+len(r.RawQuery) > maxTarget:
		return &refusal{http.StatusRequestURITooLong, "The address is too long."}
	case !visibleASCII(r.Path) || strings.ContainsAny(r.Path, `\?#`):
		return &refusal{http.StatusBadRequest, "The path has characters that must be percent-encoded."}
	case !visibleASCII(r.RawQuery) || strings.ContainsAny(r.RawQuery, `\#`):
		return &refusal{http.StatusBadRequest, "The query has characters that must be percent-encoded."}
	case !strings.HasPrefix(r.Path, apiPrefix) && !strings.HasPrefix(r.Path, previewPrefix):
		return &refusal{http.StatusNotFound, "Nothing is served here."}
	}
	for segment := range strings.SplitSeq(r.Path[1:], "/") {
		if !plainSegment(segment) {
			return &refusal{http.StatusBadRequest, "The path has dot segments, encoded slashes or broken escapes."}
		}
	}
	return nil
}

func visibleASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// plainSegment reports whether a path segment is neither "." nor ".." in any spelling, and has no escape that is broken
// or stands for a slash, a backslash or a control character.
func plainSegment(segment string) bool {
	dotsOnly := segment != ""
	for i := 0; i < len(segment); i++ {
		c := segment[i]
		if c == '%' {
			if i+2 >= len(segment) {
				return false
			}
			high, okHigh := unhex(segment[i+1])
			low, okLow := unhex(segment[i+2])
			c = high<<4 | low
			if !okHigh || !okLow || c == '/' || c == '\\' || c < ' ' || c == 0x7f {
				return false
			}
			i += 2
		}
		if c != '.' {
			dotsOnly = false
		}
	}
	return !dotsOnly
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	default:
		return 0, false
	}
}

// location is the request's own address, relative to the host it came to.
func location(r *Request) string {
	if r.RawQuery == "" {
		return r.Path
	}
	return r.Path + "?" + r.RawQuery
}
