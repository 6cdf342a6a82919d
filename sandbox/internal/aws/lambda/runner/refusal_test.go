package runner_test

import (
	"testing"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

func function(e *env) view.Resource {
	r, ok := e.store.Get("aws:lambda/function:Function", "edit-scaler")
	require.True(e.t, ok)
	return r
}

func TestInvoker(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	invoker := runner.Invoker{Runtime: e.runtime}
	out, err := invoker.Invoke(e.context(), function(e), []byte(`{"do":"echo","text":"x"}`))
	require.NoError(t, err)
	assert.Equal(t, `"x"`, string(out))
	_, err = invoker.Invoke(e.context(), function(e), []byte(`{"do":"error","text":"why"}`))
	require.ErrorContains(t, err, "function edit-scaler failed: errorString: it went wrong: why")
}

func TestWhatLambdaRefuses(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	refused := func(call runner.Invocation, code string) {
		t.Helper()
		_, err := e.runtime.Invoke(e.context(), call)
		var refusal *runner.Error
		require.ErrorAs(t, err, &refusal)
		assert.Equal(t, code, refusal.Code)
	}
	refused(runner.Invocation{Function: "none"}, "ResourceNotFoundException")
	refused(runner.Invocation{Function: "edit-scaler", Payload: make([]byte, 6_291_557)}, "RequestEntityTooLargeException")
	awstest.Set(e.store, "aws:iam/role:Role", "scaler", "assumeRolePolicy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow",
		"Action":"sts:AssumeRole","Principal":{"Service":"ecs-tasks.amazonaws.com"}}}`)
	refused(runner.Invocation{Function: "edit-scaler"}, "AccessDeniedException")
}

func TestServicesNeedAPermission(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	call := runner.Invocation{
		Function: "edit-scaler", Payload: []byte(`{"do":"count"}`), Service: runner.ServiceELB, SourceARN: awstest.WakerGroup,
	}
	_, err := e.runtime.Invoke(e.context(), call)
	require.ErrorContains(t, err, "elasticloadbalancing.amazonaws.com on behalf of "+awstest.WakerGroup+
		" may not invoke function edit-scaler")
	e.permit()
	_, err = e.runtime.Invoke(e.context(), call)
	require.NoError(t, err)
	call.SourceARN = awstest.APIGroup
	_, err = e.runtime.Invoke(e.context(), call)
	require.ErrorContains(t, err, "AccessDeniedException")
	call.Service, call.SourceARN = runner.ServiceEvents, awstest.WakerGroup
	_, err = e.runtime.Invoke(e.context(), call)
	require.ErrorContains(t, err, "AccessDeniedException")
}

// permit lets the load balancer invoke the function for the waker's target group.
func (e *env) permit() {
	awstest.Put(e.store, "aws:lambda/permission:Permission", "alb", map[string]any{
		"function": "edit-scaler", "action": "lambda:InvokeFunction", "principal": runner.ServiceELB, "sourceArn": awstest.WakerGroup,
		"statementId": "alb",
	})
}

func TestLogsNeedPermissions(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	awstest.SetPolicy(e.store, awstest.ScalerRole, "logs:CreateLogStream *")
	_, result := must[string](e, map[string]any{"do": "echo", "text": "x"})
	assert.Contains(t, result.LogLost, "may not logs:PutLogEvents on arn:aws:logs:us-west-2:"+accountID+":log-group:/aws/lambda/edit-scaler:")
	assert.Contains(t, result.Log, "echoing x", "a test still sees it")
	assert.Empty(t, e.runtime.Log("edit-scaler"))
	require.NoError(t, e.store.Remove("aws:cloudwatch/logGroup:LogGroup", "/aws/lambda/edit-scaler"))
	awstest.SetPolicy(e.store, awstest.ScalerRole, "logs:CreateLogStream *", "logs:PutLogEvents *")
	e.deploy(map[string]any{"timeout": 29})
	_, result = must[string](e, map[string]any{"do": "echo"})
	assert.Contains(t, result.LogLost, "may not logs:CreateLogGroup", "there is no such log group")
}

func TestFunctionInAVPC(t *testing.T) {
	t.Parallel()
	const accessPoint = "arn:aws:elasticfilesystem:us-west-2:" + accountID + ":access-point/" + awstest.AccessPoint
	dir := t.TempDir()
	e := newEnv(t, func(o *runner.Options) { o.Mounts = map[string]string{accessPoint: dir} })
	vpc := func(subnet string) map[string]any {
		return map[string]any{
			"vpcConfig":        map[string]any{"subnetIds": []any{view.DefaultSubnetIDs[0], subnet}},
			"fileSystemConfig": map[string]any{"arn": accessPoint, "localMountPath": "/mnt/workspaces"},
			"environment": map[string]any{"variables": map[string]any{
				"ROOT": "/mnt/workspaces", "CLIENT": "/mnt/workspaces/a", "OTHER": "/mnt/workspacesX",
			}},
		}
	}
	e.deploy(vpc(view.DefaultSubnetIDs[1]))
	awstest.SetPolicy(e.store, awstest.ScalerRole, "elasticfilesystem:Client* *", "ecs:* *")
	got, _ := must[map[string]string](e, map[string]any{"do": "environment"})
	assert.Equal(t, []string{dir, dir + "/a", "/mnt/workspacesX"}, []string{got["ROOT"], got["CLIENT"], got["OTHER"]})
	result, err := e.do(map[string]any{"do": "list"})
	require.NoError(t, err)
	require.ErrorContains(t, result.Err(), "connection refused", "no way out of the VPC to the AWS APIs")

	e.deploy(vpc(view.DefaultSubnetIDs[3]))
	_, err = e.do(map[string]any{"do": "count"})
	require.ErrorContains(t, err, "EFSMountFailureException")
	require.ErrorContains(t, err, "in availability zone us-west-2d")
	withoutDir := newEnv(t, nil)
	withoutDir.deploy(vpc(view.DefaultSubnetIDs[1]))
	_, err = withoutDir.do(map[string]any{"do": "count"})
	require.ErrorContains(t, err, "Options.Mounts names no directory for it")
}

func TestFunctionsThatCannotBeBuilt(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(o *runner.Options) {
		o.Package = func(*runner.Function) (string, error) {
			return "./sandbox/internal/aws/lambda/runner/testdata/none", nil
		}
	})
	_, err := e.do(map[string]any{"do": "count"})
	require.ErrorContains(t, err, "start function edit-scaler: build ./sandbox/internal/aws/lambda/runner/testdata/none for this machine")
	require.ErrorContains(t, err, "directory not found")
}

func TestPackageOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, archive, want string }{
		{"webordinary-edit-scaler", "", "./functions/scaler"},
		{"webordinary-workspace-cleanup-dev", "", "./functions/cleanup"},
		{"webordinary-edit-behaviors", "", "./functions/behaviors"},
		{"renamed", "/x/.build/functions/cleanup-0123456789abcdef.zip", "./functions/cleanup"},
		{"renamed", "/x/cleanup.zip", ""},
		{"other", "", ""},
	} {
		got, err := runner.PackageOf(&runner.Function{Name: test.name, Archive: test.archive})
		assert.Equal(t, test.want, got)
		assert.Equal(t, test.want == "", err != nil)
	}
}

func TestArchiveOfADeployedFunction(t *testing.T) {
	t.Parallel()
	var seen string
	e := newEnv(t, func(o *runner.Options) {
		o.Package = func(f *runner.Function) (string, error) { seen = f.Archive; return specimen, nil }
	})
	path := t.TempDir()
	code, err := archive.FromPath(path)
	require.NoError(t, err)
	require.NoError(t, e.store.Mutate("aws:lambda/function:Function", "edit-scaler", func(state resource.PropertyMap) error {
		state["code"] = resource.NewArchiveProperty(code)
		return nil
	}))
	_, _ = must[int](e, map[string]any{"do": "count"})
	assert.Equal(t, path, seen)
}
