package requests

import (
	"net/http"
	"net/url"
	"strings"
)

// mediaType is the type without its parameters, in lower case.
func mediaType(value string) string {
	kind, _, _ := strings.Cut(value, ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// accepts reports whether one of the types is named in Accept, other than with the weight zero. What does not parse is
// passed over.
func (r *Request) accepts(types ...string) bool {
	return r.acceptsAny(func(kind string) bool {
		for _, wanted := range types {
			if kind == wanted {
				return true
			}
		}
		return false
	})
}

func (r *Request) acceptsAny(is func(kind string) bool) bool {
	for _, line := range r.header["accept"] {
		for entry := range strings.SplitSeq(line, ",") {
			_, parameters, _ := strings.Cut(strings.ToLower(entry), ";")
			if is(mediaType(entry)) && !refuses(parameters) {
				return true
			}
		}
	}
	return false
}

// refuses recognises q=0, q=0.0 and the like.
func refuses(parameters string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, weight, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if name == "q" && weight != "" && strings.Trim(weight, "0.") == "" {
			return true
		}
	}
	return false
}

// isJSONType recognises JSON and the types built on it.
func isJSONType(kind string) bool {
	return kind == "application/json" || strings.HasSuffix(kind, "+json") || kind == "application/x-ndjson"
}

// lists reports whether a comma-separated header has an entry, whatever its case.
func (r *Request) lists(name, entry string) bool {
	for _, line := range r.header[name] {
		for each := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(each), entry) {
				return true
			}
		}
	}
	return false
}

// eachCookie calls with every cookie that has a name and a value. Cookies are written by whoever likes, and what one of
// them looks like says nothing about the others: a pair ends at a semicolon, or at a comma where a proxy has folded several
// lines into one, and what is no pair is passed over. net/http would drop all of them for one.
func (r *Request) eachCookie(do func(name string)) {
	for _, line := range r.header["cookie"] {
		for pair := range strings.FieldsFuncSeq(line, func(c rune) bool { return c == ';' || c == ',' }) {
			name, value, _ := strings.Cut(pair, "=")
			if name = strings.TrimSpace(name); name != "" && strings.Trim(value, "\" \t") != "" {
				do(name)
			}
		}
	}
}

// hasCookie reports whether a cookie of that name has a value.
func (r *Request) hasCookie(name string) bool {
	found := false
	r.eachCookie(func(each string) { found = found || each == name })
	return found
}

// wish is what a client says of a request.
type wish uint8

const (
	wakeUnsaid wish = iota
	wakeNow
	wakeNever
)

const (
	// wakeHeader says what a client means: "now" to wake with a status request or a stream, "never" on requests made in the
	// background.
	wakeHeader = "x-webordinary-wake"
	// wakeParameter says the same in the address, for what cannot set a header: EventSource, beacons, images.
	wakeParameter = "webordinary-wake"
)

// wish reads what the client says. Where it says both, nothing is woken.
func (r *Request) wish() wish {
	said := wakeUnsaid
	say := func(value string) {
		switch {
		case strings.EqualFold(value, "never"):
			said = wakeNever
		case strings.EqualFold(value, "now") && said == wakeUnsaid:
			said = wakeNow
		}
	}
	for _, line := range r.header[wakeHeader] {
		for value := range strings.SplitSeq(line, ",") {
			say(strings.TrimSpace(value))
		}
	}
	// Pair by pair: a query that does not parse as a whole may well have this one.
	for pair := range strings.SplitSeq(r.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(name); err != nil || name != wakeParameter {
			continue
		}
		if value, err := url.QueryUnescape(value); err == nil {
			say(value)
		}
	}
	return said
}

// bringsKey reports whether a request has a key that a client was given and a browser does not send by itself.
func (c *Classifier) bringsKey(r *Request) bool {
	if r.Header("authorization") != "" || r.Header("x-api-key") != "" {
		return true
	}
	for _, credential := range c.Credentials {
		if credential.Header != "" && r.Header(strings.ToLower(credential.Header)) != "" {
			return true
		}
	}
	return false
}

// isPreflight recognises a browser's question before a call; the call itself comes after the answer.
func isPreflight(r *Request) bool {
	return r.Method == http.MethodOptions && r.Header("access-control-request-method") != ""
}
