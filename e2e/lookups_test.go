package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

const (
	typeSubnet      = "aws:ec2/subnet:Subnet"
	typeCertificate = "aws:acm/certificate:Certificate"
)

// addSubnet puts a public subnet beside the default VPC's own, with an ID below theirs.
func (w *deployment) addSubnet(id, zone string) {
	w.t.Helper()
	acc := w.sandbox.Account()
	first, ok := acc.Get(typeSubnet, sandboxtest.DefaultSubnetIDs[0])
	require.True(w.t, ok)
	state := first.State.Copy()
	state["availabilityZone"], state["defaultForAz"] = resource.NewProperty(zone), resource.NewProperty(false)
	state["cidrBlock"] = resource.NewProperty("172.31.240.0/24")
	require.NoError(w.t, acc.Put(sandboxtest.Resource{Type: typeSubnet, ID: id, State: state}))
}

// An account with a public subnet of its own in a zone that has a default one: AWS takes no load balancer, and no second
// mount target, in one zone twice.
func TestExtraSubnetsDoNotDisturb(t *testing.T) {
	t.Parallel()
	w := newDeployment(t)
	w.addSubnet("subnet-00000000000000001", "us-west-2b")
	w.addSubnet("subnet-00000000000000002", "us-west-2b")
	prod := w.stack("prod", nil)
	w.up(prod)
	require.ElementsMatch(t, []any{sandboxtest.DefaultSubnetIDs[0], sandboxtest.DefaultSubnetIDs[1]}, w.resource(prod, "load-balancer-alb").Inputs["subnets"])
	w.requireNoChanges(prod)
	w.addSubnet("subnet-00000000000000003", "us-west-2d")
	w.requireNoChanges(prod)
}

// failing previews a stack that cannot be deployed, and returns what is said; nothing may have been made.
func (w *deployment) failing(config settings) string {
	w.t.Helper()
	prod := w.stack("prod", config)
	result, err := prod.Up(w.ctx, sandboxtest.RunOptions{})
	require.Error(w.t, err)
	require.Empty(w.t, w.sandbox.Account().List("aws:ecr/repository:Repository"), "nothing is created")
	said := err.Error() + result.Stdout
	for _, d := range result.Diagnostics {
		said += d.Message
	}
	return said
}

func TestCertificatesOfEveryUsualShapeServe(t *testing.T) {
	t.Parallel()
	w := newDeployment(t)
	acc := w.sandbox.Account()
	require.NoError(t, acc.Mutate(typeCertificate, sandboxtest.CertificateARN, func(state resource.PropertyMap) error {
		state["domainName"], state["keyAlgorithm"] = resource.NewProperty(sandboxtest.HostedZoneName), resource.NewProperty("EC_prime256v1")
		state["subjectAlternativeNames"] = resource.NewPropertyValue([]any{sandboxtest.HostedZoneName, "www." + sandboxtest.HostedZoneName})
		return nil
	}))
	said := w.failing(nil)
	require.Contains(t, said, sandboxtest.CertificateARN+" for ameliastamps.com, www.ameliastamps.com")
	require.Contains(t, said, "set certificateArn")
	require.NoError(t, acc.Mutate(typeCertificate, sandboxtest.CertificateARN, func(state resource.PropertyMap) error {
		state["subjectAlternativeNames"] = resource.NewPropertyValue([]any{sandboxtest.HostedZoneName, sandboxtest.CertificateDomain})
		return nil
	}))
	prod := w.stack("prod", nil)
	result, err := prod.Preview(w.ctx, sandboxtest.RunOptions{})
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(result.Steps, func(s sandboxtest.Step) bool { return s.Name == "load-balancer-https-listener" }))
}

func TestSmallQuotasAreToldFirst(t *testing.T) {
	t.Parallel()
	w := newDeployment(t)
	require.NoError(t, w.sandbox.Account().Put(sandboxtest.Resource{
		Type: "aws:servicequotas/serviceQuota:ServiceQuota", ID: "lambda/L-B99A9384",
		State: resource.NewPropertyMapFromMap(props{"value": 10}),
	}))
	require.Contains(t, w.failing(nil), "aws service-quotas request-service-quota-increase --region us-west-2 --service-code lambda")
	prod := w.stack("prod", with(map[string]any{"scalerConcurrency": 0}))
	_, err := prod.Preview(w.ctx, sandboxtest.RunOptions{})
	require.NoError(t, err)
}

func TestWithoutADefaultVpcTheKeysAreNamed(t *testing.T) {
	t.Parallel()
	w := newDeployment(t)
	require.NoError(t, w.sandbox.Account().Mutate("aws:ec2/vpc:Vpc", sandboxtest.DefaultVPCID, func(state resource.PropertyMap) error {
		state["default"] = resource.NewProperty(false)
		return nil
	}))
	said := w.failing(nil)
	for _, key := range []string{"subnetIds", "dedicatedVpc", "aws ec2 create-default-vpc"} {
		require.Contains(t, said, key)
	}
}

func TestTheEngineReportsEveryFaultOfTheConfiguration(t *testing.T) {
	t.Parallel()
	w := newDeployment(t)
	said := w.failing(with(map[string]any{"tasCpu": 512, "taskMemory": "many", "imageTag": 1.5e9, "clients": []any{"ameliastamps", 7}}))
	for _, fault := range []string{
		`tasCpu = "512": expected a key of Pulumi.yaml; did you mean taskCpu?`, `taskMemory = "many"`, `clients[1] = "7"`, `imageTag = "1.5e+09"`,
	} {
		require.Contains(t, said, fault)
	}
}

// TestTheCLIReportsEveryFault has the real CLI read a stack file, which would stop at the first value whose type Pulumi.yaml
// declared.
func TestTheCLIReportsEveryFault(t *testing.T) {
	t.Parallel()
	project := newCheckout(t)
	project.pulumi("stack", "init", "prod")
	file := filepath.Join(project.dir, "Pulumi.prod.yaml")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	lines := "config:\n"
	for _, line := range []string{"tasCpu: 512", "hots: live", "taskMemory: many", "imagesToKeep: 010", "imageTag: 1.10", "user: 0123456", "clients: [ameliastamps, 007]", "backups: maybe"} {
		lines += "  webordinary-live-edit:" + line + "\n"
	}
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(data), "config:\n", lines, 1)), 0o600))
	cmd := exec.CommandContext(project.ctx, project.command, "--non-interactive", "--color", "never", "preview", "--stack", "prod") // --config would rewrite the file
	cmd.Dir, cmd.Env = project.dir, project.env
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit), "%v: %s", err, said)
	for _, fault := range []string{
		`tasCpu = "512": expected a key of Pulumi.yaml; did you mean taskCpu?`, `hots = "live": expected a key of Pulumi.yaml; did you mean host?`,
		`taskMemory = "many": expected a whole number`, `imagesToKeep = "010": expected a whole number`,
		`imageTag = "1.10": expected text, but YAML reads a number, 1.1; quote it in Pulumi.prod.yaml: "1.10"`,
		`user = "0123456": expected text`, `clients[1] = "007": expected text`, `backups = "maybe": expected true or false`, "8 fault(s)",
	} {
		require.Contains(t, string(said), fault)
	}
	require.NoError(t, os.WriteFile(file, data, 0o600))
	project.pulumi("config", "set", "imageTag", "1.10", "--stack", "prod")
	require.Equal(t, "1.10", strings.TrimSpace(project.pulumi("config", "get", "imageTag", "--stack", "prod")))
	project.pulumi("preview", "--stack", "prod")
}
