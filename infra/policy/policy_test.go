package policy

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/infra/infratest"
)

func TestPolicyDocumentIsMarshalledInTheOrderItWasWrittenIn(t *testing.T) {
	t.Parallel()
	later := func(value string) pulumi.StringInput { return pulumi.String(value).ToStringOutput() }
	document := Document{Statements: []Statement{
		{
			Sid: "Second", Principal: &Principal{Roles: []pulumi.StringInput{later("role-b"), pulumi.String("role-a")}},
			Actions: []string{"s3:PutObject", "s3:GetObject"}, Resources: Resources(later("bucket/*"), pulumi.String("bucket")),
			Conditions: []Condition{
				When("StringEquals", "aws:SourceAccount", later("1")),
				{Operator: "ArnLike", Key: "aws:SourceArn", Values: Resources(pulumi.String("y"), later("x"))},
				When("StringEquals", "aws:PrincipalOrgID", pulumi.String("o")),
			},
		},
		{
			Sid: "First", Deny: true, Principal: &Principal{Anyone: true}, Actions: []string{"s3:*"}, Resources: AnyResource(),
		},
		{
			Sid: "Assume", Principal: &Principal{Federated: later("provider")}, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
		},
	}}
	want := `{"Version":"2012-10-17","Statement":[` +
		`{"Sid":"Second","Effect":"Allow","Principal":{"AWS":["role-b","role-a"]},"Action":["s3:PutObject","s3:GetObject"],` +
		`"Resource":["bucket/*","bucket"],"Condition":{"ArnLike":{"aws:SourceArn":["y","x"]},` +
		`"StringEquals":{"aws:PrincipalOrgID":["o"],"aws:SourceAccount":["1"]}}},` +
		`{"Sid":"First","Effect":"Deny","Principal":{"AWS":"*"},"Action":["s3:*"],"Resource":["*"]},` +
		`{"Sid":"Assume","Effect":"Allow","Principal":{"Federated":"provider"},"Action":["sts:AssumeRoleWithWebIdentity"]}]}`
	for range 20 {
		require.Equal(t, want, infratest.Resolved[string](t, t, document.JSON()))
	}
}

func TestTrustPolicyNamesOneService(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `{"Version":"2012-10-17","Statement":[{"Sid":"Assume","Effect":"Allow",`+
		`"Principal":{"Service":["lambda.amazonaws.com"]},"Action":["sts:AssumeRole"]}]}`,
		infratest.Resolved[string](t, t, Trust("lambda.amazonaws.com").JSON()))
}

func TestPolicyDocumentThatWouldLoseSomethingIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statement Statement
		expected  string
	}{
		"two conditions on one key": {
			Statement{Sid: "Twice", Actions: []string{"a:B"}, Resources: AnyResource(), Conditions: []Condition{
				When("StringEquals", "k", pulumi.String("1")), When("StringEquals", "k", pulumi.String("2")),
			}}, `statement "Twice": bad policy statement: two conditions with StringEquals on k`,
		},
		"two kinds of principals": {
			Statement{Sid: "Mixed", Actions: []string{"a:B"}, Resources: AnyResource(), Principal: &Principal{
				Services: []string{"lambda.amazonaws.com"}, Roles: Resources(pulumi.String("role")),
			}}, "1 values are in no statement",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := internals.UnsafeAwaitOutput(t.Context(), Document{Statements: []Statement{c.statement}}.JSON())
			require.ErrorIs(t, err, errBadStatement)
			assert.ErrorContains(t, err, c.expected)
		})
	}
}

// plainStatement is what a marshalled statement has to decode to.
type plainStatement struct {
	Sid, Effect string
	Principal   any                            `json:",omitempty"`
	Action      []string                       `json:""`
	Resource    []string                       `json:",omitempty"`
	Condition   map[string]map[string][]string `json:",omitempty"`
}

