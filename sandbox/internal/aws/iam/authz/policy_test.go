package authz

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const ok = `"Effect":"Allow","Action":"ecs:Do","Resource":"*"`
	tests := []struct {
		name     string
		kind     policies.Kind
		document string
		want     string
	}{
		{"no JSON", policies.Identity, `{`, "malformed policy document"},
		{"two documents", policies.Identity, one(`{`+ok+`}`) + `{}`, "behind the JSON value"},
		{"unknown element", policies.Identity, one(`{` + ok + `,"Actoin":"x"}`), `unknown field "Actoin"`},
		{"unknown top element", policies.Identity, `{"Version":"2012-10-17","Rules":[]}`, `unknown field "Rules"`},
		{"version", policies.Identity, `{"Version":"2012-10-18","Statement":{` + ok + `}}`, `Version is "2012-10-18"`},
		{"no statement", policies.Identity, `{"Version":"2012-10-17","Statement":[]}`, "Statement is empty"},
		{"effect", policies.Identity, one(`{"Effect":"allow","Action":"ecs:Do","Resource":"*"}`), `Effect is "allow"`},
		{"no action", policies.Identity, one(`{"Effect":"Allow","Resource":"*"}`), "must contain actions"},
		{"both actions", policies.Identity, one(`{` + ok + `,"NotAction":"a:b"}`), "Action or NotAction, not both"},
		{"action form", policies.Identity, one(`{"Effect":"Allow","Action":"UpdateService","Resource":"*"}`), `"UpdateService" is not of the form`},
		{"action of any service", policies.Identity, one(`{"Effect":"Allow","Action":"*:Get","Resource":"*"}`), `"*:Get" is not of the form`},
		{"no resource", policies.Identity, one(`{"Effect":"Allow","Action":"ecs:Do"}`), "must contain resources"},
		{"resource form", policies.Identity, one(`{"Effect":"Allow","Action":"ecs:Do","Resource":"my-bucket"}`), "my-bucket must be in ARN format"},
		{"variable", policies.Identity, one(`{"Effect":"Allow","Action":"s3:Get","Resource":"arn:aws:s3:::b/${aws:userid}"}`), "policy variables"},
		{"principal in identity policy", policies.Identity, one(`{` + ok + `,"Principal":"*"}`), "should not specify a principal"},
		{"no principal", policies.Resource, one(`{` + ok + `}`), "Missing required field Principal"},
		{"not principal", policies.Resource, one(`{` + ok + `,"NotPrincipal":"*"}`), "NotPrincipal is not supported"},
		{"principal type", policies.Resource, one(`{` + ok + `,"Principal":{"Aws":"x"}}`), `"Aws" is not one of AWS`},
		{"resource in trust policy", policies.Trust, one(`{` + ok + `,"Principal":"*"}`), "prohibited field Resource"},
		{"operator", policies.Identity, one(`{` + ok + `,"Condition":{"IpAddress":{"aws:SourceIp":"1.2.3.4"}}}`), `"IpAddress" is not supported`},
		{"operator typo", policies.Identity, one(`{` + ok + `,"Condition":{"StringEqual":{"aws:a":"b"}}}`), "Invalid Condition type : StringEqual"},
		{"set operator typo", policies.Identity, one(`{` + ok + `,"Condition":{"ForAny:StringLike":{"aws:a":"b"}}}`), "Invalid Condition type"},
		{"null if exists", policies.Identity, one(`{` + ok + `,"Condition":{"NullIfExists":{"aws:a":"true"}}}`), "Invalid Condition type"},
		{"null of a set", policies.Identity, one(`{` + ok + `,"Condition":{"ForAllValues:Null":{"aws:a":"true"}}}`), "Null takes neither"},
		{"bool value", policies.Identity, one(`{` + ok + `,"Condition":{"Bool":{"aws:a":"yes"}}}`), `"yes" is not a boolean`},
		{"number value", policies.Identity, one(`{` + ok + `,"Condition":{"NumericEquals":{"aws:a":"x"}}}`), `"x" is not a number`},
		{"condition variable", policies.Identity, one(`{` + ok + `,"Condition":{"StringLike":{"aws:a":"${b}"}}}`), "policy variables"},
		{"condition without value", policies.Identity, one(`{` + ok + `,"Condition":{"StringLike":{"aws:a":[]}}}`), "has no value"},
		{"condition value object", policies.Identity, one(`{` + ok + `,"Condition":{"StringLike":{"aws:a":{}}}}`), "must be a string or a list of strings"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("policy p", test.document, test.kind)
			require.Error(t, err)
			assert.Contains(t, err.Error(), test.want)
			assert.True(t, strings.HasPrefix(err.Error(), "policy p: "), "the message names its policy: %s", err)
		})
	}
}

func TestParseReportsAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Parse("policy p", one(`{"Sid":"A","Effect":"Maybe","Resource":"*"},{"Effect":"Allow","Action":"x","Resource":"y"}`), policies.Identity)
	require.Error(t, err)
	for _, want := range []string{`statement 1 ("A"): Effect`, "must contain actions", `"x" is not of the form`, "Resource y must be"} {
		assert.Contains(t, err.Error(), want)
	}
}

func TestParseAcceptsASingleStatement(t *testing.T) {
	t.Parallel()
	policy, err := Parse("p", `{"Version":"2012-10-17","Id":"x","Statement":{"Effect":"Deny","Action":"a:b","Resource":"*"}}`, policies.Identity)
	require.NoError(t, err)
	require.Len(t, policy.statements, 1)
	assert.True(t, policy.statements[0].deny())
}
