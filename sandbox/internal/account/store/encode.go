package store

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// encodeBody renders inputs and state as JSON with sorted keys, so that equal
// resources give equal lines.
func encodeBody(r Resource) ([]byte, error) {
	out := make([]byte, 0, 2048)
	out = append(out, `{"i":`...)
	out, err := appendMap(out, r.Inputs)
	if err != nil {
		return nil, fmt.Errorf("%s %s: inputs: %w", r.Type, r.ID, err)
	}
	out = append(out, `,"s":`...)
	out, err = appendMap(out, r.State)
	if err != nil {
		return nil, fmt.Errorf("%s %s: state: %w", r.Type, r.ID, err)
	}
	return append(out, '}'), nil
}

func appendMap(out []byte, m props.Map) ([]byte, error) {
	if m == nil {
		return append(out, "null"...), nil
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, string(k))
	}
	slices.Sort(keys)
	out = append(out, '{')
	for i, k := range keys {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendString(out, k)
		out = append(out, ':')
		var err error
		if out, err = appendValue(out, m[props.Key(k)]); err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
	}
	return append(out, '}'), nil
}

func appendValue(out []byte, v props.Value) ([]byte, error) {
	v, known := props.Known(v)
	switch {
	case !known:
		return nil, fmt.Errorf("the value is not known yet, so it cannot be kept")
	case v.IsNull():
		return append(out, "null"...), nil
	case v.IsBool():
		return strconv.AppendBool(out, v.BoolValue()), nil
	case v.IsNumber():
		return appendNumber(out, v.NumberValue())
	case v.IsString():
		return appendString(out, v.StringValue()), nil
	case v.IsArray():
		return appendArray(out, v.ArrayValue())
	case v.IsObject():
		return appendMap(out, v.ObjectValue())
	case v.IsAsset():
		return appendAny(out, v.AssetValue().Serialize())
	case v.IsArchive():
		return appendAny(out, v.ArchiveValue().Serialize())
	default:
		return nil, fmt.Errorf("a %s cannot be kept", v.TypeString())
	}
}

func appendArray(out []byte, list []props.Value) ([]byte, error) {
	out = append(out, '[')
	for i, e := range list {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendValue(out, e); err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return append(out, ']'), nil
}

func appendNumber(out []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%v is not a number that JSON can hold", f)
	}
	return strconv.AppendFloat(out, f, 'g', -1, 64), nil
}

func appendAny(out []byte, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return append(out, b...), nil
}

// appendString writes a JSON string. Newlines and tabs never appear raw, so a
// body always fits on its line.
func appendString(out []byte, s string) []byte {
	if isPlain(s) {
		out = append(out, '"')
		out = append(out, s...)
		return append(out, '"')
	}
	b, err := json.Marshal(s)
	if err != nil { // json.Marshal of a string does not fail
		return append(out, `""`...)
	}
	return append(out, b...)
}

func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func decodeBody(body []byte) (Resource, error) {
	var raw struct {
		I map[string]any `json:"i"`
		S map[string]any `json:"s"`
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return Resource{}, err
	}
	return Resource{Inputs: decodeMap(raw.I), State: decodeMap(raw.S)}, nil
}

func decodeMap(m map[string]any) props.Map {
	if m == nil {
		return nil
	}
	out := make(props.Map, len(m))
	for k, v := range m {
		out[props.Key(k)] = decodeValue(v)
	}
	return out
}

func decodeValue(v any) props.Value {
	switch v := v.(type) {
	case []any:
		list := make([]props.Value, len(v))
		for i, e := range v {
			list[i] = decodeValue(e)
		}
		return resource.NewProperty(list)
	case map[string]any:
		if _, signed := v[sig.Key]; signed {
			if special, ok := decodeSigned(v); ok {
				return special
			}
		}
		return resource.NewProperty(decodeMap(v))
	case string:
		return resource.NewProperty(v)
	case float64:
		return resource.NewProperty(v)
	case bool:
		return resource.NewProperty(v)
	default:
		return resource.NewNullProperty()
	}
}

func decodeSigned(m map[string]any) (props.Value, bool) {
	if a, ok, err := asset.Deserialize(m); ok && err == nil {
		return resource.NewProperty(a), true
	}
	if a, ok, err := archive.Deserialize(m); ok && err == nil {
		return resource.NewProperty(a), true
	}
	return props.Value{}, false
}
