package container

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/definitions"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// defaultStopTimeout is Fargate's, in seconds (ECS API reference, ContainerDefinition.stopTimeout).
const defaultStopTimeout = 30

// definition is what a task definition says about the process to run.
type definition struct {
	container   definitions.Container
	taskRoleARN string
	volumes     map[string]string // volume name -> ID of the access point it is mounted through
}

// describe reads a task's definition. A definition that is gone is how the task fails in ECS.
func (p *Processes) describe(task scheduler.Task) (*definition, error) {
	found, _, ok := scheduler.FindTaskDefinition(p.options.Store, task.TaskDefinitionARN)
	if !ok {
		return nil, &scheduler.StartFailure{
			Reason: fmt.Sprintf("ClientException: Unable to describe task definition %s.", task.TaskDefinitionARN),
		}
	}
	var state struct {
		TaskRoleARN string `json:"taskRoleArn"`
		Containers  string `json:"containerDefinitions"`
		Volumes     []struct {
			Name string `json:"name"`
			EFS  struct {
				Authorization struct {
					AccessPointID string `json:"accessPointId"`
				} `json:"authorizationConfig"`
			} `json:"efsVolumeConfiguration"`
		} `json:"volumes"`
	}
	if err := view.Decode(found.State, &state); err != nil {
		return nil, fmt.Errorf("task definition %s: %w", task.TaskDefinitionARN, err)
	}
	containers, err := definitions.Parse(state.Containers)
	if err != nil {
		return nil, fmt.Errorf("task definition %s: %w", task.TaskDefinitionARN, err)
	}
	essential := slices.IndexFunc(containers, definitions.Container.IsEssential)
	if essential < 0 {
		return nil, fmt.Errorf("task definition %s: no container is essential", task.TaskDefinitionARN)
	}
	out := &definition{container: containers[essential], taskRoleARN: state.TaskRoleARN, volumes: map[string]string{}}
	for _, volume := range state.Volumes {
		out.volumes[volume.Name] = volume.EFS.Authorization.AccessPointID
	}
	return out, nil
}

// stopTimeout is the time between SIGTERM and SIGKILL, in the scheduler's time.
func (d *definition) stopTimeout() time.Duration {
	seconds := defaultStopTimeout
	if d.container.StopTimeout != nil {
		seconds = *d.container.StopTimeout
	}
	return time.Duration(seconds) * time.Second
}

// environment is what the container's process sees: the definition's variables and secrets, with mount paths turned into
// this machine's directories, and what ECS adds ("Task metadata available for tasks on Fargate").
func (p *Processes) environment(d *definition, seat seat) ([]string, error) {
	vars := map[string]string{}
	for _, variable := range d.container.Environment {
		vars[variable.Name] = variable.Value
	}
	places, err := p.places(d)
	if err != nil {
		return nil, err
	}
	for i, point := range d.container.MountPoints {
		for name, value := range vars {
			if here, ok := mapped(value, point.ContainerPath, places[i]); ok {
				vars[name] = here
			}
		}
	}
	for _, secret := range d.container.Secrets {
		value, err := p.secret(secret.ValueFrom)
		if err != nil {
			return nil, err
		}
		vars[secret.Name] = value
	}
	speed := strconv.FormatFloat(p.options.Speed, 'g', -1, 64)
	maps.Copy(vars, map[string]string{
		"ECS_AGENT_URI": seat.agent, "ECS_CONTAINER_METADATA_URI_V4": seat.metadata,
		"AWS_REGION": view.Region, "AWS_DEFAULT_REGION": view.Region, "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
		"PATH": os.Getenv("PATH"), "TMPDIR": seat.disk, "DEMO_BOOT": p.options.Boot.String(), "DEMO_SPEED": speed,
	})
	if p.options.Config == "" {
		vars["DEMO_END_WITH_STDIN"] = "true"
	} else {
		maps.Copy(vars, p.supervised(seat.address))
	}
	if p.options.Role != nil && d.taskRoleARN != "" {
		maps.Copy(vars, p.options.Role(d.taskRoleARN))
	}
	p.mu.Lock()
	maps.Copy(vars, p.extra)
	p.mu.Unlock()
	out := make([]string, 0, len(vars))
	for name, value := range vars {
		out = append(out, name+"="+value)
	}
	return out, nil
}

