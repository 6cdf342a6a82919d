// Package gen draws distribution configurations for tests: every shape that CloudFront has, and shapes that it does not
// have yet, written as JSON and as XML in several layouts.
package gen

import (
	"encoding/json"
	"encoding/xml"
	"strings"
)

// Value is a member's value: an Object, an Array, a string, a Literal, or nil.
type Value any

// Literal is a number or a boolean as it is written.
type Literal string

// Member is a key and its value.
type Member struct {
	Key   string
	Value Value
}

// Object keeps the order of its members.
type Object []Member

// Array is a list; XML needs a name for its items.
type Array struct {
	Item   string
	Values []Value
}

// Get is the value of a member, or nil.
func (o Object) Get(key string) Value {
	for _, m := range o {
		if m.Key == key {
			return m.Value
		}
	}
	return nil
}

// Layout is a way to write a configuration.
type Layout struct {
	// Indent is one level's indentation; empty puts everything on one line.
	Indent string
	// Colon and Comma stand between a key and its value, and between members; JSON only.
	Colon, Comma string
	// Prolog goes before an XML document.
	Prolog string
}

// JSONLayouts are those of the AWS CLI, of jq, of compact writers, and of Python's json module.
var JSONLayouts = []Layout{
	{Indent: "    ", Colon: ": ", Comma: ","},
	{Indent: "\t", Colon: ": ", Comma: ","},
	{Colon: ":", Comma: ","},
	{Colon: ": ", Comma: ", "},
}

// XMLLayouts are CloudFront's own and two that a tool in between might produce.
var XMLLayouts = []Layout{
	{Prolog: `<?xml version="1.0"?>` + "\n"},
	{},
	{Indent: "  ", Prolog: "<!-- for people -->\n"},
}

// JSON writes a value.
func (l Layout) JSON(v Value) string {
	var b strings.Builder
	l.json(&b, v, "\n")
	return b.String()
}

func (l Layout) json(b *strings.Builder, v Value, line string) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case string:
		text, _ := json.Marshal(v)
		b.Write(text)
	case Literal:
		b.WriteString(string(v))
	case Object:
		l.brackets(b, "{}", len(v), line, func(i int, line string) {
			l.json(b, v[i].Key, line)
			b.WriteString(l.Colon)
			l.json(b, v[i].Value, line)
		})
	case Array:
		l.brackets(b, "[]", len(v.Values), line, func(i int, line string) { l.json(b, v.Values[i], line) })
	}
}

func (l Layout) brackets(b *strings.Builder, pair string, count int, line string, item func(i int, line string)) {
	b.WriteByte(pair[0])
	inner := line + l.Indent
	for i := range count {
		if i > 0 {
			b.WriteString(l.Comma)
		}
		if l.Indent != "" {
			b.WriteString(inner)
		}
		item(i, inner)
	}
	if count > 0 && l.Indent != "" {
		b.WriteString(line)
	}
	b.WriteByte(pair[1])
}

// XML writes a configuration as CloudFront's payload.
func (l Layout) XML(config Object) string {
	var b strings.Builder
	b.WriteString(l.Prolog)
	l.xml(&b, "DistributionConfig", config, "\n")
	return strings.Replace(b.String(), "<DistributionConfig",
		`<DistributionConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"`, 1)
}

func (l Layout) xml(b *strings.Builder, name string, v Value, line string) {
	var children []Member
	text := ""
	switch v := v.(type) {
	case string:
		text = v
	case Literal:
		text = string(v)
	case Object:
		children = v
	case Array:
		for _, item := range v.Values {
			children = append(children, Member{v.Item, item})
		}
	}
	if len(children) == 0 && text == "" {
		b.WriteString("<" + name + "/>")
		return
	}
	b.WriteString("<" + name + ">")
	_ = xml.EscapeText(b, []byte(text))
	for _, child := range children {
		if l.Indent != "" {
			b.WriteString(line + l.Indent)
		}
		l.xml(b, child.Key, child.Value, line+l.Indent)
	}
	if len(children) > 0 && l.Indent != "" {
		b.WriteString(line)
	}
	b.WriteString("</" + name + ">")
}
