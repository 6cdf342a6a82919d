// Package jsontext is for properties whose value is a text with JSON in it: what AWS reads strictly, with errors that say where,
// and what is the same although it is written otherwise.
package jsontext

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Equal reports whether two texts are the same JSON value. Texts that are
// not JSON are equal when they are identical.
func Equal(a, b string) bool {
	return equalBy(a, b, func(v any) any { return v })
}

func equalBy(a, b string, canonical func(any) any) bool {
	if a == b {
		return true
	}
	av, aErr := DecodeAny(a)
	bv, bErr := DecodeAny(b)
	if aErr != nil || bErr != nil {
		return false
	}
	return reflect.DeepEqual(canonical(av), canonical(bv))
}

// DecodeAny decodes exactly one JSON value, with numbers as they are written.
func DecodeAny(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if err := atEnd(d); err != nil {
		return nil, err
	}
	return v, nil
}

// Check says what is wrong with a text that should be JSON; nil when nothing.
func Check(text string) error {
	if _, err := DecodeAny(text); err != nil {
		return fmt.Errorf("not valid JSON: %w", explain(err, text))
	}
	return nil
}

// CheckObject is CheckJSON for texts that must be one JSON object.
func CheckObject(text string) error {
	v, err := DecodeAny(text)
	if err != nil {
		return fmt.Errorf("not valid JSON: %w", explain(err, text))
	}
	if _, ok := v.(map[string]any); !ok {
		return errors.New("must be a JSON object")
	}
	return nil
}

// Strict decodes exactly one JSON value and refuses unknown keys.
func Strict(text string, into any) error {
	v, err := DecodeAny(text)
	if err != nil {
		return explain(err, text)
	}
	if err := exactKeys(v, reflect.TypeOf(into), ""); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return explain(err, text)
	}
	return nil
}

func atEnd(d *json.Decoder) error {
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind the JSON value")
	}
	return nil
}

// explain adds the place to a syntax error, and puts type errors into JSON's words.
func explain(err error, text string) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%w at byte %d, near %q", err, syntax.Offset, near(text, int(syntax.Offset)))
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("%s must be a %s, not a %s", orDocument(kind.Field), jsonKind(kind.Type), kind.Value)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

func near(text string, at int) string {
	const around = 15
	return text[max(0, at-around):min(len(text), at+around)]
}

func orDocument(field string) string {
	if field == "" {
		return "the document"
	}
	return field
}

func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return "list"
	case reflect.Map, reflect.Struct:
		return "object"
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	default:
		return "number"
	}
}

// Compact is the text without insignificant white space; AWS measures policies so.
func Compact(text string) string {
	var out bytes.Buffer
	if err := json.Compact(&out, []byte(text)); err != nil {
		return text
	}
	return out.String()
}

// Marshal renders a value as JSON with sorted keys and without HTML escapes.
func Marshal(v any) (string, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}
