package authz

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
)

const (
	testRole    = "arn:aws:iam::942734823970:role/scaler"
	testSession = "arn:aws:sts::942734823970:assumed-role/scaler/webordinary-edit-scaler"
	testService = "arn:aws:ecs:us-west-2:942734823970:service/edit/edit"
)

func one(statement string) string {
	return `{"Version":"2012-10-17","Statement":[` + statement + `]}`
}

func mustParse(t *testing.T, kind policies.Kind, statements ...string) []*Policy {
	t.Helper()
	var out []*Policy
	for i, statement := range statements {
		policy, err := Parse(fmt.Sprintf("policy %d", i+1), one(statement), kind)
		require.NoError(t, err)
		out = append(out, policy)
	}
	return out
}

func request(action, resource string, context Context) Request {
	return Request{Caller: Caller{RoleARN: testRole, SessionARN: testSession}, Action: action, Resource: resource, Context: context}
}

func TestActionsAndResources(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, statement, action, resource string
		want                              bool
	}{
		{"exact", `"Action":"ecs:UpdateService","Resource":"` + testService + `"`, "ecs:UpdateService", testService, true},
		{"action names ignore case", `"Action":"ECS:updateservice","Resource":"*"`, "ecs:UpdateService", testService, true},
		{"another action", `"Action":"ecs:DescribeServices","Resource":"*"`, "ecs:UpdateService", testService, false},
		{"action prefix", `"Action":"ecs:Update*","Resource":"*"`, "ecs:UpdateService", testService, true},
		{"action prefix of another service", `"Action":"ec2:*","Resource":"*"`, "ecs:UpdateService", testService, false},
		{"question mark is one character", `"Action":"ecs:UpdateServic?","Resource":"*"`, "ecs:UpdateService", testService, true},
		{"question mark is not none", `"Action":"ecs:UpdateService?","Resource":"*"`, "ecs:UpdateService", testService, false},
		{"any action", `"Action":"*","Resource":"*"`, "ecs:UpdateService", testService, true},
		{"list of actions", `"Action":["ecs:A","ecs:UpdateService"],"Resource":"*"`, "ecs:UpdateService", testService, true},
		{"not action excludes", `"NotAction":"ecs:*","Resource":"*"`, "ecs:UpdateService", testService, false},
		{"not action allows others", `"NotAction":"iam:*","Resource":"*"`, "ecs:UpdateService", testService, true},
		{"another resource", `"Action":"ecs:*","Resource":"` + testService + `-dev"`, "ecs:UpdateService", testService, false},
		{"resource wildcard", `"Action":"ecs:*","Resource":"arn:aws:ecs:*:*:service/edit/*"`, "ecs:UpdateService", testService, true},
		{
			"wildcard stays inside its part", `"Action":"logs:*","Resource":"arn:aws:logs:*:log-group:/aws/x:*"`,
			"logs:PutLogEvents", "arn:aws:logs:us-west-2:1:log-group:/aws/x:log-stream:s", false,
		},
		{"last part expands", `"Action":"ecs:*","Resource":"arn:aws:ecs:*"`, "ecs:UpdateService", testService, true},
		{
			"resource part may hold colons", `"Action":"logs:*","Resource":"arn:aws:logs:us-west-2:1:log-group:/aws/x:*"`,
			"logs:PutLogEvents", "arn:aws:logs:us-west-2:1:log-group:/aws/x:log-stream:s", true,
		},
		{"not resource excludes", `"Action":"ecs:*","NotResource":"` + testService + `"`, "ecs:UpdateService", testService, false},
		{"not resource allows others", `"Action":"ecs:*","NotResource":"arn:aws:ecs:x:1:y"`, "ecs:UpdateService", testService, true},
		{"no resource-level permission needs *", `"Action":"ecs:*","Resource":"` + testService + `"`, "ecs:ListServices", "*", false},
		{"* covers everything", `"Action":"ecs:*","Resource":"*"`, "ecs:ListServices", "*", true},
		{"shorter resource than pattern", `"Action":"s3:*","Resource":"arn:aws:s3:::bucket/*"`, "s3:GetObject", "arn:aws:s3", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			held := mustParse(t, policies.Identity, `{"Effect":"Allow",`+test.statement+`}`)
			decision, err := Evaluate(request(test.action, test.resource, nil), held, nil)
			require.NoError(t, err)
			assert.Equal(t, test.want, decision.Allowed())
		})
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	cluster := "arn:aws:ecs:us-west-2:942734823970:cluster/edit"
	with := func(values ...string) Context { return Context{"ecs:cluster": values} }
	tests := []struct {
		name, condition string
		context         Context
		want            bool
	}{
		{"equal", `"StringEquals":{"ecs:cluster":"` + cluster + `"}`, with(cluster), true},
		{"not equal", `"StringEquals":{"ecs:cluster":"x"}`, with(cluster), false},
		{"one of several values", `"StringEquals":{"ecs:cluster":["x","` + cluster + `"]}`, with(cluster), true},
		{"key names ignore case", `"StringEquals":{"ECS:Cluster":"` + cluster + `"}`, with(cluster), true},
		{"values do not ignore case", `"StringEquals":{"ecs:cluster":"A"}`, with("a"), false},
		{"ignore case", `"StringEqualsIgnoreCase":{"ecs:cluster":"A"}`, with("a"), true},
		{"absent key fails", `"StringEquals":{"ecs:cluster":"a"}`, nil, false},
		{"absent key with IfExists holds", `"StringEqualsIfExists":{"ecs:cluster":"a"}`, nil, true},
		{"present key with IfExists is tested", `"StringEqualsIfExists":{"ecs:cluster":"a"}`, with("b"), false},
		{"negated", `"StringNotEquals":{"ecs:cluster":"a"}`, with("b"), true},
		{"negated, all values count", `"StringNotEquals":{"ecs:cluster":["a","b"]}`, with("b"), false},
		{"negated holds for an absent key", `"StringNotEquals":{"ecs:cluster":"a"}`, nil, true},
		{"negated ignoring case", `"StringNotEqualsIgnoreCase":{"ecs:cluster":"A"}`, with("a"), false},
		{"like", `"StringLike":{"ecs:cluster":"*cluster/e?it"}`, with(cluster), true},
		{"equals knows no wildcard", `"StringEquals":{"ecs:cluster":"*"}`, with(cluster), false},
		{"not like", `"StringNotLike":{"ecs:cluster":"*edit"}`, with(cluster), false},
		{"arn like", `"ArnLike":{"ecs:cluster":"arn:aws:ecs:*:942734823970:cluster/*"}`, with(cluster), true},
		{"arn like by parts", `"ArnLike":{"ecs:cluster":"arn:aws:ecs:*:cluster/edit"}`, with(cluster), false},
		{"arn equals knows wildcards", `"ArnEquals":{"ecs:cluster":"arn:aws:ecs:*:*:cluster/edit"}`, with(cluster), true},
		{"arn not like", `"ArnNotLike":{"ecs:cluster":"arn:aws:ecs:*:*:cluster/edit"}`, with(cluster), false},
		{"arn not equals", `"ArnNotEquals":{"ecs:cluster":"` + cluster + `x"}`, with(cluster), true},
		{"bool", `"Bool":{"ecs:cluster":"true"}`, with("True"), true},
		{"bool written as JSON", `"Bool":{"ecs:cluster":false}`, with("true"), false},
		{"number", `"NumericLessThanEquals":{"ecs:cluster":5}`, with("5.0"), true},
		{"number too big", `"NumericLessThan":{"ecs:cluster":"5"}`, with("5"), false},
		{"number not smaller", `"NumericGreaterThanEquals":{"ecs:cluster":"5"}`, with("5"), true},
		{"number greater", `"NumericGreaterThan":{"ecs:cluster":"5"}`, with("6"), true},
		{"number equal", `"NumericEquals":{"ecs:cluster":"10"}`, with("1e1"), true},
		{"number not equal", `"NumericNotEquals":{"ecs:cluster":"10"}`, with("10"), false},
		{"request value is no number", `"NumericEquals":{"ecs:cluster":"10"}`, with("ten"), false},
		{"null wants it absent", `"Null":{"ecs:cluster":"true"}`, nil, true},
		{"null wants it absent, but it is there", `"Null":{"ecs:cluster":"true"}`, with("a"), false},
		{"null wants it present", `"Null":{"ecs:cluster":"false"}`, with("a"), true},
		{"any value", `"ForAnyValue:StringEquals":{"ecs:cluster":"a"}`, with("b", "a"), true},
		{"any value, none", `"ForAnyValue:StringEquals":{"ecs:cluster":"a"}`, with("b", "c"), false},
		{"any value of an absent key", `"ForAnyValue:StringEquals":{"ecs:cluster":"a"}`, nil, false},
		{"any value negated", `"ForAnyValue:StringNotEquals":{"ecs:cluster":"a"}`, with("b", "a"), true},
		{"all values", `"ForAllValues:StringLike":{"ecs:cluster":"a*"}`, with("ab", "ac"), true},
		{"all values, one not", `"ForAllValues:StringLike":{"ecs:cluster":"a*"}`, with("ab", "b"), false},
		{"all values of an absent key", `"ForAllValues:StringEquals":{"ecs:cluster":"a"}`, nil, true},
		{"two keys, both hold", `"StringEquals":{"ecs:cluster":"a","aws:k":"v"}`, Context{"ecs:cluster": {"a"}, "aws:k": {"v"}}, true},
		{"two keys, one fails", `"StringEquals":{"ecs:cluster":"a","aws:k":"v"}`, Context{"ecs:cluster": {"a"}, "aws:k": {"w"}}, false},
		{"two operators, one fails", `"StringEquals":{"aws:k":"v"},"Bool":{"aws:b":"true"}`, Context{"aws:k": {"v"}, "aws:b": {"false"}}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			held := mustParse(t, policies.Identity, `{"Effect":"Allow","Action":"ecs:*","Resource":"*","Condition":{`+test.condition+`}}`)
			decision, err := Evaluate(request("ecs:UpdateService", testService, test.context), held, nil)
			require.NoError(t, err)
			assert.Equal(t, test.want, decision.Allowed())
		})
	}
}

