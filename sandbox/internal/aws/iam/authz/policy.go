package authz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Kind is the place where a policy stands: it decides which elements a statement must and must not have.
type Kind int

// The three kinds of policies that this package evaluates.
const (
	// Identity policies belong to a role: no Principal, Resource required.
	Identity Kind = iota
	// ResourceBased policies belong to a resource: Principal and Resource required.
	ResourceBased
	// Implied policies hang on the only resource that they can mean (a role's trust policy, a registry repository's
	// policy): Principal required, no Resource.
	Implied
)

// Policy is one parsed policy document and where it came from.
type Policy struct {
	Source     string // for messages, e.g. `inline policy "ecs" of role scaler`
	Kind       Kind
	Statements []Statement
}

// Statement is one statement of a policy. Exactly one of Actions and NotActions is set, likewise for resources.
type Statement struct {
	Label        string // the Sid, or "statement N" counted from 1
	Deny         bool
	Actions      []string
	NotActions   []string
	Resources    []string
	NotResources []string
	Principals   []Principal
	Conditions   []condition
}

// Principal is one entry of a Principal element: its type (AWS, Service, Federated, or "*" for everybody) and value.
type Principal struct {
	Type, Value string
}

type rawPolicy struct {
	Version   string        `json:"Version"`
	ID        string        `json:"Id"`
	Statement rawStatements `json:"Statement"`
}

type rawStatement struct {
	Sid          string                           `json:"Sid"`
	Effect       string                           `json:"Effect"`
	Action       stringList                       `json:"Action"`
	NotAction    stringList                       `json:"NotAction"`
	Resource     stringList                       `json:"Resource"`
	NotResource  stringList                       `json:"NotResource"`
	Principal    json.RawMessage                  `json:"Principal"`
	NotPrincipal json.RawMessage                  `json:"NotPrincipal"`
	Condition    map[string]map[string]stringList `json:"Condition"`
}

// rawStatements accepts a list of statements or a single one, as IAM does.
type rawStatements []rawStatement

func (s *rawStatements) UnmarshalJSON(data []byte) error {
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && trimmed[0] == '{' {
		var one rawStatement
		if err := strictUnmarshal(data, &one); err != nil {
			return err
		}
		*s = rawStatements{one}
		return nil
	}
	var many []rawStatement
	if err := strictUnmarshal(data, &many); err != nil {
		return err
	}
	*s = many
	return nil
}

// stringList accepts a string, number or boolean, or a list of them; JSON's true and 5 are IAM's "true" and "5".
type stringList []string

func (l *stringList) UnmarshalJSON(data []byte) error {
	var raw any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&raw); err != nil {
		return err
	}
	items, isList := raw.([]any)
	if !isList {
		items = []any{raw}
	}
	out := make(stringList, 0, len(items))
	for _, item := range items {
		switch v := item.(type) {
		case string:
			out = append(out, v)
		case json.Number:
			out = append(out, v.String())
		case bool:
			out = append(out, fmt.Sprint(v))
		default:
			return fmt.Errorf("%s is neither a string nor a list of strings", strings.TrimSpace(string(data)))
		}
	}
	*l = out
	return nil
}

func strictUnmarshal(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value in the document")
	}
	return nil
}

// Parse reads a policy document. The source names it in every message. All faults of the document are reported
// together; an element or condition operator that this package cannot evaluate is a fault too.
func Parse(source, document string, kind Kind) (*Policy, error) {
	var raw rawPolicy
	if err := strictUnmarshal([]byte(document), &raw); err != nil {
		return nil, fmt.Errorf("%s: malformed policy document: %w", source, err)
	}
	policy := &Policy{Source: source, Kind: kind}
	var faults []error
	if raw.Version != "2012-10-17" && raw.Version != "2008-10-17" {
		faults = append(faults, fmt.Errorf("%s: Version is %q, expected \"2012-10-17\"", source, raw.Version))
	}
	if len(raw.Statement) == 0 {
		faults = append(faults, fmt.Errorf("%s: no Statement", source))
	}
	for i := range raw.Statement {
		statement, err := parseStatement(&raw.Statement[i], i+1, kind)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w", source, statement.Label, err))
		}
		policy.Statements = append(policy.Statements, statement)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return policy, nil
}

