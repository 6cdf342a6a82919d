package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/agext/levenshtein"
	"gopkg.in/yaml.v3"

	"github.com/webordinary/live-edit/infra/stackfile"
)

// keyKind is what a key's value has to be.
type keyKind int

const (
	kindText keyKind = iota
	kindNumber
	kindFlag
	kindList
	kindTable
)

// decimal is how whole numbers are written: 010 is eight to some readers of YAML and ten to others, 1_000 a text to some.
var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// ambiguous are plain scalars that are texts to Pulumi's YAML (1.2) and something else to readers of YAML 1.1, which are
// many: booleans, and numbers to the base of 60 (https://yaml.org/type/bool.html, https://yaml.org/type/int.html).
var ambiguous = regexp.MustCompile(`^(?i:y|n|yes|no|on|off)$|^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$|^[-+]?0[bB][01_]+$`)

// readFiles takes what the project's files say, for keys whose value the program did not get as it is written.
func (r *reader) readFiles() error {
	dir := stackfile.Directory(r.ctx)
	if dir == "" {
		return nil
	}
	var err error
	r.entries, err = stackfile.Read(dir, r.ctx.Stack())
	return err
}

// written is a key's entry in the files, where the value that the program got is that one: `pulumi up --config` overrides it.
func (r *reader) written(key string) (stackfile.Entry, bool) {
	got, ok := r.raw(key)
	if !ok {
		return stackfile.Entry{}, false
	}
	for _, e := range r.entries {
		if e.Key == key || e.Key == r.qualified(key) {
			return e, !e.Secret() && handedOver(e.Node) == canonical(got)
		}
	}
	return stackfile.Entry{}, false
}

// handedOver is what Pulumi hands to a program of a value in a file: text as it is, everything else as JSON, a date as Go
// prints it (config.Value of the Pulumi SDK).
func handedOver(node *yaml.Node) string {
	var value any
	if err := node.Decode(&value); err != nil {
		return node.Value
	}
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return canonical(value)
	case time.Time:
		return value.String()
	}
	data, err := json.Marshal(value)
	if err != nil {
		return node.Value
	}
	return canonical(string(data))
}

// canonical renders lists and maps in JSON the same way whatever their blanks; everything else is left as it is.
func canonical(text string) string {
	if !strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "{") {
		return text
	}
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	data, err := json.Marshal(value)
	if err != nil {
		return text
	}
	return string(data)
}

// miswritten reports a scalar that YAML reads as something else than what stands there. The value is shown as written.
func (r *reader) miswritten(key string, kind keyKind) bool {
	e, ok := r.written(key)
	if !ok {
		return false
	}
	expected := ""
	switch kind {
	case kindText:
		expected = notText(e)
	case kindNumber:
		if e.Node.Kind != yaml.ScalarNode || !decimal.MatchString(strings.TrimSpace(e.Node.Value)) {
			expected = wholeNumber
		}
	default:
		return false
	}
	if expected == "" {
		return false
	}
	r.fault(key, asWritten(e.Node), expected)
	return true
}

// nothing reports a list or a map that is not there although its key is: YAML's null, which Pulumi hands over as no text.
func (r *reader) nothing(key, expected string) bool {
	e, ok := r.written(key)
	if !ok || e.Node.ShortTag() != "!!null" {
		return false
	}
	r.fault(key, asWritten(e.Node), expected)
	return true
}

// notText says what is wrong with a value that should be text, and how to write it; empty for text. A number that the
// program gets as it is written is text enough: nobody meant another.
func notText(e stackfile.Entry) string {
	node := e.Node
	quote := func(what string) string {
		return fmt.Sprintf("text, but YAML reads %s; quote it in %s: %q", what, e.File, node.Value)
	}
	switch {
	case node.Kind != yaml.ScalarNode:
		return "text, not a list or a map"
	case node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return ""
	}
	switch tag, got := node.ShortTag(), handedOver(node); {
	case tag == "!!null":
		return fmt.Sprintf("text, but YAML reads nothing at all; remove the line from %s, or write the text in quotes", e.File)
	case tag == "!!bool":
		return quote("a boolean, " + got)
	case tag == "!!timestamp":
		return quote("a date, " + got)
	case tag != "!!str" && got != node.Value:
		return quote("a number, " + got)
	case ambiguous.MatchString(node.Value):
		return quote("a boolean or a number, depending on who reads it")
	}
	return ""
}

// asWritten shows a value as it stands in the file; lists and maps as JSON.
func asWritten(node *yaml.Node) string {
	if node.Kind == yaml.ScalarNode {
		return node.Value
	}
	return handedOver(node)
}

// members reports what is no text in a list or a map, every member by itself, and returns the texts: what is faulty with
// the text that the program would have taken, so that the rest can be validated beside it.
func (r *reader) members(key string, values map[string]any, order []string) map[string]string {
	nodes := r.writtenMembers(key)
	texts := map[string]string{}
	for _, at := range order {
		text, isText := values[at].(string)
		if !isText {
			text = compact(values[at])
		}
		shown, expected := textFault(values[at], nodes[at])
		texts[at] = text
		if expected != "" {
			r.fault(key+at, shown, expected)
			r.refused[key] = append(r.refused[key], text)
		}
	}
	return texts
}

