package infra_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/infratest"
)

// A new image tag is a new revision of the task definition and nothing else.
func TestNewImageTagChangesTheTaskDefinitionOnly(t *testing.T) {
	t.Parallel()
	before, after := variation{}.deploy(t), variation{Config: map[string]string{"imageTag": "v2"}}.deploy(t)
	assert.True(t, strings.HasSuffix(containerOf(t, after).Image, "/claude-code-astro:v2"))
	var changed []string
	for i, r := range before.Resources {
		require.Equal(t, r.URN, after.Resources[i].URN)
		if !r.Inputs.DeepEquals(after.Resources[i].Inputs) {
			changed = append(changed, r.Name)
		}
	}
	assert.Equal(t, []string{"edit-task-definition"}, changed)
}

func TestExistingCertificateAndZoneAreNotLookedUp(t *testing.T) {
	t.Parallel()
	const certificate = "arn:aws:acm:us-west-2:" + account + ":certificate/own"
	unused := fmt.Errorf("must not be looked up")
	d := variation{
		Config: map[string]string{"certificateArn": certificate, "hostedZoneId": "Z0OWN"},
		FailInvokes: map[string]error{
			"aws:acm/getCertificate:getCertificate": unused, "aws:route53/getZone:getZone": unused,
		},
	}.deploy(t)
	assert.Equal(t, certificate, d.One(t, "load-balancer-https-listener").Text("certificateArn"))
	assert.Equal(t, "Z0OWN", d.One(t, "dns-record").Text("zoneId"))
}

func TestFailedLookUpsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for token, words := range map[string][]string{
		"aws:acm/getCertificate:getCertificate":         {`"*.ameliastamps.com"`, "no such thing", "set certificateArn"},
		"aws:route53/getZone:getZone":                   {`"ameliastamps.com"`, "no such thing", "set hostedZoneId"},
		"aws:index/getCallerIdentity:getCallerIdentity": {"look up the account", "no such thing"},
	} {
		err := variation{FailInvokes: map[string]error{token: fmt.Errorf("no such thing")}}.fail(t)
		for _, word := range words {
			assert.ErrorContains(t, err, word)
		}
		assert.ErrorContains(t, err, `"prod"`, "the stack is named")
	}
}

// Dedicated VPC and private subnets (D1).
func TestDedicatedVpc(t *testing.T) {
	t.Parallel()
	d := variation{Config: map[string]string{"dedicatedVpc": "true", "natGateways": "OnePerAz", "vpcCidr": "10.9.0.0/16"}}.deploy(t)
	vpc := d.One(t, "network-vpc")
	assert.Equal(t, "awsx:ec2:Vpc", vpc.Type)
	assert.Equal(t, "10.9.0.0/16", vpc.Text("cidrBlock"))
	assert.EqualValues(t, 2, vpc.Get("numberOfAvailabilityZones"))
	assert.Equal(t, "OnePerAz", vpc.Text("natGateways.strategy"))
	assert.Equal(t, true, vpc.Get("enableDnsHostnames"), "mount targets are found by name")
	assert.Equal(t, true, vpc.Get("enableDnsSupport"))
	assert.Equal(t, list(map[string]any{"type": "Public"}, map[string]any{"type": "Private"}), vpc.Get("subnetSpecs"))
	assert.False(t, d.Has("network-default"))
	assertPlaced(t, d, placement{
		vpc: "vpc-0dedicated", public: list("subnet-0public1", "subnet-0public2"), private: list("subnet-0private1", "subnet-0private2"),
	})
}

func TestPrivateSubnetsOfTheDefaultVpc(t *testing.T) {
	t.Parallel()
	d := variation{Config: map[string]string{
		"subnetIds": `["subnet-0aaaaaaa1","subnet-0bbbbbbb1"]`, "privateSubnetIds": `["subnet-0ccccccc1","subnet-0ddddddd1"]`,
	}}.deploy(t)
	assertPlaced(t, d, placement{
		vpc: "vpc-0default", public: list("subnet-0aaaaaaa1", "subnet-0bbbbbbb1"), private: list("subnet-0ccccccc1", "subnet-0ddddddd1"),
	})
}

type placement struct {
	vpc             string
	public, private []any
}

// assertPlaced checks that the load balancer is in the public subnets and everything else, without public addresses,
// in the private ones.
func assertPlaced(t *testing.T, d *infratest.Deployment, want placement) {
	t.Helper()
	assert.Equal(t, want.vpc, d.Outputs["vpcId"])
	assert.Equal(t, want.public, d.One(t, "load-balancer-alb").Get("subnets"))
	service := d.One(t, "edit-service")
	assert.Equal(t, want.private, service.Get("networkConfiguration.subnets"))
	assert.Equal(t, false, service.Get("networkConfiguration.assignPublicIp"))
	for i, subnet := range want.private {
		assert.Equal(t, subnet, d.One(t, fmt.Sprintf("workspace-mount-target-%d", i)).Text("subnetId"))
	}
	for _, r := range d.Resources {
		if vpc := r.Text("vpcId"); vpc != "" {
			assert.Equal(t, want.vpc, vpc, r.Name)
		}
		if subnets, ok := r.Get("vpcConfig.subnetIds").([]any); ok {
			assert.Equal(t, want.private, subnets, r.Name)
		}
	}
}

