// Package props holds what the account needs on top of Pulumi's property maps:
// deep copies, unwrapping of secrets, and lookups by path that tolerate values
// which a preview does not know yet.
package props

import (
	"math"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// DefaultsKey is where the Terraform bridge records which inputs were filled in
// from defaults, and with them whether a name was generated.
const DefaultsKey = resource.PropertyKey("__defaults")

// Map and Value abbreviate Pulumi's types.
type (
	// Map is a resource.PropertyMap.
	Map = resource.PropertyMap
	// Value is a resource.PropertyValue.
	Value = resource.PropertyValue
	// Key is a resource.PropertyKey.
	Key = resource.PropertyKey
)

// Of turns a Go value (string, number, bool, slice, map) into a property value.
func Of(v any) Value { return resource.NewPropertyValue(v) }

// Unknown is a value that only the real run will know.
func Unknown() Value { return resource.MakeComputed(resource.NewProperty("")) }

// Known removes secrets and known outputs around a value; it reports false for a
// value that is not known yet. A container with unknown parts counts as known.
func Known(v Value) (Value, bool) {
	for {
		switch {
		case v.IsSecret():
			v = v.SecretValue().Element
		case v.IsOutput():
			if !v.OutputValue().Known {
				return v, false
			}
			v = v.OutputValue().Element
		case v.IsComputed():
			return v, false
		default:
			return v, true
		}
	}
}

// Plain is a deep copy without secrets and known outputs; unknowns stay.
func Plain(v Value) Value {
	v, known := Known(v)
	switch {
	case !known:
		return Unknown()
	case v.IsArray():
		out := make([]Value, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			out[i] = Plain(e)
		}
		return resource.NewProperty(out)
	case v.IsObject():
		return resource.NewProperty(PlainMap(v.ObjectValue()))
	default:
		return v
	}
}

// PlainMap is Plain for a whole map.
func PlainMap(m Map) Map {
	if m == nil {
		return nil
	}
	out := make(Map, len(m))
	for k, v := range m {
		out[k] = Plain(v)
	}
	return out
}

// Copy is a deep copy that keeps secrets and unknowns.
func Copy(v Value) Value {
	switch {
	case v.IsArray():
		out := make([]Value, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			out[i] = Copy(e)
		}
		return resource.NewProperty(out)
	case v.IsObject():
		return resource.NewProperty(CopyMap(v.ObjectValue()))
	case v.IsSecret():
		return resource.MakeSecret(Copy(v.SecretValue().Element))
	case v.IsOutput():
		o := v.OutputValue()
		o.Element = Copy(o.Element)
		return resource.NewProperty(o)
	default:
		return v
	}
}

// CopyMap is Copy for a whole map.
func CopyMap(m Map) Map {
	if m == nil {
		return nil
	}
	out := make(Map, len(m))
	for k, v := range m {
		out[k] = Copy(v)
	}
	return out
}

// WithoutInternal removes keys such as __defaults at every level, in place.
func WithoutInternal(m Map) Map {
	for k, v := range m {
		if resource.IsInternalPropertyKey(k) {
			delete(m, k)
			continue
		}
		withoutInternalValue(v)
	}
	return m
}

func withoutInternalValue(v Value) {
	switch {
	case v.IsObject():
		WithoutInternal(v.ObjectValue())
	case v.IsArray():
		for _, e := range v.ArrayValue() {
			withoutInternalValue(e)
		}
	case v.IsSecret():
		withoutInternalValue(v.SecretValue().Element)
	}
}

// IsEmpty reports whether Terraform's plugin SDK takes a value as not set: null,
// "", 0, false, and empty collections.
func IsEmpty(v Value) bool {
	v, known := Known(v)
	switch {
	case !known:
		return false
	case v.IsNull():
		return true
	case v.IsString():
		return v.StringValue() == ""
	case v.IsNumber():
		return v.NumberValue() == 0
	case v.IsBool():
		return !v.BoolValue()
	case v.IsArray():
		return len(v.ArrayValue()) == 0
	case v.IsObject():
		return isEmptyMap(v.ObjectValue())
	default:
		return false
	}
}

func isEmptyMap(m Map) bool {
	for k := range m {
		if !resource.IsInternalPropertyKey(k) {
			return false
		}
	}
	return true
}

// Text renders a scalar for a message; strings are quoted.
func Text(v Value) string {
	if v.IsSecret() {
		return "[secret]"
	}
	v, known := Known(v)
	switch {
	case !known:
		return "(known after apply)"
	case v.IsNull():
		return "null"
	case v.IsString():
		return strconv.Quote(shorten(v.StringValue()))
	case v.IsNumber():
		return Number(v.NumberValue())
	case v.IsBool():
		return strconv.FormatBool(v.BoolValue())
	case v.IsArray():
		return "a list of " + strconv.Itoa(len(v.ArrayValue()))
	case v.IsObject():
		return "an object"
	default:
		return v.TypeString()
	}
}

// Number renders a number without exponent, whole numbers without a point.
func Number(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

const longestText = 120

func shorten(s string) string {
	if len(s) <= longestText {
		return s
	}
	return s[:longestText] + "..."
}
