package document

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// configName is the root element of the payload of GetDistributionConfig and UpdateDistribution, and the member that
// the AWS CLI puts it in.
const configName = "DistributionConfig"

// maxDepth bounds the nesting; a distribution configuration has less than ten levels.
const maxDepth = 100

// ParseXML reads the payload of GetDistributionConfig.
func ParseXML(data []byte) (*Document, error) {
	p := xmlParser{data: data, decoder: xml.NewDecoder(bytes.NewReader(data))}
	root, err := p.document()
	if err != nil {
		return nil, fmt.Errorf("distribution configuration: not the XML that CloudFront returns: %w", err)
	}
	d := &Document{root: root, config: root, codec: xmlCodec{}}
	d.finish()
	return d, nil
}

// xmlParser cuts the text at the decoder's tokens, so that each token keeps its spelling.
type xmlParser struct {
	data    []byte
	decoder *xml.Decoder
	offset  int64
}

// next is the next token and its text.
func (p *xmlParser) next() (xml.Token, string, error) {
	token, err := p.decoder.Token()
	if err != nil {
		return nil, "", fmt.Errorf("at byte %d: %w", p.decoder.InputOffset(), err)
	}
	start := p.offset
	p.offset = p.decoder.InputOffset()
	return token, string(p.data[start:p.offset]), nil
}

func (p *xmlParser) document() (*Node, error) {
	var lead strings.Builder
	var root *Node
	for {
		token, text, err := p.next()
		switch {
		case errors.Is(err, io.EOF) && root != nil:
			root.trail = lead.String()
			return root, nil
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("no %s element", configName)
		case err != nil:
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if root != nil || token.Name.Local != configName {
				return nil, fmt.Errorf("element %s, want one %s", token.Name.Local, configName)
			}
			if root, err = p.element(token, text, 1); err != nil {
				return nil, err
			}
			root.lead = lead.String()
			lead.Reset()
		case xml.Directive:
			return nil, fmt.Errorf("a directive such as %.40q has no place here", text)
		case xml.CharData:
			if strings.TrimSpace(string(token)) != "" {
				return nil, fmt.Errorf("text %.40q outside the %s element", token, configName)
			}
			lead.WriteString(text)
		default:
			lead.WriteString(text)
		}
	}
}

// element reads up to the end tag of the start tag that was just read.
func (p *xmlParser) element(start xml.StartElement, open string, depth int) (*Node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("more than %d levels of elements", maxDepth)
	}
	n := &Node{name: start.Name.Local, kind: Text, spelled: true, spelling: spelling{open: open}}
	var between, value strings.Builder
	for {
		token, text, err := p.next()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			child, err := p.element(token, text, depth+1)
			if err != nil {
				return nil, err
			}
			child.lead = between.String()
			between.Reset()
			n.kind, n.children = Object, append(n.children, child)
		case xml.EndElement:
			n.end = text
			return n.closed(between.String(), value.String())
		case xml.CharData:
			value.Write(token)
			between.WriteString(text)
		case xml.Directive:
			return nil, fmt.Errorf("a directive such as %.40q has no place here", text)
		default:
			between.WriteString(text)
		}
	}
}

// closed stores the text before the end tag: a leaf's content, or the white space after the last child.
func (n *Node) closed(between, value string) (*Node, error) {
	if n.kind == Text {
		n.inner, n.value = between, value
		return n, nil
	}
	if strings.TrimSpace(value) != "" {
		return nil, fmt.Errorf("element %s has text %.40q beside its elements", n.name, strings.TrimSpace(value))
	}
	n.tail = between
	return n, nil
}

type xmlCodec struct{}

func (xmlCodec) parse(data []byte) (*Document, error) { return ParseXML(data) }

func (xmlCodec) enclose(member string) string {
	return "<" + configName + ">" + member + "</" + configName + ">"
}

func (xmlCodec) isList(n *Node) bool { return n.kind == Object || strings.TrimSpace(n.value) == "" }

func (c xmlCodec) write(b *bytes.Buffer, n *Node) {
	b.WriteString(n.lead)
	b.WriteString(n.open)
	if len(n.children) == 0 {
		b.WriteString(n.inner)
	}
	for _, child := range n.children {
		c.write(b, child)
	}
	b.WriteString(n.tail)
	b.WriteString(n.end)
	b.WriteString(n.trail)
}

func (c xmlCodec) spell(_, n *Node, s style) {
	n.open, n.end, n.inner, n.spelled = "<"+n.name+">", "</"+n.name+">", escapeXML(n.value), true
	if len(n.children) == 0 {
		if n.value == "" {
			c.selfClose(n)
		}
		return
	}
	lead := s.childLead(n)
	for _, child := range n.children {
		child.lead = lead
		c.spell(n, child, s)
	}
	if lead != "" {
		n.tail = n.plainLead()
	}
}

// selfClose turns <X></X> into <X/>, which is how CloudFront writes an element without content.
func (c xmlCodec) selfClose(n *Node) {
	n.open, n.end = strings.TrimSuffix(n.open, ">")+"/>", ""
}

// openUp turns <X/> into <X></X>.
func (c xmlCodec) openUp(n *Node) {
	if n.end != "" {
		return
	}
	tag := strings.TrimSuffix(strings.TrimSpace(strings.TrimSuffix(n.open, "/>")), "/")
	name := strings.Fields(strings.TrimPrefix(tag, "<"))[0] // with its prefix; attributes may be on lines of their own
	n.open, n.end = tag+">", "</"+name+">"
}

func (c xmlCodec) adapt(parent *Node) {
	c.openUp(parent)
	parent.kind, parent.value, parent.inner = Object, "", ""
}

func (c xmlCodec) inserted(parent *Node, _ int) {
	if len(parent.children) == 1 && parent.tail == "" && parent.children[0].lead != "" {
		parent.tail = parent.plainLead()
	}
}

func (c xmlCodec) removed(parent *Node, _ int, _ *Node) {
	if len(parent.children) == 0 {
		parent.kind, parent.tail = Text, ""
		c.selfClose(parent)
	}
}

// escapeXML escapes what XML requires in character data, and carriage returns, which a reader would turn into line
// feeds.
func escapeXML(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;").Replace(s)
}
