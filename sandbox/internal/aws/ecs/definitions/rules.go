package definitions

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/lists"
)

// Task is what the rules for containers need to know of their task definition.
type Task struct {
	// AWSVPC and Fargate are the network mode and the launch type.
	AWSVPC  bool
	Fargate bool
	// CPU and Memory are the task's units and MiB, 0 when not given.
	CPU    int
	Memory int
	// Volumes are the names of the task's volumes.
	Volumes []string
}

var containerName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

// Check returns everything that RegisterTaskDefinition would refuse, in
// ECS's words where it has words for it.
func Check(list []Container, task Task) []string {
	if len(list) == 0 {
		return []string{"Container list cannot be empty."}
	}
	c := &containerCheck{task: task, names: map[string]bool{}, ports: map[string]string{}}
	cpu, memory, essential := 0, 0, false
	for i := range list {
		c.container(&list[i])
		cpu += list[i].CPU
		memory += max(list[i].Memory, list[i].MemoryReservation)
		essential = essential || list[i].IsEssential()
	}
	if !essential {
		c.fault("At least one container in the task definition must be essential.")
	}
	if task.CPU > 0 && cpu > task.CPU {
		c.fault("The cpu units of the containers add up to %d, the task has %d.", cpu, task.CPU)
	}
	if task.Memory > 0 && memory > task.Memory {
		c.fault("The memory of the containers adds up to %d MiB, the task has %d.", memory, task.Memory)
	}
	c.dependencies(list)
	return c.faults
}

type containerCheck struct {
	task   Task
	names  map[string]bool
	ports  map[string]string
	faults []string
}

func (c *containerCheck) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *containerCheck) container(d *Container) {
	if !containerName.MatchString(d.Name) {
		c.fault("Container name %q must match %s.", d.Name, containerName)
	}
	if c.names[d.Name] {
		c.fault("Container name %q is not unique in the task definition.", d.Name)
	}
	c.names[d.Name] = true
	if strings.TrimSpace(d.Image) == "" {
		c.fault("Container.image should not be null or empty (container %q).", d.Name)
	}
	if c.task.Memory == 0 && d.Memory == 0 && d.MemoryReservation == 0 {
		c.fault("Invalid setting for container %q. At least one of 'memory' or 'memoryReservation' must be specified.", d.Name)
	}
	if d.Memory > 0 && d.MemoryReservation > d.Memory {
		c.fault("Invalid setting for container %q. memoryReservation %d is greater than memory %d.", d.Name, d.MemoryReservation, d.Memory)
	}
	c.portMappings(d)
	c.environment(d)
	c.mounts(d)
	c.logging(d)
	c.health(d)
	c.ulimits(d)
	c.limits(d)
}

func (c *containerCheck) portMappings(d *Container) {
	for _, p := range d.PortMappings {
		if p.ContainerPort < 1 || p.ContainerPort > 65535 {
			if p.ContainerPortRange == "" {
				c.fault("Container %q: containerPort %d is outside 1 to 65535.", d.Name, p.ContainerPort)
			}
			continue
		}
		protocol := p.Protocol
		if protocol == "" {
			protocol = "tcp"
		}
		if c.task.AWSVPC && p.HostPort != nil && *p.HostPort != 0 && *p.HostPort != p.ContainerPort {
			c.fault("When networkMode=awsvpc, the host ports and container ports in port mappings must match "+
				"(container %q: host port %d, container port %d).", d.Name, *p.HostPort, p.ContainerPort)
		}
		key := fmt.Sprintf("%d/%s", p.ContainerPort, protocol)
		if owner, taken := c.ports[key]; taken && (c.task.AWSVPC || owner == d.Name) {
			c.fault("Port %s is mapped by container %q and again by %q; in one network each port can be mapped once.", key, owner, d.Name)
		}
		c.ports[key] = d.Name
	}
}

func (c *containerCheck) environment(d *Container) {
	seen := map[string]bool{}
	for _, e := range d.Environment {
		if e.Name == "" {
			c.fault("Container %q has an environment variable without a name.", d.Name)
		}
		if seen[e.Name] {
			c.fault("Duplicate environment variable %q in container %q.", e.Name, d.Name)
		}
		seen[e.Name] = true
	}
	for _, s := range d.Secrets {
		if s.Name == "" || s.ValueFrom == "" {
			c.fault("Container %q: a secret needs a name and a valueFrom.", d.Name)
		}
		if seen[s.Name] {
			c.fault("The secret name must be unique and not shared with any new or existing environment variables "+
				"set on the container, such as '%s' (container %q).", s.Name, d.Name)
		}
		seen[s.Name] = true
	}
}

func (c *containerCheck) mounts(d *Container) {
	paths := map[string]bool{}
	for _, m := range d.MountPoints {
		if !slices.Contains(c.task.Volumes, m.SourceVolume) {
			c.fault("Unknown volume '%s' (container %q; the task definition has %q).", m.SourceVolume, d.Name, c.task.Volumes)
		}
		if !strings.HasPrefix(m.ContainerPath, "/") {
			c.fault("Container %q: containerPath %q of volume '%s' must be absolute.", d.Name, m.ContainerPath, m.SourceVolume)
		}
		if paths[m.ContainerPath] {
			c.fault("Container %q mounts two volumes at %q.", d.Name, m.ContainerPath)
		}
		paths[m.ContainerPath] = true
	}
}

func (c *containerCheck) logging(d *Container) {
	l := d.LogConfiguration
	if l == nil {
		return
	}
	if l.LogDriver == "" {
		c.fault("Container %q: logConfiguration needs a logDriver.", d.Name)
	}
	if l.LogDriver != "awslogs" {
		return
	}
	required := []string{"awslogs-group", "awslogs-region"}
	if c.task.Fargate {
		required = append(required, "awslogs-stream-prefix")
	}
	for _, o := range required {
		if l.Options[o] == "" {
			c.fault("Log driver awslogs requires options: %s (container %q).", o, d.Name)
		}
	}
	for _, o := range slices.Sorted(maps.Keys(l.Options)) {
		if !lists.Has("ecs.AwslogsOption", o) {
			c.fault("Log driver awslogs disallows options: %s (container %q; %s).", o, d.Name, lists.Expect("ecs.AwslogsOption", o))
		}
	}
}

func (c *containerCheck) health(d *Container) {
	h := d.HealthCheck
	if h == nil {
		return
	}
	if len(h.Command) < 2 || (h.Command[0] != "CMD" && h.Command[0] != "CMD-SHELL") {
		c.fault("Container %q: healthCheck.command must start with CMD or CMD-SHELL, followed by the command.", d.Name)
	}
}

func (c *containerCheck) dependencies(list []Container) {
	byName := map[string]*Container{}
	for i := range list {
		byName[list[i].Name] = &list[i]
	}
	for _, d := range list {
		for _, dep := range d.DependsOn {
			on := byName[dep.ContainerName]
			switch {
			case on == nil:
				c.fault("Container %q depends on %q, which the task definition does not have.", d.Name, dep.ContainerName)
			case dep.Condition == "":
				c.fault("Container %q: its dependency on %q needs a condition; %s.", d.Name, dep.ContainerName,
					lists.Expect("ecs.ContainerCondition", ""))
			case dep.Condition == "HEALTHY" && on.HealthCheck == nil:
				c.fault("Container %q waits for %q to be HEALTHY, which has no healthCheck.", d.Name, dep.ContainerName)
			}
		}
	}
}
