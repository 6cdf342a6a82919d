package jsontext

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// exactKeys refuses keys that differ from the struct's names in case only, which
// encoding/json lets pass and AWS does not.
func exactKeys(v any, t reflect.Type, at string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		return exactStruct(v, t, at)
	case reflect.Slice:
		list, ok := v.([]any)
		if !ok || t.Elem().Kind() == reflect.Uint8 {
			return nil
		}
		for i, e := range list {
			if err := exactKeys(e, t.Elem(), fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func exactStruct(v any, t reflect.Type, at string) error {
	obj, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" {
			name = t.Field(i).Name
		}
		fields[name] = t.Field(i).Type
	}
	for _, k := range slices.Sorted(maps.Keys(obj)) {
		e := obj[k]
		ft, known := fields[k]
		if !known {
			return fmt.Errorf("unknown field %q", strings.TrimPrefix(at+"."+k, "."))
		}
		if err := exactKeys(e, ft, at+"."+k); err != nil {
			return err
		}
	}
	return nil
}
