package e2e

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// cdkAccount is what the CDK stacks of the specification leave in an account.
type cdkAccount struct {
	t   *testing.T
	acc *sandboxtest.Account
	// kept are the IDs of what holds data or a name that others know, by type and name.
	kept map[string]string
}

const (
	typeFileSystem  = "aws:efs/fileSystem:FileSystem"
	typeMountTarget = "aws:efs/mountTarget:MountTarget"
)

func (c *cdkAccount) create(typ string, inputs props) sandboxtest.Resource {
	c.t.Helper()
	return foreign(c.t, c.acc, typ, inputs)
}

// newCDKAccount plays T00's four foundation stacks: ECRStack, SecretsStack, EFSStack, ALBStack.
func newCDKAccount(t *testing.T, acc *sandboxtest.Account) *cdkAccount {
	t.Helper()
	c := &cdkAccount{t: t, acc: acc, kept: map[string]string{}}
	c.kept["registry-repository"] = c.create("aws:ecr/repository:Repository", props{
		"name": "webordinary/claude-code-astro", "imageScanningConfiguration": props{"scanOnPush": true},
	}).ID
	for name, description := range map[string]string{
		"anthropic-api-key": "Claude API key for Claude Code SDK",
		"github-token":      "GitHub personal access token for repository operations",
	} {
		c.kept["secrets-"+name] = c.create("aws:secretsmanager/secret:Secret", props{
			"name": "webordinary/" + name, "description": description,
		}).ID
	}
	fileSystem := c.create(typeFileSystem, props{
		"creationToken": "EFSStack-WorkspaceEFS-1XK3RVQ0PZ4M", // CloudFormation makes its own
		"encrypted":     true, "performanceMode": "generalPurpose", "throughputMode": "bursting",
		"lifecyclePolicies": []any{props{"transitionToIa": "AFTER_30_DAYS"}},
		"tags":              props{"Name": "webordinary-workspaces"},
	})
	c.kept["workspace-file-system"] = fileSystem.ID
	group := c.create("aws:ec2/securityGroup:SecurityGroup", props{
		"name": "ALBStack-WebordinaryALBSecurityGroup", "description": "Automatically created", "vpcId": sandboxtest.DefaultVPCID,
	})
	for _, subnet := range sandboxtest.DefaultSubnetIDs {
		c.create(typeMountTarget, props{"fileSystemId": fileSystem.ID, "subnetId": subnet, "securityGroups": []any{group.ID}})
	}
	c.addLoadBalancer(group.ID)
	return c
}

// addLoadBalancer plays ALBStack: CDK takes every public subnet of the default VPC.
func (c *cdkAccount) addLoadBalancer(group string) {
	c.t.Helper()
	var subnets []any
	for _, subnet := range sandboxtest.DefaultSubnetIDs {
		subnets = append(subnets, subnet)
	}
	balancer := c.create("aws:lb/loadBalancer:LoadBalancer", props{
		"name": "webordinary-edit-alb", "loadBalancerType": "application", "internal": false,
		"subnets": subnets, "securityGroups": []any{group},
	})
	c.kept["load-balancer-alb"] = balancer.ID
	c.kept["load-balancer-https-listener"] = c.create("aws:lb/listener:Listener", props{
		"loadBalancerArn": balancer.ID, "port": 443, "protocol": "HTTPS", "certificateArn": sandboxtest.CertificateARN,
		"sslPolicy": "ELBSecurityPolicy-2016-08",
		"defaultActions": []any{props{"type": "fixed-response", "fixedResponse": props{
			"statusCode": "200", "contentType": "text/plain", "messageBody": "Webordinary ALB - No target configured",
		}}},
	}).ID
	c.kept["load-balancer-http-listener"] = c.create("aws:lb/listener:Listener", props{
		"loadBalancerArn": balancer.ID, "port": 80, "protocol": "HTTP",
		"defaultActions": []any{props{"type": "redirect", "redirect": props{
			"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301",
		}}},
	}).ID
}

// moving follows docs/migration.md, forgets everything as it says one may, and moves again.
var moving = []typed{
	{run: `make import STACK=prod > import.json`, says: "not in the account, will be created: secret webordinary/aws-credentials\n"},
	{run: `pulumi import --file import.json --protect=false --generate-code=false`, says: "imported"},
	{run: `pulumi state delete --all --force`},
	{run: `pulumi import --file import.json --protect=false --generate-code=false`, says: "imported"},
	// EFSStack goes before the preview, and with it its mount targets; its file system stays. AWS would refuse ours only when they are
	// created, the sandbox does so in the preview.
	{run: `pulumi preview --diff`, says: "update", before: withoutMountTargets},
}

func withoutMountTargets(c *checkout) {
	for _, target := range c.account.List(typeMountTarget) {
		require.NoError(c.t, c.account.Remove(typeMountTarget, target.ID))
	}
}

// step is an operation of `pulumi preview --json`.
type step struct {
	Op             string
	URN            resource.URN
	ReplaceReasons []string
}

// TestMovesFromCDK follows docs/migration.md on an account that the CDK stacks deployed: everything that holds data or a
// name is taken over by the real `pulumi import`, nothing is replaced, and the stack then deploys over it.
func TestMovesFromCDK(t *testing.T) {
	t.Parallel()
	project := newCheckout(t)
	cdk := newCDKAccount(t, project.account)
	copyProject(t, "..", project.dir, "Makefile")
	project.serveAPI()
	project.pulumi("stack", "init", "prod")
	bin := project.pulumiTools()
	for _, command := range moving {
		project.types(bin, command)
	}
	var preview struct{ Steps []step }
	require.NoError(t, json.Unmarshal([]byte(project.pulumi("preview", "--json", "--stack", "prod")), &preview))
	steps := map[string]step{}
	for _, s := range preview.Steps {
		steps[s.URN.Name()] = s
	}
	for name := range cdk.kept {
		assert.Contains(t, []string{"same", "update"}, steps[name].Op, "%s: %v", name, steps[name].ReplaceReasons)
	}
	assert.Equal(t, "create", steps["secrets-aws-credentials"].Op, "CDK forgot it")

	project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod")
	project.pulumi("preview", "--stack", "prod", "--expect-no-changes")
	var deployed struct {
		Deployment struct {
			Resources []struct {
				URN resource.URN
				ID  string
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(project.pulumi("stack", "export", "--stack", "prod")), &deployed))
	ids := map[string]string{}
	for _, r := range deployed.Deployment.Resources {
		ids[r.URN.Name()] = r.ID
	}
	for name, id := range cdk.kept {
		assert.Equal(t, id, ids[name], name)
	}
	assert.Len(t, cdk.acc.List(typeFileSystem), 1, "no second, empty file system")
}
