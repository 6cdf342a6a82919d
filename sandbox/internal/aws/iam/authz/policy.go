package authz

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
)

// Policy is one policy document that can be evaluated, and where it came from.
type Policy struct {
	source     string // for messages, e.g. `inline policy "ecs" of role scaler`
	kind       policies.Kind
	statements []statement
}

// statement is a statement whose conditions can be evaluated.
type statement struct {
	policies.Statement
	label      string // the Sid, or "statement N" counted from 1
	conditions []condition
}

// Parse reads a policy document as the account does, and refuses besides what this package cannot evaluate. The source
// names it in every message. All faults are reported together.
func Parse(source, document string, kind policies.Kind) (*Policy, error) {
	parsed, err := policies.Parse(document, kind)
	if err != nil {
		return nil, fmt.Errorf("%s: malformed policy document: %w", source, err)
	}
	out := &Policy{source: source, kind: kind}
	var faults []error
	for i, s := range parsed.Statements {
		known, err := readStatement(s, i+1)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w", source, known.label, err))
		}
		out.statements = append(out.statements, known)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return out, nil
}

func readStatement(s policies.Statement, number int) (statement, error) {
	out := statement{Statement: s, label: fmt.Sprintf("statement %d", number)}
	if s.Sid != "" {
		out.label = fmt.Sprintf("statement %q", s.Sid)
	}
	var faults []error
	for _, resource := range slices.Concat(s.Resources, s.NotResources) {
		if strings.Contains(resource, "${") {
			faults = append(faults, fmt.Errorf("resource %q: policy variables are not supported", resource))
		}
	}
	if s.NotPrincipal {
		faults = append(faults, errors.New("NotPrincipal is not supported"))
	}
	if _, canonical := s.Principals["CanonicalUser"]; canonical {
		faults = append(faults, errors.New(`principal type "CanonicalUser" is not supported, expected AWS, Service or Federated`))
	}
	for _, c := range s.Conditions {
		known, err := readCondition(c)
		faults = append(faults, err)
		out.conditions = append(out.conditions, known)
	}
	return out, errors.Join(faults...)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