func parseStatement(raw *rawStatement, number int, kind Kind) (Statement, error) {
	out := Statement{
		Label:   fmt.Sprintf("statement %d", number),
		Deny:    raw.Effect == "Deny",
		Actions: raw.Action, NotActions: raw.NotAction,
		Resources: raw.Resource, NotResources: raw.NotResource,
	}
	if raw.Sid != "" {
		out.Label = fmt.Sprintf("statement %q", raw.Sid)
	}
	var faults []error
	if raw.Effect != "Allow" && raw.Effect != "Deny" {
		faults = append(faults, fmt.Errorf("its Effect is %q, expected \"Allow\" or \"Deny\"", raw.Effect))
	}
	faults = append(faults, checkActions(raw), checkResources(raw, kind))
	principals, err := parsePrincipals(raw, kind)
	faults = append(faults, err)
	out.Principals = principals
	conditions, err := parseConditions(raw.Condition)
	faults = append(faults, err)
	out.Conditions = conditions
	return out, errors.Join(faults...)
}

func checkActions(raw *rawStatement) error {
	if (len(raw.Action) == 0) == (len(raw.NotAction) == 0) {
		return errors.New("exactly one of Action and NotAction is expected")
	}
	for _, action := range append(append([]string{}, raw.Action...), raw.NotAction...) {
		service, name, ok := strings.Cut(action, ":")
		if action != "*" && (!ok || service == "" || name == "" || strings.ContainsAny(service, "*?")) {
			return fmt.Errorf("action %q is not of the form service:Name", action)
		}
	}
	return nil
}

func checkResources(raw *rawStatement, kind Kind) error {
	count := len(raw.Resource) + len(raw.NotResource)
	if kind == Implied {
		if count > 0 {
			return errors.New("this kind of policy has no Resource")
		}
		return nil
	}
	if count == 0 || (len(raw.Resource) > 0 && len(raw.NotResource) > 0) {
		return errors.New("exactly one of Resource and NotResource is expected")
	}
	for _, resource := range append(append([]string{}, raw.Resource...), raw.NotResource...) {
		if strings.Contains(resource, "${") {
			return fmt.Errorf("resource %q: policy variables are not supported", resource)
		}
		if resource != "*" && !strings.HasPrefix(resource, "arn:") {
			return fmt.Errorf("resource %q is neither an ARN nor \"*\"", resource)
		}
	}
	return nil
}

func parsePrincipals(raw *rawStatement, kind Kind) ([]Principal, error) {
	if len(raw.NotPrincipal) > 0 {
		return nil, errors.New("NotPrincipal is not supported")
	}
	if kind == Identity {
		if len(raw.Principal) > 0 {
			return nil, errors.New("an identity-based policy has no Principal")
		}
		return nil, nil
	}
	if len(raw.Principal) == 0 {
		return nil, errors.New("a Principal is expected")
	}
	if string(bytes.TrimSpace(raw.Principal)) == `"*"` {
		return []Principal{{Type: "*", Value: "*"}}, nil
	}
	var byType map[string]stringList
	if err := json.Unmarshal(raw.Principal, &byType); err != nil {
		return nil, fmt.Errorf("malformed Principal: %w", err)
	}
	var out []Principal
	for _, typ := range sortedKeys(byType) {
		if typ != "AWS" && typ != "Service" && typ != "Federated" {
			return nil, fmt.Errorf("principal type %q is not supported, expected AWS, Service or Federated", typ)
		}
		for _, value := range byType[typ] {
			out = append(out, Principal{Type: typ, Value: value})
		}
	}
	return out, nil
}
