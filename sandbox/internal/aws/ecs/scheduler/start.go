package scheduler

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
)

// taskDefinition is what starting a task reads of its definition.
type taskDefinition struct {
	ExecutionRoleARN     string `json:"executionRoleArn"`
	TaskRoleARN          string `json:"taskRoleArn"`
	ContainerDefinitions string `json:"containerDefinitions"`
	Volumes              []struct {
		Name string `json:"name"`
		EFS  *struct {
			FileSystemID      string `json:"fileSystemId"`
			TransitEncryption string `json:"transitEncryption"`
			Authorization     struct {
				AccessPointID string `json:"accessPointId"`
				IAM           string `json:"iam"`
			} `json:"authorizationConfig"`
		} `json:"efsVolumeConfiguration"`
	} `json:"volumes"`
}

type containerDefinition struct {
	Name               string `json:"name"`
	Image              string `json:"image"`
	VersionConsistency string `json:"versionConsistency"`
	Secrets            []struct {
		ValueFrom string `json:"valueFrom"`
	} `json:"secrets"`
	LogConfiguration struct {
		Driver  string            `json:"logDriver"`
		Options map[string]string `json:"options"`
	} `json:"logConfiguration"`
}

// start is the examination of one task that is about to start.
type start struct {
	store      view.Store
	authorizer *authz.Authorizer
	service    *Service
	task       *Task
	deployment *Deployment // the task's; one of its own when the service has forgotten it
	definition taskDefinition
	containers []containerDefinition
}

