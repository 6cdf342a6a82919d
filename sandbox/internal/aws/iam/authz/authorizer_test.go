package authz

import (
	"testing"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// store is an account of a few resources.
type store map[string][]view.Resource

func (s store) List(typ string) []view.Resource { return s[typ] }

func (s store) add(typ, id string, state map[string]any) store {
	s[typ] = append(s[typ], view.Resource{Type: typ, ID: id, State: resource.NewPropertyMapFromMap(state)})
	return s
}

func roleStore(extra map[string]any) store {
	state := map[string]any{
		"name": "scaler", "arn": testRole,
		"assumeRolePolicy": one(`{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`),
	}
	for k, v := range extra {
		state[k] = v
	}
	return store{}.add(view.TypeRole, "scaler", state)
}

func allow(action, resource string) string {
	return one(`{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}`)
}

func TestIdentityPoliciesOfARole(t *testing.T) {
	t.Parallel()
	const managed = "arn:aws:iam::942734823970:policy/own"
	basic := "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	document := allow("ecs:UpdateService", testService)
	tests := []struct {
		name   string
		store  store
		action string
		want   string
	}{
		{"none", roleStore(nil), "ecs:UpdateService", "no statement allows it"},
		{
			"inline resource", roleStore(nil).add(view.TypeRolePolicy, "scaler:ecs", map[string]any{"name": "ecs", "role": "scaler", "policy": document}),
			"ecs:UpdateService", `allowed by statement 1 of inline policy "ecs" of role scaler`,
		},
		{
			"inline resource of another role",
			roleStore(nil).add(view.TypeRolePolicy, "other:ecs", map[string]any{"name": "ecs", "role": "other", "policy": document}),
			"ecs:UpdateService", "no statement allows it",
		},
		{
			"inline property",
			roleStore(map[string]any{"inlinePolicies": []any{map[string]any{"name": "in", "policy": document}, map[string]any{}}}),
			"ecs:UpdateService", `allowed by statement 1 of inline policy "in" of role scaler`,
		},
		{
			"attachment of an own policy", roleStore(nil).
				add(view.TypeAttachment, "a", map[string]any{"role": "scaler", "policyArn": managed}).
				add(view.TypePolicy, managed, map[string]any{"arn": managed, "policy": document}),
			"ecs:UpdateService", "allowed by statement 1 of managed policy " + managed,
		},
		{
			"managed property", roleStore(map[string]any{"managedPolicyArns": []any{basic}}),
			"logs:PutLogEvents", "allowed by statement 1 of managed policy " + basic,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			decision, err := New(test.store).Authorize(request(test.action, testService, nil))
			require.NoError(t, err)
			assert.Equal(t, test.want, decision.Reason())
		})
	}
}

