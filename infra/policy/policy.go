// Package policy writes IAM policies from values that may be known only after a deployment.
package policy

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// version is the current IAM policy language.
const version = "2012-10-17"

// Document is an IAM policy built from values; [Document.JSON] marshals it in the order it was written in.
type Document struct{ Statements []Statement }

// Statement is one permission. Say what it is for in a comment where it is built.
type Statement struct {
	// Sid names the statement.
	Sid string
	// Deny makes it a refusal; otherwise it allows.
	Deny bool
	// Principal is who the statement is about; nil in identity policies, where it is the role itself.
	Principal *Principal
	// Actions are exact IAM actions; none of ours is a wildcard.
	Actions []string
	// Resources are ARNs; nil only in trust policies.
	Resources []pulumi.StringInput
	// Conditions all have to hold.
	Conditions []Condition
}

// Principal is who a resource or trust policy speaks about; exactly one field is set.
type Principal struct {
	// Anyone is everybody, anonymous callers included.
	Anyone bool
	// Services are AWS service principals, such as lambda.amazonaws.com.
	Services []string
	// Roles are role ARNs.
	Roles []pulumi.StringInput
	// Federated is an identity provider's ARN.
	Federated pulumi.StringInput
}

// Condition is one operator on one key.
type Condition struct {
	Operator, Key string
	Values        []pulumi.StringInput
}

// When is a condition with one value, the usual case.
func When(operator, key string, value pulumi.StringInput) Condition {
	return Condition{Operator: operator, Key: key, Values: []pulumi.StringInput{value}}
}

// Resources is a list of ARNs.
func Resources(arns ...pulumi.StringInput) []pulumi.StringInput { return arns }

// AnyResource is for the few actions that AWS does not let one restrict to a resource.
func AnyResource() []pulumi.StringInput { return Resources(pulumi.String("*")) }

// Trust lets one AWS service assume a role.
func Trust(service string, conditions ...Condition) Document {
	return Document{Statements: []Statement{{
		Sid:        "Assume",
		Principal:  &Principal{Services: []string{service}},
		Actions:    []string{"sts:AssumeRole"},
		Conditions: conditions,
	}}}
}

// JSON resolves the document's inputs and marshals it. Equal documents give equal bytes.
func (d Document) JSON() pulumi.StringOutput {
	return d.inputs().ToStringArrayOutput().ApplyT(func(values []string) (string, error) {
		return d.render(values)
	}).(pulumi.StringOutput)
}

var errUnknownValue = errors.New("a value of the policy is known after a deployment only")

// Text is the document of values that are known already, such as stand-ins of the length that AWS's have.
func (d Document) Text() (string, error) {
	inputs := d.inputs()
	values := make([]string, 0, len(inputs))
	for i, input := range inputs {
		known, ok := input.(pulumi.String)
		if !ok {
			return "", fmt.Errorf("%w: value %d is a %T", errUnknownValue, i, input)
		}
		values = append(values, string(known))
	}
	return d.render(values)
}

// inputs lists every value the document is waiting for, in the order in which render takes them.
func (d Document) inputs() pulumi.StringArray {
	var all pulumi.StringArray
	for _, s := range d.Statements {
		if s.Principal != nil {
			all = append(all, s.Principal.Roles...)
			if s.Principal.Federated != nil {
				all = append(all, s.Principal.Federated)
			}
		}
		all = append(all, s.Resources...)
		for _, c := range s.Conditions {
			all = append(all, c.Values...)
		}
	}
	return all
}

type renderedStatement struct {
	Sid       string                         `json:",omitempty"`
	Effect    string                         `json:""`
	Principal any                            `json:",omitempty"`
	Action    []string                       `json:""`
	Resource  []string                       `json:",omitempty"`
	Condition map[string]map[string][]string `json:",omitempty"`
}

var errBadStatement = errors.New("bad policy statement")

// add puts a condition into its place. JSON holds an operator's key once: a second condition on it would silently
// take the place of the first.
func (r *renderedStatement) add(c Condition, values []string) error {
	if r.Condition == nil {
		r.Condition = map[string]map[string][]string{}
	}
	if r.Condition[c.Operator] == nil {
		r.Condition[c.Operator] = map[string][]string{}
	}
	if _, taken := r.Condition[c.Operator][c.Key]; taken {
		return fmt.Errorf("%w: two conditions with %s on %s", errBadStatement, c.Operator, c.Key)
	}
	r.Condition[c.Operator][c.Key] = values
	return nil
}

func (d Document) render(values []string) (string, error) {
	take := func(n int) []string {
		taken := values[:n]
		values = values[n:]
		return taken
	}
	statements := make([]renderedStatement, 0, len(d.Statements))
	for _, s := range d.Statements {
		r := renderedStatement{Sid: s.Sid, Effect: "Allow", Action: s.Actions}
		if s.Deny {
			r.Effect = "Deny"
		}
		if s.Principal != nil {
			r.Principal = s.Principal.render(take)
		}
		r.Resource = take(len(s.Resources))
		for _, c := range s.Conditions {
			if err := r.add(c, take(len(c.Values))); err != nil {
				return "", fmt.Errorf("marshal policy document: statement %q: %w", s.Sid, err)
			}
		}
		statements = append(statements, r)
	}
	if len(values) > 0 {
		return "", fmt.Errorf("marshal policy document: %w: %d values are in no statement", errBadStatement, len(values))
	}
	document, err := json.Marshal(struct {
		Version   string
		Statement []renderedStatement
	}{version, statements})
	if err != nil {
		return "", fmt.Errorf("marshal policy document: %w", err)
	}
	return string(document), nil
}

func (p *Principal) render(take func(int) []string) any {
	switch {
	case p.Anyone:
		return map[string]string{"AWS": "*"}
	case len(p.Services) > 0:
		return map[string][]string{"Service": p.Services}
	case p.Federated != nil:
		return map[string]string{"Federated": take(1)[0]}
	default:
		return map[string][]string{"AWS": take(len(p.Roles))}
	}
}
