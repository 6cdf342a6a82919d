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
	// Ragged gives white space, or none, for every place that may have some, in place of all of the above; nil for a
	// regular layout.
	Ragged func() string
}

// space is the white space of a ragged layout, or what a regular one has there.
func (l Layout) space(regular string) string {
	if l.Ragged != nil {
		return l.Ragged()
	}
	return regular
}

// separator is a comma or a colon with what stands around it.
func (l Layout) separator(mark, regular string) string {
	if l.Ragged != nil {
		return l.Ragged() + mark + l.Ragged()
	}
	return regular
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
			b.WriteString(l.separator(":", l.Colon))
			l.json(b, v[i].Value, line)
		})
	case Array:
		l.brackets(b, "[]", len(v.Values), line, func(i int, line string) { l.json(b, v.Values[i], line) })
	}
}

func (l Layout) brackets(b *strings.Builder, pair string, count int, line string, item func(i int, line string)) {
	b.WriteByte(pair[0])
	inner, outer := line+l.Indent, line
	if l.Indent == "" {
		inner, outer = "", ""
	}
	for i := range count {
		if i > 0 {
			b.WriteString(l.separator(",", l.Comma))
		}
		if i == 0 || l.Ragged == nil {
			b.WriteString(l.space(inner))
		}
		item(i, inner)
	}
	if count == 0 {
		outer = ""
	}
	b.WriteString(l.space(outer))
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
	_, leaf := v.(string)
	if len(children) == 0 && text == "" && (l.Ragged == nil || l.Ragged() == "") {
		b.WriteString("<" + name + l.space("") + "/>")
		return
	}
	inner, outer := line+l.Indent, line
	if l.Indent == "" || len(children) == 0 {
		inner, outer = "", ""
	}
	b.WriteString("<" + name + ">")
	_ = xml.EscapeText(b, []byte(text))
	for _, child := range children {
		b.WriteString(l.space(inner))
		l.xml(b, child.Key, child.Value, line+l.Indent)
	}
	if !leaf && text == "" { // a text's own white space is text
		b.WriteString(l.space(outer))
	}
	b.WriteString("</" + name + ">")
}
