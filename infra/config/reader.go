package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/stackfile"
)

// reader reads raw values and collects what cannot be parsed, so that one run reports every fault.
type reader struct {
	ctx       *pulumi.Context
	namespace string
	// kinds are the keys that were read, which are all that there are.
	kinds map[string]keyKind
	// entries are the values as they are written in the project's files, where those can be read.
	entries []stackfile.Entry
	faults  []Fault
	// refused are the members of lists and maps that have their fault already, by key.
	refused map[string][]string
}

func newReader(ctx *pulumi.Context) *reader {
	return &reader{ctx: ctx, namespace: ctx.Project(), kinds: map[string]keyKind{}, refused: map[string][]string{}}
}

// given is the configuration that the CLI hands to the program that it starts, whatever it comes from; the SDK lists none.
func (r *reader) given() map[string]string {
	var all map[string]string
	if json.Unmarshal([]byte(os.Getenv(pulumi.EnvConfig)), &all) != nil {
		return nil
	}
	for key := range all {
		if r.ctx.IsConfigSecret(key) {
			all[key] = secretValue
		}
	}
	return all
}

// qualified completes a key of ours; a provider's key, such as aws:region, is complete.
func (r *reader) qualified(key string) string {
	if strings.Contains(key, ":") {
		return key
	}
	return r.namespace + ":" + key
}

func (r *reader) raw(key string) (string, bool) {
	return r.ctx.GetConfig(r.qualified(key))
}

func (r *reader) provider(key, fallback string) string {
	if v, ok := r.ctx.GetConfig(key); ok && v != "" {
		return v
	}
	return fallback
}

func (r *reader) fault(key, value, expected string) {
	r.faults = append(r.faults, Fault{Key: key, Value: value, Expected: expected})
}

// allFaults joins what could not be parsed with what validation found. A key that could not be parsed was validated
// with its default, so its second fault would name a value that nobody configured. Secret values are not repeated.
func (r *reader) allFaults(found []Fault) []Fault {
	unparsed := map[string]bool{}
	for _, f := range r.faults {
		unparsed[f.Key] = true
	}
	all := r.faults
	for _, f := range found {
		if !unparsed[f.Key] && !slices.Contains(r.refused[f.Key], f.Value) {
			all = append(all, f)
		}
	}
	for i, f := range all {
		if r.ctx.IsConfigSecret(r.qualified(whole(f.Key))) {
			all[i].Value = secretValue
		}
	}
	return all
}

// whole is the key of a member such as clients[0] or adopt.registry-repository.
func whole(key string) string {
	if at := strings.IndexAny(key, ".["); at >= 0 {
		return key[:at]
	}
	return key
}

func (r *reader) text(key, fallback string) string {
	r.kinds[key] = kindText
	if v, ok := r.raw(key); ok {
		r.miswritten(key, kindText)
		return v
	}
	return fallback
}

// wholeNumber is what a number has to be.
const wholeNumber = "a whole number"

func (r *reader) number(key string, fallback int) int {
	r.kinds[key] = kindNumber
	v, ok := r.raw(key)
	if !ok || r.miswritten(key, kindNumber) {
		return fallback
	}
	v = strings.TrimSpace(v)
	n, err := strconv.Atoi(v)
	if err != nil || !decimal.MatchString(v) {
		r.fault(key, v, wholeNumber)
		return fallback
	}
	return n
}

func (r *reader) flag(key string, fallback bool) bool {
	r.kinds[key] = kindFlag
	v, ok := r.raw(key)
	if !ok {
		return fallback
	}
	switch strings.TrimSpace(v) {
	case "true":
		return true
	case "false":
		return false
	}
	r.fault(key, v, "true or false")
	return fallback
}

// items are a list's members; ok is false where there is none, or a fault in its place.
func (r *reader) items(key, expected string) (items []any, ok bool) {
	r.kinds[key] = kindList
	v, ok := r.raw(key)
	if !ok || r.nothing(key, expected) || v == "" {
		return nil, false
	}
	if err := decodeNumbers(v, &items); err != nil || items == nil {
		r.fault(key, v, expected)
		return nil, false
	}
	return items, true
}

func (r *reader) list(key string) []string {
	items, ok := r.items(key, `a list of strings, such as ["a", "b"]`)
	if !ok {
		return nil
	}
	values, order := map[string]any{}, make([]string, 0, len(items))
	for i, item := range items {
		at := fmt.Sprintf("[%d]", i)
		values[at], order = item, append(order, at)
	}
	texts := r.members(key, values, order)
	list := make([]string, 0, len(items))
	for _, at := range order {
		list = append(list, texts[at])
	}
	return list
}

// table is a map of texts; holding says of what, for messages.
func (r *reader) table(key, holding string) map[string]string {
	r.kinds[key] = kindTable
	expected := "a map of strings" + holding
	v, ok := r.raw(key)
	if !ok || r.nothing(key, expected) || v == "" {
		return nil
	}
	var items map[string]any
	if err := decodeNumbers(v, &items); err != nil || items == nil {
		r.fault(key, v, expected)
		return nil
	}
	values := map[string]any{}
	for name, item := range items {
		values["."+name] = item
	}
	texts := r.members(key, values, slices.Sorted(maps.Keys(values)))
	table := make(map[string]string, len(items))
	for name := range items {
		table[name] = texts["."+name]
	}
	return table
}

// decodeNumbers reads JSON without rounding its numbers.
func decodeNumbers(text string, target any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(target); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("more than one value")
	}
	return nil
}

// secrets returns the configured values among keys. A value kept in plain text is a fault: it would stand readable in
// the stack file and in the history of the repository.
func (r *reader) secrets(keys []string) map[string]string {
	values := map[string]string{}
	for _, key := range keys {
		r.kinds[key] = kindText
		v, ok := r.raw(key)
		if !ok || v == "" {
			continue
		}
		if !r.ctx.IsConfigSecret(r.qualified(key)) {
			r.fault(key, "(in plain text)", fmt.Sprintf("a secret: `pulumi config set --stack %s --secret %s`", r.ctx.Stack(), key))
			continue
		}
		values[key] = v
	}
	return values
}
