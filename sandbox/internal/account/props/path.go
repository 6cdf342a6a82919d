package props

import (
	"strconv"
	"strings"
)

// Path addresses values in a property map: "a.b", and "a[*].b" for every element
// of a list.
type Path string

// Found is one value that a path leads to.
type Found struct {
	// Path is the concrete path, with indexes in place of stars.
	Path  string
	Value Value
}

// All returns every value that the path leads to, secrets unwrapped, nulls and
// absent values left out. Unknown values are returned as such.
func All(m Map, path Path) []Found {
	head, rest, _ := strings.Cut(string(path), ".")
	name, each := strings.CutSuffix(head, "[*]")
	v, ok := m[Key(name)]
	if !ok {
		return nil
	}
	return follow(nil, Found{Path: name, Value: v}, step{each: each, rest: Path(rest)})
}

type step struct {
	each bool
	rest Path
}

func follow(out []Found, at Found, s step) []Found {
	v, known := Known(at.Value)
	if !known {
		return append(out, Found{Path: at.Path, Value: v})
	}
	if v.IsNull() {
		return out
	}
	if s.each {
		if !v.IsArray() {
			return out
		}
		for i, e := range v.ArrayValue() {
			out = follow(out, Found{Path: at.Path + "[" + strconv.Itoa(i) + "]", Value: e}, step{rest: s.rest})
		}
		return out
	}
	if s.rest == "" {
		return append(out, Found{Path: at.Path, Value: v})
	}
	if !v.IsObject() {
		return out
	}
	for _, f := range All(v.ObjectValue(), s.rest) {
		out = append(out, Found{Path: at.Path + "." + f.Path, Value: f.Value})
	}
	return out
}

// Get returns the value at a path without stars; false when absent, null or unknown.
func Get(m Map, path Path) (Value, bool) {
	found := All(m, path)
	if len(found) != 1 {
		return Value{}, false
	}
	return Known(found[0].Value)
}

// String returns the string at a path; false when absent, unknown or no string.
func String(m Map, path Path) (string, bool) {
	v, ok := Get(m, path)
	if !ok || !v.IsString() {
		return "", false
	}
	return v.StringValue(), true
}

// Str is String with "" for everything that is not a known string.
func Str(m Map, path Path) string {
	s, _ := String(m, path)
	return s
}

// Int returns the number at a path; false when absent, unknown or no number.
func Int(m Map, path Path) (int, bool) {
	v, ok := Get(m, path)
	if !ok || !v.IsNumber() {
		return 0, false
	}
	return int(v.NumberValue()), true
}

// Bool returns the boolean at a path; false when absent or unknown.
func Bool(m Map, path Path) bool {
	v, ok := Get(m, path)
	return ok && v.IsBool() && v.BoolValue()
}

// Strings returns the known strings that a path leads to.
func Strings(m Map, path Path) []string {
	var out []string
	for _, f := range All(m, path) {
		if f.Value.IsString() {
			out = append(out, f.Value.StringValue())
		}
	}
	return out
}

// Objects returns the known objects that a path leads to.
func Objects(m Map, path Path) []Map {
	var out []Map
	for _, f := range All(m, path) {
		if f.Value.IsObject() {
			out = append(out, f.Value.ObjectValue())
		}
	}
	return out
}

// Has reports whether a path leads to anything that is set, known or not.
func Has(m Map, path Path) bool {
	for _, f := range All(m, path) {
		if _, known := Known(f.Value); !known || !IsEmpty(f.Value) {
			return true
		}
	}
	return false
}

// AnyUnknown reports whether a path leads to something not known yet.
func AnyUnknown(m Map, path Path) bool {
	for _, f := range All(m, path) {
		if _, known := Known(f.Value); !known {
			return true
		}
	}
	return false
}
