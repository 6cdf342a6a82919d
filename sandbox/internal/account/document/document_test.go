package document

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
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
		require.True(t, EqualPolicy(base, s), s)
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
		require.False(t, EqualPolicy(base, changed), change[0])
	}
	for _, none := range []string{"", "{}", " {} ", "\n"} {
		require.True(t, EqualPolicy("", none), "%q is no policy", none)
		require.False(t, EqualPolicy(base, none))
	}
	require.False(t, EqualPolicy(base, "{"))
	require.True(t, EqualPolicy("not JSON", "not JSON"))
	require.True(t, EqualPolicy(`{"Statement":{"Effect":"Allow"}}`, `{"Statement":[{"Effect":"Allow"}]}`))
}

func TestEqualContainers(t *testing.T) {
	t.Parallel()
	base := `[{"name":"a","image":"i","portMappings":[{"containerPort":80}],"environment":[{"name":"A","value":"1"},{"name":"B",
		"value":"2"}]},{"name":"b","image":"i"}]`
	require.True(t, EqualContainers(base, `[{"image":"i","name":"b","essential":true,"cpu":0,"mountPoints":[]},{"name":"a",
		"image":"i","environment":`+
		`[{"name":"B","value":"2"},{"name":"A","value":"1"}],"portMappings":[{"protocol":"tcp","hostPort":80,"containerPort":80}]}]`, true))
	for _, change := range [][2]string{
		{`"1"`, `"3"`},
		{"80", "81"},
		{`"image":"i"`, `"image":"j"`},
		{`"name":"b"`, `"name":"b","essential":false`},
	} {
		require.False(t, EqualContainers(base, strings.Replace(base, change[0], change[1], 1), true), change[0])
	}
	require.True(t, EqualContainers(`{"a": 1}`, `{"a":1}`, true), "what is no list of containers is compared as JSON")
}

// TestEqualContainersAsTheProviderDoes puts parts into one container and tells whether the provider would show a change.
func TestEqualContainersAsTheProviderDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b         string
		bridge, same bool
	}{
		{`"systemControls":[],"ulimits":[],"command":[],"links":[]`, `"cpu":0`, false, true},
		{`"environment":[{}]`, ``, false, true},
		{`"environment":[{},{"name":"A","value":"1"}]`, `"environment":[{"name":"A","value":"1"}]`, false, true},
		{
			`"secrets":[{"name":"B","valueFrom":"x"},{"name":"A","valueFrom":"y"}]`,
			`"secrets":[{"name":"A","valueFrom":"y"},{"name":"B","valueFrom":"x"}]`, false, true,
		},
		{`"healthCheck":{"command":["CMD","x"]}`, `"healthCheck":{"command":["CMD","x"],"interval":30,"timeout":5,"retries":3}`, false, true},
		{`"healthCheck":{"command":["CMD","x"]}`, `"healthCheck":{"command":["CMD","x"],"startPeriod":0}`, false, false},
		{`"portMappings":[{"containerPort":80}]`, `"portMappings":[{"containerPort":80,"hostPort":80,"protocol":"tcp"}]`, false, true},
		{`"portMappings":[{"containerPort":80}]`, `"portMappings":[{"containerPort":80,"hostPort":0}]`, true, true},
		{`"portMappings":[{"containerPort":80}]`, `"portMappings":[{"containerPort":80,"hostPort":80}]`, true, false},
		{
			`"portMappings":[{"containerPort":80},{"containerPort":81}]`, `"portMappings":[{"containerPort":81},{"containerPort":80}]`,
			false, false,
		},
		{`"linuxParameters":{"initProcessEnabled":true}`, `"linuxParameters":{"initProcessEnabled":true,"devices":[]}`, false, false},
		{`"linuxParameters":{"initProcessEnabled":true}`, `"linuxParameters":{"initProcessEnabled":true,"capabilities":{}}`, false, false},
		{`"linuxParameters":{"capabilities":{"drop":["ALL"]}}`, `"linuxParameters":{"capabilities":{"add":[],"drop":["ALL"]}}`, false, false},
		{`"logConfiguration":{"logDriver":"awslogs"}`, `"logConfiguration":{"logDriver":"awslogs","secretOptions":[]}`, false, false},
		{`"mountPoints":[{"sourceVolume":"v"}]`, `"mountPoints":[{"sourceVolume":"v","readOnly":false}]`, false, false},
		{`"dockerLabels":{}`, ``, false, false},
		{`"versionConsistency":"enabled"`, ``, false, false},
		{`"user":"0"`, ``, false, false},
	} {
		one, other := container(c.a), container(c.b)
		require.Equal(t, c.same, EqualContainers(one, other, !c.bridge), "%s and %s", c.a, c.b)
		require.Equal(t, c.same, EqualContainers(other, one, !c.bridge), "%s and %s", c.b, c.a)
	}
}

