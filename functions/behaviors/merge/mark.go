package merge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// MarkHeader is the custom header that our origin carries. Of all that a configuration holds, only an origin's custom
// headers are free text that CloudFront keeps as it is; behaviors have nothing of the kind. CloudFront sends the header
// to our own origin with every request, which can tell by it where a request came from.
const MarkHeader = "X-Webordinary-Owner"

// maxMarkLength is the longest value of a custom header (CloudFront Developer Guide, "Quotas on headers").
const maxMarkLength = 1783

// mark says whose the origin is and which behaviors were written with it. It is written in the same UpdateDistribution
// as they are, so it is never behind. Its text is "owner; paths=/a/* /b/*", and "; empty=form" if that is not the plain one.
type mark struct {
	owner string
	paths []string
	// empty is the form of the list of behaviors before ours came in.
	empty emptyForm
}

// String is the header's value.
func (m mark) String() string {
	text := m.owner + "; paths=" + strings.Join(m.paths, " ")
	if m.empty != emptyPlain {
		text += "; empty=" + string(m.empty)
	}
	return text
}

func (m mark) check() error {
	if text := m.String(); len(text) > maxMarkLength {
		return fmt.Errorf("behaviors: their path patterns make an owner mark of %d characters, CloudFront accepts %d; "+
			"want fewer or shorter patterns", len(text), maxMarkLength)
	}
	return nil
}

// parseMark reads a header's value. What it does not understand it leaves out.
func parseMark(text string) mark {
	owner, rest, _ := strings.Cut(text, ";")
	m := mark{owner: strings.TrimSpace(owner)}
	for _, part := range strings.Split(rest, ";") {
		switch key, value, _ := strings.Cut(strings.TrimSpace(part), "="); key {
		case "paths":
			m.paths = strings.Fields(value)
		case "empty":
			m.empty = emptyForm(value)
		}
	}
	return m
}

// markOf is the mark that an origin carries.
func markOf(origin *document.Node) (mark, bool) {
	if header := markNode(origin); header != nil {
		return parseMark(header.Text("HeaderValue")), true
	}
	return mark{}, false
}

// markNode is the custom header with the mark, or nil.
func markNode(origin *document.Node) *document.Node {
	items := origin.Child("CustomHeaders").Child("Items")
	if items == nil {
		return nil
	}
	at := slices.IndexFunc(items.Children(), func(header *document.Node) bool {
		return strings.EqualFold(header.Text("HeaderName"), MarkHeader)
	})
	if at < 0 {
		return nil
	}
	return items.Children()[at]
}

// emptyForm is the form that the list of behaviors had before ours came in: what it is while it is empty, and what the
// mark remembers afterwards.
func (e *edit) emptyForm() emptyForm {
	if len(e.config.behaviors.entries()) == 0 {
		return e.config.behaviors.form()
	}
	for _, m := range e.mine.marks {
		if m.empty != emptyPlain {
			return m.empty
		}
	}
	return emptyPlain
}

func markHeaderNode(m mark) *document.Node {
	return document.NewObject("OriginCustomHeader",
		document.NewText("HeaderName", MarkHeader),
		document.NewText("HeaderValue", m.String()))
}

// wantedAt is the position of the wanted behavior with this path, or -1.
func wantedAt(wanted []spec.Behavior, path string) int {
	return slices.IndexFunc(wanted, func(b spec.Behavior) bool { return samePath(b.PathPattern, path) })
}
