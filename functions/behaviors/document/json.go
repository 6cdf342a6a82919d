package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ParseJSON reads a configuration as `aws cloudfront get-distribution-config --id ID` prints it: an object with the ETag and
// the DistributionConfig, or the DistributionConfig alone.
func ParseJSON(data []byte) (*Document, error) {
	root, err := parseJSON(data)
	if err != nil {
		return nil, fmt.Errorf("distribution configuration: %w", err)
	}
	d := &Document{root: root, config: root, codec: jsonCodec{}}
	switch inner := root.Child(configName); {
	case root.kind != Object:
		err = errors.New("want a JSON object, as `aws cloudfront get-distribution-config --id ID` prints it")
	case inner != nil && inner.kind != Object:
		err = fmt.Errorf("%s is not an object", configName)
	case inner != nil:
		d.config = inner
	case root.Child("Distribution") != nil:
		err = errors.New("this is a whole Distribution, want the output of `aws cloudfront get-distribution-config --id ID`")
	}
	if err != nil {
		return nil, fmt.Errorf("distribution configuration: %w", err)
	}
	d.finish()
	return d, nil
}

// byteOrderMarks are what some shells write before a redirected output: UTF-16 of both kinds, and UTF-8.
var byteOrderMarks = []string{"\xff\xfe", "\xfe\xff", "\xef\xbb\xbf"}

func parseJSON(data []byte) (*Node, error) {
	for _, bom := range byteOrderMarks {
		if bytes.HasPrefix(data, []byte(bom)) {
			return nil, errors.New("it begins with a byte order mark, want plain UTF-8; the > of Windows PowerShell 5 writes UTF-16, " +
				"those of PowerShell 7 and cmd do not")
		}
	}
	var valid json.RawMessage
	if err := json.Unmarshal(data, &valid); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	p := jsonParser{data: data, decoder: json.NewDecoder(bytes.NewReader(data))}
	p.decoder.UseNumber()
	n := &Node{}
	if err := p.value(n, p.next(), 1); err != nil {
		return nil, err
	}
	n.trail = string(data[p.offset:])
	return n, nil
}

// jsonParser cuts the text at the decoder's tokens. The text is known to be valid.
type jsonParser struct {
	data    []byte
	decoder *json.Decoder
	offset  int64
}

// piece is a token, its text, and what stands before it without the comma or the colon.
type piece struct {
	token json.Token
	// before and after are the white space on the two sides of the comma or colon; without one, all is after.
	before, after string
	text          string
}

func (p *jsonParser) next() piece {
	token, err := p.decoder.Token()
	if err != nil {
		panic(fmt.Sprintf("valid JSON has no next token at byte %d: %v", p.offset, err))
	}
	start := p.offset
	p.offset = p.decoder.InputOffset()
	text := string(p.data[start:p.offset])
	at := len(text) - len(strings.TrimLeft(text, " \t\r\n,:"))
	space, text := text[:at], text[at:]
	if mark := strings.IndexAny(space, ",:"); mark >= 0 {
		return piece{token: token, before: space[:mark], after: space[mark+1:], text: text}
	}
	return piece{token: token, after: space, text: text}
}

// value reads the value that first begins into n.
func (p *jsonParser) value(n *Node, first piece, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("more than %d levels of JSON", maxDepth)
	}
	n.spelled = true
	if n.open == "" {
		n.lead = first.after
	}
	switch token := first.token.(type) {
	case json.Delim:
		n.kind = Object
		if token == '[' {
			n.kind = List
		}
		return p.children(n, depth)
	case string:
		n.kind, n.value = Text, token
	case nil:
		n.kind = Null
	default:
		n.kind, n.value = Literal, first.text
	}
	n.inner = first.text
	return nil
}

func (p *jsonParser) children(n *Node, depth int) error {
	seen := map[string]bool{}
	for {
		first := p.next()
		if count := len(n.children); count > 0 {
			n.children[count-1].trail = first.before
		}
		if first.text == "}" || first.text == "]" {
			n.closeJSON(first.after)
			return nil
		}
		child := &Node{}
		if n.kind == Object {
			child.name = first.token.(string)
			if seen[child.name] {
				return fmt.Errorf("member %q occurs twice in one object", child.name)
			}
			seen[child.name] = true
			child.lead = first.after
			colon := p.next()
			child.open = first.text + colon.before + ":" + colon.after
			first = colon
		}
		if err := p.value(child, first, depth+1); err != nil {
			return err
		}
		n.children = append(n.children, child)
	}
}

// closeJSON stores the white space before the closing bracket: behind the last child, so that it moves with it.
func (n *Node) closeJSON(space string) {
	if count := len(n.children); count > 0 {
		n.children[count-1].trail = space
		return
	}
	n.tail = space
}

type jsonCodec struct{}

func (jsonCodec) parse(data []byte) (*Document, error) { return ParseJSON(data) }

func (jsonCodec) enclose(member string) string { return "{" + member + "}" }

func (jsonCodec) isList(n *Node) bool { return n.kind == List || n.kind == Null }

func (c jsonCodec) write(b *bytes.Buffer, n *Node) {
	b.WriteString(n.lead)
	b.WriteString(n.open)
	switch n.kind {
	case Object, List:
		brackets := "{}"
		if n.kind == List {
			brackets = "[]"
		}
		b.WriteByte(brackets[0])
		for i, child := range n.children {
			if i > 0 {
				b.WriteByte(',')
			}
			c.write(b, child)
		}
		b.WriteString(n.tail)
		b.WriteByte(brackets[1])
	default:
		b.WriteString(n.inner)
	}
	b.WriteString(n.trail)
}

func (c jsonCodec) spell(parent, n *Node, s style) {
	n.spelled = true
	if parent.kind == Object {
		n.open = quote(n.name) + s.separator
	}
	switch n.kind {
	case Text:
		n.inner = quote(n.value)
	case Literal:
		n.inner = n.value
	default:
		lead := s.childLead(n)
		for _, child := range n.children {
			child.lead = lead
			c.spell(n, child, s)
		}
		if count := len(n.children); count > 0 && lead != "" {
			n.children[count-1].trail = n.plainLead()
		}
	}
}

func (c jsonCodec) adapt(parent *Node) { parent.tail = "" }

func (c jsonCodec) inserted(parent *Node, at int) {
	children := parent.children
	last := len(children) - 1
	switch {
	case last == 0 && children[0].lead != "":
		children[0].trail = parent.plainLead()
	case last > 0 && at == last:
		children[last].trail, children[last-1].trail = children[last-1].trail, ""
	}
}

func (c jsonCodec) removed(parent *Node, at int, gone *Node) {
	if at > 0 && at == len(parent.children) {
		parent.children[at-1].trail = gone.trail
	}
	gone.trail = ""
}

// quote writes a JSON string without escaping what only HTML needs escaped.
func quote(s string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic(fmt.Sprintf("a string has no JSON form: %v", err))
	}
	return strings.TrimSuffix(b.String(), "\n")
}
