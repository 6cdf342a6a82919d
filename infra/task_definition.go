package infra

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
)

const (
	// containerName is the container in the task definition, and what target groups register (T02 §2).
	containerName = "claude-code-astro"
	// workspaceVolume and workspacePath are the EFS volume and where it is mounted (T02 §5).
	workspaceVolume = "workspace"
	workspacePath   = "/workspace"
	// stopTimeoutSeconds is what a session has to save its work between SIGTERM and SIGKILL; 120 is Fargate's most.
	stopTimeoutSeconds = 60
)

// containerDefinition is the part of an ECS container definition that this program uses, exactly as
// DescribeTaskDefinition returns it: with what ECS fills in by itself, and without empty lists that it would not
// return. Any other difference is a new revision at every deployment (D20).
type containerDefinition struct {
	Name               string           `json:"name"`
	Image              string           `json:"image"`
	VersionConsistency string           `json:"versionConsistency"`
	CPU                int              `json:"cpu"` // 0: as much as the task has
	Essential          bool             `json:"essential"`
	PortMappings       []portMapping    `json:"portMappings"`
	Environment        []nameValue      `json:"environment"`
	Secrets            []nameValueFrom  `json:"secrets"`
	MountPoints        []mountPoint     `json:"mountPoints"`
	VolumesFrom        []string         `json:"volumesFrom"`
	SystemControls     []string         `json:"systemControls"`
	LinuxParameters    linuxParameters  `json:"linuxParameters"`
	StopTimeout        int              `json:"stopTimeout"`
	LogConfiguration   logConfiguration `json:"logConfiguration"`
}

type portMapping struct {
	ContainerPort int    `json:"containerPort"`
	HostPort      int    `json:"hostPort"`
	Protocol      string `json:"protocol"`
}

type nameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type nameValueFrom struct {
	Name      string `json:"name"`
	ValueFrom string `json:"valueFrom"`
}

type mountPoint struct {
	SourceVolume  string `json:"sourceVolume"`
	ContainerPath string `json:"containerPath"`
	ReadOnly      bool   `json:"readOnly"`
}

type linuxParameters struct {
	InitProcessEnabled bool `json:"initProcessEnabled"`
}

type logConfiguration struct {
	LogDriver string            `json:"logDriver"`
	Options   map[string]string `json:"options"`
}

// taskRoles are the two identities of a task.
type taskRoles struct{ execution, task *iam.Role }

// newTaskDefinition registers the Fargate task (T02 §1, §2, §5).
func newTaskDefinition(
	ctx *pulumi.Context, name string, args *EditServiceArgs, roles taskRoles, opts ...pulumi.ResourceOption,
) (*ecs.TaskDefinition, error) {
	definition, err := ecs.NewTaskDefinition(ctx, name, &ecs.TaskDefinitionArgs{
		Family:                  pulumi.String(args.Names.Service()),
		Cpu:                     pulumi.String(strconv.Itoa(args.CPU)),
		Memory:                  pulumi.String(strconv.Itoa(args.Memory)),
		NetworkMode:             pulumi.String("awsvpc"),
		RequiresCompatibilities: pulumi.StringArray{pulumi.String("FARGATE")},
		RuntimePlatform: &ecs.TaskDefinitionRuntimePlatformArgs{
			CpuArchitecture:       pulumi.String(args.CPUArchitecture),
			OperatingSystemFamily: pulumi.String("LINUX"),
		},
		ExecutionRoleArn:     roles.execution.Arn,
		TaskRoleArn:          roles.task.Arn,
		ContainerDefinitions: containerDefinitions(args),
		// A revision that is replaced stays registered: deregistered, the circuit breaker could not go back to it (D19).
		SkipDestroy: pulumi.Bool(true),
		Volumes: ecs.TaskDefinitionVolumeArray{ecs.TaskDefinitionVolumeArgs{
			Name: pulumi.String(workspaceVolume),
			EfsVolumeConfiguration: &ecs.TaskDefinitionVolumeEfsVolumeConfigurationArgs{
				FileSystemId:      args.Workspace.FileSystemID,
				TransitEncryption: pulumi.String("ENABLED"), // ECS demands it with IAM authorization
				AuthorizationConfig: &ecs.TaskDefinitionVolumeEfsVolumeConfigurationAuthorizationConfigArgs{
					AccessPointId: args.Workspace.ClientAccessPointID,
					Iam:           pulumi.String("ENABLED"),
				},
			},
		}},
	}, opts...)
	return definition, component.Created(name, err)
}