// textFault says what is wrong with a value that has to be text, and how it is shown: as it is written, where that is known. Nothing is
// expected of text.
func textFault(value any, written stackfile.Entry) (shown, expected string) {
	shown, isText := value.(string)
	if !isText {
		shown, expected = compact(value), "text; write it in quotes"
	}
	if written.Node != nil && !written.Secret() {
		if better := notText(written); better != "" {
			shown, expected = asWritten(written.Node), better
		}
	}
	return shown, expected
}

// writtenMembers are those of a key's list or map as they are written, where that can be read.
func (r *reader) writtenMembers(key string) map[string]stackfile.Entry {
	e, ok := r.written(key)
	if !ok {
		return nil
	}
	return membersOf(e)
}

// membersOf are the members of a list by "[i]", or of a map by ".name", as they are written; none of what is not known.
func membersOf(written stackfile.Entry) map[string]stackfile.Entry {
	members := map[string]stackfile.Entry{}
	for _, pair := range stackfile.Pairs(written.Node) {
		members["."+pair.Key] = stackfile.Entry{File: written.File, Node: pair.Node}
	}
	if written.Node != nil && written.Node.Kind == yaml.SequenceNode {
		for i, node := range written.Node.Content {
			members[fmt.Sprintf("[%d]", i)] = stackfile.Entry{File: written.File, Node: node}
		}
	}
	return members
}

func compact(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(data)
}

// unknown reports every key that the program does not read, of the files and of what the CLI was given besides.
func (r *reader) unknown() {
	keys := map[string]string{}
	for full, value := range r.given() {
		keys[full] = value
	}
	for _, e := range r.entries {
		full := r.qualified(e.Key)
		if keys[full] = asWritten(e.Node); e.Secret() {
			keys[full] = secretValue
		}
	}
	for _, full := range slices.Sorted(maps.Keys(keys)) {
		namespace, key, _ := strings.Cut(full, ":")
		_, known := r.kinds[key]
		switch {
		case namespace == r.namespace && !known:
			r.fault(key, r.unknownValue(key, keys[full]), r.suggestion(key))
		case namespace != r.namespace && (known || near(namespace, r.namespace)) &&
			!slices.Contains([]string{"aws", "awsx", "pulumi"}, namespace):
			r.fault(full, r.unknownValue(key, keys[full]), fmt.Sprintf("the namespace %s; did you mean %[1]s:%s?", r.namespace, key))
		}
	}
}

var soundsSecret = regexp.MustCompile(`(?i)key|token|secret|passw|credential`)

// unknownValue shows the value of an unknown key, unless it may be a secret that only its key is misspelt of.
func (r *reader) unknownValue(key, value string) string {
	if value != secretValue && (soundsSecret.MatchString(key) || slices.Contains(secretKeys, r.nearest(key))) {
		return "(not shown: it may be a secret)"
	}
	return value
}

// suggestion is what is expected instead of an unknown key.
func (r *reader) suggestion(key string) string {
	if at := strings.IndexAny(key, ".["); at > 0 {
		if kind := r.kinds[key[:at]]; kind == kindList || kind == kindTable {
			return fmt.Sprintf("a path into %s: `pulumi config set --stack %s --path '%s' VALUE`", key[:at], r.ctx.Stack(), key)
		}
	}
	if nearest := r.nearest(key); nearest != "" {
		return fmt.Sprintf("a key of Pulumi.yaml; did you mean %s?", nearest)
	}
	return "a key of Pulumi.yaml, which has no such one"
}

// nearest is the known key that a misspelt one most probably means; empty where none is near.
func (r *reader) nearest(key string) string {
	return nearest(key, slices.Sorted(maps.Keys(r.kinds)))
}

// nearest is the choice that a misspelt one most probably means; empty where none is near.
func nearest(misspelt string, choices []string) string {
	best, distance := "", 0
	for _, choice := range choices {
		if !near(misspelt, choice) {
			continue
		}
		if d := difference(misspelt, choice); best == "" || d < distance {
			best, distance = choice, d
		}
	}
	return best
}

// near says that one text may be a misspelling of the other: a third of its letters may be wrong.
func near(a, b string) bool { return difference(a, b) <= max(2, len(b)/3) }

// difference counts the letters that have to change; upper and lower case are the same.
func difference(a, b string) int {
	return levenshtein.Distance(strings.ToLower(a), strings.ToLower(b), nil)
}

// meant is the "did you mean" behind a list of choices; empty where none is near.
func meant(misspelt string, choices []string) string {
	if best := nearest(misspelt, choices); best != "" {
		return "; did you mean " + best + "?"
	}
	return ""
}
