package definitions

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecs "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/webordinary/live-edit/sandbox/internal/account/jsontext"
)

// Equal reports whether the provider takes two texts for the same containers. It is stricter than ECS: the
// order of containers, environment variables and secrets, ECS's defaults, and empty lists directly inside a container
// don't matter, and everything else does, such as the order of ports, or an empty list inside linuxParameters or
// logConfiguration (containerDefinitionsAreEquivalent in the provider). awsvpc is the task's network mode.
func Equal(a, b string, awsvpc bool) bool {
	if a == b {
		return true
	}
	ca, aErr := canonicalContainers(a, awsvpc)
	cb, bErr := canonicalContainers(b, awsvpc)
	if aErr != nil || bErr != nil {
		return jsontext.Equal(a, b)
	}
	return reflect.DeepEqual(ca, cb)
}

// canonicalContainers decodes into the SDK's types, as the provider does: what is absent, empty or zero in them is what
// the provider can tell apart.
func canonicalContainers(text string, awsvpc bool) ([]ecs.ContainerDefinition, error) {
	var list []ecs.ContainerDefinition
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("container definitions: %w", err)
	}
	for i := range list {
		c := &list[i]
		withoutEmptyLists(c)
		fill(&c.Essential, true)
		if h := c.HealthCheck; h != nil {
			fill(&h.Interval, healthInterval)
			fill(&h.Timeout, healthTimeout)
			fill(&h.Retries, healthRetries)
		}
		for j := range c.PortMappings {
			canonicalPort(&c.PortMappings[j], awsvpc)
		}
		slices.SortFunc(c.Environment, func(x, y ecs.KeyValuePair) int { return byName(x.Name, y.Name) })
		slices.SortFunc(c.Secrets, func(x, y ecs.Secret) int { return byName(x.Name, y.Name) })
	}
	slices.SortFunc(list, func(x, y ecs.ContainerDefinition) int { return byName(x.Name, y.Name) })
	return list, nil
}

func byName(x, y *string) int { return cmp.Compare(aws.ToString(x), aws.ToString(y)) }

func fill[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}

func canonicalPort(p *ecs.PortMapping, awsvpc bool) {
	if p.Protocol == ecs.TransportProtocolTcp {
		p.Protocol = ""
	}
	if aws.ToInt32(p.HostPort) == 0 {
		p.HostPort = nil
		if awsvpc {
			p.HostPort = p.ContainerPort
		}
	}
}

// withoutEmptyLists drops empty objects from a container's lists, and then lists without elements.
func withoutEmptyLists(c *ecs.ContainerDefinition) {
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		list := v.Field(i)
		if list.Kind() != reflect.Slice {
			continue
		}
		kept := reflect.MakeSlice(list.Type(), 0, list.Len())
		for j := range list.Len() {
			if e := list.Index(j); e.Kind() != reflect.Struct || !e.IsZero() {
				kept = reflect.Append(kept, e)
			}
		}
		if kept.Len() == 0 {
			kept = reflect.Zero(list.Type())
		}
		list.Set(kept)
	}
}

// ECS's defaults of a container's health check (HealthCheck in the API reference).
const (
	healthInterval int32 = 30
	healthTimeout  int32 = 5
	healthRetries  int32 = 3
)

// Described is the form in which DescribeTaskDefinition returns container definitions, which is what the
// provider keeps. It is put together from what people saw come back:
//   - cpu 0, essential, and the lists environment, mountPoints, portMappings, volumesFrom (pulumi/pulumi-awsx,
//     pulumi/pulumi) and systemControls (hashicorp/terraform-aws-consul-ecs), although nobody sent them
//   - hostPort and protocol of a port; interval, timeout and retries of a health check
//     (terraform-aws-modules/terraform-aws-ecs)
//   - user "0" of a log router (pulumi/pulumi)
//   - of linuxParameters.capabilities both lists or nothing (braintrustdata/terraform-aws-braintrust-data-plane,
//     TerraConstructs/base)
//   - nothing else inside linuxParameters and logConfiguration but what was sent: no report shows ECS adding devices,
//     tmpfs or secretOptions by itself; empty ones that were sent come back
//
// Nulls are left out. The order of lists is the sender's; ECS may change that of environment and secrets.
func Described(text string, awsvpc bool) (string, error) {
	if _, err := Parse(text); err != nil {
		return "", err
	}
	v, err := jsontext.DecodeAny(text)
	if err != nil {
		return "", err
	}
	list, _ := withoutNulls(v).([]any)
	for _, e := range list {
		if c, ok := e.(map[string]any); ok {
			describeContainer(c, awsvpc)
		}
	}
	return jsontext.Marshal(list)
}

func describeContainer(c map[string]any, awsvpc bool) {
	defaults(c, map[string]any{
		"cpu": 0, "essential": true, "environment": []any{}, "mountPoints": []any{}, "portMappings": []any{}, "systemControls": []any{},
		"volumesFrom": []any{},
	})
	ports, _ := c["portMappings"].([]any)
	for _, e := range ports {
		p, ok := e.(map[string]any)
		if !ok {
			continue
		}
		defaults(p, map[string]any{"protocol": "tcp"})
		if port, single := p["containerPort"]; single && awsvpc {
			defaults(p, map[string]any{"hostPort": port})
		} else if single {
			defaults(p, map[string]any{"hostPort": 0})
		}
	}
	if h, ok := c["healthCheck"].(map[string]any); ok {
		defaults(h, map[string]any{"interval": healthInterval, "timeout": healthTimeout, "retries": healthRetries})
	}
	if _, router := c["firelensConfiguration"]; router {
		defaults(c, map[string]any{"user": "0"})
	}
	linux, _ := c["linuxParameters"].(map[string]any)
	if capabilities, ok := linux["capabilities"].(map[string]any); ok {
		if len(capabilities) == 0 {
			delete(linux, "capabilities")
			return
		}
		defaults(capabilities, map[string]any{"add": []any{}, "drop": []any{}})
	}
}

func defaults(object, values map[string]any) {
	for key, value := range values {
		if _, set := object[key]; !set {
			object[key] = value
		}
	}
}

func withoutNulls(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = withoutNulls(v[i])
		}
		return slices.DeleteFunc(v, func(e any) bool { return e == nil })
	case map[string]any:
		for key, e := range v {
			if e == nil {
				delete(v, key)
				continue
			}
			v[key] = withoutNulls(e)
		}
	}
	return v
}
