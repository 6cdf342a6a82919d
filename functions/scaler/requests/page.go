package requests

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html"
	"net/url"
	"strings"
)

//go:embed page/page.html
var pageHTML string

//go:embed page/page.css
var pageCSS string

//go:embed page/page.js
var pageJS string

// unfilledJS runs before the page's text is parsed and hides it until page.js has filled it: browsers paint in the middle of parsing, and
// the text would jump. A page whose scripts don't run shows it at once.
const unfilledJS = "document.body.classList.add('unfilled')"

// pagePurpose says whether the visitor asked for the service by opening the page.
type pagePurpose string

const (
	pageAsk  pagePurpose = "ask"
	pageLook pagePurpose = "look"
)

// The page around its three values, and the policy that lets it run its own scripts and style and nothing else.
var (
	pageParts             = splitPage()
	contentSecurityPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; connect-src 'self'; img-src data:; " +
		"script-src '" + cspHash(unfilledJS) + "' '" + cspHash(pageJS) + "'; style-src '" + cspHash(pageCSS) + "'"
)

func cspHash(source string) string {
	sum := sha256.Sum256([]byte(source))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// policyWith lets the page frame the published site's origin, too.
func policyWith(behind string) string {
	site, err := url.Parse(behind)
	if err != nil || behind == "" {
		return contentSecurityPolicy
	}
	return contentSecurityPolicy + "; frame-src " + site.Scheme + "://" + site.Host
}

// splitPage puts style and scripts into the page and cuts it where the values go.
func splitPage() [4]string {
	page := strings.Replace(pageHTML, "/*style*/", pageCSS, 1)
	page = strings.Replace(page, "/*unfilled*/", unfilledJS, 1)
	page = strings.Replace(page, "/*script*/", pageJS, 1)
	head, rest, _ := strings.Cut(page, "{{purpose}}")
	middle, rest, _ := strings.Cut(rest, "{{status}}")
	body, tail, _ := strings.Cut(rest, "{{behind}}")
	return [4]string{head, middle, body, tail}
}

// waitingPage is the page with a status to begin with, and the published site behind it if there is one to show. The frame
// runs no script, sends no form, no referrer and no credentials, and takes neither focus nor clicks.
func waitingPage(status *Status, purpose pagePurpose, behind string) string {
	if behind != "" {
		behind = `<iframe class="site" title="The published site" src="` + html.EscapeString(behind) +
			`" sandbox="" credentialless referrerpolicy="no-referrer" inert aria-hidden="true" tabindex="-1"></iframe>`
	}
	return pageParts[0] + string(purpose) + pageParts[1] + html.EscapeString(status.json()) + pageParts[2] + behind + pageParts[3]
}