// mapped is the place on this machine of a container's path at or below a mount, or above one whose directory ends in the same names: a
// client's own room is mounted below the path that the container is told.
func mapped(path, mount, dir string) (string, bool) {
	if rest, ok := strings.CutPrefix(path, mount); ok && (rest == "" || rest[0] == '/') {
		return dir + rest, true
	}
	if rest, ok := strings.CutPrefix(mount, path); ok && strings.HasPrefix(path, "/") && strings.HasPrefix(rest, "/") {
		return strings.CutSuffix(dir, rest)
	}
	return "", false
}

// directory finds the directory that stands for what an access point shows.
func (p *Processes) directory(accessPointID string) (string, error) {
	r, ok := p.options.Store.Get(view.TypeAccessPoint, accessPointID)
	if !ok {
		return "", fmt.Errorf("access point %q does not exist", accessPointID)
	}
	dir, ok := p.options.Mounts[text(r, "arn")]
	if !ok {
		return "", fmt.Errorf("Options.Mounts names no directory for access point %s", text(r, "arn"))
	}
	return dir, nil
}

// secret reads a secret's current value, or one key of it: arn[:json-key[:stage[:version]]].
func (p *Processes) secret(valueFrom string) (string, error) {
	const arnParts = 7
	parts := strings.Split(valueFrom, ":")
	arn, key, stage := strings.Join(parts[:min(len(parts), arnParts)], ":"), "", "AWSCURRENT"
	if len(parts) > arnParts {
		key = parts[arnParts]
	}
	if len(parts) > arnParts+1 && parts[arnParts+1] != "" {
		stage = parts[arnParts+1]
	}
	value, ok := p.secretVersion(arn, stage)
	if !ok {
		return "", noSecret(valueFrom, "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging "+
			"label: "+stage)
	}
	if key == "" {
		return value, nil
	}
	var keys map[string]any
	if err := json.Unmarshal([]byte(value), &keys); err != nil || keys[key] == nil {
		return "", noSecret(valueFrom, "retrieved secret from Secrets Manager did not contain json key "+key)
	}
	return fmt.Sprint(keys[key]), nil
}

// noSecret fails a task in the words of "Stopped task error messages" in the developer guide.
func noSecret(valueFrom, why string) error {
	return &scheduler.StartFailure{Reason: "ResourceInitializationError: unable to pull secrets or registry auth: execution resource " +
		"retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret " +
		valueFrom + " from secrets manager: " + why}
}

// secretVersion finds the value with a staging label; a version without labels is the current one.
func (p *Processes) secretVersion(secretARN, stage string) (value string, ok bool) {
	ids := []string{secretARN}
	for _, r := range p.options.Store.List(view.TypeSecret) {
		if text(r, "arn") == secretARN {
			ids = append(ids, text(r, "name")) // a version may name its secret either way
		}
	}
	for _, r := range p.options.Store.List(view.TypeSecretVersion) {
		if !slices.Contains(ids, text(r, "secretId")) {
			continue
		}
		var version struct {
			Value  string   `json:"secretString"`
			Stages []string `json:"versionStages"`
		}
		if err := view.Decode(r.State, &version); err != nil {
			continue
		}
		switch {
		case slices.Contains(version.Stages, stage):
			return version.Value, true
		case len(version.Stages) == 0 && stage == "AWSCURRENT":
			value, ok = version.Value, true
		}
	}
	return value, ok
}

// text reads a string property; anything else reads as "".
func text(r account.Resource, key string) string {
	var fields map[string]any
	if err := view.Decode(r.State, &fields); err != nil {
		return ""
	}
	value, _ := fields[key].(string)
	return value
}