// drawnDocument draws a document together with what it means. Every value is different, so that a value in the wrong
// place shows; half of the values are known only later, as ARNs are.
type drawnDocument struct {
	t        *rapid.T
	values   int
	document Document
	meaning  []plainStatement
}

func (d *drawnDocument) list(label string, from, to int) (inputs []pulumi.StringInput, plain []string) {
	for range rapid.IntRange(from, to).Draw(d.t, label) {
		d.values++
		value := fmt.Sprintf("arn:%d:\"<&%s", d.values, label)
		plain = append(plain, value)
		if d.values%2 == 0 {
			inputs = append(inputs, pulumi.String(value))
		} else {
			inputs = append(inputs, pulumi.String(value).ToStringOutput())
		}
	}
	return inputs, plain
}

func (d *drawnDocument) principal() (*Principal, any) {
	switch rapid.SampledFrom([]string{"none", "anyone", "services", "roles", "federated"}).Draw(d.t, "principal") {
	case "anyone":
		return &Principal{Anyone: true}, map[string]any{"AWS": "*"}
	case "services":
		return &Principal{Services: []string{"a.amazonaws.com", "b.amazonaws.com"}},
			map[string]any{"Service": []any{"a.amazonaws.com", "b.amazonaws.com"}}
	case "roles":
		inputs, plain := d.list("role", 1, 4)
		all := make([]any, 0, len(plain))
		for _, role := range plain {
			all = append(all, role)
		}
		return &Principal{Roles: inputs}, map[string]any{"AWS": all}
	case "federated":
		inputs, plain := d.list("provider", 1, 1)
		return &Principal{Federated: inputs[0]}, map[string]any{"Federated": plain[0]}
	}
	return nil, nil
}

func (d *drawnDocument) statement() {
	s := Statement{
		Sid: rapid.StringMatching(`[A-Za-z0-9]{1,8}`).Draw(d.t, "sid"), Deny: rapid.Bool().Draw(d.t, "deny"),
		Actions: rapid.SliceOfN(rapid.StringMatching(`[a-z]{2}:[A-Z][a-z]{2}`), 1, 3).Draw(d.t, "actions"),
	}
	m := plainStatement{Sid: s.Sid, Effect: map[bool]string{false: "Allow", true: "Deny"}[s.Deny], Action: s.Actions}
	s.Principal, m.Principal = d.principal()
	s.Resources, m.Resource = d.list("resource", 0, 3)
	conditions := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"Bool/a", "Bool/b", "Null/a", "StringEquals/c"}), 0, 4,
		rapid.ID[string]).Draw(d.t, "conditions")
	for _, condition := range conditions {
		operator, key := condition[:len(condition)-2], condition[len(condition)-1:]
		inputs, plain := d.list("value", 1, 3)
		s.Conditions = append(s.Conditions, Condition{Operator: operator, Key: key, Values: inputs})
		if m.Condition == nil {
			m.Condition = map[string]map[string][]string{}
		}
		if m.Condition[operator] == nil {
			m.Condition[operator] = map[string][]string{}
		}
		m.Condition[operator][key] = plain
	}
	d.document.Statements = append(d.document.Statements, s)
	d.meaning = append(d.meaning, m)
}

func TestPolicyDocumentPutsEveryValueIntoItsPlace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		drawn := &drawnDocument{t: r}
		for range rapid.IntRange(1, 5).Draw(r, "statements") {
			drawn.statement()
		}
		rendered := infratest.Resolved[string](r, t, drawn.document.JSON())
		var got struct {
			Version   string
			Statement []plainStatement
		}
		require.NoError(r, json.Unmarshal([]byte(rendered), &got))
		require.Equal(r, "2012-10-17", got.Version)
		require.Equal(r, drawn.meaning, got.Statement)
		require.Equal(r, rendered, infratest.Resolved[string](r, t, drawn.document.JSON()), "equal documents give equal bytes")
	})
}
