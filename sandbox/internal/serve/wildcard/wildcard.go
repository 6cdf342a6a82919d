// Package wildcard matches texts with the patterns of load balancer rules and cache behaviours: * stands for any characters,
// also none, ? for exactly one, and a backslash takes the meaning away.
package wildcard

import (
	"regexp"
	"strings"
	"sync"
)

// Match compares with regard to case.
func Match(pattern, text string) bool { return exact.match(pattern, text) }

// MatchFold compares without regard to case.
func MatchFold(pattern, text string) bool { return fold.match(pattern, text) }

// matcher compares texts with patterns, with or without regard to case.
type matcher struct {
	flags    string
	compiled sync.Map // pattern -> *regexp.Regexp
}

var exact, fold = &matcher{flags: ""}, &matcher{flags: "(?i)"}

func (m *matcher) match(pattern, text string) bool {
	if known, ok := m.compiled.Load(pattern); ok {
		return known.(*regexp.Regexp).MatchString(text)
	}
	var b strings.Builder
	b.WriteString(m.flags + "^")
	escaped := false
	for _, char := range pattern {
		switch {
		case escaped:
			b.WriteString(regexp.QuoteMeta(string(char)))
			escaped = false
		case char == '\\':
			escaped = true
		case char == '*':
			b.WriteString(".*")
		case char == '?':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(char)))
		}
	}
	expression := regexp.MustCompile(b.String() + "$")
	m.compiled.Store(pattern, expression)
	return expression.MatchString(text)
}
