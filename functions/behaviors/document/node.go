// Package document holds a distribution configuration as a tree that keeps the spelling of everything it read.
//
// A typed structure of an SDK drops what it does not know: a setting that is newer than the SDK would be wiped when
// the configuration is written back. This tree knows no setting at all. It is parsed from CloudFront's XML or from the
// JSON of the AWS CLI, is changed node by node, and writes every byte that was not changed as it was read: unknown
// members, the order of members, numbers, escapes and white space included.
package document

import "strings"

// Kind is what a node holds.
type Kind int

// The kinds of nodes. XML does not tell texts, numbers and lists from one another: an element is an Object when it has
// child elements, and a Text otherwise.
const (
	Object Kind = iota
	List
	Text
	// Literal is a JSON number, true or false.
	Literal
	// Null is JSON's null.
	Null
)

// Node is an element of XML, or a member or item of JSON. The zero value is of no use: nodes come from [ParseXML],
// [ParseJSON] and the constructors of new content.
type Node struct {
	name     string
	kind     Kind
	value    string
	children []*Node
	// spelled says whether the spelling is filled in: read from a document, or laid out to fit into one.
	spelled bool
	spelling
}

// spelling is the text around and inside a node, exactly as it was read.
type spelling struct {
	// lead is what stands between the previous node, or the parent's opening, and this one: white space, comments.
	lead string
	// open is the XML start tag; for a JSON member, its quoted key up to the value.
	open string
	// inner is a leaf's content: XML character data, or the JSON value.
	inner string
	// tail is what stands between the last child and the parent's closing.
	tail string
	// end is the XML end tag, empty for a self-closing element.
	end string
	// trail is what stands between a JSON value and the comma after it.
	trail string
}

// NewText is new content: a string.
func NewText(name, value string) *Node { return &Node{name: name, kind: Text, value: value} }

// NewLiteral is new content: a number, true or false, as it is written in JSON and in XML.
func NewLiteral(name, value string) *Node { return &Node{name: name, kind: Literal, value: value} }

// NewObject is new content: a structure with members.
func NewObject(name string, members ...*Node) *Node {
	return &Node{name: name, kind: Object, children: members}
}

// NewList is new content: a list. Every item carries the name of its XML element.
func NewList(name string, items ...*Node) *Node {
	return &Node{name: name, kind: List, children: items}
}

// Name is the element's local name or the member's key. An item of a JSON list has none.
func (n *Node) Name() string { return n.name }

// Kind is what the node holds.
func (n *Node) Kind() Kind { return n.kind }

// Children are the members or items in their order. The slice belongs to the node.
func (n *Node) Children() []*Node { return n.children }

// Child is the member with this name, or nil; of a nil node too, so that look-ups can be chained.
func (n *Node) Child(name string) *Node {
	if n == nil || n.kind == List {
		return nil
	}
	for _, child := range n.children {
		if child.name == name {
			return child
		}
	}
	return nil
}

// Value is the decoded text of a leaf; empty for a nil node, an object, a list and null.
func (n *Node) Value() string {
	if n == nil {
		return ""
	}
	return n.value
}

// Text is the value of the member with this name; empty when there is none.
func (n *Node) Text(name string) string { return n.Child(name).Value() }

// Index is the position of child among the node's children, or -1.
func (n *Node) Index(child *Node) int {
	for i, c := range n.children {
		if c == child {
			return i
		}
	}
	return -1
}

// indentation is the part of a lead that its own lines are indented by: what follows the last line break.
func indentation(lead string) (indent string, ok bool) {
	at := strings.LastIndexByte(lead, '\n')
	if at < 0 || strings.Trim(lead[at+1:], " \t") != "" {
		return "", false
	}
	return lead[at+1:], true
}
