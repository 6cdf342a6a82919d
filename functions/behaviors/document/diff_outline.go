package document

import (
	"strings"
)

// line is a line of the outline and the setting of the configuration that it belongs to.
type line struct{ text, setting string }

// outline writes a configuration as an indented list of members, the same for XML and JSON.
func outline(config *Node) []line {
	var o outliner
	for _, member := range config.Children() {
		o.setting = member.Name()
		o.member(member, "")
	}
	return o.lines
}

type outliner struct {
	lines   []line
	setting string
}

func (o *outliner) add(text string) { o.lines = append(o.lines, line{text, o.setting}) }

func (o *outliner) member(n *Node, indent string) {
	if len(n.Children()) == 0 {
		o.add(strings.TrimRight(indent+n.Name()+": "+oneLine(n.Value()), " "))
		return
	}
	o.add(indent + n.Name() + ":")
	for _, child := range n.Children() {
		if isItem(n) {
			o.item(child, indent+"  ")
		} else {
			o.member(child, indent+"  ")
		}
	}
}

// item writes an entry of a list: its first line has a dash, the others are indented to it.
func (o *outliner) item(n *Node, indent string) {
	if len(n.Children()) == 0 {
		o.add(indent + "- " + oneLine(n.Value()))
		return
	}
	first := len(o.lines)
	for _, child := range n.Children() {
		o.member(child, indent+"  ")
	}
	o.lines[first].text = indent + "- " + strings.TrimPrefix(o.lines[first].text, indent+"  ")
}

// isItem says whether a node's children are items rather than members: XML does not tell, but CloudFront's lists all
// have this name.
func isItem(n *Node) bool { return n.Kind() == List || n.Name() == "Items" }

// oneLine keeps a value on its line.
func oneLine(value string) string {
	return strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(value)
}
