package merge

import (
	"fmt"
	"strconv"

	"github.com/webordinary/live-edit/functions/behaviors/document"
)

// emptyForm is how a list without entries is written. CloudFront takes all of them for the same; the owner's tools may
// not, so a list that we filled is emptied into the form it had.
type emptyForm string

const (
	// emptyPlain is a Quantity of 0 and no Items, which is how CloudFront and the AWS CLI write it.
	emptyPlain     emptyForm = ""
	emptyItems     emptyForm = "items"      // "Items": []
	emptyNullItems emptyForm = "null-items" // "Items": null
	emptyNull      emptyForm = "null"       // "CacheBehaviors": null
	emptyAbsent    emptyForm = "absent"     // no CacheBehaviors at all
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
	case l.holder.Kind() == document.Null:
		return emptyNull
	case l.items == nil:
		return emptyPlain
	case l.items.Kind() == document.Null:
		return emptyNullItems
	default:
		return emptyItems
	}
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
	switch form {
	case emptyPlain:
		l.doc.Remove(l.holder, l.items)
	case emptyNullItems:
		l.doc.Replace(l.holder, l.items, document.NewNull("Items"))
	case emptyNull:
		l.doc.Replace(l.parent, l.holder, document.NewNull(l.name))
	case emptyAbsent:
		l.doc.Remove(l.parent, l.holder)
	}
}
