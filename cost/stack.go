package cost

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Resource is one resource of a stack export.
type Resource struct {
	URN     string         `json:"urn"`
	Type    string         `json:"type"`
	ID      string         `json:"id"`
	Custom  bool           `json:"custom"`
	Parent  string         `json:"parent"`
	Delete  bool           `json:"delete"`
	Inputs  map[string]any `json:"inputs"`
	Outputs map[string]any `json:"outputs"`
}

// Name is the logical name.
func (r Resource) Name() string { return r.URN[strings.LastIndex(r.URN, "::")+2:] }

// text returns a property as text, from the outputs and else the inputs.
func (r Resource) text(key string) string {
	for _, properties := range []map[string]any{r.Outputs, r.Inputs} {
		if value, ok := properties[key]; ok {
			return fmt.Sprint(value)
		}
	}
	return ""
}

// list returns a property as a list, from the outputs and else the inputs.
func (r Resource) list(key string) []any {
	if items, ok := r.Outputs[key].([]any); ok {
		return items
	}
	items, _ := r.Inputs[key].([]any)
	return items
}

// Stack is a deployed resource graph.
type Stack struct {
	Name      string
	Resources []Resource
	byURN     map[string]Resource
}

// ErrEmptyStack is returned for an export without resources: the stack was never deployed, or is destroyed.
var ErrEmptyStack = errors.New("the export has no resources; deploy the stack first")

// ReadStack reads what `pulumi stack export` and `go run ./sandbox export` print.
func ReadStack(r io.Reader) (*Stack, error) {
	var export struct {
		Deployment struct {
			Resources []Resource `json:"resources"`
		} `json:"deployment"`
	}
	if err := json.NewDecoder(r).Decode(&export); err != nil {
		return nil, fmt.Errorf("read the stack export: %w", err)
	}
	stack := &Stack{byURN: map[string]Resource{}}
	for _, resource := range export.Deployment.Resources {
		if resource.Delete {
			continue // replaced, waiting for its deletion
		}
		stack.byURN[resource.URN] = resource
		stack.Resources = append(stack.Resources, resource)
		if parts := strings.Split(resource.URN, "::"); stack.Name == "" && len(parts) > 1 {
			stack.Name = strings.TrimPrefix(parts[0], "urn:pulumi:")
		}
	}
	if len(stack.Resources) == 0 {
		return nil, ErrEmptyStack
	}
	return stack, nil
}

// component is the type of the webordinary component that a resource belongs to, empty for none.
func (s *Stack) component(r Resource) string {
	for at, ok := r, true; ok; at, ok = s.byURN[at.Parent] {
		if rest, found := strings.CutPrefix(at.Type, "webordinary:infra:"); found {
			return rest
		}
	}
	return ""
}

// ofType returns the resources of one type.
func (s *Stack) ofType(typ string) []Resource {
	var found []Resource
	for _, r := range s.Resources {
		if r.Type == typ {
			found = append(found, r)
		}
	}
	return found
}
