package definitions

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEqualContainers(t *testing.T) {
	t.Parallel()
	base := `[{"name":"a","image":"i","portMappings":[{"containerPort":80}],"environment":[{"name":"A","value":"1"},{"name":"B",
		"value":"2"}]},{"name":"b","image":"i"}]`
	require.True(t, Equal(base, `[{"image":"i","name":"b","essential":true,"cpu":0,"mountPoints":[]},{"name":"a",
		"image":"i","environment":`+
		`[{"name":"B","value":"2"},{"name":"A","value":"1"}],"portMappings":[{"protocol":"tcp","hostPort":80,"containerPort":80}]}]`, true))
	for _, change := range [][2]string{
		{`"1"`, `"3"`},
		{"80", "81"},
		{`"image":"i"`, `"image":"j"`},
		{`"name":"b"`, `"name":"b","essential":false`},
	} {
		require.False(t, Equal(base, strings.Replace(base, change[0], change[1], 1), true), change[0])
	}
	require.True(t, Equal(`{"a": 1}`, `{"a":1}`, true), "what is no list of containers is compared as JSON")
}

// TestEqualContainersAsTheProviderDoes puts parts into one container and tells whether the provider would show a change.
func TestEqualContainersAsTheProviderDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b         string
		bridge, same bool
	}{
		{`"systemControls":[],"ulimits":[],"command":[],"links":[]`, `"cpu":0`, false, true},
		{`"environment":[{}]`, ``, false, true},
		{`"environment":[{},{"name":"A","value":"1"}]`, `"environment":[{"name":"A","value":"1"}]`, false, true},
		{
			`"secrets":[{"name":"B","valueFrom":"x"},{"name":"A","valueFrom":"y"}]`,
			`"secrets":[{"name":"A","valueFrom":"y"},{"name":"B","valueFrom":"x"}]`, false, true,
		},
		{`"healthCheck":{"command":["CMD","x"]}`, `"healthCheck":{"command":["CMD","x"],"interval":30,"timeout":5,"retries":3}`, false, true},
		{`"healthCheck":{"command":["CMD","x"]}`, `"healthCheck":{"command":["CMD","x"],"startPeriod":0}`, false, false},
		{`"portMappings":[{"containerPort":80}]`, `"portMappings":[{"containerPort":80,"hostPort":80,"protocol":"tcp"}]`, false, true},
		{`"portMappings":[{"containerPort":80}]`, `"portMappings":[{"containerPort":80,"hostPort":0}]`, true, true},
		{`"portMappings":[{"containerPort":80}]`, `"portMappings":[{"containerPort":80,"hostPort":80}]`, true, false},
		{
			`"portMappings":[{"containerPort":80},{"containerPort":81}]`, `"portMappings":[{"containerPort":81},{"containerPort":80}]`,
			false, false,
		},
		{`"linuxParameters":{"initProcessEnabled":true}`, `"linuxParameters":{"initProcessEnabled":true,"devices":[]}`, false, false},
		{`"linuxParameters":{"initProcessEnabled":true}`, `"linuxParameters":{"initProcessEnabled":true,"capabilities":{}}`, false, false},
		{`"linuxParameters":{"capabilities":{"drop":["ALL"]}}`, `"linuxParameters":{"capabilities":{"add":[],"drop":["ALL"]}}`, false, false},
		{`"logConfiguration":{"logDriver":"awslogs"}`, `"logConfiguration":{"logDriver":"awslogs","secretOptions":[]}`, false, false},
		{`"mountPoints":[{"sourceVolume":"v"}]`, `"mountPoints":[{"sourceVolume":"v","readOnly":false}]`, false, false},
		{`"dockerLabels":{}`, ``, false, false},
		{`"versionConsistency":"enabled"`, ``, false, false},
		{`"user":"0"`, ``, false, false},
	} {
		one, other := container(c.a), container(c.b)
		require.Equal(t, c.same, Equal(one, other, !c.bridge), "%s and %s", c.a, c.b)
		require.Equal(t, c.same, Equal(other, one, !c.bridge), "%s and %s", c.b, c.a)
	}
}

// container is a list of one container with that part.
func container(part string) string {
	if part != "" {
		part = "," + part
	}
	return `[{"name":"a","image":"i"` + part + `}]`
}

func TestDescribedContainers(t *testing.T) {
	t.Parallel()
	const filled = `"cpu":0,"essential":true,"environment":[],"mountPoints":[],"portMappings":[],"systemControls":[],"volumesFrom":[]`
	without := func(key, part string) string {
		for _, one := range strings.Split(filled, ",") {
			if !strings.HasPrefix(one, `"`+key+`"`) {
				part += "," + one
			}
		}
		return part
	}
	for _, c := range []struct{ sent, want string }{
		{``, filled},
		{filled, filled},
		{`"essential":false,"links":null,"ulimits":[]`, without("essential", `"essential":false,"ulimits":[]`)},
		{
			`"portMappings":[{"containerPort":80}]`,
			without("portMappings", `"portMappings":[{"containerPort":80,"hostPort":80,"protocol":"tcp"}]`),
		},
		{
			`"portMappings":[{"containerPortRange":"80-90"}]`,
			without("portMappings", `"portMappings":[{"containerPortRange":"80-90","protocol":"tcp"}]`),
		},
		{
			`"healthCheck":{"command":["CMD","x"],"retries":2}`,
			filled + `,"healthCheck":{"command":["CMD","x"],"interval":30,"timeout":5,"retries":2}`,
		},
		{`"firelensConfiguration":{"type":"fluentbit"}`, filled + `,"firelensConfiguration":{"type":"fluentbit"},"user":"0"`},
		{`"linuxParameters":{"initProcessEnabled":true,"capabilities":{}}`, filled + `,"linuxParameters":{"initProcessEnabled":true}`},
		{`"linuxParameters":{"capabilities":{"drop":["ALL"]}}`, filled + `,"linuxParameters":{"capabilities":{"add":[],"drop":["ALL"]}}`},
		{
			`"linuxParameters":{"devices":[]},"logConfiguration":{"logDriver":"awslogs","secretOptions":[]}`,
			filled + `,"linuxParameters":{"devices":[]},"logConfiguration":{"logDriver":"awslogs","secretOptions":[]}`,
		},
	} {
		got, err := Described(container(c.sent), true)
		require.NoError(t, err)
		require.JSONEq(t, container(c.want), got, c.sent)
		again, err := Described(got, true)
		require.NoError(t, err)
		require.Equal(t, got, again, "what ECS returns it takes as it is")
	}
	bridge, err := Described(container(`"portMappings":[{"containerPort":80}]`), false)
	require.NoError(t, err)
	require.Contains(t, bridge, `"hostPort":0`)
	_, err = Described(`[{"nam":"a"}]`, true)
	require.ErrorContains(t, err, `unknown field "[0].nam"`)
}

func FuzzContainers(f *testing.F) {
	f.Add(`[{"name":"a","image":"b","portMappings":[{"containerPort":80}]}]`)
	f.Fuzz(func(t *testing.T, doc string) {
		if list, err := Parse(doc); err == nil {
			Check(list, Task{AWSVPC: true, Fargate: true})
		}
		if !Equal(doc, doc, true) {
			t.Errorf("%q differs from itself", doc)
		}
	})
}