// startProblem says how the task would fail to start in AWS, as a *StartFailure with the stopped reason that ECS gives
// ("Stopped task error messages" in the developer guide): its execution role, network, registry token, secrets, image,
// log group or file system. Another error means that the account cannot be read.
func (s *step) startProblem(task *Task) error {
	service := s.service(task.ServiceARN)
	if s.scheduler.options.Authorizer == nil || service == nil {
		return nil
	}
	r, _, ok := FindTaskDefinition(s.scheduler.store, task.TaskDefinitionARN)
	if !ok {
		return &StartFailure{Reason: fmt.Sprintf("ClientException: Unable to describe task definition %s.", task.TaskDefinitionARN)}
	}
	check := &start{
		store: s.scheduler.store, authorizer: s.scheduler.options.Authorizer, service: service, task: task, deployment: s.deploymentOf(task),
	}
	if err := view.Decode(r.State, &check.definition); err != nil {
		return fmt.Errorf("task definition %s: %w", task.TaskDefinitionARN, err)
	}
	if err := json.Unmarshal([]byte(check.definition.ContainerDefinitions), &check.containers); err != nil {
		return fmt.Errorf("container definitions of %s: %w", task.TaskDefinitionARN, err)
	}
	for _, step := range []func() error{
		check.roles, check.network, check.registryToken, check.secrets, check.images, check.logs, check.volumes,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (s *step) deploymentOf(task *Task) *Deployment {
	if status := s.statuses[task.ServiceARN]; status != nil {
		for i := range status.Deployments {
			if status.Deployments[i].ID == task.DeploymentID {
				return &status.Deployments[i]
			}
		}
	}
	return &Deployment{}
}

// refused asks whether the role may do the action; a refusal comes back as AWS's message, a grant as "".
func (c *start) refused(role, action, resource string) (string, error) {
	parts := strings.SplitN(role, ":role/", 2)
	session := strings.Replace(parts[0], ":iam:", ":sts:", 1) + ":assumed-role/" +
		role[strings.LastIndexByte(role, '/')+1:] + "/" + c.task.ARN[strings.LastIndexByte(c.task.ARN, '/')+1:]
	request := authz.Request{
		Caller: authz.Caller{RoleARN: role, SessionARN: session}, Action: action, Resource: resource,
	}
	decision, err := c.authorizer.Authorize(request)
	if err != nil || decision.Allowed() {
		return "", err
	}
	return decision.Explain(request), nil
}

func (c *start) roles() error {
	for _, role := range []string{c.definition.ExecutionRoleARN, c.definition.TaskRoleARN} {
		if role == "" {
			continue
		}
		decision, err := c.authorizer.MayAssume(role, "ecs-tasks.amazonaws.com")
		if err != nil {
			return fmt.Errorf("task %s: %w", c.task.ARN, err)
		}
		if !decision.Allowed() {
			return &StartFailure{Reason: fmt.Sprintf("ECS was unable to assume the role '%s' that was provided for this task. Please "+
				"verify that the role being passed has the proper trust relationship and permissions and that your IAM user has "+
				"permissions to pass this role.", role)}
		}
	}
	return nil
}

const noAuth = "ResourceInitializationError: unable to pull secrets or registry auth: "

// network refuses a task without a public address in the default VPC: its subnets are public and have no NAT gateway,
// so nothing outside can be reached unless interface endpoints are there.
func (c *start) network() error {
	if c.service.Network.AssignPublicIP || !slices.Contains(view.DefaultSubnetIDs[:], c.task.SubnetID) ||
		len(c.store.List(view.TypeEndpoint)) > 0 {
		return nil
	}
	return &StartFailure{Reason: noAuth + "The task cannot pull registry auth from Amazon ECR: There is a connection issue between the " +
		"task and Amazon ECR. Check your task network configuration."}
}

func (c *start) registryToken() error {
	if !slices.ContainsFunc(c.containers, func(d containerDefinition) bool { return strings.Contains(d.Image, ".dkr.ecr.") }) {
		return nil
	}
	message, err := c.refused(c.definition.ExecutionRoleARN, "ecr:GetAuthorizationToken", "*")
	if err != nil || message == "" {
		return err
	}
	return &StartFailure{Reason: noAuth + "execution resource retrieval failed: unable to retrieve ecr registry auth: service call has " +
		"been retried 3 time(s): AccessDeniedException: " + message}
}

func (c *start) secrets() error {
	for _, container := range c.containers {
		for _, secret := range container.Secrets {
			message, err := c.secretProblem(secret.ValueFrom)
			if err != nil {
				return err
			}
			if message != "" {
				return &StartFailure{Reason: noAuth + "execution resource retrieval failed: unable to retrieve secret from asm: service call " +
					"has been retried 1 time(s): failed to fetch secret " + secret.ValueFrom + " from secrets manager: " + message}
			}
		}
	}
	return nil
}

func (c *start) secretProblem(arn string) (string, error) {
	const arnParts = 7 // what follows names a JSON key and a version
	if parts := strings.Split(arn, ":"); len(parts) > arnParts {
		arn = strings.Join(parts[:arnParts], ":")
	}
	if _, ok := view.FindByARN(c.store, view.TypeSecret, arn); !ok {
		return "ResourceNotFoundException: Secrets Manager can't find the specified secret.", nil
	}
	message, err := c.refused(c.definition.ExecutionRoleARN, "secretsmanager:GetSecretValue", arn)
	if err != nil {
		return "", err
	}
	if message != "" {
		return "AccessDeniedException: " + message, nil
	}
	if _, ok := view.FindBy(c.store, view.TypeSecretVersion, "secretId", arn); !ok {
		return "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT", nil
	}
	return "", nil
}

func (c *start) logs() error {
	for _, container := range c.containers {
		options := container.LogConfiguration.Options
		if container.LogConfiguration.Driver != "awslogs" || options["awslogs-create-group"] == "true" {
			continue
		}
		problem := ""
		r, ok := view.FindBy(c.store, view.TypeLogGroup, "name", options["awslogs-group"])
		if !ok {
			problem = "ResourceNotFoundException: The specified log group does not exist."
		} else {
			message, err := c.refused(c.definition.ExecutionRoleARN, "logs:CreateLogStream", view.Text(r, "arn")+":log-stream:edit")
			if err != nil {
				return err
			}
			if message != "" {
				problem = "AccessDeniedException: " + message
			}
		}
		if problem != "" {
			return &StartFailure{Reason: "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 " +
				"times: failed to create Cloudwatch log stream: " + problem + " : exit status 1"}
		}
	}
	return nil
}
