package infratest

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

// OfType returns the resources of a type token.
func (d *Deployment) OfType(typ string) []Resource {
	var found []Resource
	for _, r := range d.Resources {
		if r.Type == typ {
			found = append(found, r)
		}
	}
	return found
}

// One returns the resource with a logical name, failing the test if there is none or more than one. Where a component
// and its main child share a name, it is the child.
func (d *Deployment) One(t testing.TB, name string) Resource {
	t.Helper()
	var found, custom []Resource
	var urns []string
	for _, r := range d.Resources {
		if r.Name != name {
			continue
		}
		found, urns = append(found, r), append(urns, r.URN)
		if r.Custom {
			custom = append(custom, r)
		}
	}
	if len(custom) == 1 {
		return custom[0]
	}
	require.True(t, len(found) == 1, "there is no single resource named %q: %v", name, urns)
	return found[0]
}

// Has reports whether a resource with a logical name was registered.
func (d *Deployment) Has(name string) bool {
	for _, r := range d.Resources {
		if r.Name == name {
			return true
		}
	}
	return false
}

// Get returns an input by path, such as "healthCheck.interval" or "volumes.0.name", as a plain Go value: string,
// float64, bool, []any, map[string]any, or nil where there is none. Secrets are unwrapped.
func (r Resource) Get(path string) any {
	value := resource.NewProperty(r.Inputs)
	for _, step := range strings.Split(path, ".") {
		if value.IsSecret() {
			value = value.SecretValue().Element
		}
		switch {
		case value.IsObject():
			value = value.ObjectValue()[resource.PropertyKey(step)]
		case value.IsArray():
			index, err := strconv.Atoi(step)
			if err != nil || index < 0 || index >= len(value.ArrayValue()) {
				return nil
			}
			value = value.ArrayValue()[index]
		default:
			return nil
		}
	}
	if value.IsSecret() {
		value = value.SecretValue().Element
	}
	return value.Mappable()
}

// Text returns a string input by path, empty where there is none.
func (r Resource) Text(path string) string {
	text, _ := r.Get(path).(string)
	return text
}

// IsSecret reports whether an input is marked secret.
func (r Resource) IsSecret(key string) bool {
	return r.Inputs[resource.PropertyKey(key)].IsSecret()
}

// JSON decodes a JSON input into target, failing the test on unknown fields of structs.
func (r Resource) JSON(t testing.TB, path string, target any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(r.Text(path)))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(target), "%s of %s: %s", path, r.Name, r.Text(path))
	require.False(t, decoder.More(), "%s of %s holds more than one JSON value: %s", path, r.Name, r.Text(path))
}

// Parent is the URN of the parent.
func (r Resource) Parent() string { return r.Request.GetParent() }

// DependsOn reports whether the resource waits for the one with a logical name, explicitly or through an input.
func (r Resource) DependsOn(name string) bool {
	for _, urn := range r.Request.GetDependencies() {
		if resource.URN(urn).Name() == name {
			return true
		}
	}
	return false
}

// Policy is a decoded IAM policy document.
type Policy struct {
	Version   string
	Statement []PolicyStatement
}

// PolicyStatement is a decoded statement; our documents always use lists.
type PolicyStatement struct {
	Sid, Effect string
	Principal   map[string]any
	Action      []string
	Resource    []string
	Condition   map[string]map[string][]string
}

// Policy decodes the policy document in an input.
func (r Resource) Policy(t testing.TB, path string) Policy {
	t.Helper()
	var policy Policy
	r.JSON(t, path, &policy)
	require.Equal(t, "2012-10-17", policy.Version, r.Name)
	return policy
}

// By returns the statement with a Sid, failing the test if there is none.
func (p Policy) By(t testing.TB, sid string) PolicyStatement {
	t.Helper()
	for _, s := range p.Statement {
		if s.Sid == sid {
			return s
		}
	}
	require.Failf(t, "no such statement", "Sid %q", sid)
	return PolicyStatement{}
}
