package standin

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFrameable: what browsers do with the two headers, CSP's first.
func TestFrameable(t *testing.T) {
	t.Parallel()
	const csp, xfo = "Content-Security-Policy", "X-Frame-Options"
	for _, c := range []struct {
		name    string
		headers [][2]string
		want    bool
	}{
		{"no header", nil, true},
		{"a policy about something else", [][2]string{{csp, "default-src 'none'"}}, true},
		{"deny", [][2]string{{xfo, "DENY"}}, false},
		{"same origin, which the editor is not", [][2]string{{xfo, "SameOrigin"}}, false},
		{"one of two denies", [][2]string{{xfo, "ALLOWALL, deny"}}, false},
		{"obsolete, which browsers ignore", [][2]string{{xfo, "ALLOW-FROM https://other.example.com"}}, true},
		{"none", [][2]string{{csp, "frame-ancestors 'none'"}}, false},
		{"an empty list is none", [][2]string{{csp, "frame-ancestors"}}, false},
		{"self is the site", [][2]string{{csp, "frame-ancestors 'self'"}}, false},
		{"a policy outranks the other header", [][2]string{{csp, "frame-ancestors https://edit.example.com"}, {xfo, "DENY"}}, true},
		{"the editor among others", [][2]string{{csp, "img-src *; Frame-Ancestors 'self' edit.example.com"}}, true},
		{"another host", [][2]string{{csp, "frame-ancestors https://cms.example.com"}}, false},
		{"a wildcard for subdomains", [][2]string{{csp, "frame-ancestors *.example.com"}}, true},
		{"a wildcard is one label at least", [][2]string{{csp, "frame-ancestors *.edit.example.com"}}, false},
		{"a suffix is no subdomain", [][2]string{{csp, "frame-ancestors *.xample.com"}}, false},
		{"anybody", [][2]string{{csp, "frame-ancestors *"}}, true},
		{"a scheme", [][2]string{{csp, "frame-ancestors https:"}}, true},
		{"another scheme", [][2]string{{csp, "frame-ancestors chrome-extension:"}}, false},
		{"http is good for https", [][2]string{{csp, "frame-ancestors http://edit.example.com"}}, true},
		{"its own port", [][2]string{{csp, "frame-ancestors https://edit.example.com:443"}}, true},
		{"another port", [][2]string{{csp, "frame-ancestors https://edit.example.com:8443"}}, false},
		{"any port", [][2]string{{csp, "frame-ancestors https://edit.example.com:*"}}, true},
		{"a path says nothing", [][2]string{{csp, "frame-ancestors https://edit.example.com/admin/"}}, true},
		{"the first of two directives counts", [][2]string{{csp, "frame-ancestors *; frame-ancestors 'none'"}}, true},
		{"two policies in a header have to agree", [][2]string{{csp, "frame-ancestors *, frame-ancestors 'none'"}}, false},
		{"and two headers", [][2]string{{csp, "frame-ancestors *"}, {csp, "frame-ancestors 'self'"}}, false},
		{"reports only", [][2]string{{"Content-Security-Policy-Report-Only", "frame-ancestors 'none'"}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			for _, h := range c.headers {
				header.Add(h[0], h[1])
			}
			page, editor := &url.URL{Scheme: "https", Host: "www.example.com"}, &url.URL{Scheme: "https", Host: "edit.example.com"}
			require.Equal(t, c.want, frameable(header, page, editor))
		})
	}
}
