package view

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// encode turns a fact into a resource's state through its JSON form.
func encode(fact any) (resource.PropertyMap, error) {
	data, err := json.Marshal(fact)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", fact, err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, fmt.Errorf("encode %T: %w", fact, err)
	}
	return resource.NewPropertyMapFromMap(fields), nil
}

// Decode reads a resource's state into a struct by the JSON names of its fields; what the struct does not name is left
// out, and so is what JSON cannot carry (an unknown value, an asset).
func Decode(state resource.PropertyMap, into any) error {
	data, err := json.Marshal(plain(resource.NewObjectProperty(state)))
	if err != nil {
		return fmt.Errorf("decode %T: %w", into, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("decode %T: %w", into, err)
	}
	return nil
}

func plain(value resource.PropertyValue) any {
	switch {
	case value.IsSecret():
		return plain(value.SecretValue().Element)
	case value.IsObject():
		out := make(map[string]any, len(value.ObjectValue()))
		for key, item := range value.ObjectValue() {
			out[string(key)] = plain(item)
		}
		return out
	case value.IsArray():
		out := make([]any, 0, len(value.ArrayValue()))
		for _, item := range value.ArrayValue() {
			out = append(out, plain(item))
		}
		return out
	case value.IsString(), value.IsNumber(), value.IsBool():
		return value.V
	}
	return nil
}
