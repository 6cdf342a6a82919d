package scheduler_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecr"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/efs"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

// TestWhatStopsATaskFromStarting breaks the deployed stack in one place each and reads the reason that ECS gives.
func TestWhatStopsATaskFromStarting(t *testing.T) {
	t.Parallel()
	const notAllowed = " because no identity-based policy allows the "
	remove := func(typ, id string) func(view.Store) {
		return func(s view.Store) { _ = s.Remove(typ, id) }
	}
	tests := []struct {
		name, want string
		breakIt    func(view.Store)
	}{
		{"nothing", "", func(view.Store) {}},
		{"no definition", "Unable to describe task definition", remove("aws:ecs/taskDefinition:TaskDefinition", "edit:1")},
		{"a definition that was deregistered", "", func(s view.Store) {
			r, _ := s.Get("aws:ecs/taskDefinition:TaskDefinition", "edit:1")
			_ = s.Remove(r.Type, r.ID)
			r.Type = view.RuntimeInactiveTaskDefinition
			_ = s.Put(r)
		}},
		{"role not for tasks", "ECS was unable to assume the role '" + awstest.TaskRole, func(s view.Store) {
			awstest.Set(s, "aws:iam/role:Role", "task", "assumeRolePolicy", `{"Version":"2012-10-17","Statement":
				{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}}`)
		}},
		{"no way out", "There is a connection issue between the task and Amazon ECR", func(s view.Store) {
			awstest.Set(s, "aws:ecs/service:Service", awstest.ServiceARN, "networkConfiguration", map[string]any{
				"subnets": []any{view.DefaultSubnetIDs[0], view.DefaultSubnetIDs[1]}, "assignPublicIp": false,
			})
		}},
		{"no registry token", notAllowed + "ecr:GetAuthorizationToken", func(s view.Store) { awstest.SetPolicy(s, awstest.ExecRole) }},
		{"no secret", "Secrets Manager can't find the specified secret.", remove("aws:secretsmanager/secret:Secret", awstest.SecretARN)},
		{
			"secret without a value", "can't find the specified secret value for staging label: AWSCURRENT",
			remove("aws:secretsmanager/secretVersion:SecretVersion", awstest.SecretARN+"|1"),
		},
		{"secret not readable", notAllowed + "secretsmanager:GetSecretValue", func(s view.Store) {
			awstest.SetPolicy(s, awstest.ExecRole, "ecr:GetAuthorizationToken *")
		}},
		{"no image", "/webordinary/claude-code-astro:v1: not found", removeImages},
		{"no repository", "/webordinary/claude-code-astro:v1: not found", remove("aws:ecr/repository:Repository", awstest.Repository)},
		{"image not readable", "403 Forbidden: User: arn:aws:sts::" + view.AccountID + ":assumed-role/execution/", func(s view.Store) {
			awstest.SetPolicy(s, awstest.ExecRole, "ecr:GetAuthorizationToken *", "secretsmanager:GetSecretValue *", "logs:CreateLogStream *")
		}},
		{"no log group", "The specified log group does not exist.", remove("aws:cloudwatch/logGroup:LogGroup", awstest.LogGroup)},
		{"log group not writable", notAllowed + "logs:CreateLogStream", func(s view.Store) {
			awstest.SetPolicy(s, awstest.ExecRole, "ecr:* *", "secretsmanager:GetSecretValue *")
		}},
		{
			"no file system", "check that your file system ID is correct",
			remove("aws:efs/fileSystem:FileSystem", awstest.FileSystem),
		},
		{"no mount target in the zone", "mount target ip address cannot be found in availability zone us-west-2b", func(s view.Store) {
			_ = s.Remove("aws:efs/mountTarget:MountTarget", "fsmt-1")
		}},
		{"a VPC without host names", "ensure that the VPC has an EFS mount target", func(s view.Store) {
			awstest.Put(s, view.TypeVPC, view.DefaultVPCID, map[string]any{"enableDnsSupport": true, "enableDnsHostnames": false})
		}},
		{"a VPC with both", "", func(s view.Store) {
			awstest.Put(s, view.TypeVPC, view.DefaultVPCID, map[string]any{"enableDnsSupport": true, "enableDnsHostnames": true})
		}},
		{"no access point", "does not exist on " + awstest.FileSystem, remove("aws:efs/accessPoint:AccessPoint", awstest.AccessPoint)},
		{"mount not allowed", "access denied by server", func(s view.Store) {
			awstest.SetPolicy(s, awstest.TaskRole)
			awstest.Put(s, "aws:efs/fileSystemPolicy:FileSystemPolicy", "p", map[string]any{
				"fileSystemId": awstest.FileSystem, "policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow",
					"Principal":{"AWS":"` + awstest.ExecRole + `"},"Action":"elasticfilesystem:*","Resource":"*"}}`,
			})
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, scheduler.Options{})
			p.scheduler = scheduler.New(p.store, scheduler.Options{Authorizer: authz.New(p.store)})
			require.NoError(t, ecr.PushImage(p.store, ecr.Image{Repository: awstest.Repository, Tags: []string{"v1"}, PushedAt: epoch}))
			test.breakIt(p.store)
			p.desire(0, 1)
			p.step(40)
			task := p.tasks()[0]
			if test.want == "" {
				assert.Equal(t, scheduler.Running, task.LastStatus, task.StoppedReason)
				return
			}
			assert.Equal(t, scheduler.CodeTaskFailedToStart, task.StopCode)
			assert.Contains(t, task.StoppedReason, test.want)
		})
	}
}

func TestMountsByTransportAndRole(t *testing.T) {
	t.Parallel()
	store := &view.Memory{}
	awstest.Deploy(store)
	awstest.Put(store, "aws:efs/fileSystemPolicy:FileSystemPolicy", "p", map[string]any{
		"fileSystemId": awstest.FileSystem, "policy": `{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"AWS":"` + awstest.TaskRole + `"},"Action":"elasticfilesystem:Client*","Resource":"*"},
			{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},
			{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"*","Resource":"*",
				"Condition":{"Null":{"elasticfilesystem:AccessPointArn":"true"}}}]}`,
	})
	good := efs.Mount{
		FileSystemID: awstest.FileSystem, AccessPointID: awstest.AccessPoint, Zone: "us-west-2a", RoleARN: awstest.TaskRole,
		Encrypted: true,
	}
	plain, direct, anonymous := good, good, good
	plain.Encrypted = false
	direct.AccessPointID = ""
	anonymous.RoleARN = ""
	for name, test := range map[string]struct {
		mount   efs.Mount
		allowed bool
	}{"good": {good, true}, "without TLS": {plain, false}, "without access point": {direct, false}, "anonymous": {anonymous, false}} {
		refusal, err := test.mount.Refusal(store, authz.New(store))
		require.NoError(t, err, name)
		assert.Equal(t, test.allowed, refusal == "", "%s: %s", name, refusal)
	}
}

// removeImages empties the registry.
func removeImages(s view.Store) {
	for _, image := range s.List(view.RuntimeImage) {
		_ = s.Remove(image.Type, image.ID)
	}
}
