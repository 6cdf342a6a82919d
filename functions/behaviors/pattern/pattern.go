// Package pattern answers questions about CloudFront path patterns: which requests a pattern matches relative to
// another one. CloudFront takes the first cache behaviour in list order whose pattern matches, so where a behaviour
// may be inserted depends on exactly these answers.
//
// The rules are those of the CloudFront Developer Guide, "Path pattern": `*` matches any number of characters
// (slashes included), `?` matches exactly one, everything else matches itself with its case, and a leading slash
// changes nothing.
package pattern

import (
	"fmt"
	"strings"
)

// MaxLength is the longest path pattern CloudFront accepts, in characters (Developer Guide, "Path pattern").
const MaxLength = 255

// legal are the characters besides letters and digits that the Developer Guide allows in a path pattern, plus the
// wildcard `?`.
const legal = `_-.*$/~"'@:+&?`

// Pattern is a path pattern, ready to be compared with others.
type Pattern struct {
	text string
	// glob is the pattern without its leading slash and with runs of `*` folded into one.
	glob string
}

// New takes a pattern as it stands in a distribution. It accepts anything: CloudFront has already accepted it.
func New(text string) Pattern {
	glob := strings.TrimPrefix(text, "/")
	for strings.Contains(glob, "**") {
		glob = strings.ReplaceAll(glob, "**", "*")
	}
	return Pattern{text: text, glob: glob}
}

// Check reports why CloudFront would refuse text as the pattern of a cache behaviour, or nil.
func Check(text string) error {
	switch {
	case text == "" || text == "/":
		return fmt.Errorf("%q is empty, want a path pattern such as /api/*", text)
	case len(text) > MaxLength:
		return fmt.Errorf("%q has %d characters, CloudFront accepts %d", text, len(text), MaxLength)
	case New(text).glob == "*":
		return fmt.Errorf("%q matches every path: that is the default cache behavior, which belongs to the "+
			"distribution's owner; want a narrower pattern such as /api/*", text)
	}
	for i, r := range text {
		if !isAlphanumeric(r) && !strings.ContainsRune(legal, r) {
			return fmt.Errorf("%q has %q at position %d, CloudFront accepts letters, digits and %s",
				text, r, i, legal)
		}
	}
	return nil
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// String is the pattern as it was written.
func (p Pattern) String() string { return p.text }
