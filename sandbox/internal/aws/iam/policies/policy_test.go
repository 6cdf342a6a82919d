package policies

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/sandbox/internal/account/jsontext"
)

func TestEqualPolicies(t *testing.T) {
	t.Parallel()
	base := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:Put*"],"Resource":"*",
		"Principal":{"AWS":"123456789012"},` +
		`"Condition":{"Bool":{"aws:SecureTransport":"true"}}},{"Effect":"Deny","Action":"s3:*","Resource":"*","Principal":"*"}]}`
	same := []string{
		`{"Statement":[{"Effect":"Deny","Principal":"*","Action":["s3:*"],"Resource":["*"]},{"Sid":"",
		"Condition":{"Bool":{"aws:SecureTransport":["true"]}},` +
			`"Principal":{"AWS":["arn:aws:iam::123456789012:root"]},"Effect":"allow","Resource":"*","Action":["s3:Put*","s3:Get*"]}],
		"Version":"2012-10-17"}`,
		strings.ReplaceAll(base, ",", " ,\n "),
	}
	for _, s := range same {
		require.True(t, Equal(base, s), s)
	}
	for _, change := range [][2]string{
		{"s3:Get*", "s3:List*"},
		{`"Deny"`, `"Allow"`},
		{"123456789012", "210987654321"},
		{`"true"`, `"false"`},
		{"SecureTransport", "SourceIp"},
		{"2012-10-17", "2008-10-17"},
		{`"Resource":"*","Principal":"*"`, `"Resource":"arn:aws:s3:::x","Principal":"*"`},
		// What AWS takes for the same, and the provider shows all the same.
		{"s3:Get*", "s3:get*"},
		{"s3:Put*", "S3:Put*"},
		{"aws:SecureTransport", "AWS:SecureTransport"},
		{`"Principal":"*"`, `"Principal":{"AWS":"*"}`},
		{`"Version":"2012-10-17"`, `"Version":"2012-10-17","Id":"x"`},
	} {
		changed := strings.Replace(base, change[0], change[1], 1)
		require.NotEqual(t, base, changed)
		require.False(t, Equal(base, changed), change[0])
	}
	for _, none := range []string{"", "{}", " {} ", "\n"} {
		require.True(t, Equal("", none), "%q is no policy", none)
		require.False(t, Equal(base, none))
	}
	require.False(t, Equal(base, "{"))
	require.True(t, Equal("not JSON", "not JSON"))
	require.True(t, Equal(`{"Statement":{"Effect":"Allow"}}`, `{"Statement":[{"Effect":"Allow"}]}`))
}

func TestMatchIsAGlob(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,8}`).Draw(rt, "pattern")
		text := rapid.StringMatching(`[ab]{0,8}`).Draw(rt, "text")
		expr := strings.NewReplacer("*", ".*", "?", ".").Replace(pattern)
		require.Equal(rt, regexp.MustCompile("^"+expr+"$").MatchString(text), Match(pattern, text))
	})
}

func TestPolicyQuestions(t *testing.T) {
	t.Parallel()
	p, err := Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"S3:Get*","Resource":"arn:aws:s3:::b/*"},`+
		`{"Effect":"Deny","Action":"*","Resource":"*"},{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:sqs:*:*:*"}]}`,
		Identity)
	require.NoError(t, err)
	require.True(t, p.Allows("s3:GetObject", "arn:aws:s3:::b/k"))
	require.True(t, p.Allows("sns:Publish", "arn:aws:sns:us-west-2:1:x"))
	require.False(t, p.Allows("sns:Publish", "arn:aws:sqs:us-west-2:1:x"))
	require.False(t, p.Allows("iam:PassRole", "arn:aws:iam::1:role/r"))
	trust, err := Parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
		"Principal":{"Service":["a.amazonaws.com","b.amazonaws.com"]}}}`, Trust)
	require.NoError(t, err)
	require.True(t, trust.TrustsService("b.amazonaws.com"))
	require.False(t, trust.TrustsService("c.amazonaws.com"))
}

func TestPolicyFaultsComeTogether(t *testing.T) {
	t.Parallel()
	_, err := Parse(`{"Version":"1","Statement":[{"Effect":"Maybe","Action":"x","Resource":"y"},{"Effect":"Allow",
		"Action":["s3:A"],"NotAction":["s3:B"],"Resource":[1]}]}`, Identity)
	for _, want := range []string{
		`Version is "1"`, `statement 1: Effect is "Maybe"`, `"x" is not of the form`, "Resource y must be",
		"statement 2: a statement has Action or NotAction", "Resource 1 must be",
	} {
		require.ErrorContains(t, err, want)
	}
	_, err = Parse(`{"Version":"2012-10-17"}`, Identity)
	require.ErrorContains(t, err, "Missing required field Statement")
	_, err = Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":{"a":1},"Resource":"*"}]}`, Identity)
	require.ErrorContains(t, err, "must be a string or a list of strings")
	_, err = Parse(`{"Version":"2012-10-17","Statement":[]} {}`, Identity)
	require.ErrorContains(t, err, "behind the JSON value")
}

func FuzzPolicies(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`, "{}")
	f.Fuzz(func(t *testing.T, doc, other string) {
		for _, kind := range []Kind{Identity, Trust, Resource} {
			_, _ = Parse(doc, kind)
		}
		if !Equal(doc, doc) || !jsontext.Equal(doc, doc) {
			t.Errorf("%q differs from itself", doc)
		}
		if jsontext.Equal(doc, other) && !Equal(doc, other) {
			t.Errorf("%q and %q are the same JSON but not the same policy", doc, other)
		}
	})
}