func TestPinnedPublicSubnets(t *testing.T) {
	t.Parallel()
	d := variation{Config: map[string]string{"subnetIds": `["subnet-0fffffff","subnet-0eeeeeee"]`}}.deploy(t)
	assert.Equal(t, list("subnet-0fffffff", "subnet-0eeeeeee"), d.One(t, "load-balancer-alb").Get("subnets"))
	assert.Equal(t, list("subnet-0fffffff", "subnet-0eeeeeee"), d.One(t, "edit-service").Get("networkConfiguration.subnets"))
	assert.Equal(t, true, d.One(t, "edit-service").Get("networkConfiguration.assignPublicIp"))
}

func TestExistingBucketIsLeftAlone(t *testing.T) {
	t.Parallel()
	d := variation{Config: map[string]string{"workspaceBucket": "bucket-of-ours"}}.deploy(t)
	for _, r := range d.Resources {
		if strings.HasPrefix(r.Type, "aws:s3/") {
			assert.NotContains(t, r.URN, "WorkspaceBucket", "%s touches the existing bucket", r.Name)
		}
	}
	assert.Equal(t, "bucket-of-ours", d.Outputs["workspaceBucketName"])
	policy := d.One(t, "edit-task-policy").Policy(t, "policy")
	assert.Equal(t, []string{"arn:aws:s3:::bucket-of-ours"}, policy.By(t, "ListTheWorkspaceBucket").Resource)
	assert.Equal(t, []string{"arn:aws:s3:::bucket-of-ours/*"}, policy.By(t, "ReadAndWriteTheWorkspaceBucket").Resource)
}

// A stack without the key has the task that it had before there was one (D53).
func TestDependenciesOnTheTasksDiskAreTold(t *testing.T) {
	t.Parallel()
	definition := func(settings infratest.Settings) string {
		return variation{Config: settings}.deploy(t).One(t, "edit-task-definition").Text("containerDefinitions")
	}
	without := definition(nil)
	assert.NotContains(t, without, "DEPENDENCIES")
	assert.JSONEq(t, without, definition(infratest.Settings{"dependencies": "workspace"}))
	assert.Contains(t, definition(infratest.Settings{"dependencies": "task"}), `{"name":"DEPENDENCIES","value":"task"}`)
}

func TestServiceSettingsReachAWS(t *testing.T) {
	t.Parallel()
	d := variation{Config: map[string]string{
		"taskCpu": "1024", "taskMemory": "2048", "cpuArchitecture": "ARM64", "minCapacity": "1", "maxCapacity": "5", "cpuTarget": "50",
		"memoryTarget": "70", "logRetentionDays": "30", "rulePriorityBase": "500", "idleTimeoutSeconds": "600", "imagesToKeep": "3",
		"backups": "false", "host": "live", "client": "b", "clients": `["a","b"]`, "user": "jane", "repository": "https://example.com/r.git",
	}}.deploy(t)
	task := d.One(t, "edit-task-definition")
	assert.Equal(t, "1024", task.Text("cpu"))
	assert.Equal(t, "2048", task.Text("memory"))
	assert.Equal(t, "ARM64", task.Text("runtimePlatform.cpuArchitecture"))
	assert.EqualValues(t, 1, d.One(t, "edit-scaling").Get("minCapacity"))
	assert.EqualValues(t, 5, d.One(t, "edit-scaling").Get("maxCapacity"))
	assert.EqualValues(t, 50, d.One(t, "edit-cpu-scaling").Get("targetTrackingScalingPolicyConfiguration.targetValue"))
	assert.EqualValues(t, 70, d.One(t, "edit-memory-scaling").Get("targetTrackingScalingPolicyConfiguration.targetValue"))
	assert.EqualValues(t, 30, d.One(t, "edit-log-group").Get("retentionInDays"))
	assert.EqualValues(t, 520, d.One(t, "edit-api-rule").Get("priority"))
	assert.EqualValues(t, 600, d.One(t, "load-balancer-alb").Get("idleTimeout"))
	assert.Contains(t, d.One(t, "registry-lifecycle").Text("policy"), "Keep last 3 images")
	assert.Equal(t, "DISABLED", d.One(t, "workspace-backups").Text("backupPolicy.status"))
	assert.Equal(t, "live.ameliastamps.com", d.One(t, "dns-record").Text("name"))
	environment := fmt.Sprint(containerOf(t, d).Environment)
	for _, want := range []string{
		"{CLIENT_ID b}", "{USER_ID jane}", "{DEFAULT_REPO https://example.com/r.git}", "{PUBLIC_HOST live.ameliastamps.com}",
	} {
		assert.Contains(t, environment, want)
	}
}
