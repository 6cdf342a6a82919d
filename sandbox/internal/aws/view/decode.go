package view

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"

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
	data, err := json.Marshal(plain(resource.NewObjectProperty(state), reflect.TypeOf(into)))
	if err != nil {
		return fmt.Errorf("decode %T: %w", into, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("decode %T: %w", into, err)
	}
	return nil
}

// plain is a value's JSON form, as far as a Go type reads it; nil is a type that reads all of it.
func plain(value resource.PropertyValue, reader reflect.Type) any {
	switch {
	case value.IsSecret():
		return plain(value.SecretValue().Element, reader)
	case value.IsObject():
		fields, element := readFields(reader)
		out := make(map[string]any, len(value.ObjectValue()))
		for key, item := range value.ObjectValue() {
			field, named := element, true
			if fields != nil {
				field, named = fields[strings.ToLower(string(key))]
			}
			if named {
				out[string(key)] = plain(item, field)
			}
		}
		return out
	case value.IsArray():
		element := elementOf(reader)
		out := make([]any, 0, len(value.ArrayValue()))
		for _, item := range value.ArrayValue() {
			out = append(out, plain(item, element))
		}
		return out
	case value.IsString(), value.IsNumber(), value.IsBool():
		return value.V
	}
	return nil
}

// readFields says what a Go type reads of an object: a struct's fields by their names in small letters, since encoding/json takes
// others, too; or all of it, each as a type of element, when fields is nil.
func readFields(reader reflect.Type) (fields map[string]reflect.Type, element reflect.Type) {
	reader = dereference(reader)
	if reader == nil || reader.Kind() != reflect.Struct {
		return nil, elementOf(reader)
	}
	if known, ok := structFields.Load(reader); ok {
		return known.(map[string]reflect.Type), nil //nolint:forcetypeassert // nothing else is stored
	}
	fields = map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(reader) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields[strings.ToLower(cmp.Or(name, field.Name))] = field.Type
	}
	structFields.Store(reader, fields)
	return fields, nil
}

// structFields keeps what readFields says of a struct: a scheduler reads the same few some hundred times a second.
var structFields sync.Map // reflect.Type to map[string]reflect.Type

// elementOf is the type that reads each element of a list or a map.
func elementOf(reader reflect.Type) reflect.Type {
	reader = dereference(reader)
	if reader == nil {
		return nil
	}
	switch reader.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return reader.Elem()
	default:
		return nil
	}
}

// dereference is the type behind pointers; nil for one that decodes itself, which may read anything.
func dereference(reader reflect.Type) reflect.Type {
	for reader != nil && !reader.Implements(unmarshaler) && reader.Kind() == reflect.Pointer {
		reader = reader.Elem()
	}
	if reader == nil || reader.Implements(unmarshaler) || reflect.PointerTo(reader).Implements(unmarshaler) {
		return nil
	}
	return reader
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()
