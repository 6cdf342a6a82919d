package awsapi

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/sandbox/world"
)

const typeTaskDefinition = "aws:ecs/taskDefinition:TaskDefinition"

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
func describeTaskDefinition(x *exchange, in *struct {
	TaskDefinition string   `json:"taskDefinition"`
	Include        []string `json:"include"`
},
) (any, error) {
	if err := x.allow("ecs:DescribeTaskDefinition", "*", nil); err != nil {
		return nil, err
	}
	if len(in.Include) > 0 {
		return nil, notSupported("the sandbox does not implement parameter include of DescribeTaskDefinition")
	}
	var found *taskDefinitionView
	for _, r := range x.server.options.Store.List(typeTaskDefinition) {
		var state struct {
			taskDefinitionView
			ARN        string `json:"arn"`
			Containers string `json:"containerDefinitions"`
		}
		if err := world.Decode(r.State, &state); err != nil {
			return nil, err
		}
		view := state.taskDefinitionView
		view.ARN, view.Status, view.Containers = state.ARN, "ACTIVE", json.RawMessage(state.Containers)
		view.Revision, _ = strconv.Atoi(state.ARN[strings.LastIndexByte(state.ARN, ':')+1:]) // an ARN ends with the revision
		if !view.isNamed(in.TaskDefinition) || found != nil && found.Revision > view.Revision {
			continue
		}
		found = &view
	}
	if found == nil {
		return nil, refuse("ClientException", "Unable to describe task definition.")
	}
	return map[string]any{"taskDefinition": found}, nil
}

func (v *taskDefinitionView) isNamed(name string) bool {
	if strings.HasPrefix(name, "arn:") {
		return name == v.ARN
	}
	return name == v.Family || name == fmt.Sprintf("%s:%d", v.Family, v.Revision)
}
