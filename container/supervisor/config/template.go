package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
)

// OwnPrefix begins the names of the supervisor's own variables, which its processes don't get.
const OwnPrefix = "LIVE_EDIT_"

// Values are what placeholders stand for.
type Values struct {
	Workspace  string // {workspace}: the session's directory
	Client     string // {client}
	User       string // {user}
	Repository string // {repository}: DEFAULT_REPO
	PublicHost string // {publicHost}: PUBLIC_HOST
	Host       string // {host}: where to listen
	Port       int    // {port}: where to listen
	HMRPort    int    // {hmrPort}: where the preview's sockets are
}

var placeholder = regexp.MustCompile(`\{[A-Za-z]*\}`)

func (v *Values) table() map[string]string {
	return map[string]string{
		"{workspace}": v.Workspace, "{client}": v.Client, "{user}": v.User, "{repository}": v.Repository, "{publicHost}": v.PublicHost,
		"{host}": v.Host, "{port}": strconv.Itoa(v.Port), "{hmrPort}": strconv.Itoa(v.HMRPort),
	}
}

// Fill puts the values into a text. What it puts in is not looked at again.
func (v *Values) Fill(text string) string {
	table := v.table()
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		if value, ok := table[name]; ok {
			return value
		}
		return name
	})
}

// Mentions says whether a program is told what a placeholder stands for.
func (p *Program) Mentions(placeholder string) bool {
	has := func(text string) bool { return strings.Contains(text, placeholder) }
	return slices.ContainsFunc(p.Command, has) || slices.ContainsFunc(slices.Collect(maps.Values(p.Environment)), has)
}

// text finds placeholders that there are not, or not here.
func (c *checker) text(where, text string, serves bool) {
	table := (&Values{}).table()
	for _, name := range placeholder.FindAllString(text, -1) {
		_, ok := table[name]
		switch {
		case !ok:
			c.fault(where, text, fmt.Sprintf("no placeholder %s; there are %s", name, strings.Join(slices.Sorted(maps.Keys(table)), ", ")))
		case !serves && (name == "{port}" || name == "{hmrPort}" || name == "{host}"):
			c.fault(where, text, "no "+name+": only preview and api listen")
		}
	}
	if strings.ContainsRune(text, 0) {
		c.fault(where, text, "a text without a zero byte")
	}
}

// keys finds keys that mean nothing, which encoding/json passes over or takes whatever their case.
func (c *checker) keys(where string, value any, key string) {
	if list, ok := value.([]any); ok && key == "prepare" {
		for i, each := range list {
			c.keys(fmt.Sprintf("prepare[%d]", i), each, "step")
		}
		return
	}
	object, ok := value.(map[string]any)
	if !ok {
		if key == "" {
			c.fault("", fmt.Sprint(value), "an object")
		}
		return
	}
	known := knownKeys(key)
	if known == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if slices.Contains(known, name) {
			c.keys(strings.TrimPrefix(where+"."+name, "."), object[name], name)
			continue
		}
		nearest, best := known[0], 1<<10
		for _, candidate := range known {
			if d := levenshtein.Distance(name, candidate, nil); d < best {
				nearest, best = candidate, d
			}
		}
		c.fault(strings.TrimPrefix(where+"."+name, "."), "", fmt.Sprintf("one of %s (%s?)", strings.Join(known, ", "), nearest))
	}
}

// knownKeys are the keys of the object below a key; nil where it is not ours to say.
func knownKeys(key string) []string {
	switch key {
	case "":
		return jsonKeys(reflect.TypeFor[File]())
	case "step":
		return jsonKeys(reflect.TypeFor[Step]())
	case "makes":
		return jsonKeys(reflect.TypeFor[Makes]())
	case "preview", "api":
		return jsonKeys(reflect.TypeFor[Server]())
	case "save":
		return jsonKeys(reflect.TypeFor[Save]())
	default:
		return nil
	}
}

func jsonKeys(t reflect.Type) []string {
	var out []string
	for field := range t.Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			out = append(out, name)
		} else {
			out = append(out, jsonKeys(field.Type)...)
		}
	}
	return out
}

// String is the file as JSON, with what was filled in.
func (f *File) String() string {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err.Error() // texts and numbers always marshal
	}
	return string(text)
}
