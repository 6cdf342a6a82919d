package identity

import (
	_ "embed"
	"errors"
	"html"
	"net/http"
	"strings"
)

// refusalPage has places in double braces. A template's package would have the linker keep every exported method of the
// program, which doubles the waker's size and with it what Lambda loads at a cold start.
//
//go:embed refusal.html
var refusalPage string

const signOutLink = `<p><a href="` + SignOutPath + `">Sign in as somebody else</a></p>`

// Refusal is what somebody gets who is not let in.
type Refusal struct {
	// Status is 403, or 503 where it may be tried again.
	Status int
	// Text is a sentence for programs; Page says the same to people, as HTML.
	Text, Page string
}

// Policy is the Content-Security-Policy of a refusal's page.
const Policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'self'"

// Refuse says why. It tells nobody more than what the visitor's own issuer has told him.
func (g *Gate) Refuse(person Person, why error) Refusal {
	refusal := Refusal{Status: http.StatusForbidden}
	switch {
	case errors.Is(why, ErrUnavailable):
		refusal.Status = http.StatusServiceUnavailable
		refusal.Text = "It cannot be found out at the moment whether you may edit here. Please try again in a minute."
	case errors.Is(why, ErrUninvited):
		refusal.Text = "You are signed in as " + person.Email + ", and not invited to edit this site. Ask its owner to invite this address."
	case errors.Is(why, ErrUnverified):
		refusal.Text = "Your sign-in has no verified e-mail address, so it is not known whether you are invited to edit this site."
	case errors.Is(why, ErrExpired):
		refusal.Text = "Your sign-in has expired. Please load the page again."
	default:
		refusal.Text = "You are not signed in. Please load the page again."
	}
	link := signOutLink
	if g.SignOut == "" {
		link = ""
	}
	refusal.Page = strings.NewReplacer("{{text}}", html.EscapeString(refusal.Text), "{{link}}", link).Replace(refusalPage)
	return refusal
}

// sessionCookie begins the names of the load balancer's cookies: AWSELBAuthSessionCookie-0 and following, as many as the session takes
// (ELB: "Authenticate users using an Application Load Balancer"), and the one that it sets while somebody signs in.
const (
	sessionCookie = "AWSELBAuthSessionCookie"
	nonceCookie   = "AWSALBAuthNonce"
	maxShards     = 4 // the session has at most 16 KB in cookies of 4 KB
)

// SignOutCookies are what ends a session at the load balancer ("Authentication logout and session timeout").
func SignOutCookies() []string {
	var cookies []string
	for i := range maxShards {
		cookies = append(cookies, sessionCookie+"-"+string(rune('0'+i))+"=; Path=/; Max-Age=0; Secure; HttpOnly")
	}
	return cookies
}

// SignedOut is what somebody reads who has signed out where no issuer can be told.
const SignedOut = "You are signed out of the editor. Your sign-in at the issuer goes on until you end it there.\n"

// SignOutPath is the path at which the waker and the supervisor end a session.
const SignOutPath = "/api/sign-out"

// Strip removes what the load balancer added about the visitor and the visitor's session with it, so that nothing behind sees either.
func Strip(header http.Header) {
	for name := range header {
		if strings.HasPrefix(strings.ToLower(name), "x-amzn-oidc-") {
			delete(header, name)
		}
	}
	lines, ok := header["Cookie"]
	if !ok || !strings.Contains(strings.Join(lines, ";"), "AWS") {
		return
	}
	var kept []string
	for _, line := range lines {
		var pairs []string
		for pair := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if !strings.HasPrefix(name, sessionCookie) && !strings.HasPrefix(name, nonceCookie) {
				pairs = append(pairs, strings.TrimSpace(pair))
			}
		}
		if line = strings.Join(pairs, "; "); line != "" {
			kept = append(kept, line)
		}
	}
	if len(kept) == 0 {
		delete(header, "Cookie")
		return
	}
	header["Cookie"] = kept
}
