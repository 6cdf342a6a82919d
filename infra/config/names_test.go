package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Every method of Names appends the suffix, or two stacks of one account would fight for a name.
func TestEveryNameCarriesTheSuffix(t *testing.T) {
	t.Parallel()
	const suffix = "-dev"
	plain, suffixed := reflect.ValueOf(Names{}), reflect.ValueOf(Names{suffix: suffix})
	for i := range plain.NumMethod() {
		method := plain.Type().Method(i).Name
		var arguments []reflect.Value
		for range plain.Method(i).Type().NumIn() {
			arguments = append(arguments, reflect.ValueOf("part"))
		}
		bare, named := plain.Method(i).Call(arguments)[0].String(), suffixed.Method(i).Call(arguments)[0].String()
		assert.NotContains(t, bare, suffix, method)
		assert.Equal(t, 1, strings.Count(named, suffix), "%s: %s", method, named)
		assert.Equal(t, bare, strings.Replace(named, suffix, "", 1), method)
	}
}

// A target group that replaces one on another port has another name, and on the specification's ports the specification's. No
// suffix makes the one of another stack equal.
func TestNameOfATargetGroupTellsItsPort(t *testing.T) {
	t.Parallel()
	for _, r := range (Service{APIPort: 8080, PreviewPort: 4321, WebSocketPort: 4322}).Routes() {
		assert.Equal(t, "edit-"+r.Kind+"-tg-dev", r.TargetGroup(NewNames("-dev")))
	}
	moved := Service{APIPort: 4321, PreviewPort: 8080, WebSocketPort: 65535}.Routes()
	assert.Equal(t, "edit-ws-65535-tg", moved[0].TargetGroup(NewNames("")))
	assert.Equal(t, "edit-api-4321-tg-dev", moved[1].TargetGroup(NewNames("-dev")))
	assert.Equal(t, "edit-preview-8080-tg", moved[2].TargetGroup(NewNames("")))
	assert.NotEqual(t, NewNames("-4321").TargetGroup("api"), moved[1].TargetGroup(NewNames("")))
}

func TestNamesOfProdAreTheSpecs(t *testing.T) {
	t.Parallel()
	n := Names{}
	for want, got := range map[string]string{
		"webordinary/claude-code-astro":          n.Repository(),
		"webordinary/anthropic-api-key":          n.Secret("anthropic-api-key"),
		"webordinary-workspaces":                 n.Workspaces(),
		"webordinary-workspaces-942734823970":    n.WorkspaceBucket("942734823970"),
		"webordinary-edit-alb":                   n.LoadBalancer(),
		"webordinary-edit-cluster":               n.Cluster(),
		"edit-api-tg":                            n.TargetGroup("api"),
		"edit-preview-tg":                        n.TargetGroup("preview"),
		"edit-ws-tg":                             n.TargetGroup("ws"),
		"webordinary-edit-scaler":                n.Function("edit-scaler"),
		"/aws/lambda/webordinary-edit-behaviors": n.FunctionLogGroup("edit-behaviors"),
	} {
		assert.Equal(t, want, got)
	}
}
