package main

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/awslogin"
	"github.com/webordinary/live-edit/infra/config"
)

// lookup is an account that holds some names.
type lookup struct {
	ids map[string]string
	err error
}

func (l lookup) find(name string) (string, error)                         { return l.ids[name], l.err }
func (l lookup) Repository(_ context.Context, n string) (string, error)   { return l.find(n) }
func (l lookup) Secret(_ context.Context, n string) (string, error)       { return l.find(n) }
func (l lookup) FileSystem(_ context.Context, n string) (string, error)   { return l.find(n) }
func (l lookup) LoadBalancer(_ context.Context, n string) (string, error) { return l.find(n) }
func (l lookup) Listener(_ context.Context, arn string, port int32) (string, error) {
	return l.find(arn + map[int32]string{443: "/443", 80: "/80"}[port])
}

func prodPlan() *plan { return &plan{names: config.NewNames(""), shared: map[string]bool{}} }

func TestParentsComeBeforeTheirChildren(t *testing.T) {
	t.Parallel()
	file, missing, err := buildFile(t.Context(), lookup{ids: map[string]string{
		"webordinary/claude-code-astro": "webordinary/claude-code-astro",
		"webordinary/github-token":      "arn:secret:github",
		"webordinary-edit-alb":          "arn:alb",
		"arn:alb/443":                   "arn:listener:443",
	}}, prodPlan())
	require.NoError(t, err)
	require.Equal(t, []entry{
		{Type: "webordinary:infra:Registry", Name: "registry", Component: true},
		{Type: "aws:ecr/repository:Repository", Name: "registry-repository", ID: "webordinary/claude-code-astro", Parent: "registry"},
		{Type: "webordinary:infra:Secrets", Name: "secrets", Component: true},
		{Type: "aws:secretsmanager/secret:Secret", Name: "secrets-github-token", ID: "arn:secret:github", Parent: "secrets"},
		{Type: "webordinary:infra:LoadBalancer", Name: "load-balancer", Component: true},
		{Type: "aws:lb/loadBalancer:LoadBalancer", Name: "load-balancer-alb", ID: "arn:alb", Parent: "load-balancer"},
		{Type: "aws:lb/listener:Listener", Name: "load-balancer-https-listener", ID: "arn:listener:443", Parent: "load-balancer"},
	}, file.Resources)
	require.Equal(t, []string{
		"secret webordinary/anthropic-api-key", "secret webordinary/aws-credentials",
		"file system webordinary-workspaces", "listener on port 80",
	}, missing)
}

func TestSharedPartsStayWithTheirOwner(t *testing.T) {
	t.Parallel()
	p := prodPlan()
	p.shared[config.PartRegistry], p.shared[config.PartLoadBalancer] = true, true
	file, _, err := buildFile(t.Context(), lookup{ids: map[string]string{
		"webordinary/claude-code-astro": "r", "webordinary-edit-alb": "a", "webordinary-workspaces": "fs-1",
	}}, p)
	require.NoError(t, err)
	require.Len(t, file.Resources, 2)
	require.Equal(t, "workspace-file-system", file.Resources[1].Name)
}

func TestFailedLookupNamesWhatWasLookedFor(t *testing.T) {
	t.Parallel()
	denied := errors.New("AccessDenied")
	_, _, err := buildFile(t.Context(), lookup{err: denied}, prodPlan())
	require.ErrorIs(t, err, denied)
	require.ErrorContains(t, err, "look up repository webordinary/claude-code-astro")
}

func TestPlanReadsTheStackFiles(t *testing.T) {
	t.Parallel()
	dev, err := readPlan("../..", "dev")
	require.NoError(t, err)
	require.Equal(t, "webordinary/claude-code-astro-dev", dev.names.Repository())
	require.True(t, dev.shared[config.PartRegistry])
	require.Equal(t, "us-west-2", dev.region)
	_, err = readPlan("../..", "prdo")
	require.ErrorContains(t, err, `no stack "prdo": there is no Pulumi.prdo.yaml`)
	require.ErrorContains(t, err, "known stacks are dev, prod; did you mean prod?")
}

// TestWithoutCredentials: the person reads what is missing and what mends it, before any call.
func TestWithoutCredentials(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	nothing := t.TempDir()
	t.Setenv("AWS_CONFIG_FILE", nothing+"/config")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", nothing+"/credentials")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	err := run(t.Context(), []string{"-root", "../..", "-stack", "prod"}, io.Discard, io.Discard)
	require.ErrorIs(t, err, awslogin.ErrCredentials)
	require.ErrorContains(t, err, "`aws sso login`")
}

// TestRefusedLookupSaysWhatMendsIt: the words of the SDK never come alone.
func TestRefusedLookupSaysWhatMendsIt(t *testing.T) {
	t.Parallel()
	_, _, err := buildFile(t.Context(), lookup{err: &smithy.GenericAPIError{Code: "ExpiredToken", Message: "expired"}}, prodPlan())
	require.ErrorContains(t, err, "look up repository webordinary/claude-code-astro: no usable AWS credentials: the login has expired")
}
