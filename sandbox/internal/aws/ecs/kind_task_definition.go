package ecs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/definitions"
	"github.com/webordinary/live-edit/sandbox/internal/aws/efs"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func taskDefinitionKind() *kind.Kind {
	return &kind.Kind{
		Refs: []kind.Ref{
			{Path: "executionRoleArn", To: iam.ToRole},
			{Path: "taskRoleArn", To: iam.ToRole},
			{Path: "volumes[*].efsVolumeConfiguration.fileSystemId", To: efs.ToFileSystem},
			{Path: "volumes[*].efsVolumeConfiguration.authorizationConfig.accessPointId", To: efs.ToAccessPoint},
		},
		Check:  kind.InTurn(checkTaskDefinition, checkFargateTask),
		Verify: verifyTaskDefinition,
		Create: createTaskDefinition,
		Delete: deregisterTaskDefinition,
		// The provider's ID is the family, which all revisions share.
		PublicID: func(r kind.Resource) string { return props.Str(r.State, "family") },
		StoreID:  storeByARN,
		ImportID: func(v kind.View, id string) string {
			if r, ok := findTaskDefinition(v, id); ok {
				return r.ID
			}
			return id
		},
	}
}

func storeByARN(id string, state props.Map) string {
	if arn := props.Str(state, "arn"); arn != "" {
		return arn
	}
	return id
}

// findTaskDefinition resolves an ARN, family:revision, or family (its latest).
func findTaskDefinition(v kind.View, name string) (kind.Resource, bool) {
	if name == "" {
		return kind.Resource{}, false
	}
	if r, ok := v.Get(view.TypeTaskDef, name); ok {
		return r, true
	}
	if r, ok := v.Get(view.TypeTaskDef, view.ARN("ecs", "task-definition/"+name)); ok {
		return r, true
	}
	var latest kind.Resource
	for _, r := range v.By(view.TypeTaskDef, "family", name) {
		if revision(r) > revision(latest) {
			latest = r
		}
	}
	return latest, latest.ID != ""
}

// taskDefinitionProblem says in ECS's words why a service cannot take a task definition that findTaskDefinition does
// not find ("You can't use an INACTIVE task definition to run new tasks or create new services, and you can't update an
// existing service to reference" it, DeregisterTaskDefinition in the API reference). AWS may take up to ten minutes to
// enforce that.
func taskDefinitionProblem(v kind.View, name string) string {
	for _, id := range []string{name, view.ARN("ecs", "task-definition/"+name)} {
		if _, ok := v.Get(view.RuntimeInactiveTaskDefinition, id); ok {
			return "TaskDefinition is inactive"
		}
	}
	return "TaskDefinition not found."
}

// deregisterTaskDefinition keeps a deleted definition as an inactive one: tasks and services that have it go on with it.
func deregisterTaskDefinition(c *kind.Call) {
	if err := c.Tx.Put(kind.Resource{Type: view.RuntimeInactiveTaskDefinition, ID: c.Old.ID, State: c.Old.State}); err != nil {
		c.Refuse("", "ServerException", "keep the inactive definition: %v", err)
	}
}

func revision(r kind.Resource) int {
	n, _ := props.Int(r.State, "revision")
	return n
}

// fargateMemory lists the memory in MiB that Fargate offers for each CPU value:
// the smallest, the largest, and the step (ECS developer guide, "Task size").
var fargateMemory = map[int]struct{ min, max, step int }{
	512: {1024, 4096, 1024}, 1024: {2048, 8192, 1024}, 2048: {4096, 16384, 1024}, 4096: {8192, 30720, 1024},
	8192: {16384, 61440, 4096}, 16384: {32768, 122880, 8192},
}

func checkTaskDefinition(c *kind.Checker) {
	task := taskOf(c.In)
	if task.Fargate {
		checkFargate(c)
	}
	for i, v := range props.Objects(c.In, "volumes[*]") {
		checkVolume(c, fmt.Sprintf("volumes[%d].efsVolumeConfiguration", i), v)
	}
	text, ok := c.Text("containerDefinitions")
	if !ok {
		return
	}
	list, err := definitions.Parse(text)
	if err != nil {
		c.Fail("containerDefinitions", "%v", err)
		return
	}
	for _, fault := range definitions.Check(list, task) {
		c.Fail("containerDefinitions", "ClientException: %s", fault)
	}
	if task.Fargate {
		checkExecutionRole(c, list)
	}
}

