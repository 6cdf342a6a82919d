package sts_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

func TestCallerIdentity(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	role, err := sts.NewFromConfig(e.As()).GetCallerIdentity(e.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, "arn:aws:sts::942734823970:assumed-role/scaler/edit-scaler", *role.Arn)
	assert.Equal(t, "AROASANDBOXROLE:edit-scaler", *role.UserId)
	deployer, err := sts.NewFromConfig(e.Deployer()).GetCallerIdentity(e.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{view.CallerARN, view.CallerUserID, view.AccountID},
		[]string{*deployer.Arn, *deployer.UserId, *deployer.Account})
}
