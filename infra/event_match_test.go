package infra

import (
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// matches answers as EventBridge would whether an event fits a pattern (EventBridge user guide: "Event pattern syntax" and
// "Comparison operators"). It knows the matchers that this program uses and fails the test on any other.
func matches(t testing.TB, pattern, event string) bool {
	t.Helper()
	var p, e map[string]any
	require.NoError(t, json.Unmarshal([]byte(pattern), &p), pattern)
	require.NoError(t, json.Unmarshal([]byte(event), &e), event)
	fits, err := fitsObject(p, []any{e})
	require.NoError(t, err, pattern)
	return fits
}

// fitsObject matches a pattern against all objects at one place of the event: a list of objects counts as its members.
func fitsObject(pattern map[string]any, at []any) (bool, error) {
	for key, want := range pattern {
		fits, err := fitsKey(key, want, at)
		if err != nil || !fits {
			return false, err
		}
	}
	return true, nil
}

func fitsKey(key string, want any, at []any) (bool, error) {
	if key == "$or" {
		return fitsAny(want, at)
	}
	var below []any
	for _, object := range at {
		fields, _ := object.(map[string]any)
		if value, ok := fields[key]; ok {
			below = append(below, flatten(value)...)
		}
	}
	if nested, ok := want.(map[string]any); ok {
		return fitsObject(nested, below)
	}
	matchers, ok := want.([]any)
	if !ok {
		return false, fmt.Errorf("the pattern of %q is a %T, expected an object or a list", key, want)
	}
	for _, matcher := range matchers {
		fits, err := fitsMatcher(matcher, below)
		if err != nil || fits {
			return fits, err
		}
	}
	return false, nil
}

func fitsAny(alternatives any, at []any) (bool, error) {
	list, ok := alternatives.([]any)
	if !ok || len(list) == 0 {
		return false, fmt.Errorf("$or holds %v, expected a list of patterns", alternatives)
	}
	for _, alternative := range list {
		pattern, _ := alternative.(map[string]any)
		fits, err := fitsObject(pattern, at)
		if err != nil || fits {
			return fits, err
		}
	}
	return false, nil
}

// fitsMatcher: one of the values has to fit, except that "exists": false needs there to be none.
func fitsMatcher(matcher any, values []any) (bool, error) {
	rule, ok := matcher.(map[string]any)
	if ok {
		if exists, ok := rule["exists"].(bool); ok {
			return exists == (len(values) > 0), nil
		}
	}
	for _, value := range values {
		fits, err := fitsValue(matcher, value)
		if err != nil || fits {
			return fits, err
		}
	}
	return false, nil
}

func fitsValue(matcher, value any) (bool, error) {
	rule, ok := matcher.(map[string]any)
	if !ok {
		return reflect.DeepEqual(matcher, value), nil
	}
	if len(rule) != 1 {
		return false, fmt.Errorf("matcher %v has %d operators, expected one", rule, len(rule))
	}
	if pattern, ok := rule["wildcard"].(string); ok {
		return fitsWildcard(pattern, value)
	}
	excluded, ok := rule["anything-but"]
	if !ok {
		return false, fmt.Errorf("this test does not know the matcher %v", rule)
	}
	patterns := flatten(excluded)
	if nested, ok := excluded.(map[string]any); ok {
		patterns = nil
		for _, pattern := range flatten(nested["wildcard"]) {
			patterns = append(patterns, map[string]any{"wildcard": pattern})
		}
	}
	if len(patterns) == 0 {
		return false, fmt.Errorf("anything-but excludes nothing: %v", rule)
	}
	for _, pattern := range patterns {
		fits, err := fitsValue(pattern, value)
		if err != nil || fits {
			return false, err
		}
	}
	return true, nil
}

func fitsWildcard(pattern string, value any) (bool, error) {
	text, ok := value.(string)
	if !ok {
		return false, nil
	}
	// path.Match's * stops at slashes; EventBridge's does not.
	const slash = "\x00"
	return path.Match(strings.ReplaceAll(pattern, "/", slash), strings.ReplaceAll(text, "/", slash))
}

func flatten(value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}

// filledIn is the message that EventBridge makes of a template and an event. Placeholders without a value fail the test.
func filledIn(t testing.TB, template string, paths map[string]any, event string) map[string]any {
	t.Helper()
	var e any
	require.NoError(t, json.Unmarshal([]byte(event), &e))
	for name, path := range paths {
		require.Contains(t, template, "<"+name+">", "a path that the template does not use")
		value := e
		for _, step := range strings.Split(strings.TrimPrefix(path.(string), "$."), ".") {
			fields, _ := value.(map[string]any)
			require.Contains(t, fields, step, "path %s of %q", path, name)
			value = fields[step]
		}
		data, err := json.Marshal(value)
		require.NoError(t, err)
		template = strings.ReplaceAll(template, "<"+name+">", string(data))
	}
	var message map[string]any
	require.NoError(t, json.Unmarshal([]byte(template), &message), template)
	return message
}

func TestMatcherKnowsEventBridge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pattern, event string
		want           bool
	}{
		"value":                  {`{"a":["x","y"]}`, `{"a":"y"}`, true},
		"other value":            {`{"a":["x"]}`, `{"a":"y"}`, false},
		"missing field":          {`{"a":["x"]}`, `{}`, false},
		"list member":            {`{"a":["x"]}`, `{"a":["z","x"]}`, true},
		"in a list of objects":   {`{"a":{"b":[1]}}`, `{"a":[{"b":2},{"b":1}]}`, true},
		"wildcard over a slash":  {`{"a":[{"wildcard":"*b*"}]}`, `{"a":"x/b/y"}`, true},
		"wildcard is case bound": {`{"a":[{"wildcard":"*B*"}]}`, `{"a":"b"}`, false},
		"anything but":           {`{"a":[{"anything-but":["x"]}]}`, `{"a":"y"}`, true},
		"anything but, missing":  {`{"a":[{"anything-but":["x"]}]}`, `{}`, false},
		"anything but wildcards": {`{"a":[{"anything-but":{"wildcard":["*x*","*y*"]}}]}`, `{"a":"-y-"}`, false},
		"absent":                 {`{"a":{"b":[{"exists":false}]}}`, `{}`, true},
		"not absent":             {`{"a":{"b":[{"exists":false}]}}`, `{"a":{"b":1}}`, false},
		"or":                     {`{"$or":[{"a":[1]},{"b":[1]}]}`, `{"b":1}`, true},
		"neither":                {`{"$or":[{"a":[1]},{"b":[1]}]}`, `{"b":2}`, false},
	} {
		require.Equal(t, c.want, matches(t, c.pattern, c.event), name)
	}
}
