package awslogin_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/awslogin"
)

// alone takes every source of credentials away from this process.
func alone(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		t.Setenv(name, "")
	}
	nothing := t.TempDir()
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(nothing, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(nothing, "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func TestNoCredentials(t *testing.T) {
	alone(t)
	_, err := awslogin.Load(t.Context())
	require.ErrorIs(t, err, awslogin.ErrCredentials)
	for _, words := range []string{"neither the environment nor a profile", "`aws sso login`", "`aws configure`", "AWS_PROFILE"} {
		require.ErrorContains(t, err, words)
	}
	require.Equal(t, err, awslogin.Explain(err), "once is enough")
}

func TestMisspeltProfile(t *testing.T) {
	alone(t)
	t.Setenv("AWS_PROFILE", "amelai")
	_, err := awslogin.Load(t.Context())
	require.ErrorIs(t, err, awslogin.ErrCredentials)
	require.ErrorContains(t, err, `no profile "amelai"`)
	require.ErrorContains(t, err, "`aws configure list-profiles`")
}

func TestCredentialsOfTheEnvironment(t *testing.T) {
	alone(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "example")
	_, err := awslogin.Load(t.Context())
	require.NoError(t, err)
}

func TestWhatAWSRefuses(t *testing.T) {
	t.Parallel()
	for code, words := range map[string]string{
		"ExpiredToken":                "the login has expired",
		"ExpiredTokenException":       "`aws sso login`",
		"UnrecognizedClientException": "does not know these credentials",
		"InvalidClientTokenId":        "`aws sts get-caller-identity`",
		"AuthFailure":                 "this machine's clock",
		"AccessDeniedException":       "may not do that: the message of AWS;",
		"AccessDenied":                "add the permission",
		"ThrottlingException":         "wait a minute",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			cause := &smithy.OperationError{
				ServiceID: "ECR", OperationName: "DescribeRepositories", Err: &smithy.GenericAPIError{Code: code, Message: "the message of AWS"},
			}
			err := awslogin.Explain(cause)
			require.ErrorContains(t, err, words)
			require.NotContains(t, err.Error()[:20], "operation error", "the SDK's words come last")
			require.ErrorIs(t, err, cause)
		})
	}
	require.ErrorContains(t, awslogin.Explain(&net.DNSError{Err: "no such host", Name: "ecr.us-west-2.amazonaws.com"}), "cannot be reached")
	_, refused := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:1")
	require.ErrorContains(t, awslogin.Explain(&url.Error{Op: "Post", URL: "https://ecr", Err: refused}), "cannot be reached")
	// A file's fault is no network's, though it has a number of the system's as well.
	_, missing := os.Open(filepath.Join(t.TempDir(), "config.json"))
	require.Equal(t, missing, awslogin.Explain(missing))
	full := &os.SyscallError{Syscall: "write", Err: syscall.ENOSPC}
	require.Equal(t, full, awslogin.Explain(full))
	other := errors.New("something else")
	require.Equal(t, other, awslogin.Explain(other))
	require.Equal(t, context.Canceled, awslogin.Explain(context.Canceled))
	require.NoError(t, awslogin.Explain(nil))
}
