package kind

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// Ref is an input that names another resource.
type Ref struct {
	// Path leads to the value or values, see props.Path.
	Path string
	To   Target
	// OnDelete says what happens to this resource when the other is deleted.
	OnDelete OnDelete
}

// OnDelete is the effect of a deletion on what refers to the deleted.
type OnDelete int

// The effects.
const (
	// Ignore: the reference dangles, as in AWS.
	Ignore OnDelete = iota
	// Block: AWS refuses the deletion.
	Block
	// Cascade: AWS deletes this resource too.
	Cascade
)

// Target is the kind of thing that a reference names, and by what.
type Target struct {
	Types []string
	// By lists the state properties that the value may be; "id" is the store's ID.
	By []string
	// Generated values are made up by AWS, so even a preview can tell that one
	// does not exist. Others may belong to something made in the same run.
	Generated bool
	// Code and Message are AWS's error for a missing one; Message gets the value.
	Code, Message string
	// Skip exempts values, such as managed aliases.
	Skip func(value string) bool
	// InUse is AWS's error when a deletion is blocked; it gets the ID.
	InUseCode, InUse string
}

// Find returns the resource that a value names.
func (t Target) Find(v View, value string) (Resource, bool) {
	for _, typ := range t.Types {
		for _, by := range t.By {
			if by == "id" {
				if r, ok := v.Get(typ, value); ok {
					return r, true
				}
				continue
			}
			if found := v.By(typ, by, value); len(found) > 0 {
				return found[0], true
			}
		}
	}
	return Resource{}, false
}