func TestWhatCannotBeEvaluatedIsAnError(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		store store
		want  string
	}{
		"unknown role":         {store{}, "role " + testRole + ": no such role in the account"},
		"permissions boundary": {roleStore(map[string]any{"permissionsBoundary": "arn:x"}), "permissions boundary arn:x"},
		"unknown AWS-managed policy": {
			roleStore(map[string]any{"managedPolicyArns": []any{"arn:aws:iam::aws:policy/AdministratorAccess"}}),
			"AdministratorAccess is neither in the account nor one of the AWS-managed ones",
		},
		"malformed inline policy": {
			roleStore(nil).add(view.TypeRolePolicy, "p", map[string]any{"name": "bad", "role": "scaler", "policy": "{"}),
			`inline policy "bad" of role scaler: malformed policy document`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(test.store).Authorize(request("ecs:UpdateService", testService, nil))
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestChangedPoliciesCountAtOnce(t *testing.T) {
	t.Parallel()
	s := roleStore(nil).add(view.TypeRolePolicy, "scaler:ecs", map[string]any{"name": "ecs", "role": "scaler", "policy": allow("ecs:*", "*")})
	authorizer := New(s)
	before, err := authorizer.Authorize(request("ecs:UpdateService", testService, nil))
	require.NoError(t, err)
	s[view.TypeRolePolicy][0].State["policy"] = resource.NewStringProperty(allow("ecs:Describe*", "*"))
	after, err := authorizer.Authorize(request("ecs:UpdateService", testService, nil))
	require.NoError(t, err)
	assert.True(t, before.Allowed())
	assert.False(t, after.Allowed())
}

func TestResourcePolicies(t *testing.T) {
	t.Parallel()
	const (
		secret = "arn:aws:secretsmanager:us-west-2:942734823970:secret:webordinary/github-token-AbCdEf"
		fs     = "arn:aws:elasticfilesystem:us-west-2:942734823970:file-system/fs-1"
		queue  = "arn:aws:sqs:us-west-2:942734823970:dead"
		topic  = "arn:aws:sns:us-west-2:942734823970:alarms"
	)
	byRole := func(action string) string {
		return one(`{"Effect":"Allow","Principal":{"AWS":"` + testRole + `"},"Action":"` + action + `","Resource":"*"}`)
	}
	viaTarget := Context{"elasticfilesystem:AccessedViaMountTarget": {"true"}}
	tests := []struct {
		name, typ        string
		state            map[string]any
		action, resource string
		context          Context
		want             Outcome
	}{
		{
			"secret policy resource", "aws:secretsmanager/secretPolicy:SecretPolicy",
			map[string]any{"secretArn": secret, "policy": byRole("secretsmanager:GetSecretValue")},
			"secretsmanager:GetSecretValue", secret, nil, AllowedByResource,
		},
		{
			"secret's own property", "aws:secretsmanager/secret:Secret",
			map[string]any{"arn": secret, "policy": byRole("secretsmanager:GetSecretValue")},
			"secretsmanager:GetSecretValue", secret, nil, AllowedByResource,
		},
		{
			"another secret's policy", "aws:secretsmanager/secretPolicy:SecretPolicy",
			map[string]any{"secretArn": secret + "x", "policy": byRole("secretsmanager:GetSecretValue")},
			"secretsmanager:GetSecretValue", secret, nil, NoAllow,
		},
		{
			"object in a bucket", "aws:s3/bucketPolicy:BucketPolicy",
			map[string]any{"bucket": "b", "policy": byRole("s3:GetObject")},
			"s3:GetObject", "arn:aws:s3:::b/some/key", nil, AllowedByResource,
		},
		{
			"file system policy", view.TypeFileSystemPolicy,
			map[string]any{"fileSystemId": "fs-1", "policy": byRole("elasticfilesystem:ClientMount")},
			"elasticfilesystem:ClientMount", fs, nil, AllowedByResource,
		},
		{
			"file system policy replaces the open default", view.TypeFileSystemPolicy,
			map[string]any{"fileSystemId": "fs-1", "policy": byRole("elasticfilesystem:ClientMount")},
			"elasticfilesystem:ClientWrite", fs, viaTarget, NoAllow,
		},
		{
			"default file system policy is open", view.TypeFileSystemPolicy,
			map[string]any{"fileSystemId": "fs-2", "policy": byRole("x:y")},
			"elasticfilesystem:ClientWrite", fs, viaTarget, AllowedByResource,
		},
		{
			"topic", "aws:sns/topicPolicy:TopicPolicy",
			map[string]any{"arn": topic, "policy": byRole("sns:Publish")},
			"sns:Publish", topic, nil, AllowedByResource,
		},
		{
			"queue", "aws:sqs/queuePolicy:QueuePolicy",
			map[string]any{"queueUrl": "https://sqs.us-west-2.amazonaws.com/942734823970/dead", "policy": byRole("sqs:SendMessage")},
			"sqs:SendMessage", queue, nil, AllowedByResource,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := roleStore(nil).add(test.typ, "p", test.state)
			decision, err := New(s).Authorize(request(test.action, test.resource, test.context))
			require.NoError(t, err)
			assert.Equal(t, test.want, decision.Outcome)
		})
	}
}

func TestPermissionsOfAFunction(t *testing.T) {
	t.Parallel()
	const (
		function = "arn:aws:lambda:us-west-2:942734823970:function:scaler"
		group    = "arn:aws:elasticloadbalancing:us-west-2:942734823970:targetgroup/waker/1"
		balancer = "elasticloadbalancing.amazonaws.com"
	)
	s := store{}.add(view.TypePermission, "alb", map[string]any{
		"function": "scaler", "action": "lambda:InvokeFunction", "principal": balancer, "sourceArn": group, "statementId": "AlbInvoke",
		"sourceAccount": view.AccountID,
	})
	from := func(service, source string) Request {
		return Request{
			Caller: Caller{Service: service}, Action: "lambda:InvokeFunction", Resource: function,
			Context: Context{"aws:SourceArn": {source}, "aws:SourceAccount": {view.AccountID}},
		}
	}
	tests := map[string]struct {
		request Request
		want    bool
	}{
		"load balancer, its group":    {from(balancer, group), true},
		"load balancer, other group":  {from(balancer, group+"2"), false},
		"other service":               {from("events.amazonaws.com", group), false},
		"other function":              {onResource(from(balancer, group), function+"2"), false},
		"a role is no service":        {request("lambda:InvokeFunction", function, Context{"aws:SourceArn": {group}}), false},
		"other account behind source": {withAccount(from(balancer, group), "1"), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			held := roleStore(nil)
			held[view.TypePermission] = s[view.TypePermission]
			decision, err := New(held).Authorize(test.request)
			require.NoError(t, err)
			assert.Equal(t, test.want, decision.Allowed())
		})
	}
}

func onResource(r Request, arn string) Request {
	r.Resource = arn
	return r
}

func withAccount(r Request, id string) Request {
	r.Context["aws:SourceAccount"] = []string{id}
	return r
}

func TestMayAssume(t *testing.T) {
	t.Parallel()
	authorizer := New(roleStore(nil))
	decision, err := authorizer.MayAssume(testRole, "lambda.amazonaws.com")
	require.NoError(t, err)
	assert.True(t, decision.Allowed())
	decision, err = authorizer.MayAssume(testRole, "ecs-tasks.amazonaws.com")
	require.NoError(t, err)
	assert.False(t, decision.Allowed())
	_, err = authorizer.MayAssume("arn:aws:iam::942734823970:role/none", "lambda.amazonaws.com")
	require.ErrorIs(t, err, errNoRole)
}

func TestGlobalKeys(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		condition string
		context   Context
		want      bool
	}{
		"transport is secure":          {`"Bool":{"aws:SecureTransport":"true"}`, nil, true},
		"the caller may say otherwise": {`"Bool":{"aws:SecureTransport":"true"}`, Context{"AWS:securetransport": {"false"}}, false},
		"principal":                    {`"ArnEquals":{"aws:PrincipalArn":"` + testRole + `"}`, nil, true},
		"account":                      {`"StringEquals":{"aws:PrincipalAccount":"942734823970"}`, nil, true},
		"no service":                   {`"Bool":{"aws:PrincipalIsAWSService":"false"}`, nil, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := roleStore(nil).add(view.TypeRolePolicy, "p", map[string]any{
				"name": "p", "role": "scaler",
				"policy": one(`{"Effect":"Allow","Action":"ecs:*","Resource":"*","Condition":{` + test.condition + `}}`),
			})
			decision, err := New(s).Authorize(request("ecs:UpdateService", testService, test.context))
			require.NoError(t, err)
			assert.Equal(t, test.want, decision.Allowed())
		})
	}
}