// container is a list of one container with that part.
func container(part string) string {
	if part != "" {
		part = "," + part
	}
	return `[{"name":"a","image":"i"` + part + `}]`
}

func TestDescribedContainers(t *testing.T) {
	t.Parallel()
	const filled = `"cpu":0,"essential":true,"environment":[],"mountPoints":[],"portMappings":[],"systemControls":[],"volumesFrom":[]`
	without := func(key, part string) string {
		for _, one := range strings.Split(filled, ",") {
			if !strings.HasPrefix(one, `"`+key+`"`) {
				part += "," + one
			}
		}
		return part
	}
	for _, c := range []struct{ sent, want string }{
		{``, filled},
		{filled, filled},
		{`"essential":false,"links":null,"ulimits":[]`, without("essential", `"essential":false,"ulimits":[]`)},
		{
			`"portMappings":[{"containerPort":80}]`,
			without("portMappings", `"portMappings":[{"containerPort":80,"hostPort":80,"protocol":"tcp"}]`),
		},
		{
			`"portMappings":[{"containerPortRange":"80-90"}]`,
			without("portMappings", `"portMappings":[{"containerPortRange":"80-90","protocol":"tcp"}]`),
		},
		{
			`"healthCheck":{"command":["CMD","x"],"retries":2}`,
			filled + `,"healthCheck":{"command":["CMD","x"],"interval":30,"timeout":5,"retries":2}`,
		},
		{`"firelensConfiguration":{"type":"fluentbit"}`, filled + `,"firelensConfiguration":{"type":"fluentbit"},"user":"0"`},
		{`"linuxParameters":{"initProcessEnabled":true,"capabilities":{}}`, filled + `,"linuxParameters":{"initProcessEnabled":true}`},
		{`"linuxParameters":{"capabilities":{"drop":["ALL"]}}`, filled + `,"linuxParameters":{"capabilities":{"add":[],"drop":["ALL"]}}`},
		{
			`"linuxParameters":{"devices":[]},"logConfiguration":{"logDriver":"awslogs","secretOptions":[]}`,
			filled + `,"linuxParameters":{"devices":[]},"logConfiguration":{"logDriver":"awslogs","secretOptions":[]}`,
		},
	} {
		got, err := DescribedContainers(container(c.sent), true)
		require.NoError(t, err)
		require.JSONEq(t, container(c.want), got, c.sent)
		again, err := DescribedContainers(got, true)
		require.NoError(t, err)
		require.Equal(t, got, again, "what ECS returns it takes as it is")
	}
	bridge, err := DescribedContainers(container(`"portMappings":[{"containerPort":80}]`), false)
	require.NoError(t, err)
	require.Contains(t, bridge, `"hostPort":0`)
	_, err = DescribedContainers(`[{"nam":"a"}]`, true)
	require.ErrorContains(t, err, `unknown field "[0].nam"`)
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
	p, err := ParsePolicy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"S3:Get*","Resource":"arn:aws:s3:::b/*"},`+
		`{"Effect":"Deny","Action":"*","Resource":"*"},{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:sqs:*:*:*"}]}`,
		IdentityPolicy)
	require.NoError(t, err)
	require.True(t, p.Allows("s3:GetObject", "arn:aws:s3:::b/k"))
	require.True(t, p.Allows("sns:Publish", "arn:aws:sns:us-west-2:1:x"))
	require.False(t, p.Allows("sns:Publish", "arn:aws:sqs:us-west-2:1:x"))
	require.False(t, p.Allows("iam:PassRole", "arn:aws:iam::1:role/r"))
	trust, err := ParsePolicy(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
		"Principal":{"Service":["a.amazonaws.com","b.amazonaws.com"]}}}`, TrustPolicy)
	require.NoError(t, err)
	require.True(t, trust.TrustsService("b.amazonaws.com"))
	require.False(t, trust.TrustsService("c.amazonaws.com"))
}

func TestPolicyFaultsComeTogether(t *testing.T) {
	t.Parallel()
	_, err := ParsePolicy(`{"Version":"1","Statement":[{"Effect":"Maybe","Action":"x","Resource":"y"},{"Effect":"Allow",
		"Action":["s3:A"],"NotAction":["s3:B"],"Resource":[1]}]}`, IdentityPolicy)
	for _, want := range []string{
		`Version is "1"`, `statement 1: Effect is "Maybe"`, `"x" is not of the form`, "Resource y must be",
		"statement 2: a statement has Action or NotAction", "Resource 1 must be",
	} {
		require.ErrorContains(t, err, want)
	}
	_, err = ParsePolicy(`{"Version":"2012-10-17"}`, IdentityPolicy)
	require.ErrorContains(t, err, "Missing required field Statement")
	_, err = ParsePolicy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":{"a":1},"Resource":"*"}]}`, IdentityPolicy)
	require.ErrorContains(t, err, "must be a string or a list of strings")
	_, err = ParsePolicy(`{"Version":"2012-10-17","Statement":[]} {}`, IdentityPolicy)
	require.ErrorContains(t, err, "behind the JSON value")
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"rate(1 minute)", "rate(5 minutes)", "rate(1 day)", "cron(0 3 * * ? *)", "cron(0/15 8-17 ? * MON-FRI *)", "cron(0 18 L * ? *)",
		"cron(0 9 ? * 2#1 *)",
		"cron(0 9 ? JAN,jul SUN 2026-2030)", "cron(5 4 15W * ? 2027)", "cron(0 0 L-3 * ? *)", "cron(0 9 ? * 6L *)",
	} {
		require.NoError(t, CheckSchedule(good, false), good)
		require.NoError(t, CheckSchedule(good, true), good)
	}
	require.NoError(t, CheckSchedule("at(2026-05-01T03:00:00)", true))
	for _, bad := range []string{
		"", "rate(1)", "rate(minute)", "rate(-1 minutes)", "rate(1 minute", "cron()", "cron(* * * * * *)", "cron(0 3 ? * ? *)",
		"cron(60 3 * * ? *)",
		"cron(0 3 32 * ? *)", "cron(0 3 * 13 ? *)", "cron(0 3 ? * 8 *)", "cron(0 3 * * ? 1969)", "cron(5-3 * * * ? *)",
		"cron(0 3 ? * MON#6 *)", "CRON(0 3 * * ? *)",
	} {
		require.Error(t, CheckSchedule(bad, false), bad)
	}
	require.Error(t, CheckSchedule("at(2026-05-01)", true))
	require.Error(t, CheckSchedule("at(2026-05-01T03:00:00)", false))
}