// Identities are the values by which others can name r.
func (t Target) Identities(r Resource) []string {
	var out []string
	for _, by := range t.By {
		if by == "id" {
			out = append(out, r.ID)
			continue
		}
		out = append(out, props.Strings(r.State, props.Path(by))...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// verifyRefs adds a fault for every reference to something that does not exist.
func (c *Call) verifyRefs(k *Kind) {
	for _, ref := range k.Refs {
		top, _, _ := strings.Cut(strings.ReplaceAll(ref.Path, "[*]", ""), ".")
		if !c.Touches(top) || (c.DryRun && !ref.To.Generated) {
			continue
		}
		for _, f := range props.All(c.In, props.Path(ref.Path)) {
			if !f.Value.IsString() || f.Value.StringValue() == "" {
				continue
			}
			value := f.Value.StringValue()
			if ref.To.Skip != nil && ref.To.Skip(value) {
				continue
			}
			if _, ok := ref.To.Find(c.View, value); !ok {
				c.Refuse(f.Path, ref.To.Code, ref.To.Message, value)
			}
		}
	}
}

// referrer is a reference seen from the other end.
type referrer struct {
	typ string
	ref Ref
}

var referrers = sync.OnceValue(func() map[string][]referrer {
	out := map[string][]referrer{}
	for _, typ := range Types() {
		k, _ := Of(typ)
		for _, ref := range k.Refs {
			if ref.OnDelete == Ignore {
				continue
			}
			for _, target := range ref.To.Types {
				out[target] = append(out[target], referrer{typ, ref})
			}
		}
	}
	return out
})

// refersTo returns the resources of the referrer's type that name r.
func (rr referrer) refersTo(v View, r Resource) []Resource {
	var out []Resource
	for _, id := range rr.ref.To.Identities(r) {
		for _, found := range v.By(rr.typ, rr.ref.Path, id) {
			same := func(o Resource) bool { return o.ID == found.ID }
			if (found.Type != r.Type || found.ID != r.ID) && !slices.ContainsFunc(out, same) {
				out = append(out, found)
			}
		}
	}
	return out
}

// cascade returns what AWS deletes together with r, directly or not.
func cascade(v View, r Resource) []Resource {
	var out []Resource
	for _, rr := range referrers()[r.Type] {
		if rr.ref.OnDelete != Cascade {
			continue
		}
		for _, found := range rr.refersTo(v, r) {
			out = append(out, found)
			out = append(out, cascade(v, found)...)
		}
	}
	return out
}

// verifyUnused adds a fault for everything that still needs r, except what goes
// away with it.
func (c *Call) verifyUnused(r Resource, gone []Resource) {
	for _, rr := range referrers()[r.Type] {
		if rr.ref.OnDelete != Block {
			continue
		}
		for _, found := range rr.refersTo(c.View, r) {
			if slices.ContainsFunc(gone, func(g Resource) bool { return g.Type == found.Type && g.ID == found.ID }) {
				continue
			}
			code, message := rr.ref.To.InUseCode, fmt.Sprintf(rr.ref.To.InUse, r.ID)
			c.Refuse("", code, "%s: %s refers to it in %s; delete or change that first",
				strings.TrimSuffix(message, "."), Describe(found), rr.ref.Path)
		}
	}
}

// verifyUnique adds a fault for every unique combination that another resource has.
func (c *Call) verifyUnique(k *Kind) {
	for _, u := range k.Unique {
		values := make([]string, len(u.Paths))
		complete := true
		for i, p := range u.Paths {
			v, ok := props.Get(c.In, props.Path(p))
			switch {
			case ok && v.IsString() && v.StringValue() != "":
				values[i] = v.StringValue()
			case ok && v.IsNumber():
				values[i] = props.Number(v.NumberValue())
			default:
				complete = false
			}
		}
		if !complete || !c.Touches(topNames(u.Paths)...) {
			continue
		}
		if other, taken := c.holder(u, values); taken {
			c.refuseTaken(u, values[len(values)-1], other)
		}
	}
}

func topNames(paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i], _, _ = strings.Cut(p, ".")
	}
	return out
}

// holder returns the other resource with the same values.
func (c *Call) holder(u Unique, values []string) (Resource, bool) {
	last := len(values) - 1
	for _, r := range c.By(c.Type, u.Paths[last], values[last]) {
		if r.Type == c.Old.Type && r.ID == c.Old.ID {
			continue
		}
		// In a preview the resource's own predecessor may be deleted first.
		if c.DryRun && r.URN == c.URN && c.URN != "" {
			continue
		}
		if sameValues(r, u.Paths[:last], values[:last]) {
			return r, true
		}
	}
	return Resource{}, false
}

func sameValues(r Resource, paths, values []string) bool {
	for i, p := range paths {
		v, ok := props.Get(r.State, props.Path(p))
		if !ok {
			return false
		}
		text := ""
		switch {
		case v.IsString():
			text = v.StringValue()
		case v.IsNumber():
			text = props.Number(v.NumberValue())
		}
		if text != values[i] {
			return false
		}
	}
	return true
}

func (c *Call) refuseTaken(u Unique, value string, other Resource) {
	message := u.Message
	if strings.Contains(message, "%s") {
		message = fmt.Sprintf(message, value)
	}
	holder := Describe(other)
	if other.URN != "" {
		holder += " of " + stackOf(other.URN)
	}
	do := "choose another value, or delete that one first"
	if u.Adopt != "" {
		do = u.Adopt
		k, ok := Of(other.Type)
		if ok {
			do = strings.ReplaceAll(do, "ID", k.Public(other))
		}
	}
	c.Refuse(u.Paths[len(u.Paths)-1], u.Code, "%s; it belongs to %s: %s", strings.TrimSuffix(message, "."), holder, do)
}

// MayMove reports whether another resource may have made room by the time this one is updated: in a preview nobody knows yet
// what else the same stack changes, so nothing is refused for what that resource has now.
func (c *Call) MayMove(other Resource) bool {
	return c.DryRun && !c.Creating() && other.URN != "" && c.URN != "" && stackOf(other.URN) == stackOf(c.URN)
}

// stackOf names the stack of a URN.
func stackOf(urn string) string {
	parts := strings.Split(urn, "::")
	return strings.TrimPrefix(parts[0], "urn:pulumi:") + " stack"
}
