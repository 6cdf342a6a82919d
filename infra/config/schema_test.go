package config

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/infratest"
)

// root is the folder of Pulumi.yaml, seen from this package.
const root = "../.."

// readerMethods are the methods of reader and the schema types of what they read.
var readerMethods = map[string]string{"text": "string", "number": "integer", "flag": "boolean", "list": "array", "table": "object", "entryList": "array"}

// keysRead parses load.go for the keys that the program reads, with their types.
func keysRead(t *testing.T) map[string]string {
	t.Helper()
	keys := map[string]string{"aws:region": "string"}
	for _, key := range secretKeys {
		keys[key] = "string"
	}
	keys[GitHubTokens] = "object"
	for _, name := range []string{"load.go", "auth.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		keysReadIn(t, file, keys)
	}
	require.Greater(t, len(keys), 50, "the reader's calls were not found")
	return keys
}

func keysReadIn(t *testing.T, file *ast.File, keys map[string]string) {
	t.Helper()
	ast.Inspect(file, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		selector, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || readerMethods[selector.Sel.Name] == "" {
			return true
		}
		literal, ok := call.Args[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		key, err := strconv.Unquote(literal.Value)
		require.NoError(t, err)
		require.NotContains(t, keys, key, "read twice")
		keys[key] = readerMethods[selector.Sel.Name]
		return true
	})
}

func TestSchemaHasEveryKeyThatIsReadWithItsType(t *testing.T) {
	t.Parallel()
	schema := infratest.ProjectSchema(t, root)
	for key, typ := range keysRead(t) {
		entry, ok := schema[key]
		if assert.True(t, ok, "Pulumi.yaml lacks %s, which the program reads", key) && !strings.Contains(key, ":") {
			assert.Equal(t, typ, schemaType(entry.Default), key)
			assert.Greater(t, len(entry.Description), 10, "%s needs a description", key)
			assert.NotNil(t, entry.Default, "%s needs a default", key)
		}
	}
}

func TestEveryKeyOfTheSchemaIsRead(t *testing.T) {
	t.Parallel()
	read := keysRead(t)
	tested := map[string]bool{}
	for _, c := range reachingFields() {
		tested[c.key] = true
	}
	for _, key := range append([]string{GitHubTokens, "oidc"}, secretKeys...) { // oidc: TestAuth
		tested[key] = true
	}
	for key := range infratest.ProjectSchema(t, root) {
		assert.Contains(t, read, key, "the program does not read a key of Pulumi.yaml")
		assert.True(t, tested[key], "reachingFields has no row for %s", key)
	}
}

// The program has the defaults for runs without Pulumi.yaml; Pulumi applies those of the schema.
func TestDefaultsOfTheSchemaAreThoseOfTheProgram(t *testing.T) {
	t.Parallel()
	fromSchema := infratest.Settings{}
	for key, entry := range infratest.ProjectSchema(t, root) {
		value := entry.Default
		if value == nil {
			value = entry.Value
		}
		text, isText := value.(string)
		if !isText {
			data, err := json.Marshal(value)
			require.NoError(t, err)
			text = string(data)
		}
		fromSchema[key] = text
	}
	want, got := *mustLoad(t, nil, nil), *mustLoad(t, fromSchema, nil)
	// An empty list and none mean the same.
	assert.Equal(t, render(t, want), render(t, got))
}

func render(t *testing.T, cfg Config) string {
	t.Helper()
	data, err := json.MarshalIndent(cfg, "", " ")
	require.NoError(t, err)
	return strings.NewReplacer(": null", ": none", ": []", ": none", ": {}", ": none").Replace(string(data))
}

func TestStackFilesHoldOnlyKeysOfTheSchemaWithTheirTypes(t *testing.T) {
	t.Parallel()
	schema := infratest.ProjectSchema(t, root)
	files, err := filepath.Glob(filepath.Join(root, "Pulumi.*.yaml"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 2)
	for _, file := range files {
		stack := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
		for full, value := range infratest.StackValues(t, root, stack) {
			project, key, found := strings.Cut(full, ":")
			require.True(t, found, "%s of %s has no namespace", full, stack)
			if project == "aws" {
				continue // the provider's own, such as aws:defaultTags
			}
			require.Equal(t, infratest.Project, project, "%s of %s", full, stack)
			entry, ok := schema[key]
			if !assert.True(t, ok, "Pulumi.%s.yaml has the unknown key %s", stack, key) {
				continue
			}
			assert.Equal(t, schemaType(entry.Default), schemaType(value), "%s of %s", key, stack)
		}
	}
}

func schemaType(value any) string {
	switch value.(type) {
	case bool:
		return "boolean"
	case int:
		return "integer"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "unknown"
}