func TestLifecyclePriorities(t *testing.T) {
	t.Parallel()
	rule := func(priority, status, extra string) string {
		return `{"rulePriority":` + priority + `,"selection":{"tagStatus":"` + status + `","countType":"imageCountMoreThan",
		"countNumber":1` + extra + `},"action":{"type":"expire"}}`
	}
	doc := func(rules ...string) string { return `{"rules":[` + strings.Join(rules, ",") + `]}` }
	require.Empty(t, CheckECRLifecycle(doc(rule("1", "untagged", ""), rule("2", "tagged", `,"tagPrefixList":["v"]`), rule("9", "any", ""))))
	require.Contains(t, strings.Join(CheckECRLifecycle(doc(rule("1", "any", ""), rule("2", "untagged", ""))), ";"),
		"must have the highest rulePriority")
	require.Contains(t, strings.Join(CheckECRLifecycle(doc(rule("1", "untagged", ""), rule("1", "untagged", ""))), ";"),
		"rulePriority 1 is used twice")
	require.Contains(t, strings.Join(CheckECRLifecycle(doc(rule("0", "untagged", ""))), ";"), "rulePriority 0 must be at least 1")
	require.Contains(t, strings.Join(CheckECRLifecycle(doc()), ";"), "0 rules, expected 1 to 50")
}

