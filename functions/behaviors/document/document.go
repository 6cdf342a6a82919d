package document

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Document is a configuration and the format it is written in.
type Document struct {
	root  *Node
	codec codec
	// config is the DistributionConfig within the document: the root, or a member of an envelope.
	config *Node
	// unit is what one level of nesting adds to the indentation.
	unit string
}

// codec reads and writes one format, and spells new content in it.
type codec interface {
	parse(data []byte) (*Document, error)
	// enclose makes a configuration of one member.
	enclose(member string) string
	// isList says whether the node can be a list.
	isList(n *Node) bool
	// write appends the node with its spelling.
	write(b *bytes.Buffer, n *Node)
	// spell fills in the spelling of new content within parent; its lead is already set.
	spell(parent, n *Node, s style)
	// adapt turns a leaf into a container before its first child goes in.
	adapt(parent *Node)
	// inserted and removed keep the white space before the parent's closing in its place.
	inserted(parent *Node, at int)
	removed(parent *Node, at int, gone *Node)
}

// style is how the document around new content is laid out.
type style struct {
	unit string
	// separator stands between a JSON key and its value.
	separator string
}

// childLead is the lead of the children of a node that has none yet.
func (s style) childLead(parent *Node) string {
	if _, ok := indentation(parent.lead); !ok {
		return ""
	}
	return parent.lead + s.unit
}

// Config is the DistributionConfig.
func (d *Document) Config() *Node { return d.config }

// Bytes writes the document. Without a change, these are the bytes that were read.
func (d *Document) Bytes() []byte {
	var b bytes.Buffer
	d.codec.write(&b, d.root)
	return b.Bytes()
}

// Reread parses other bytes of the same format.
func (d *Document) Reread(data []byte) (*Document, error) { return d.codec.parse(data) }

// Member reads a member of the configuration that is spelled as [Document.Spelled] gave it.
func (d *Document) Member(text string) (*Node, error) {
	around, err := d.codec.parse([]byte(d.codec.enclose(text)))
	if err != nil {
		return nil, err
	}
	if count := len(around.Config().Children()); count != 1 {
		return nil, fmt.Errorf("%.40q is %d members of a configuration, want one", text, count)
	}
	return around.Config().Children()[0], nil
}

// IsList says whether the node can be a list: in JSON, an array or null; in XML, every element.
func (d *Document) IsList(n *Node) bool { return d.codec.isList(n) }

// Spelled is the node alone as it is written, without the white space around it.
func (d *Document) Spelled(n *Node) string {
	var b bytes.Buffer
	bare := *n
	bare.lead, bare.trail = "", ""
	d.codec.write(&b, &bare)
	return b.String()
}

// Insert puts new content, or a node taken out by [Document.Remove], before position at of the parent's children, laid
// out like its neighbours.
func (d *Document) Insert(parent *Node, at int, n *Node) {
	d.codec.adapt(parent)
	s := d.style()
	switch siblings := parent.children; {
	case len(siblings) == 0:
		n.lead = s.childLead(parent)
	case at > 0 && len(siblings) > 1:
		n.lead = siblings[1].plainLead()
	default:
		n.lead = siblings[0].plainLead()
	}
	if !n.spelled {
		d.codec.spell(parent, n, s)
	}
	parent.children = append(parent.children[:at:at], append([]*Node{n}, parent.children[at:]...)...)
	d.codec.inserted(parent, at)
}

// Append puts new content after the parent's last child.
func (d *Document) Append(parent, n *Node) { d.Insert(parent, len(parent.children), n) }

// Remove takes a child out of its parent, exactly undoing an [Document.Insert] of it.
func (d *Document) Remove(parent, child *Node) {
	at := parent.Index(child)
	parent.children = append(parent.children[:at:at], parent.children[at+1:]...)
	d.codec.removed(parent, at, child)
}

// Replace puts new content, or a [Document.Member], in the place of a child.
func (d *Document) Replace(parent, old, n *Node) {
	n.lead, n.trail = old.lead, old.trail
	if !n.spelled {
		d.codec.spell(parent, n, d.style())
	}
	parent.children[parent.Index(old)] = n
}

// SetCount changes a number, such as a Quantity.
func (d *Document) SetCount(n *Node, count int) {
	if value := strconv.Itoa(count); n.value != value {
		n.value, n.inner = value, value
	}
}

// plainLead is the white space of the lead: a comment before a neighbour is not repeated.
func (n *Node) plainLead() string {
	if indent, ok := indentation(n.lead); ok {
		return "\n" + indent
	}
	if strings.TrimSpace(n.lead) == "" {
		return n.lead
	}
	return ""
}

func (d *Document) style() style {
	s := style{unit: d.unit, separator: ": "}
	if len(d.root.children) > 0 {
		if open := d.root.children[0].open; strings.HasSuffix(open, ":") {
			s.separator = ":"
		}
	}
	return s
}

// finish finds the configuration's layout once the tree is read.
func (d *Document) finish() {
	d.unit = "    "
	if len(d.root.children) == 0 {
		return
	}
	outer, _ := indentation(d.root.lead)
	if inner, ok := indentation(d.root.children[0].lead); ok && len(inner) > len(outer) {
		d.unit = inner[len(outer):]
	}
}
