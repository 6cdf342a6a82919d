package standin

import (
	"net/http"
	"net/url"
	"strings"
)

// frameable reports whether a page's headers let the editor frame it (CSP Level 3, "frame-ancestors"; HTML standard, "The
// X-Frame-Options header"). Where a policy names ancestors, X-Frame-Options counts for nothing; of several policies each has
// to agree. In doubt it cannot.
func frameable(header http.Header, page, editor *url.URL) bool {
	named := false
	for _, policy := range header.Values("Content-Security-Policy") {
		for one := range strings.SplitSeq(policy, ",") {
			sources, says := ancestors(one)
			if !says {
				continue
			}
			named = true
			if !anyMatches(sources, page, editor) {
				return false
			}
		}
	}
	if named {
		return true
	}
	for _, value := range header.Values("X-Frame-Options") {
		for one := range strings.SplitSeq(value, ",") {
			switch strings.ToLower(strings.TrimSpace(one)) {
			case "deny":
				return false
			case "sameorigin":
				if page.Scheme != editor.Scheme || page.Host != editor.Host {
					return false
				}
			}
		}
	}
	return true
}

// ancestors finds the first frame-ancestors directive of a policy: later ones of the name are ignored.
func ancestors(policy string) (sources []string, says bool) {
	for directive := range strings.SplitSeq(policy, ";") {
		fields := strings.Fields(directive)
		if len(fields) > 0 && strings.EqualFold(fields[0], "frame-ancestors") {
			return fields[1:], true
		}
	}
	return nil, false
}

func anyMatches(sources []string, page, editor *url.URL) bool {
	for _, source := range sources {
		if matches(strings.ToLower(source), page, editor) {
			return true
		}
	}
	return false
}

// matches is CSP's "Does url match expression in origin" for an ancestor; an empty list and 'none' match nothing.
func matches(source string, page, editor *url.URL) bool {
	switch source {
	case "*":
		return editor.Scheme == "http" || editor.Scheme == "https" || editor.Scheme == page.Scheme
	case "'self'":
		return schemeMatches(page.Scheme, editor.Scheme) && page.Hostname() == editor.Hostname() && port(page) == port(editor)
	}
	if scheme, found := strings.CutSuffix(source, ":"); found && !strings.Contains(scheme, ".") {
		return schemeMatches(scheme, editor.Scheme)
	}
	scheme, rest, found := strings.Cut(source, "://")
	if !found {
		scheme, rest = page.Scheme, source
	}
	host, _, _ := strings.Cut(rest, "/") // an ancestor is an origin: a path says nothing
	wanted := &url.URL{Scheme: editor.Scheme, Host: strings.TrimSuffix(host, ":*")}
	if !schemeMatches(scheme, editor.Scheme) || !hostMatches(wanted.Hostname(), strings.ToLower(editor.Hostname())) {
		return false
	}
	return strings.HasSuffix(host, ":*") || port(wanted) == port(editor)
}

// schemeMatches: an expression for http is good for https, too.
func schemeMatches(expression, scheme string) bool {
	return expression == scheme || expression == "http" && scheme == "https"
}

// hostMatches: a wildcard stands for one or more labels, and not for none.
func hostMatches(pattern, host string) bool {
	if tail, wild := strings.CutPrefix(pattern, "*"); wild {
		return tail == "" || strings.HasPrefix(tail, ".") && strings.HasSuffix(host, tail) && len(host) > len(tail)
	}
	return pattern == host
}

// port is the one that is written, or the scheme's own.
func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	default:
		return "443"
	}
}
