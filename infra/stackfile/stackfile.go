// Package stackfile reads how a stack's configuration was written. Pulumi hands a program texts only: of `imageTag: 1.10`
// it gets "1.1", and of a misspelt key nothing that it would ask for. Both are seen in the files.
package stackfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"gopkg.in/yaml.v3"
)

// directoryKey is the key of a context's value that names the project's directory.
type directoryKey struct{}

// In returns a context whose program finds the project's files in dir. The CLI tells programs that it starts; those that run
// in the process of the Automation API are told by their caller.
func In(ctx *pulumi.Context, dir string) *pulumi.Context { return ctx.WithValue(directoryKey{}, dir) }

// Directory is where the project's files are, empty where nobody has said so, as under mocks.
func Directory(ctx *pulumi.Context) string {
	if dir, ok := ctx.Value(directoryKey{}).(string); ok {
		return dir
	}
	if dir := ctx.RootDirectory(); dir != "" {
		return dir
	}
	// Not every language host tells (3.60 does not), but each starts the program in the project's directory.
	if os.Getenv(pulumi.EnvMonitor) == "" {
		return ""
	}
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	return dir
}

// Entry is one key of a file with its value as it is written there.
type Entry struct {
	// Key is the key as written, with a namespace or without.
	Key string
	// File is the file's name, such as Pulumi.prod.yaml.
	File string
	// Node is the value; aliases are resolved.
	Node *yaml.Node
}

// Secret says that the value is encrypted.
func (e Entry) Secret() bool { return IsSecret(e.Node) }

// IsSecret says that a node is Pulumi's form of a secret, a map with the only key "secure".
func IsSecret(node *yaml.Node) bool {
	return node.Kind == yaml.MappingNode && len(node.Content) == 2 && node.Content[0].Value == "secure" &&
		node.Content[1].Kind == yaml.ScalarNode
}

// Read returns the configuration that the files in dir give a stack: the stack's own, and of the project's what the stack's
// file does not set. Files that are not there have none. The error names a file that is no YAML.
func Read(dir, stack string) ([]Entry, error) {
	var entries []Entry
	seen := map[string]bool{}
	for _, base := range []string{"Pulumi." + stack, "Pulumi"} {
		name, root, err := readConfig(dir, base)
		if err != nil {
			return nil, err
		}
		for _, e := range pairs(root) {
			if base == "Pulumi" {
				e.Node = declared(e.Node)
			}
			if e.Node == nil || seen[bare(e.Key)] {
				continue
			}
			seen[bare(e.Key)] = true
			entries = append(entries, Entry{Key: e.Key, File: name, Node: e.Node})
		}
	}
	return entries, nil
}

// bare is the part of a key behind its namespace.
func bare(key string) string { return key[strings.LastIndex(key, ":")+1:] }

// readConfig returns the "config" map of the first file that exists with one of the extensions that Pulumi reads; nil
// where there is none.
func readConfig(dir, base string) (string, *yaml.Node, error) {
	for _, extension := range []string{".yaml", ".yml", ".json"} {
		name := base + extension
		data, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // the project's own files
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return name, nil, fmt.Errorf("read the configuration of the stack: %w", err)
		}
		var file struct {
			Config yaml.Node `yaml:"config"`
		}
		if err := yaml.Unmarshal(data, &file); err != nil {
			return name, nil, fmt.Errorf("%s is not valid YAML: %w", filepath.Join(dir, name), err)
		}
		return name, &file.Config, nil
	}
	return base, nil, nil
}

// pairs lists a map's keys and values in the file's order, those that it merges in (`<<`) last, as they count only where the
// map has none of its own.
func pairs(node *yaml.Node) []Entry {
	node = resolved(node)
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	var own, merged []Entry
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], resolved(node.Content[i+1])
		switch {
		case key.Tag != "!!merge":
			own = append(own, Entry{Key: key.Value, Node: value})
		case value.Kind == yaml.SequenceNode:
			for _, each := range value.Content {
				merged = append(merged, pairs(each)...)
			}
		default:
			merged = append(merged, pairs(value)...)
		}
	}
	return append(own, merged...)
}

// declared is the value that a key of the project's file brings along: its default, its value, or itself where it is written
// without either; nil where it brings none.
func declared(node *yaml.Node) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return node
	}
	for _, e := range pairs(node) {
		if e.Key == "default" || e.Key == "value" {
			return e.Node
		}
	}
	return nil
}

// Pairs lists the keys and values of a map; nothing of any other node.
func Pairs(node *yaml.Node) []Entry { return pairs(node) }

func resolved(node *yaml.Node) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}