// containerDefinitions resolves the few values AWS assigns and marshals the container.
func containerDefinitions(args *EditServiceArgs) pulumi.StringOutput {
	return pulumi.All(
		args.Registry.RepositoryURL, args.Secrets.AnthropicAPIKeyArn, args.Secrets.GitHubTokenArn, args.BucketName,
		args.Door.environment().ToStringMapOutput(),
	).ApplyT(func(values []any) (string, error) {
		repositoryURL, _ := values[0].(string)
		anthropicArn, _ := values[1].(string)
		githubArn, _ := values[2].(string)
		bucket, _ := values[3].(string)
		identity, _ := values[4].(map[string]string)
		container := baseContainer(args)
		container.Image = repositoryURL + ":" + args.Client.ImageTag
		container.Environment = environmentOf(args, bucket, identity)
		container.Secrets = []nameValueFrom{
			{Name: "ANTHROPIC_API_KEY", ValueFrom: anthropicArn},
			{Name: "GITHUB_TOKEN", ValueFrom: githubArn},
		}
		definitions, err := json.Marshal([]containerDefinition{container})
		if err != nil {
			return "", fmt.Errorf("marshal container definitions: %w", err)
		}
		return string(definitions), nil
	}).(pulumi.StringOutput)
}

func baseContainer(args *EditServiceArgs) containerDefinition {
	container := containerDefinition{
		Name:      containerName,
		Essential: true,
		// Each start pulls what the tag names then. By default ECS stays with the image of a deployment's first task,
		// also when the tag has moved and the registry has expired that image: waking is not a deployment (D19).
		VersionConsistency: "disabled",
		MountPoints:        []mountPoint{{SourceVolume: workspaceVolume, ContainerPath: args.mountPath()}},
		VolumesFrom:        []string{},
		SystemControls:     []string{},
		LinuxParameters:    linuxParameters{InitProcessEnabled: true}, // reaps what Claude Code's tools leave behind
		StopTimeout:        stopTimeoutSeconds,
		LogConfiguration: logConfiguration{LogDriver: "awslogs", Options: map[string]string{
			"awslogs-group":         args.Names.ServiceLogGroup(),
			"awslogs-region":        args.Region,
			"awslogs-stream-prefix": "edit",
		}},
	}
	for _, port := range []int{args.PreviewPort, args.WebSocketPort, args.APIPort} {
		container.PortMappings = append(container.PortMappings, portMapping{ContainerPort: port, HostPort: port, Protocol: "tcp"})
	}
	sort.Slice(container.PortMappings, func(i, j int) bool {
		return container.PortMappings[i].ContainerPort < container.PortMappings[j].ContainerPort
	})
	return container
}

// mountPath is where the file system appears: all of the clients' directories, or the client's own in its place, so that the tree inside
// stays the specification's.
func (a *EditServiceArgs) mountPath() string {
	if !a.Narrow {
		return workspacePath
	}
	return workspacePath + "/" + a.Client.ID
}

// environmentOf is the spec's environment (T02 §2 and its CDK sketch) and two values of ours: the host name that Vite
// has to allow, and the bucket that the task role opens, with the prefix that it may use where there are several clients; where people
// sign in, whose word counts; where dependencies are read from, if not from the workspace; where a distribution serves the editor, whose
// pages may use it (D51). Sorted by name: ECS and the provider may change the order.
func environmentOf(args *EditServiceArgs, bucket string, identity map[string]string) []nameValue {
	environment := []nameValue{
		{"ASTRO_DEV_MODE", "true"},
		{"AUTO_SHUTDOWN_MINUTES", strconv.Itoa(args.AutoShutdownMinutes)},
		{"CLIENT_ID", args.Client.ID},
		{"DEFAULT_REPO", args.Client.Repository},
		{"PUBLIC_HOST", args.Client.Site.FQDN()},
		{"USER_ID", args.Client.User},
		{"WORKSPACE_BUCKET", bucket},
		{"WORKSPACE_PATH", workspacePath},
	}
	if args.Narrow {
		environment = append(environment, nameValue{"WORKSPACE_PREFIX", args.bucketPrefix()})
	}
	if args.Dependencies != config.DependenciesInWorkspace { // the variable's own default: a stack without the key has the task it had
		environment = append(environment, nameValue{"DEPENDENCIES", args.Dependencies})
	}
	if len(args.Origins) > 0 {
		environment = append(environment, nameValue{"PUBLIC_ORIGINS", strings.Join(args.Origins, ",")})
	}
	for name, value := range identity {
		environment = append(environment, nameValue{name, value})
	}
	sort.Slice(environment, func(i, j int) bool { return environment[i].Name < environment[j].Name })
	return environment
}
