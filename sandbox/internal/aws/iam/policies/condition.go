package policies

import (
	"maps"
	"slices"
	"strings"
)

// conditionOperators are the operators of the IAM policy reference, "IAM JSON
// policy elements: Condition operators".
var conditionOperators = map[string]bool{
	"StringEquals": true, "StringNotEquals": true, "StringEqualsIgnoreCase": true, "StringNotEqualsIgnoreCase": true,
	"StringLike": true, "StringNotLike": true, "NumericEquals": true, "NumericNotEquals": true, "NumericLessThan": true,
	"NumericLessThanEquals": true, "NumericGreaterThan": true, "NumericGreaterThanEquals": true, "DateEquals": true,
	"DateNotEquals": true, "DateLessThan": true, "DateLessThanEquals": true, "DateGreaterThan": true,
	"DateGreaterThanEquals": true, "Bool": true, "BinaryEquals": true, "IpAddress": true, "NotIpAddress": true,
	"ArnEquals": true, "ArnLike": true, "ArnNotEquals": true, "ArnNotLike": true, "Null": true,
}

func parseConditions(conditions map[string]map[string]words) ([]Condition, []error) {
	var out []Condition
	var faults []error
	for _, op := range slices.Sorted(maps.Keys(conditions)) {
		base := strings.TrimPrefix(strings.TrimPrefix(op, "ForAllValues:"), "ForAnyValue:")
		plain := strings.TrimSuffix(base, "IfExists")
		if !conditionOperators[plain] || plain == "Null" && base != plain { // of all operators only Null takes no IfExists
			faults = append(faults, says("Invalid Condition type : %s", op))
		}
		for _, key := range slices.Sorted(maps.Keys(conditions[op])) {
			out = append(out, Condition{Operator: op, Key: key, Values: conditions[op][key]})
			vendor, name, ok := strings.Cut(key, ":")
			if !ok || vendor == "" || name == "" {
				faults = append(faults, says("Condition keys must be prefaced by a vendor, e.g., aws, s3: %q", key))
			}
			if len(conditions[op][key]) == 0 {
				faults = append(faults, says("Condition %s on %s has no value", op, key))
			}
		}
	}
	return out, faults
}
