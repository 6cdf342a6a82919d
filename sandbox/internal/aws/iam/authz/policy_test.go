package authz

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const ok = `"Effect":"Allow","Action":"ecs:Do","Resource":"*"`
	tests := []struct {
		name     string
		kind     Kind
		document string
		want     string
	}{
		{"no JSON", Identity, `{`, "malformed policy document"},
		{"two documents", Identity, one(`{`+ok+`}`) + `{}`, "more than one JSON value"},
		{"unknown element", Identity, one(`{` + ok + `,"Actoin":"x"}`), `unknown field "Actoin"`},
		{"unknown top element", Identity, `{"Version":"2012-10-17","Rules":[]}`, `unknown field "Rules"`},
		{"version", Identity, `{"Version":"2012-10-18","Statement":{` + ok + `}}`, `Version is "2012-10-18"`},
		{"no statement", Identity, `{"Version":"2012-10-17","Statement":[]}`, "no Statement"},
		{"effect", Identity, one(`{"Effect":"allow","Action":"ecs:Do","Resource":"*"}`), `its Effect is "allow"`},
		{"no action", Identity, one(`{"Effect":"Allow","Resource":"*"}`), "exactly one of Action and NotAction"},
		{"both actions", Identity, one(`{` + ok + `,"NotAction":"a:b"}`), "exactly one of Action and NotAction"},
		{"action form", Identity, one(`{"Effect":"Allow","Action":"UpdateService","Resource":"*"}`), `"UpdateService" is not of the form`},
		{"action of any service", Identity, one(`{"Effect":"Allow","Action":"*:Get","Resource":"*"}`), `"*:Get" is not of the form`},
		{"no resource", Identity, one(`{"Effect":"Allow","Action":"ecs:Do"}`), "exactly one of Resource and NotResource"},
		{"resource form", Identity, one(`{"Effect":"Allow","Action":"ecs:Do","Resource":"my-bucket"}`), `"my-bucket" is neither an ARN`},
		{"variable", Identity, one(`{"Effect":"Allow","Action":"s3:Get","Resource":"arn:aws:s3:::b/${aws:userid}"}`), "policy variables"},
		{"principal in identity policy", Identity, one(`{` + ok + `,"Principal":"*"}`), "has no Principal"},
		{"no principal", ResourceBased, one(`{` + ok + `}`), "a Principal is expected"},
		{"not principal", ResourceBased, one(`{` + ok + `,"NotPrincipal":"*"}`), "NotPrincipal is not supported"},
		{"principal type", ResourceBased, one(`{` + ok + `,"Principal":{"Aws":"x"}}`), `principal type "Aws"`},
		{"resource in trust policy", Implied, one(`{` + ok + `,"Principal":"*"}`), "has no Resource"},
		{"operator", Identity, one(`{` + ok + `,"Condition":{"IpAddress":{"aws:SourceIp":"1.2.3.4"}}}`), `"IpAddress" is not supported`},
		{"operator typo", Identity, one(`{` + ok + `,"Condition":{"StringEqual":{"a":"b"}}}`), `"StringEqual" is not supported`},
		{"set operator typo", Identity, one(`{` + ok + `,"Condition":{"ForAny:StringLike":{"a":"b"}}}`), `is not supported`},
		{"null if exists", Identity, one(`{` + ok + `,"Condition":{"NullIfExists":{"a":"true"}}}`), "Null takes neither"},
		{"bool value", Identity, one(`{` + ok + `,"Condition":{"Bool":{"a":"yes"}}}`), `"yes" is not a boolean`},
		{"number value", Identity, one(`{` + ok + `,"Condition":{"NumericEquals":{"a":"x"}}}`), `"x" is not a number`},
		{"condition variable", Identity, one(`{` + ok + `,"Condition":{"StringLike":{"a":"${b}"}}}`), "policy variables"},
		{"condition without value", Identity, one(`{` + ok + `,"Condition":{"StringLike":{"a":[]}}}`), "has no value"},
		{"condition value object", Identity, one(`{` + ok + `,"Condition":{"StringLike":{"a":{}}}}`), "neither a string nor a list"},
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
	_, err := Parse("policy p", one(`{"Sid":"A","Effect":"Maybe","Resource":"*"},{"Effect":"Allow","Action":"x","Resource":"y"}`), Identity)
	require.Error(t, err)
	for _, want := range []string{`statement "A": its Effect`, "exactly one of Action", `statement 2: action "x"`, `resource "y"`} {
		assert.Contains(t, err.Error(), want)
	}
}

func TestParseAcceptsASingleStatement(t *testing.T) {
	t.Parallel()
	policy, err := Parse("p", `{"Version":"2012-10-17","Id":"x","Statement":{"Effect":"Deny","Action":"a:b","Resource":"*"}}`, Identity)
	require.NoError(t, err)
	require.Len(t, policy.Statements, 1)
	assert.True(t, policy.Statements[0].Deny)
}

// TestGlobAgainstReference compares the matcher with the obvious recursive definition.
func TestGlobAgainstReference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[ab]{0,8}`).Draw(t, "s")
		assert.Equal(t, globReference(pattern, s), glob(pattern, s))
	})
}

func globReference(pattern, s string) bool {
	switch {
	case pattern == "":
		return s == ""
	case pattern[0] == '*':
		return globReference(pattern[1:], s) || (s != "" && globReference(pattern, s[1:]))
	case s == "":
		return false
	}
	return (pattern[0] == '?' || pattern[0] == s[0]) && globReference(pattern[1:], s[1:])
}
