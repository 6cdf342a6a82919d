// Package policies reads the policies inside properties as IAM does when they are put there: strictly, by where they stand, and
// all faults together. Whether a request is allowed is decided by package authz.
package policies

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/jsontext"
)

// Kind is the place where a policy stands; it decides which elements its
// statements must have.
type Kind int

// The kinds of policies.
const (
	// Identity belongs to a role: no principal, resources required.
	Identity Kind = iota
	// Trust says who may assume a role: principals, no resources.
	Trust
	// Resource hangs on a resource and names it: principals and resources.
	Resource
)

// NamesResources says whether statements of this kind of policy have resources.
func (k Kind) NamesResources() bool { return k == Identity || k == Resource }

// Policy is a parsed IAM policy.
type Policy struct {
	Version    string
	Statements []Statement
}

// Statement is one statement of a policy.
type Statement struct {
	Sid          string
	Effect       string
	Actions      []string
	NotActions   []string
	Resources    []string
	NotResources []string
	// Principals maps AWS, Service, Federated or CanonicalUser to values;
	// everybody is AWS: "*".
	Principals map[string][]string
	// NotPrincipal turns Principals round: the statement is about everybody else.
	NotPrincipal bool
	// Conditions all have to hold.
	Conditions []Condition
}

// Condition is one operator on one key, as written.
type Condition struct {
	Operator, Key string
	Values        []string
}

type rawStatement struct {
	Sid          string
	Effect       string
	Action       words
	NotAction    words
	Resource     words
	NotResource  words
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Condition    map[string]map[string]words
}

// words is a string or a list of strings; booleans and numbers count as text.
type words []string

// UnmarshalJSON implements json.Unmarshaler.
func (w *words) UnmarshalJSON(data []byte) error {
	v, err := jsontext.DecodeAny(string(data))
	if err != nil {
		return err
	}
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	out := make(words, 0, len(list))
	for _, e := range list {
		switch e := e.(type) {
		case string:
			out = append(out, e)
		case json.Number:
			out = append(out, e.String())
		case bool:
			out = append(out, fmt.Sprint(e))
		default:
			return fmt.Errorf("%s must be a string or a list of strings", data)
		}
	}
	*w = out
	return nil
}

// says is an error in AWS's own words, which begin with a capital.
func says(format string, args ...any) error { return fmt.Errorf(format, args...) }

// Parse parses a policy strictly and reports all its faults together, in
// IAM's words where IAM has words for them.
func Parse(text string, kind Kind) (*Policy, error) {
	var raw struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if err := jsontext.Strict(text, &raw); err != nil {
		return nil, says("Syntax errors in policy: %w", err)
	}
	var faults []error
	if raw.Version != "2012-10-17" && raw.Version != "2008-10-17" {
		faults = append(faults, says(`Version is %q, expected "2012-10-17" (or the outdated "2008-10-17")`, raw.Version))
	}
	list, err := rawStatements(raw.Statement)
	if err != nil {
		return nil, errors.Join(append(faults, err)...)
	}
	p := &Policy{Version: raw.Version}
	sids := map[string]bool{}
	for i, r := range list {
		s, errs := parseStatement(r, kind)
		if s.Sid != "" && sids[s.Sid] {
			errs = append(errs, says("Statement IDs (SID) in a single policy must be unique"))
		}
		sids[s.Sid] = true
		for _, e := range errs {
			faults = append(faults, fmt.Errorf("%s: %w", label(i, s.Sid), e))
		}
		p.Statements = append(p.Statements, s)
	}
	return p, errors.Join(faults...)
}

func label(i int, sid string) string {
	if sid != "" {
		return fmt.Sprintf("statement %d (%q)", i+1, sid)
	}
	return fmt.Sprintf("statement %d", i+1)
}