// taskOf extracts what the container rules need. An unknown volume name would
// make every mount look wrong, so an unknown list lets all names pass.
func taskOf(in props.Map) definitions.Task {
	cpu, _ := strconv.Atoi(props.Str(in, "cpu"))
	memory, _ := strconv.Atoi(props.Str(in, "memory"))
	return definitions.Task{
		AWSVPC:  props.Str(in, "networkMode") == "awsvpc",
		Fargate: slices.Contains(props.Strings(in, "requiresCompatibilities[*]"), "FARGATE"),
		CPU:     cpu,
		Memory:  memory,
		Volumes: props.Strings(in, "volumes[*].name"),
	}
}

func checkFargate(c *kind.Checker) {
	if mode, ok := c.Text("networkMode"); (ok || !props.AnyUnknown(c.In, "networkMode")) && mode != "awsvpc" {
		c.Fail("networkMode", "ClientException: Fargate only supports network mode 'awsvpc', got %q", mode)
	}
	cpuText, hasCPU := c.Text("cpu")
	memoryText, hasMemory := c.Text("memory")
	if !hasCPU || !hasMemory {
		return
	}
	cpu, cpuErr := strconv.Atoi(cpuText)
	memory, memoryErr := strconv.Atoi(memoryText)
	if cpuErr != nil || memoryErr != nil {
		c.Fail("cpu", "ClientException: Invalid 'cpu' or 'memory' setting for task: %q and %q must be whole numbers of CPU units and MiB",
			cpuText, memoryText)
		return
	}
	if fault := fargatePair(cpu, memory); fault != "" {
		c.Fail("memory", "ClientException: No Fargate configuration exists for given values: %d CPU, %d memory; %s", cpu, memory, fault)
	}
}

func fargatePair(cpu, memory int) string {
	if cpu == 256 {
		if slices.Contains([]int{512, 1024, 2048}, memory) {
			return ""
		}
		return "256 CPU goes with 512, 1024 or 2048 MiB"
	}
	r, ok := fargateMemory[cpu]
	if !ok {
		return "CPU must be 256, 512, 1024, 2048, 4096, 8192 or 16384"
	}
	if memory < r.min || memory > r.max || memory%r.step != 0 {
		return fmt.Sprintf("%d CPU goes with %d to %d MiB in steps of %d", cpu, r.min, r.max, r.step)
	}
	return ""
}

func checkVolume(c *kind.Checker, at string, volume props.Map) {
	efs, ok := props.Get(volume, "efsVolumeConfiguration")
	if !ok || !efs.IsObject() {
		return
	}
	m := efs.ObjectValue()
	point, iam := props.Has(m, "authorizationConfig.accessPointId"), props.Str(m, "authorizationConfig.iam")
	if (point || iam == "ENABLED") && props.Str(m, "transitEncryption") != "ENABLED" && !props.AnyUnknown(m, "transitEncryption") {
		c.Fail(at+".transitEncryption", "ClientException: Transit encryption must be enabled (ENABLED) if IAM authorization or an access "+
			"point is used")
	}
	if root := props.Str(m, "rootDirectory"); point && root != "" && root != "/" {
		c.Fail(at+".rootDirectory", "ClientException: rootDirectory must be omitted or set to \"/\" when an access point is specified, got %q",
			root)
	}
}

// checkExecutionRole: on Fargate somebody has to pull, log and read secrets.
func checkExecutionRole(c *kind.Checker, list []definitions.Container) {
	if c.Set("executionRoleArn") {
		return
	}
	for _, d := range list {
		switch {
		case len(d.Secrets) > 0:
			c.Fail("executionRoleArn", "ClientException: When you are specifying container secrets, you must also specify a value for "+
				"'executionRoleArn' (container %q)", d.Name)
		case d.LogConfiguration != nil && d.LogConfiguration.LogDriver == "awslogs":
			c.Fail("executionRoleArn", "ClientException: Fargate requires task definition to have execution role ARN to support log driver "+
				"awslogs (container %q)", d.Name)
		case strings.Contains(d.Image, ".dkr.ecr."):
			c.Fail("executionRoleArn", "ClientException: Fargate requires task definition to have execution role ARN to support ECR images "+
				"(container %q)", d.Name)
		}
	}
}

func verifyTaskDefinition(c *kind.Call) {
	for _, f := range props.All(c.In, "volumes[*].efsVolumeConfiguration") {
		if !f.Value.IsObject() {
			continue
		}
		m := f.Value.ObjectValue()
		point, ok := c.Get(view.TypeAccessPoint, props.Str(m, "authorizationConfig.accessPointId"))
		if fs := props.Str(m, "fileSystemId"); ok && fs != "" && props.Str(point.State, "fileSystemId") != fs {
			c.Refuse(f.Path+".authorizationConfig.accessPointId", "ClientException",
				"Access point %s belongs to file system %s, not %s", point.ID, props.Str(point.State, "fileSystemId"), fs)
		}
	}
	text := c.Str("containerDefinitions")
	list, err := definitions.Parse(text)
	if text == "" || err != nil || c.DryRun {
		return
	}
	for _, d := range list {
		for _, s := range d.Secrets {
			verifySecret(c, d.Name, s)
		}
		verifyLogGroup(c, d)
	}
}

