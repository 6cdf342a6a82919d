// Package lists holds the values that AWS takes from a closed list, as data.
//
// sdk.json is generated from the enumerations of the AWS SDK for Go; docs.json is
// written by hand from AWS's documentation, where the SDK says no more than
// "string", and names the page. Rules refer to a list by its name, such as
// "ecs.UlimitName" or "elb.SecurityPolicy".
package lists

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/agext/levenshtein"
)

//go:generate go run ./generate

//go:embed sdk.json
var sdkJSON []byte

//go:embed docs.json
var docsJSON []byte

var all = sync.OnceValue(func() map[string][]string {
	out, err := load(sdkJSON, docsJSON)
	if err != nil {
		panic(fmt.Sprintf("embedded lists: %v", err)) // embedded data, held by tests
	}
	return out
})

func load(sdk, docs []byte) (map[string][]string, error) {
	out := map[string][]string{}
	if err := json.Unmarshal(sdk, &out); err != nil {
		return nil, fmt.Errorf("sdk.json: %w", err)
	}
	var written map[string]struct {
		Source string
		Values []string
	}
	if err := json.Unmarshal(docs, &written); err != nil {
		return nil, fmt.Errorf("docs.json: %w", err)
	}
	for name, l := range written {
		if l.Source == "" || len(l.Values) == 0 {
			return nil, fmt.Errorf("docs.json: %s needs a source and values", name)
		}
		if out[name] != nil {
			return nil, fmt.Errorf("docs.json: %s is in sdk.json, too", name)
		}
		out[name] = l.Values
	}
	return out, nil
}

// Names returns the names of all lists, sorted.
func Names() []string { return slices.Sorted(maps.Keys(all())) }

// Of returns the values of a list, which callers must not change. A name that no
// list has is a fault of the rule that uses it, and panics.
func Of(name string) []string {
	values, ok := all()[name]
	if !ok {
		panic(fmt.Sprintf("no list is called %q", name))
	}
	return values
}

// Has reports whether a list has the value.
func Has(name, value string) bool { return slices.Contains(Of(name), value) }

// Nearest returns the listed value that was probably meant: the one that differs
// in the fewest letters, and in less than a third of them. It is empty where none
// is that close.
func Nearest(name, value string) string {
	best, least := "", len(value)/3+1
	for _, v := range Of(name) {
		if d := levenshtein.Distance(strings.ToLower(v), strings.ToLower(value), nil); d < least {
			best, least = v, d
		}
	}
	return best
}

// Expect says what the list expects in place of the value: all of a short list,
// or the value that was probably meant and how many there are.
func Expect(name, value string) string {
	values := Of(name)
	const short = 16
	if len(values) <= short {
		return fmt.Sprintf("expected one of %q", values)
	}
	if near := Nearest(name, value); near != "" {
		return fmt.Sprintf("did you mean %q? (there are %d)", near, len(values))
	}
	return fmt.Sprintf("expected one of %d values, such as %q", len(values), values[:3])
}
