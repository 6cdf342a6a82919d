package iam_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

func TestRoles(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	awstest.Set(e.Store, "aws:iam/role:Role", "task", "path", "/edit/")
	pages := iam.NewListRolesPaginator(iam.NewFromConfig(e.As("iam:ListRoles *")), &iam.ListRolesInput{})
	page, err := pages.NextPage(e.Context())
	require.NoError(t, err)
	assert.False(t, pages.HasMorePages())
	found := map[string]string{}
	for _, role := range page.Roles {
		found[*role.Arn] = *role.Path
		assert.Contains(t, *role.AssumeRolePolicyDocument, "sts%3AAssumeRole")
	}
	assert.Equal(t, map[string]string{awstest.ExecRole: "/", awstest.ScalerRole: "/", awstest.TaskRole: "/edit/"}, found)
	client := iam.NewFromConfig(e.As("iam:ListRoles *"))
	_, err = client.ListRoles(e.Context(), &iam.ListRolesInput{PathPrefix: aws.String("/edit/")})
	awstest.RequireCode(t, err, "SandboxNotSupported", "parameter PathPrefix")
	_, err = iam.NewFromConfig(e.As()).ListRoles(e.Context(), &iam.ListRolesInput{})
	awstest.Refused(t, err, "AccessDenied", "iam:ListRoles")
}

func TestSimulatePrincipalPolicy(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	refusedConfig := e.As("ecs:UpdateService " + awstest.ServiceARN)
	client := iam.NewFromConfig(e.Deployer())
	out, err := client.SimulatePrincipalPolicy(e.Context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(awstest.ScalerRole), ActionNames: []string{"ecs:UpdateService", "ecs:RunTask"},
		ResourceArns: []string{awstest.ServiceARN},
		ContextEntries: []iamtypes.ContextEntry{{
			ContextKeyName: aws.String("ecs:cluster"), ContextKeyType: iamtypes.ContextKeyTypeEnumString,
			ContextKeyValues: []string{awstest.ClusterARN},
		}},
	})
	require.NoError(t, err)
	require.Len(t, out.EvaluationResults, 2)
	assert.Equal(t, iamtypes.PolicyEvaluationDecisionTypeAllowed, out.EvaluationResults[0].EvalDecision)
	assert.Equal(t, `statement 1 of inline policy "main" of role scaler`, *out.EvaluationResults[0].MatchedStatements[0].SourcePolicyId)
	assert.Equal(t, iamtypes.PolicyEvaluationDecisionTypeImplicitDeny, out.EvaluationResults[1].EvalDecision)
	assert.Equal(t, "ecs:RunTask", *out.EvaluationResults[1].EvalActionName)
	awstest.Put(e.Store, "aws:secretsmanager/secretPolicy:SecretPolicy", "p", map[string]any{
		"secretArn": awstest.SecretARN, "policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*",
			"Action":"secretsmanager:GetSecretValue","Resource":"*"}}`,
	})
	out, err = client.SimulatePrincipalPolicy(e.Context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(awstest.ScalerRole), ActionNames: []string{"secretsmanager:GetSecretValue"},
		ResourceArns: []string{awstest.SecretARN},
	})
	require.NoError(t, err)
	assert.Equal(t, iamtypes.PolicyEvaluationDecisionTypeImplicitDeny, out.EvaluationResults[0].EvalDecision,
		"the simulator looks at the role's own policies only")
	assert.Empty(t, out.EvaluationResults[0].MatchedStatements)
	_, err = client.SimulatePrincipalPolicy(e.Context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String("arn:aws:iam::942734823970:role/none"), ActionNames: []string{"ecs:UpdateService"},
	})
	awstest.As[*iamtypes.NoSuchEntityException](t, err)
	_, err = iam.NewFromConfig(refusedConfig).SimulatePrincipalPolicy(e.Context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(awstest.ScalerRole), ActionNames: []string{"ecs:UpdateService"},
	})
	awstest.Refused(t, err, "AccessDenied", "iam:SimulatePrincipalPolicy")
}
