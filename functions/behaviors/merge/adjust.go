package merge

import (
	"slices"
	"strings"

	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// What is ours is held to what was asked for, member by member, and no further. CloudFront answers with members that
// nobody sent, in an order of its own, and has more of them every year; and the owner may have put a function or a
// response headers policy on a behavior of ours. Enforcing those would rewrite the configuration every day, or undo
// somebody's protection.
var (
	enforcedOrigin   = []string{"DomainName", "OriginPath"}
	enforcedTransfer = []string{"HTTPSPort", "OriginProtocolPolicy", "OriginSslProtocols", "OriginReadTimeout"}
	enforcedBehavior = []string{
		"TargetOriginId", "ViewerProtocolPolicy", "AllowedMethods", "Compress", "CachePolicyId", "OriginRequestPolicyId",
	}

	// otherOrigins make an origin something else than a custom origin.
	otherOrigins = []string{"S3OriginConfig", "VpcOriginConfig"}
	// legacyCaching cannot stand beside a cache policy.
	legacyCaching = []string{"ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL"}
)

// ensureOrigin adds our origin, or holds the one that is there to what was asked for.
func (e *edit) ensureOrigin(o spec.Origin, m mark) {
	want := originNode(o, m)
	at := slices.IndexFunc(e.mine.origins, func(n *document.Node) bool { return n.Text("Id") == o.ID })
	if at < 0 {
		e.changed("add origin %s (%s)", o.ID, o.DomainName)
		e.config.origins.insert(len(e.config.origins.entries()), want)
		return
	}
	live := e.mine.origins[at]
	var changed []string
	for _, name := range otherOrigins {
		changed = append(changed, e.drop(live, name)...)
	}
	changed = append(changed, e.adjust(live, want, enforcedOrigin)...)
	const transfer = "CustomOriginConfig"
	if have := live.Child(transfer); have == nil || have.Kind() != document.Object {
		changed = append(changed, e.adjust(live, want, []string{transfer})...)
	} else {
		changed = append(changed, e.adjust(have, want.Child(transfer), enforcedTransfer)...)
	}
	changed = append(changed, e.adjustMark(live, m)...)
	if len(changed) > 0 {
		e.changed("change origin %s: %s", o.ID, strings.Join(changed, ", "))
	}
}

// adjustMark renews the mark of an origin that carries one.
func (e *edit) adjustMark(live *document.Node, m mark) []string {
	header := markNode(live)
	want := markHeaderNode(m)
	return e.adjust(header, want, []string{"HeaderValue"})
}

// adjustBehavior holds a behavior of ours to what was asked for.
func (e *edit) adjustBehavior(live, want *document.Node) {
	var changed []string
	if live.Child(legacyCaching[0]) != nil {
		for _, name := range legacyCaching {
			changed = append(changed, e.drop(live, name)...)
		}
	}
	changed = append(changed, e.adjust(live, want, enforcedBehavior)...)
	if len(changed) > 0 {
		e.changed("change behavior %s: %s", live.Text("PathPattern"), strings.Join(changed, ", "))
	}
}

// adjust makes the named members of live hold what want holds, and says which it changed.
func (e *edit) adjust(live, want *document.Node, names []string) []string {
	var changed []string
	for _, name := range names {
		have, wanted := live.Child(name), want.Child(name)
		switch {
		case have == nil:
			e.doc.Append(live, wanted)
		case same(have, wanted):
			continue
		default:
			e.doc.Replace(live, have, wanted)
		}
		changed = append(changed, name)
	}
	return changed
}

// drop removes a member that has no place here.
func (e *edit) drop(live *document.Node, name string) []string {
	have := live.Child(name)
	if have == nil || have.Kind() == document.Null {
		return nil
	}
	e.doc.Remove(live, have)
	return []string{name}
}

// same says whether have holds all that want holds. Our lists are sets: CloudFront returns them in an order of its own.
func same(have, want *document.Node) bool {
	if len(want.Children()) == 0 {
		return len(have.Children()) == 0 && have.Value() == want.Value()
	}
	if want.Kind() == document.List {
		return slices.Equal(sortedValues(have), sortedValues(want))
	}
	for _, member := range want.Children() {
		if other := have.Child(member.Name()); other == nil || !same(other, member) {
			return false
		}
	}
	return true
}

func sortedValues(l *document.Node) []string {
	values := make([]string, 0, len(l.Children()))
	for _, item := range l.Children() {
		values = append(values, item.Value())
	}
	slices.Sort(values)
	return values
}
