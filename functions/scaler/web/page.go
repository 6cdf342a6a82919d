package web

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html"
	"strings"
)

//go:embed page/page.html
var pageHTML string

//go:embed page/page.css
var pageCSS string

//go:embed page/page.js
var pageJS string

// pagePurpose says whether the visitor asked for the service by opening the page.
type pagePurpose string

const (
	pageAsk  pagePurpose = "ask"
	pageLook pagePurpose = "look"
)

// The page around its two values, and the policy that lets it run its own script and style and nothing else.
var (
	pageParts             = splitPage()
	contentSecurityPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; connect-src 'self'; img-src data:; " +
		"script-src '" + cspHash(pageJS) + "'; style-src '" + cspHash(pageCSS) + "'"
)

func cspHash(source string) string {
	sum := sha256.Sum256([]byte(source))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// splitPage puts style and script into the page and cuts it where the values go.
func splitPage() [3]string {
	page := strings.Replace(pageHTML, "/*style*/", pageCSS, 1)
	page = strings.Replace(page, "/*script*/", pageJS, 1)
	head, rest, _ := strings.Cut(page, "{{purpose}}")
	middle, tail, _ := strings.Cut(rest, "{{status}}")
	return [3]string{head, middle, tail}
}

// waitingPage is the page with a status to begin with.
func waitingPage(status *Status, purpose pagePurpose) string {
	return pageParts[0] + string(purpose) + pageParts[1] + html.EscapeString(status.json()) + pageParts[2]
}
