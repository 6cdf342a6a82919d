package requests

import (
	"fmt"
	"net/http"
	"strings"
)

const (
	apiPrefix     = "/api/"
	previewPrefix = "/preview/"
	// maxTarget is the load balancer's own limit of a request line ("Quotas for your Application Load Balancers").
	maxTarget = 16 << 10
)

// refusal is an answer to a request that is wrong in itself.
type refusal struct {
	status  int
	message string
}

// checkTarget refuses what cannot be sent back as a relative Location that means the same address to everybody, and
// nothing else: what the path or the query stand for is the container's to judge (D28). Every Location begins with one of
// our two prefixes, so it never leads to another host.
func checkTarget(r *Request) *refusal {
	switch {
	case len(r.Path)+len(r.RawQuery) > maxTarget:
		return &refusal{http.StatusRequestURITooLong, "The address is too long."}
	case !sendable(r.Path) || strings.ContainsAny(r.Path, "?#"):
		return &refusal{http.StatusBadRequest, "The path has characters that must be percent-encoded."}
	case !sendable(r.RawQuery) || strings.Contains(r.RawQuery, "#"):
		return &refusal{http.StatusBadRequest, "The query has characters that must be percent-encoded."}
	case !strings.HasPrefix(r.Path, apiPrefix) && !strings.HasPrefix(r.Path, previewPrefix):
		return &refusal{http.StatusNotFound, "Nothing is served here."}
	case hasDotSegment(r.Path):
		return &refusal{http.StatusBadRequest, "The path has dot segments."}
	}
	return nil
}

// sendable reports whether a text has neither spaces nor control characters.
func sendable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// hasDotSegment finds a segment that clients resolve away, in any spelling (URL standard, "double-dot path segment"), with
// backslashes for slashes as browsers read them. An encoded slash ends no segment.
func hasDotSegment(path string) bool {
	for segment := range strings.FieldsFuncSeq(path, func(c rune) bool { return c == '/' || c == '\\' }) {
		plain := strings.NewReplacer("%2e", ".", "%2E", ".").Replace(segment)
		if plain == "." || plain == ".." {
			return true
		}
	}
	return false
}

// location is the request's own address, relative to the host it came to, byte for byte; but what is not ASCII, and has no
// place in a header, is percent-encoded, which is the same address.
func location(r *Request) string {
	address := r.Path
	if r.RawQuery != "" {
		address += "?" + r.RawQuery
	}
	var b strings.Builder
	for i := range len(address) {
		if c := address[i]; c < 0x80 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