func rawStatements(raw json.RawMessage) ([]rawStatement, error) {
	if len(raw) == 0 {
		return nil, says("Syntax errors in policy: Missing required field Statement")
	}
	if strings.HasPrefix(strings.TrimSpace(string(raw)), "{") {
		var one rawStatement
		if err := jsontext.Strict(string(raw), &one); err != nil {
			return nil, says("Syntax errors in policy: statement 1: %w", err)
		}
		return []rawStatement{one}, nil
	}
	var items []json.RawMessage
	if err := jsontext.Strict(string(raw), &items); err != nil {
		return nil, says("Syntax errors in policy: Statement: %w", err)
	}
	if len(items) == 0 {
		return nil, says("Syntax errors in policy: Statement is empty")
	}
	out := make([]rawStatement, len(items))
	for i, item := range items {
		if err := jsontext.Strict(string(item), &out[i]); err != nil {
			return nil, says("Syntax errors in policy: statement %d: %w", i+1, err)
		}
	}
	return out, nil
}

var sidPattern = regexp.MustCompile(`^[0-9A-Za-z]*$`)

func parseStatement(r rawStatement, kind Kind) (Statement, []error) {
	s := Statement{
		Sid: r.Sid, Effect: r.Effect, Actions: r.Action, NotActions: r.NotAction,
		Resources: r.Resource, NotResources: r.NotResource,
	}
	var faults []error
	// Only IAM's own policies restrict the Sid; S3, SQS and SNS allow spaces.
	if (kind == Identity || kind == Trust) && !sidPattern.MatchString(r.Sid) {
		faults = append(faults, says("Statement IDs (SID) must be alpha-numeric: %q does not match [0-9A-Za-z]*", r.Sid))
	}
	if r.Effect != "Allow" && r.Effect != "Deny" {
		faults = append(faults, says(`Effect is %q, expected "Allow" or "Deny"`, r.Effect))
	}
	faults = append(faults, checkActions(r)...)
	faults = append(faults, checkResources(r, kind)...)
	principals, err := parsePrincipals(r, kind)
	if err != nil {
		faults = append(faults, err)
	}
	s.Principals, s.NotPrincipal = principals, len(r.NotPrincipal) > 0
	conditions, errs := parseConditions(r.Condition)
	s.Conditions = conditions
	return s, append(faults, errs...)
}

func checkActions(r rawStatement) []error {
	if len(r.Action) == 0 && len(r.NotAction) == 0 {
		return []error{says("Policy statement must contain actions")}
	}
	if len(r.Action) > 0 && len(r.NotAction) > 0 {
		return []error{errors.New("a statement has Action or NotAction, not both")}
	}
	var faults []error
	for _, a := range slices.Concat([]string(r.Action), []string(r.NotAction)) {
		vendor, name, ok := strings.Cut(a, ":")
		if a != "*" && (!ok || vendor == "" || name == "" || strings.ContainsAny(a, " \t") || strings.ContainsAny(vendor, "*?")) {
			faults = append(faults, says(
				"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: %q is not of the form service:Action", a))
		}
	}
	return faults
}

// arnPattern: a * that ends an ARN early stands for the rest (IAM User Guide, "IAM JSON policy elements: Resource").
var arnPattern = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov|\*|\$\{[^}]+\}):([^:]*:[^:]*:[^:]*:.+|.*\*)$`)

func checkResources(r rawStatement, kind Kind) []error {
	has := len(r.Resource) > 0 || len(r.NotResource) > 0
	if !kind.NamesResources() {
		if has {
			return []error{says("Has prohibited field Resource")}
		}
		return nil
	}
	if !has {
		return []error{says("Policy statement must contain resources")}
	}
	if len(r.Resource) > 0 && len(r.NotResource) > 0 {
		return []error{errors.New("a statement has Resource or NotResource, not both")}
	}
	var faults []error
	for _, res := range slices.Concat([]string(r.Resource), []string(r.NotResource)) {
		if res != "*" && !arnPattern.MatchString(res) {
			faults = append(faults, says(`Resource %s must be in ARN format or "*"`, res))
		}
	}
	return faults
}
