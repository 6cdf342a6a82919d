package authz

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
)

// Context holds the condition keys of one request with their values. Key names are case-insensitive, as in IAM; a key
// that is absent is not the same as a key without values.
type Context map[string][]string

func (c Context) lookup(key string) ([]string, bool) {
	if values, ok := c[key]; ok {
		return values, true
	}
	for name, values := range c {
		if strings.EqualFold(name, key) {
			return values, true
		}
	}
	return nil, false
}

// setOperator is the prefix for keys with several values.
type setOperator int

const (
	singleValue setOperator = iota
	forAllValues
	forAnyValue
)

// condition is one key of one operator of a Condition element; all conditions of a statement must hold.
type condition struct {
	operator string // as written in the policy, for messages
	set      setOperator
	ifExists bool
	test     comparison
	key      string
	values   []string
}

// comparison is an operator without prefix and suffix.
type comparison struct {
	match func(policyValue, requestValue string) (bool, error)
	// negated operators ask that no policy value matches; they hold when the key is absent.
	negated bool
	// null is the operator Null, which asks whether the key is there.
	null bool
}

// comparisons are the operators that this program's policies use. The rest of IAM's (Date*, IpAddress, BinaryEquals)
// is refused when a policy is read.
var comparisons = map[string]comparison{
	"StringEquals":              {match: plain(func(p, v string) bool { return p == v })},
	"StringNotEquals":           {match: plain(func(p, v string) bool { return p == v }), negated: true},
	"StringEqualsIgnoreCase":    {match: plain(strings.EqualFold)},
	"StringNotEqualsIgnoreCase": {match: plain(strings.EqualFold), negated: true},
	"StringLike":                {match: plain(policies.Match)},
	"StringNotLike":             {match: plain(policies.Match), negated: true},
	"ArnEquals":                 {match: plain(policies.MatchARN)}, // the same as ArnLike, says the IAM User Guide
	"ArnLike":                   {match: plain(policies.MatchARN)},
	"ArnNotEquals":              {match: plain(policies.MatchARN), negated: true},
	"ArnNotLike":                {match: plain(policies.MatchARN), negated: true},
	"Bool":                      {match: plain(strings.EqualFold)},
	"NumericEquals":             {match: numeric(func(p, v float64) bool { return v == p })},
	"NumericNotEquals":          {match: numeric(func(p, v float64) bool { return v == p }), negated: true},
	"NumericLessThan":           {match: numeric(func(p, v float64) bool { return v < p })},
	"NumericLessThanEquals":     {match: numeric(func(p, v float64) bool { return v <= p })},
	"NumericGreaterThan":        {match: numeric(func(p, v float64) bool { return v > p })},
	"NumericGreaterThanEquals":  {match: numeric(func(p, v float64) bool { return v >= p })},
	"Null":                      {null: true},
}

func plain(match func(p, v string) bool) func(p, v string) (bool, error) {
	return func(p, v string) (bool, error) { return match(p, v), nil }
}

func numeric(match func(p, v float64) bool) func(p, v string) (bool, error) {
	return func(p, v string) (bool, error) {
		policyNumber, err := strconv.ParseFloat(p, 64)
		if err != nil {
			return false, fmt.Errorf("%q in the policy is not a number", p)
		}
		requestNumber, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return false, nil //nolint:nilerr // a request value that is no number does not match, as in IAM
		}
		return match(policyNumber, requestNumber), nil
	}
}

// readCondition finds the comparison of a condition that was parsed, and refuses what it cannot evaluate.
func readCondition(c policies.Condition) (condition, error) {
	operator, key, values := c.Operator, c.Key, c.Values
	out := condition{operator: operator, key: key, values: values}
	name := operator
	if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		out.set, name = forAllValues, rest
	} else if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		out.set, name = forAnyValue, rest
	}
	if rest, ok := strings.CutSuffix(name, "IfExists"); ok {
		out.ifExists, name = true, rest
	}
	test, ok := comparisons[name]
	if !ok {
		return out, fmt.Errorf("condition operator %q is not supported", operator)
	}
	out.test = test
	if test.null && (out.ifExists || out.set != singleValue) {
		return out, fmt.Errorf("condition operator %q: Null takes neither prefix nor IfExists", operator)
	}
	for _, value := range values {
		if strings.Contains(value, "${") {
			return out, fmt.Errorf("condition %s on %s: policy variables (%q) are not supported", operator, key, value)
		}
		if (test.null || name == "Bool") && !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
			return out, fmt.Errorf("condition %s on %s: %q is not a boolean", operator, key, value)
		}
		if _, err := strconv.ParseFloat(value, 64); err != nil && strings.HasPrefix(name, "Numeric") {
			return out, fmt.Errorf("condition %s on %s: %q is not a number", operator, key, value)
		}
	}
	return out, nil
}

// holds evaluates the condition for a request.
func (c condition) holds(request Context) (bool, error) {
	values, present := request.lookup(c.key)
	switch {
	case c.test.null:
		wantAbsent := strings.EqualFold(c.values[0], "true")
		return wantAbsent != present, nil
	case !present:
		return c.ifExists || c.set == forAllValues || (c.test.negated && c.set == singleValue), nil
	case c.set == singleValue:
		if len(values) != 1 {
			return false, fmt.Errorf("condition %s: key %s has %d values in this request, which needs ForAllValues or ForAnyValue",
				c.operator, c.key, len(values))
		}
		return c.matches(values[0])
	}
	return c.holdsForSet(values)
}

func (c condition) holdsForSet(values []string) (bool, error) {
	for _, value := range values {
		ok, err := c.matches(value)
		if err != nil {
			return false, err
		}
		if ok && c.set == forAnyValue {
			return true, nil
		}
		if !ok && c.set == forAllValues {
			return false, nil
		}
	}
	return c.set == forAllValues, nil
}

// matches tests one request value against all policy values: any of them for an operator, none for a negated one.
func (c condition) matches(value string) (bool, error) {
	var fault error
	found := slices.ContainsFunc(c.values, func(policyValue string) bool {
		ok, err := c.test.match(policyValue, value)
		fault = errors.Join(fault, err)
		return ok
	})
	return found != c.test.negated, fault
}
