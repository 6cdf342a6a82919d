package definitions

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/webordinary/live-edit/sandbox/internal/account/jsontext"
	"github.com/webordinary/live-edit/sandbox/internal/account/lists"
)

//go:embed limits.json
var containerLimitsJSON []byte

// containerLimits are the rules of single values of a container definition: the
// range of a number, the length of a text or list, a closed list, a pattern, and
// what Fargate and the awsvpc network mode don't have.
type containerLimits struct {
	Source   string
	Numbers  []numberLimit
	Lengths  []lengthLimit
	Values   []valueLimit
	Patterns []patternLimit
	Fargate  []string
	AWSVPC   []string
}

type (
	numberLimit struct {
		Path     string
		Min, Max *float64
		// ZeroUnset: ECS takes 0 as not given.
		ZeroUnset bool
		Why       string
	}
	lengthLimit struct {
		Path string
		Max  int
	}
	valueLimit struct {
		Path, List string
		// Fargate is the list that holds there, if it is a shorter one.
		Fargate string
	}
	patternLimit struct {
		Path, Pattern, Means string
		compiled             *regexp.Regexp
	}
)

var limitsOfContainers = sync.OnceValue(func() *containerLimits {
	l := &containerLimits{}
	d := json.NewDecoder(bytes.NewReader(containerLimitsJSON))
	d.DisallowUnknownFields()
	if err := d.Decode(l); err != nil {
		panic(fmt.Sprintf("embedded limits of containers: %v", err)) // embedded data, held by tests
	}
	for i, p := range l.Patterns {
		l.Patterns[i].compiled = regexp.MustCompile(p.Pattern)
	}
	return l
})

// limits applies the rules of single values to a container.
func (c *containerCheck) limits(d *Container) {
	text, err := json.Marshal(d)
	if err != nil { // plain data
		return
	}
	v, err := jsontext.DecodeAny(string(text))
	if err != nil {
		return
	}
	l := limitsOfContainers()
	for _, n := range l.Numbers {
		eachValue(v, n.Path, "", func(path string, v any) { c.number(d.Name, path, v, n) })
	}
	for _, n := range l.Lengths {
		eachValue(v, n.Path, "", func(path string, v any) {
			if size, ok := length(v); ok && size > n.Max {
				c.fault("Container %q: %s has %d characters or elements, at most %d are allowed.", d.Name, path, size, n.Max)
			}
		})
	}
	for _, n := range l.Values {
		eachValue(v, n.Path, "", func(path string, v any) { c.listed(d.Name, path, v, n) })
	}
	for _, n := range l.Patterns {
		eachValue(v, n.Path, "", func(path string, v any) {
			if s, ok := v.(string); ok && s != "" && !n.compiled.MatchString(s) {
				c.fault("Container %q: %s %q must be %s%s.", d.Name, path, s, n.Means, named(d, path))
			}
		})
	}
	c.unsupported(d.Name, v)
}

// named adds which variable a faulty secret is for.
func named(d *Container, path string) string {
	for i, s := range d.Secrets {
		if path == fmt.Sprintf("secrets[%d].valueFrom", i) {
			return fmt.Sprintf(" (variable %s)", s.Name)
		}
	}
	return ""
}

func (c *containerCheck) number(container, path string, v any, l numberLimit) {
	number, ok := v.(json.Number)
	if !ok {
		return
	}
	n, err := number.Float64()
	if err != nil || (n == 0 && l.ZeroUnset) {
		return
	}
	low, high := l.Min != nil && n < *l.Min, l.Max != nil && n > *l.Max
	if !low && !high {
		return
	}
	want := fmt.Sprintf("below %v", deref(l.Min))
	if l.Max != nil {
		want = fmt.Sprintf("outside %v to %v", deref(l.Min), *l.Max)
	}
	if l.Why != "" {
		want += " (" + l.Why + ")"
	}
	c.fault("Container %q: %s %s is %s.", container, path, number, want)
}

func deref(f *float64) float64 {
	if f == nil {
		return 0
	}
	return *f
}

func length(v any) (int, bool) {
	switch v := v.(type) {
	case string:
		return len(v), true
	case []any:
		return len(v), true
	default:
		return 0, false
	}
}

func (c *containerCheck) listed(container, path string, v any, l valueLimit) {
	s, ok := v.(string)
	if !ok || s == "" {
		return
	}
	if !lists.Has(l.List, s) {
		c.fault("Container %q: %s %q is not a value that ECS has: %s.", container, path, s, lists.Expect(l.List, s))
	} else if c.task.Fargate && l.Fargate != "" && !lists.Has(l.Fargate, s) {
		c.fault("Fargate compatible task definitions do not support %s %q (container %q; %s).", wordsOf(path), s, container,
			lists.Expect(l.Fargate, s))
	}
}

// wordsOf names the property as ECS's refusals do.
func wordsOf(path string) string {
	if path == "logConfiguration.logDriver" {
		return "log driver"
	}
	return path
}

// unsupported refuses what is set and means nothing where the task runs.
func (c *containerCheck) unsupported(container string, v any) {
	l := limitsOfContainers()
	set := func(path string) bool {
		found := false
		eachValue(v, path, "", func(_ string, v any) { found = found || !isEmpty(v) })
		return found
	}
	for _, path := range l.Fargate {
		if c.task.Fargate && set(path) {
			c.fault("Fargate compatible task definitions do not support %s (container %q); leave it out.", path, container)
		}
	}
	for _, path := range l.AWSVPC {
		if c.task.AWSVPC && set(path) && (!c.task.Fargate || !slices.Contains(l.Fargate, path)) {
			c.fault("%s is not supported on container when networkMode=awsvpc (container %q); leave it out.", path, container)
		}
	}
}

// eachValue calls do for every value at a path, in which [*] stands for every
// element of a list.
func eachValue(v any, path, at string, do func(path string, v any)) {
	if v == nil {
		return
	}
	if path == "" {
		do(at, v)
		return
	}
	name, rest, _ := strings.Cut(path, ".")
	key, isList := strings.CutSuffix(name, "[*]")
	object, ok := v.(map[string]any)
	if !ok {
		return
	}
	if at != "" {
		at += "."
	}
	if !isList {
		eachValue(object[key], rest, at+key, do)
		return
	}
	list, _ := object[key].([]any)
	for i, e := range list {
		eachValue(e, rest, fmt.Sprintf("%s%s[%d]", at, key, i), do)
	}
}

func (c *containerCheck) ulimits(d *Container) {
	seen := map[string]bool{}
	for i, u := range d.Ulimits {
		if u.SoftLimit > u.HardLimit && u.HardLimit >= 0 {
			c.fault("Container %q: ulimits[%d] (%s): the soft limit %d is above the hard limit %d.", d.Name, i, u.Name, u.SoftLimit, u.HardLimit)
		}
		if seen[u.Name] {
			c.fault("Container %q: ulimits[%d]: %s is given twice.", d.Name, i, u.Name)
		}
		seen[u.Name] = true
	}
}

// isEmpty says whether a value of a container definition means the same as one that is left out.
func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	case json.Number:
		return v == "0"
	default:
		return v == "" || v == false
	}
}