// verifySecret: a secret is named by its full ARN, with or without a JSON key,
// version stage and version behind it. What is not a secret's ARN (a parameter)
// is not modelled.
func verifySecret(c *kind.Call, container string, s definitions.Secret) {
	if !strings.HasPrefix(s.ValueFrom, "arn:aws:secretsmanager:") {
		return
	}
	parts := strings.Split(s.ValueFrom, ":")
	const arnParts = 7
	if len(parts) < arnParts {
		c.Refuse("containerDefinitions", "ClientException", "secret %s of container %q: %q is not the ARN of a secret", s.Name, container,
			s.ValueFrom)
		return
	}
	arn := strings.Join(parts[:arnParts], ":")
	if _, ok := c.Get(view.TypeSecret, arn); !ok {
		c.Refuse("containerDefinitions", "ResourceNotFoundException",
			"Secrets Manager can't find the specified secret: %s (%s of container %q); use the secret's full ARN with its six-character suffix",
			arn, s.Name, container)
	}
}

func verifyLogGroup(c *kind.Call, d definitions.Container) {
	l := d.LogConfiguration
	if l == nil || l.LogDriver != "awslogs" || l.Options["awslogs-create-group"] == "true" {
		return
	}
	if region := l.Options["awslogs-region"]; region != view.Region {
		c.Refuse("containerDefinitions", "ClientException", "awslogs-region %q of container %q is not the account's region %s", region, d.Name,
			view.Region)
	}
	group := l.Options["awslogs-group"]
	if _, ok := c.Get(view.TypeLogGroup, group); !ok && group != "" {
		c.Refuse("containerDefinitions", "ResourceNotFoundException",
			"The specified log group does not exist: %s (container %q); create it first (dependsOn)", group, d.Name)
	}
}

func createTaskDefinition(c *kind.Call) error {
	family := c.Str("family")
	n := c.Tx.Next("family|" + family)
	c.ID = view.ARN("ecs", fmt.Sprintf("task-definition/%s:%d", family, n))
	for _, taken := c.Get(view.TypeTaskDef, c.ID); taken; _, taken = c.Get(view.TypeTaskDef, c.ID) {
		n = c.Tx.Next("family|" + family) // an account whose counters were lost
		c.ID = view.ARN("ecs", fmt.Sprintf("task-definition/%s:%d", family, n))
	}
	c.Set("arn", c.ID)
	c.Set("arnWithoutRevision", view.ARN("ecs", "task-definition/"+family))
	c.Set("revision", int(n))
	c.Default("networkMode", "bridge")
	containers, err := definitions.Described(c.Str("containerDefinitions"), props.Str(c.State, "networkMode") == "awsvpc")
	if err != nil {
		return err
	}
	c.Set("containerDefinitions", containers)
	c.Default("enableFaultInjection", false)
	return nil
}

type containerPorts struct {
	name  string
	ports []int
}

func containersOf(def kind.Resource) []containerPorts {
	list, err := definitions.Parse(props.Str(def.State, "containerDefinitions"))
	if err != nil {
		return nil
	}
	out := make([]containerPorts, len(list))
	for i, d := range list {
		out[i].name = d.Name
		for _, p := range d.PortMappings {
			out[i].ports = append(out[i].ports, p.ContainerPort)
		}
	}
	return out
}

// checkFargateTask: ECS developer guide, "Task definition differences for Fargate".
func checkFargateTask(c *kind.Checker) {
	if !slices.Contains(props.Strings(c.In, "requiresCompatibilities[*]"), "FARGATE") {
		return
	}
	const sorry = "ClientException: Fargate compatible task definitions do not support %s; leave it out"
	if mode, ok := c.Text("pidMode"); ok && mode == "host" {
		c.Fail("pidMode", "ClientException: Fargate compatible task definitions support pidMode task only, got %q", mode)
	}
	for i, v := range props.Objects(c.In, "volumes[*]") {
		for _, p := range []string{"hostPath", "dockerVolumeConfiguration"} {
			if value, ok := props.Get(v, props.Path(p)); ok && !props.IsEmpty(value) {
				c.Fail(fmt.Sprintf("volumes[%d].%s", i, p), sorry, p)
			}
		}
	}
}
