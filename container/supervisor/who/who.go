// Package who says whose session a request belongs to.
package who

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"github.com/webordinary/live-edit/functions/identity/spec"
)

// Cookie names the user that a browser has chosen by PUT /api/session.
const Cookie = "live-edit-user"

// Expected describes a valid name.
const Expected = spec.UserNameForm

var name = regexp.MustCompile(spec.UserName)

// Valid says whether a text may name a client or a user: it becomes a directory of the workspace and the stem of lease files.
func Valid(text string) bool { return name.MatchString(text) }

// ErrName says that a request names a user that there can't be.
var ErrName = errors.New("no name of a user")

// Of gives the user whose session a request is for: the one in the cookie, or else the task's default. A cookie that names nobody is an
// error and no reason to open somebody else's session.
func Of(r *http.Request, standard string) (string, error) {
	found := ""
	for _, cookie := range r.CookiesNamed(Cookie) {
		if !Valid(cookie.Value) || found != "" && found != cookie.Value {
			return "", fmt.Errorf("the cookie %s is %.70q, %w: expected %s", Cookie, cookie.Value, ErrName, Expected)
		}
		found = cookie.Value
	}
	if found == "" {
		return standard, nil
	}
	return found, nil
}

// Choose is the cookie that chooses a user for a year. Secure is left out where the browser has come without TLS, as in the sandbox.
func Choose(user string, secure bool) *http.Cookie {
	const year = 365 * 24 * 3600
	return &http.Cookie{ //nolint:gosec // secure wherever the browser has come with TLS
		Name: Cookie, Value: user, Path: "/", MaxAge: year, HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}
}

// Forget is the cookie that takes the choice back.
func Forget(secure bool) *http.Cookie {
	cookie := Choose("", secure) //nolint:gosec // as there
	cookie.MaxAge = -1
	return cookie
}
