package merge

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/webordinary/live-edit/functions/behaviors/document"
)

// emptyForm is how a list without entries is written. CloudFront takes all forms for the same; the owner's tools may
// not, so a list that we filled is emptied into the form it had. Other than the two below, a form is the list's own
// spelling, such as "CacheBehaviors": null, escaped as in a query.
type emptyForm string

const (
	// emptyPlain is a Quantity of 0 and no Items, which is how CloudFront and the AWS CLI write it.
	emptyPlain emptyForm = ""
	// emptyAbsent is no list at all.
	emptyAbsent emptyForm = "absent"
	// maxEmptyForm bounds what is kept. A longer spelling has a comment in it, or is nobody's; it is not restored.
	maxEmptyForm = 600
)

// list is one of CloudFront's lists: a structure with a Quantity and, unless it is empty, Items.
type list struct {
	doc    *document.Document
	parent *document.Node
	name   string

	holder, quantity, items *document.Node
}

// readList reads the parent's member with this name, and refuses a Quantity that does not count the Items.
func readList(doc *document.Document, parent *document.Node, name string) (*list, error) {
	l := &list{doc: doc, parent: parent, name: name, holder: parent.Child(name)}
	if l.holder == nil || l.holder.Kind() == document.Null {
		return l, nil
	}
	l.quantity, l.items = l.holder.Child("Quantity"), l.holder.Child("Items")
	quantity, err := strconv.Atoi(l.quantity.Value())
	if err != nil {
		return nil, fmt.Errorf("%s.Quantity is %q, want the number of Items", name, l.quantity.Value())
	}
	if l.items != nil && !doc.IsList(l.items) {
		return nil, fmt.Errorf("%s.Items is %.40s, want a list", name, doc.Spelled(l.items))
	}
	if quantity != len(l.entries()) {
		return nil, fmt.Errorf("%s.Quantity is %d, but Items has %d", name, quantity, len(l.entries()))
	}
	return l, nil
}

func (l *list) entries() []*document.Node {
	if l.items == nil {
		return nil
	}
	return l.items.Children()
}

// form is how the list, which is empty, is written.
func (l *list) form() emptyForm {
	switch {
	case l.holder == nil:
		return emptyAbsent
	case l.items == nil && l.holder.Kind() != document.Null:
		return emptyPlain
	}
	form := url.QueryEscape(l.doc.Spelled(l.holder))
	if len(form) > maxEmptyForm {
		return emptyPlain
	}
	return emptyForm(form)
}

// insert puts an entry before position at.
func (l *list) insert(at int, entry *document.Node) {
	l.makeRoom()
	l.doc.Insert(l.items, at, entry)
}

func (l *list) remove(entry *document.Node) { l.doc.Remove(l.items, entry) }

// makeRoom gives an empty list its Items.
func (l *list) makeRoom() {
	fresh := func() *document.Node { return document.NewObject(l.name, document.NewLiteral("Quantity", "0")) }
	switch {
	case l.holder == nil:
		l.holder = fresh()
		l.doc.Append(l.parent, l.holder)
	case l.holder.Kind() == document.Null:
		object := fresh()
		l.doc.Replace(l.parent, l.holder, object)
		l.holder = object
	}
	l.quantity = l.holder.Child("Quantity")
	switch items := document.NewList("Items"); {
	case l.items == nil:
		l.doc.Insert(l.holder, l.holder.Index(l.quantity)+1, items)
		l.items = items
	case l.items.Kind() == document.Null:
		l.doc.Replace(l.holder, l.items, items)
		l.items = items
	}
}

// settle makes the Quantity count the Items, and writes a list that lost all its entries in the form it had.
func (l *list) settle(form emptyForm) {
	if l.quantity == nil {
		return
	}
	count := len(l.entries())
	lost := count == 0 && l.quantity.Value() != "0"
	l.doc.SetCount(l.quantity, count)
	if !lost {
		return
	}
	if form == emptyAbsent {
		l.doc.Remove(l.parent, l.holder)
	} else if empty := l.spelledAs(form); empty != nil {
		l.doc.Replace(l.parent, l.holder, empty)
	} else {
		l.doc.Remove(l.holder, l.items)
	}
}

// spelledAs is the empty list as it was spelled; nil if the form is another one, or no empty list in this format: the
// mark that it comes from is text that anybody with access to the distribution may have edited.
func (l *list) spelledAs(form emptyForm) *document.Node {
	text, err := url.QueryUnescape(string(form))
	if err != nil {
		return nil
	}
	member, err := l.doc.Member(text)
	if err != nil {
		return nil
	}
	empty, err := readList(l.doc, document.NewObject("", member), l.name)
	if err != nil || empty.holder == nil || len(empty.entries()) > 0 {
		return nil
	}
	return member
}
