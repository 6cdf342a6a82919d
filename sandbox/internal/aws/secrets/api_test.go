package secrets_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

func TestResourcePolicyOfASecret(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	get := func(permission string) (*secretsmanager.GetResourcePolicyOutput, error) {
		client := secretsmanager.NewFromConfig(e.As(permission))
		return client.GetResourcePolicy(e.Context(), &secretsmanager.GetResourcePolicyInput{SecretId: aws.String(awstest.SecretARN)})
	}
	out, err := get("secretsmanager:GetResourcePolicy " + awstest.SecretARN)
	require.NoError(t, err)
	assert.Nil(t, out.ResourcePolicy)
	assert.Equal(t, awstest.SecretARN, *out.ARN)
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + awstest.TaskRole + `"},
		"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`
	awstest.Put(e.Store, "aws:secretsmanager/secretPolicy:SecretPolicy", "other", map[string]any{"secretArn": "other", "policy": "{1}"})
	awstest.Put(e.Store, "aws:secretsmanager/secretPolicy:SecretPolicy", "p", map[string]any{
		"secretArn": awstest.SecretARN, "policy": policy,
	})
	out, err = get("secretsmanager:GetResourcePolicy *")
	require.NoError(t, err)
	assert.Equal(t, policy, *out.ResourcePolicy)
	_, err = get("secretsmanager:GetResourcePolicy " + awstest.SecretARN + "x")
	awstest.Refused(t, err, "AccessDeniedException", "secretsmanager:GetResourcePolicy")
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := secretsmanager.NewFromConfig(e.As("secretsmanager:* *"))
	for _, id := range []string{awstest.SecretARN, "webordinary/github-token"} {
		value, err := client.GetSecretValue(e.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
		require.NoError(t, err)
		assert.Equal(t, "ghp_secret", *value.SecretString)
		assert.Equal(t, awstest.SecretARN, *value.ARN)
		assert.Equal(t, []string{"AWSCURRENT"}, value.VersionStages)
	}
	described, err := client.DescribeSecret(e.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(awstest.SecretARN)})
	require.NoError(t, err)
	assert.Equal(t, "token", *described.Description)
	assert.Equal(t, map[string][]string{"EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE": {"AWSCURRENT"}}, described.VersionIdsToStages)
	_, err = client.GetSecretValue(e.Context(), &secretsmanager.GetSecretValueInput{
		SecretId: aws.String(awstest.SecretARN), VersionStage: aws.String("AWSPREVIOUS"),
	})
	awstest.As[*secrettypes.ResourceNotFoundException](t, err)
	require.NoError(t, e.Store.Remove("aws:secretsmanager/secretVersion:SecretVersion", awstest.SecretARN+"|1"))
	_, err = client.GetSecretValue(e.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(awstest.SecretARN)})
	awstest.RequireCode(t, err, "ResourceNotFoundException", "can't find the specified secret value for staging label: AWSCURRENT")
	_, err = client.GetSecretValue(e.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("none")})
	awstest.RequireCode(t, err, "ResourceNotFoundException", "can't find the specified secret.")
}

func TestEachPermissionOfSecrets(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	calls := map[string]func(*secretsmanager.Client) error{
		"secretsmanager:GetSecretValue": func(c *secretsmanager.Client) error {
			_, err := c.GetSecretValue(e.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("webordinary/github-token")})
			return err
		},
		"secretsmanager:DescribeSecret": func(c *secretsmanager.Client) error {
			_, err := c.DescribeSecret(e.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(awstest.SecretARN)})
			return err
		},
	}
	for action, call := range calls {
		awstest.Refused(t, call(secretsmanager.NewFromConfig(e.As())), "AccessDeniedException", action)
		awstest.Refused(t, call(secretsmanager.NewFromConfig(e.As(action+" "+awstest.SecretARN+"x"))), "AccessDeniedException", action)
		require.NoError(t, call(secretsmanager.NewFromConfig(e.As(action+" "+awstest.SecretARN))), action)
	}
	client := secretsmanager.NewFromConfig(e.As())
	_, err := client.GetSecretValue(e.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("none")})
	awstest.Refused(t, err, "AccessDeniedException", "secretsmanager:GetSecretValue")
}