func TestSingleValueOperatorRefusesSeveralValues(t *testing.T) {
	t.Parallel()
	held := mustParse(t, policies.Identity,
		`{"Effect":"Allow","Action":"ecs:*","Resource":"*","Condition":{"StringEquals":{"aws:TagKeys":"a"}}}`)
	_, err := Evaluate(request("ecs:TagResource", testService, Context{"aws:TagKeys": {"a", "b"}}), held, nil)
	assert.ErrorContains(t, err, `statement 1 of policy 1: condition StringEquals: key aws:TagKeys has 2 values`)
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	const (
		allow      = `{"Sid":"Wake","Effect":"Allow","Action":"ecs:UpdateService","Resource":"*"}`
		deny       = `{"Sid":"Stop","Effect":"Deny","Action":"ecs:*","Resource":"*"}`
		allowRole  = `{"Sid":"ByRole","Effect":"Allow","Principal":{"AWS":"` + testRole + `"},"Action":"*","Resource":"*"}`
		allowAll   = `{"Sid":"ByAll","Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`
		allowRoot  = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::942734823970:root"},"Action":"*","Resource":"*"}`
		allowOther = `{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::942734823970:role/other"]},"Action":"*","Resource":"*"}`
		allowEcs   = `{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"*","Resource":"*"}`
		denyRoot   = `{"Sid":"NoRoot","Effect":"Deny","Principal":{"AWS":"942734823970"},"Action":"*","Resource":"*"}`
		denyAll    = `{"Sid":"NoAll","Effect":"Deny","Principal":{"AWS":"*"},"Action":"*","Resource":"*"}`
	)
	tests := []struct {
		name               string
		identity, resource []string
		want               Outcome
		reason             string
	}{
		{"nothing allows", nil, nil, NoAllow, "no statement allows it"},
		{"identity allows", []string{allow}, nil, AllowedByIdentity, `allowed by statement "Wake" of policy 1`},
		{"deny beats allow, whatever the order", []string{allow, deny}, nil, DeniedByIdentity, `denied by statement "Stop" of policy 2`},
		{"resource policy suffices", nil, []string{allowRole}, AllowedByResource, `allowed by statement "ByRole" of policy 1`},
		{"resource policy for everybody", nil, []string{allowAll}, AllowedByResource, `allowed by statement "ByAll" of policy 1`},
		{"the account as principal only delegates", nil, []string{allowRoot}, NoAllow, "no statement allows it"},
		{"resource policy for another role", nil, []string{allowOther}, NoAllow, "no statement allows it"},
		{"resource policy for a service", nil, []string{allowEcs}, NoAllow, "no statement allows it"},
		{"resource deny beats identity allow", []string{allow}, []string{denyAll}, DeniedByResource, `denied by statement "NoAll" of policy 1`},
		{"the account as principal denies", []string{allow}, []string{denyRoot}, DeniedByResource, `denied by statement "NoRoot" of policy 1`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			decision, err := Evaluate(request("ecs:UpdateService", testService, nil),
				mustParse(t, policies.Identity, test.identity...), mustParse(t, policies.Resource, test.resource...))
			require.NoError(t, err)
			assert.Equal(t, test.want, decision.Outcome)
			assert.Equal(t, test.reason, decision.Reason())
			assert.Equal(t, test.want >= AllowedByIdentity, decision.Allowed())
		})
	}
}

func TestExplainUsesTheWordsOfAWS(t *testing.T) {
	t.Parallel()
	r := request("ecs:UpdateService", testService, nil)
	assert.Equal(t, "User: "+testSession+" is not authorized to perform: ecs:UpdateService on resource: "+testService+
		" because no identity-based policy allows the ecs:UpdateService action", Decision{}.Explain(r))
	assert.Equal(t, "User: "+testSession+" is not authorized to perform: ecs:UpdateService on resource: "+testService+
		" with an explicit deny in an identity-based policy", Decision{Outcome: DeniedByIdentity}.Explain(r))
	r.Resource = "*"
	assert.Equal(t, "User: "+testSession+" is not authorized to perform: ecs:UpdateService"+
		" with an explicit deny in a resource-based policy", Decision{Outcome: DeniedByResource}.Explain(r))
}
