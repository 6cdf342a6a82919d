package document

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// EqualPolicy reports whether two policies mean the same: one value or a list of
// it, the order of lists and statements, the account's number or its root ARN,
// and white space don't matter, as in the provider.
func EqualPolicy(a, b string) bool {
	return equalBy(a, b, canonicalPolicy)
}

func canonicalPolicy(v any) any {
	doc, ok := v.(map[string]any)
	if !ok {
		return v
	}
	statements, isList := doc["Statement"].([]any)
	if !isList && doc["Statement"] != nil {
		statements = []any{doc["Statement"]}
	}
	out := map[string]any{}
	for k, v := range doc {
		out[k] = v
	}
	canonical := make([]string, 0, len(statements))
	for _, s := range statements {
		canonical = append(canonical, canonicalStatement(s))
	}
	slices.Sort(canonical)
	out["Statement"] = canonical
	return out
}

// canonicalStatement renders a statement so that equal ones give equal texts.
func canonicalStatement(v any) string {
	s, ok := v.(map[string]any)
	if !ok {
		return fmt.Sprint(v)
	}
	out := map[string]any{}
	for k, v := range s {
		switch k {
		case "Action", "NotAction":
			out[k] = sortedWords(v, strings.ToLower)
		case "Resource", "NotResource":
			out[k] = sortedWords(v, nil)
		case "Principal", "NotPrincipal":
			out[k] = canonicalPrincipal(v)
		case "Condition":
			out[k] = canonicalCondition(v)
		case "Sid":
			if v != "" {
				out[k] = v
			}
		default:
			out[k] = v
		}
	}
	text, err := json.Marshal(out)
	if err != nil { // it came from JSON
		return fmt.Sprint(out)
	}
	return string(text)
}

func canonicalPrincipal(v any) any {
	byType, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	for typ, v := range byType {
		out[typ] = sortedWords(v, nil)
		if typ == "AWS" {
			out[typ] = sortedWords(v, rootARN)
		}
	}
	return out
}

// rootARN writes an account number as the ARN that IAM turns it into.
func rootARN(s string) string {
	if len(s) == 12 && strings.Trim(s, "0123456789") == "" {
		return "arn:aws:iam::" + s + ":root"
	}
	return s
}

func canonicalCondition(v any) any {
	byOperator, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	for op, v := range byOperator {
		keys, ok := v.(map[string]any)
		if !ok {
			out[op] = v
			continue
		}
		canonical := map[string]any{}
		for k, v := range keys {
			canonical[strings.ToLower(k)] = sortedWords(v, nil)
		}
		out[op] = canonical
	}
	return out
}

func sortedWords(v any, change func(string) string) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := make([]string, 0, len(list))
	for _, e := range list {
		s := fmt.Sprint(e)
		if change != nil {
			s = change(s)
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
