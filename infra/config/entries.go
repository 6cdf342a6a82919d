package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/infra/stackfile"
)

// entry is a member of a list of entries: a plain name, or a map of fields. It reads its fields as the reader reads keys, and
// collects what is wrong with them in the reader.
type entry struct {
	r *reader
	// at is where it stands, such as clients[1].
	at string
	// name is what a plain name says; empty for a map.
	name   string
	fields map[string]any
	// nodes are the fields as they are written in the stack's file, where that can be read, by a dot and their name.
	nodes map[string]stackfile.Entry
	// known are the fields that were asked for.
	known map[string]bool
}

// entryList reads a list whose members are names or maps. What is neither is a fault, as in a list of names.
func (r *reader) entryList(key string, fallback []string) []*entry {
	items, ok := r.items(key, `a list of strings, such as ["a", "b"], or of entries with an id`)
	if !ok {
		return r.named(key, fallback)
	}
	plain, order := map[string]any{}, make([]string, 0, len(items))
	for i, item := range items {
		if _, isMap := item.(map[string]any); !isMap {
			at := fmt.Sprintf("[%d]", i)
			plain[at], order = item, append(order, at)
		}
	}
	names, nodes := r.members(key, plain, order), r.writtenMembers(key)
	list := make([]*entry, 0, len(items))
	for i, item := range items {
		at := fmt.Sprintf("[%d]", i)
		fields, _ := item.(map[string]any)
		e := r.newEntry(key+at, fields, nodes[at])
		e.name = names[at]
		list = append(list, e)
	}
	return list
}

// newEntry is a map of fields, which is nil for a plain name.
func (r *reader) newEntry(at string, fields map[string]any, written stackfile.Entry) *entry {
	return &entry{r: r, at: at, fields: fields, known: map[string]bool{}, nodes: membersOf(written)}
}

// named are entries that are plain names.
func (r *reader) named(key string, names []string) []*entry {
	list := make([]*entry, 0, len(names))
	for i, name := range names {
		list = append(list, &entry{r: r, at: fmt.Sprintf("%s[%d]", key, i), name: name})
	}
	return list
}

// id is what the entry is called: a plain name is its own.
func (e *entry) id() string {
	if e.fields == nil {
		return e.name
	}
	if !e.gives("id") {
		e.r.fault(e.at+".id", "", "the entry's name, such as acme")
		e.r.refused[whole(e.at)] = append(e.r.refused[whole(e.at)], "")
	}
	return e.text("id", "")
}

// field returns a field's value and marks it as known.
func (e *entry) field(name string) (any, bool) {
	e.known[name] = true
	value, ok := e.fields[name]
	return value, ok
}

// gives says that the entry has the field itself.
func (e *entry) gives(name string) bool {
	_, ok := e.fields[name]
	return ok
}

func (e *entry) text(name, fallback string) string {
	value, ok := e.field(name)
	if !ok {
		return fallback
	}
	if shown, expected := textFault(value, e.nodes["."+name]); expected != "" {
		e.r.fault(e.at+"."+name, shown, expected)
	}
	text, _ := value.(string)
	return text
}

func (e *entry) number(name string, fallback int) int {
	value, ok := e.field(name)
	if !ok {
		return fallback
	}
	text := compact(value)
	if quoted, isText := value.(string); isText {
		text = strings.TrimSpace(quoted)
	}
	if written := e.nodes["."+name]; written.Node != nil && !written.Secret() {
		text = strings.TrimSpace(asWritten(written.Node))
	}
	n, err := strconv.Atoi(text)
	if err != nil || !decimal.MatchString(text) {
		e.r.fault(e.at+"."+name, text, wholeNumber)
		return fallback
	}
	return n
}

func (e *entry) flag(name string, fallback bool) bool {
	value, ok := e.field(name)
	if !ok {
		return fallback
	}
	switch is := strings.TrimSpace(strings.Trim(compact(value), `"`)); is {
	case "true", "false":
		return is == "true"
	default:
		e.r.fault(e.at+"."+name, is, "true or false")
		return fallback
	}
}

// tables is a list of maps of texts, each with exactly the given fields.
func (e *entry) tables(name string, columns ...string) []map[string]string {
	value, ok := e.field(name)
	if !ok {
		return nil
	}
	rows, isList := value.([]any)
	if !isList {
		e.r.fault(e.at+"."+name, compact(value), "a list of entries with "+strings.Join(columns, " and "))
		return nil
	}
	nodes := membersOf(e.nodes["."+name])
	tables := make([]map[string]string, 0, len(rows))
	for i, row := range rows {
		index := fmt.Sprintf("[%d]", i)
		at := e.at + "." + name + index
		fields, isMap := row.(map[string]any)
		if !isMap {
			e.r.fault(at, compact(row), "an entry with "+strings.Join(columns, " and "))
			continue
		}
		tables = append(tables, e.r.newEntry(at, fields, nodes[index]).row(columns))
	}
	return tables
}

// row reads the columns, all of which have to be there.
func (e *entry) row(columns []string) map[string]string {
	texts := map[string]string{}
	for _, column := range columns {
		if !e.gives(column) {
			e.r.fault(e.at+"."+column, "", "a value")
		}
		texts[column] = e.text(column, "")
	}
	e.unknown()
	return texts
}

// unknown reports the fields that nobody asked for.
func (e *entry) unknown() {
	choices := slices.Sorted(maps.Keys(e.known))
	for _, name := range slices.Sorted(maps.Keys(e.fields)) {
		if e.known[name] {
			continue
		}
		shown := compact(e.fields[name])
		if text, isText := e.fields[name].(string); isText {
			shown = text
		}
		e.r.fault(e.at+"."+name, e.r.unknownValue(name, shown), "one of "+strings.Join(choices, ", ")+meant(name, choices))
	}
}

// secretTable is a map of secrets. A map of which Pulumi keeps nothing secret is a fault, as with a secret.
func (r *reader) secretTable(key string) map[string]string {
	r.kinds[key] = kindTable
	v, ok := r.raw(key)
	if !ok || v == "" || v == "{}" {
		return nil
	}
	var table map[string]string
	err := json.Unmarshal([]byte(v), &table)
	if !r.ctx.IsConfigSecret(r.qualified(key)) {
		names := append(slices.Sorted(maps.Keys(table)), "CLIENT")
		r.fault(key, "(in plain text)",
			fmt.Sprintf("secrets: `pulumi config set --stack %s --secret --path %s.%s`", r.ctx.Stack(), key, names[0]))
		return nil
	}
	if err != nil {
		r.fault(key, v, "a map of texts, client to value")
		return nil
	}
	return table
}
