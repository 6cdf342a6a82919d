package ecs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
)

const (
	statusActive   = "ACTIVE"
	statusInactive = "INACTIVE"
)

// taskDefinitionView is what DescribeTaskDefinition shows of a definition. The provider keeps the containers in the API's
// own form, so they are passed on as they are.
type taskDefinitionView struct {
	ARN              string          `json:"taskDefinitionArn"`
	Family           string          `json:"family"`
	Revision         int             `json:"revision"`
	Status           string          `json:"status"`
	NetworkMode      string          `json:"networkMode,omitempty"`
	CPU              string          `json:"cpu,omitempty"`
	Memory           string          `json:"memory,omitempty"`
	ExecutionRoleARN string          `json:"executionRoleArn,omitempty"`
	TaskRoleARN      string          `json:"taskRoleArn,omitempty"`
	Containers       json.RawMessage `json:"containerDefinitions"`
}

// describeTaskDefinition finds a definition by its ARN, by family and revision, or by family alone, which means the
// latest. The action has no resource-level permissions (Service Authorization Reference, Amazon ECS).
func describeTaskDefinition(x *wire.Exchange, in *struct {
	TaskDefinition string   `json:"taskDefinition"`
	Include        []string `json:"include"`
},
) (any, error) {
	if err := x.Allow("ecs:DescribeTaskDefinition", "*", nil); err != nil {
		return nil, err
	}
	if len(in.Include) > 0 {
		return nil, wire.NotSupported("the sandbox does not implement parameter include of DescribeTaskDefinition")
	}
	found, err := describedTaskDefinition(x, in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, wire.Refuse("ClientException", "Unable to describe task definition.")
	}
	return map[string]any{"taskDefinition": found}, nil
}

// describedTaskDefinition finds a definition by any of its names, nil when there is none. A family alone means an active one.
func describedTaskDefinition(x *wire.Exchange, name string) (*taskDefinitionView, error) {
	var found *taskDefinitionView
	store := x.Store
	for _, r := range append(store.List(view.TypeTaskDef), store.List(view.RuntimeInactiveTaskDefinition)...) {
		answer, err := viewTaskDefinition(r)
		if err != nil {
			return nil, err
		}
		if answer.isNamed(name) && (found == nil || found.Revision < answer.Revision) {
			found = answer
		}
	}
	return found, nil
}

func viewTaskDefinition(r view.Resource) (*taskDefinitionView, error) {
	var state struct {
		taskDefinitionView
		ARN        string `json:"arn"`
		Containers string `json:"containerDefinitions"`
	}
	if err := view.Decode(r.State, &state); err != nil {
		return nil, err
	}
	answer := state.taskDefinitionView
	answer.ARN, answer.Status, answer.Containers = state.ARN, statusActive, json.RawMessage(state.Containers)
	if r.Type == view.RuntimeInactiveTaskDefinition {
		answer.Status = statusInactive
	}
	answer.Revision, _ = strconv.Atoi(state.ARN[strings.LastIndexByte(state.ARN, ':')+1:]) // an ARN ends with the revision
	return &answer, nil
}

// takeTaskDefinition finds the definition that a service is to take, by any of its names. Who gives a service roles has
// to be allowed to pass them.
func takeTaskDefinition(x *wire.Exchange, name string) (arn string, err error) {
	definition, err := describedTaskDefinition(x, name)
	if err != nil {
		return "", err
	}
	if definition == nil {
		return "", wire.Refuse("ClientException", "TaskDefinition not found.")
	}
	for _, role := range []string{definition.ExecutionRoleARN, definition.TaskRoleARN} {
		if role == "" {
			continue
		}
		if err := x.Allow("iam:PassRole", role, authz.Context{"iam:PassedToService": {"ecs-tasks.amazonaws.com"}}); err != nil {
			return "", err
		}
	}
	if definition.Status == statusInactive {
		return "", wire.Refuse("ClientException", "TaskDefinition is inactive")
	}
	return definition.ARN, nil
}

func (v *taskDefinitionView) isNamed(name string) bool {
	if strings.HasPrefix(name, "arn:") {
		return name == v.ARN
	}
	return name == v.Family && v.Status == statusActive || name == fmt.Sprintf("%s:%d", v.Family, v.Revision)
}

// listTaskDefinitions lists the active revisions of a family, or of all, the oldest first.
func listTaskDefinitions(x *wire.Exchange, in *struct {
	FamilyPrefix string `json:"familyPrefix"`
},
) (any, error) {
	if err := x.Allow("ecs:ListTaskDefinitions", "*", nil); err != nil {
		return nil, err
	}
	var views []*taskDefinitionView
	for _, r := range x.Store.List(view.TypeTaskDef) {
		found, err := viewTaskDefinition(r)
		if err != nil {
			return nil, err
		}
		if in.FamilyPrefix == "" || found.Family == in.FamilyPrefix { // the whole name, whatever the parameter is called
			views = append(views, found)
		}
	}
	slices.SortFunc(views, func(a, b *taskDefinitionView) int {
		return cmp.Or(strings.Compare(a.Family, b.Family), a.Revision-b.Revision)
	})
	arns := []string{}
	for _, found := range views {
		arns = append(arns, found.ARN)
	}
	return map[string]any{"taskDefinitionArns": arns}, nil
}

// deregisterInactive makes a revision inactive. A family alone does not do.
func deregisterInactive(x *wire.Exchange, in *struct {
	TaskDefinition string `json:"taskDefinition"`
},
) (any, error) {
	if err := x.Allow("ecs:DeregisterTaskDefinition", "*", nil); err != nil {
		return nil, err
	}
	if !strings.Contains(in.TaskDefinition, ":") {
		return nil, wire.Refuse("ClientException", "Revision is missing.")
	}
	found, err := describedTaskDefinition(x, in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, wire.Refuse("ClientException", "The specified task definition does not exist.")
	}
	for _, r := range x.Store.List(view.TypeTaskDef) {
		if view.Text(r, "arn") != found.ARN {
			continue
		}
		inactive := r
		inactive.Type = view.RuntimeInactiveTaskDefinition
		if err := x.Store.Put(inactive); err != nil {
			return nil, err
		}
		if err := x.Store.Remove(r.Type, r.ID); err != nil {
			return nil, err
		}
	}
	found.Status = statusInactive
	return map[string]any{"taskDefinition": found}, nil
}