// TestExpiredImages evaluates policies on five images, the oldest first: a, b and c are versions, b is also "latest",
// u and v have lost their tags. They are a day apart, the newest is pushed now.
func TestExpiredImages(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var images []PushedImage
	for i, one := range []struct{ digest, tags string }{{"u", ""}, {"a", "v1"}, {"b", "latest v2"}, {"v", ""}, {"c", "v3"}} {
		images = append(images, PushedImage{one.digest, strings.Fields(one.tags), now.AddDate(0, 0, i-4)})
	}
	rule := func(priority int, selection string) string {
		return fmt.Sprintf(`{"rulePriority":%d,"selection":{%s},"action":{"type":"expire"}}`, priority, selection)
	}
	const more = `,"countType":"imageCountMoreThan","countNumber":`
	const older = `,"countType":"sinceImagePushed","countUnit":"days","countNumber":`
	for _, c := range []struct {
		rules []string
		want  []string
	}{
		{[]string{rule(1, `"tagStatus":"any"`+more+"5")}, nil},
		{[]string{rule(1, `"tagStatus":"any"`+more+"3")}, []string{"a", "u"}},
		{[]string{rule(1, `"tagStatus":"any"`+more+"1")}, []string{"v", "b", "a", "u"}},
		{[]string{rule(1, `"tagStatus":"any"`+older+"2")}, []string{"a", "u"}},
		{[]string{rule(1, `"tagStatus":"untagged"`+more+"1")}, []string{"u"}},
		{[]string{rule(1, `"tagStatus":"tagged","tagPrefixList":["v"]`+more+"1")}, []string{"b", "a"}},
		{[]string{rule(1, `"tagStatus":"tagged","tagPrefixList":["v","lat"]`+older+"1")}, []string{"b"}},
		{[]string{rule(1, `"tagStatus":"tagged","tagPatternList":["v*1"]`+older+"1")}, []string{"a"}},
		// What matches the first rule only the first can expire, but the second counts it.
		{[]string{rule(9, `"tagStatus":"any"`+more+"2"), rule(1, `"tagStatus":"untagged"`+more+"1")}, []string{"u", "b", "a"}},
	} {
		got, err := ExpiredImages(`{"rules":[`+strings.Join(c.rules, ",")+`]}`, images, now)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%s", c.rules)
	}
	_, err := ExpiredImages(`{"rules":[]}`, images, now)
	require.ErrorContains(t, err, "0 rules, expected 1 to 50")
}

func FuzzDocuments(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`, "cron(0 3 * * ? *)")
	f.Add(`[{"name":"a","image":"b","portMappings":[{"containerPort":80}]}]`, "rate(1 minute)")
	f.Add(`{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any"}}]}`, "at(2026-05-01T03:00:00)")
	f.Fuzz(func(t *testing.T, doc, expression string) {
		for _, kind := range []PolicyKind{IdentityPolicy, TrustPolicy, ResourcePolicy, BoundPolicy} {
			_, _ = ParsePolicy(doc, kind)
		}
		if list, err := ParseContainers(doc); err == nil {
			CheckContainers(list, Task{AWSVPC: true, Fargate: true})
		}
		CheckECRLifecycle(doc)
		_ = CheckSchedule(expression, true)
		if !EqualPolicy(doc, doc) || !EqualContainers(doc, doc, true) || !EqualJSON(doc, doc) {
			t.Errorf("%q differs from itself", doc)
		}
		if EqualJSON(doc, expression) && !EqualPolicy(doc, expression) {
			t.Errorf("%q and %q are the same JSON but not the same policy", doc, expression)
		}
	})
}
