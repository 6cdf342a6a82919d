package infra

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// componentSource is a constructor that registers a component, as written.
type componentSource struct {
	file     string
	function *ast.FuncDecl
	// register is the call of RegisterComponentResource in it.
	register *ast.CallExpr
}

// typeName is what the constructor returns first, without its package.
func (c componentSource) typeName() string {
	if pointer, ok := c.function.Type.Results.List[0].Type.(*ast.StarExpr); ok {
		if ident, ok := pointer.X.(*ast.Ident); ok {
			return ident.Name
		}
	}
	return ""
}

// packageSource is what the structural tests need of the package's sources.
type packageSource struct {
	components []componentSource
	constants  map[string]string
	structs    map[string]*ast.StructType
}

func readPackage(t *testing.T) packageSource {
	t.Helper()
	source := packageSource{constants: map[string]string{}, structs: map[string]*ast.StructType{}}
	forEachSource(t, func(name string, file *ast.File) {
		ast.Inspect(file, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.ValueSpec:
				for i, ident := range n.Names {
					if i < len(n.Values) {
						if literal, ok := n.Values[i].(*ast.BasicLit); ok && literal.Kind == token.STRING {
							source.constants[ident.Name], _ = strconv.Unquote(literal.Value)
						}
					}
				}
			case *ast.TypeSpec:
				if s, ok := n.Type.(*ast.StructType); ok {
					source.structs[n.Name.Name] = s
				}
			case *ast.FuncDecl:
				call := callOf(n, "RegisterComponentResource")
				if call == nil {
					call = callOf(n, "RegisterComponentResourceV2") // with inputs that the state keeps
				}
				if call != nil {
					source.components = append(source.components, componentSource{file: name, function: n, register: call})
				}
			}
			return true
		})
	})
	require.GreaterOrEqual(t, len(source.components), 10, "the components were not found")
	return source
}

// callOf returns the only call of a method in a function, nil if there is none.
func callOf(function *ast.FuncDecl, method string) *ast.CallExpr {
	var found *ast.CallExpr
	ast.Inspect(function, func(node ast.Node) bool {
		if call, ok := node.(*ast.CallExpr); ok {
			if selector, ok := call.Fun.(*ast.SelectorExpr); ok && selector.Sel.Name == method {
				found = call
			}
		}
		return true
	})
	return found
}

func TestEveryComponentHasATypeTokenOfItsOwn(t *testing.T) {
	t.Parallel()
	source := readPackage(t)
	users := map[string]string{}
	for _, c := range source.components {
		constant, ok := c.register.Args[0].(*ast.Ident)
		require.True(t, ok, "%s: the token is a constant", c.function.Name.Name)
		value := source.constants[constant.Name]
		assert.Regexp(t, regexp.MustCompile(`^webordinary:infra:[A-Z][A-Za-z]*$`), value, c.function.Name.Name)
		assert.Equal(t, "webordinary:infra:"+c.typeName(), value, c.function.Name.Name)
		assert.Empty(t, users[value], "%s is also the token of %s", value, c.function.Name.Name)
		users[value] = c.function.Name.Name
	}
}

// What a caller says about a component, such as its aliases, is about the component: reaching every child it would
// rename, protect or ignore things nobody meant.
func TestCallersOptionsReachTheComponentOnly(t *testing.T) {
	t.Parallel()
	for _, c := range readPackage(t).components {
		name := c.function.Name.Name
		parameters := c.function.Type.Params.List
		last := parameters[len(parameters)-1]
		_, variadic := last.Type.(*ast.Ellipsis)
		require.True(t, variadic, "%s takes options last", name)
		options := last.Names[0].Name

		uses := 0
		ast.Inspect(c.function.Body, func(node ast.Node) bool {
			if ident, ok := node.(*ast.Ident); ok && ident.Name == options {
				uses++
			}
			return true
		})
		assert.Equal(t, 1, uses, "%s: %s goes to RegisterComponentResource and nowhere else", name, options)
		given, ok := c.register.Args[len(c.register.Args)-1].(*ast.Ident)
		assert.True(t, ok && given.Name == options && c.register.Ellipsis.IsValid(), "%s registers the component with %s...", name, options)
	}
}

// Outputs that are not registered do not show in the state, and the engine shows the component as unfinished.
func TestEveryComponentRegistersItsOutputs(t *testing.T) {
	t.Parallel()
	source := readPackage(t)
	for _, c := range source.components {
		name := c.function.Name.Name
		call := callOf(c.function, "RegisterResourceOutputs")
		if !assert.NotNil(t, call, "%s registers outputs", name) {
			continue
		}
		assert.True(t, isReturned(c.function, call), "%s returns the error of RegisterResourceOutputs", name)
		registered := map[string]bool{}
		outputs, ok := call.Args[1].(*ast.CompositeLit)
		require.True(t, ok, "%s registers a literal map", name)
		for _, element := range outputs.Elts {
			key, ok := element.(*ast.KeyValueExpr).Key.(*ast.BasicLit)
			require.True(t, ok, name)
			text, err := strconv.Unquote(key.Value)
			require.NoError(t, err)
			registered[text] = true
		}
		for _, field := range source.structs[c.typeName()].Fields.List {
			if field.Tag == nil {
				continue
			}
			tag, err := strconv.Unquote(field.Tag.Value)
			require.NoError(t, err)
			if output := reflect.StructTag(tag).Get("pulumi"); output != "" {
				assert.True(t, registered[output], "%s does not register its output %s", name, output)
			}
		}
	}
}

func isReturned(function *ast.FuncDecl, call *ast.CallExpr) bool {
	returned := false
	ast.Inspect(function, func(node ast.Node) bool {
		if statement, ok := node.(*ast.ReturnStmt); ok {
			for _, result := range statement.Results {
				returned = returned || result == ast.Expr(call)
			}
		}
		return true
	})
	return returned
}

// Everything else takes its configuration from [Config], or a key could escape the schema and the validation.
func TestOnlyTheLoaderReadsTheConfiguration(t *testing.T) {
	t.Parallel()
	forEachSource(t, func(name string, file *ast.File) {
		for _, imported := range file.Imports {
			assert.NotContains(t, imported.Path.Value, "go/pulumi/config", name)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if ok && filepath.Dir(name) != "config" {
				assert.NotContains(t, []string{"GetConfig", "IsConfigSecret", "Getenv", "LookupEnv"}, selector.Sel.Name, name)
			}
			return true
		})
	})
}

// forEachSource parses the sources of the program, without tests, their harness and the reader of its files.
func forEachSource(t *testing.T, visit func(name string, file *ast.File)) {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*.go", "*/*.go"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		names = append(names, found...)
	}
	visited := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || slices.Contains([]string{"infratest", "stackfile"}, filepath.Dir(name)) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		visit(name, file)
		visited++
	}
	require.Greater(t, visited, 20)
}
