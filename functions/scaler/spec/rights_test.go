package spec_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/spec"
)

// prefixes are IAM's names of services where they are not the last part of the SDK package's path.
var prefixes = map[string]string{"elasticloadbalancingv2": "elasticloadbalancing"}

// TestEveryOperationHasItsRightAndNoOtherIsGiven reads the function's sources for the operations that it calls.
func TestEveryOperationHasItsRightAndNoOtherIsGiven(t *testing.T) {
	t.Parallel()
	called := map[string]bool{}
	require.NoError(t, filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") {
			operationsIn(t, name, called)
		}
		return err
	}))
	require.NotEmpty(t, called)
	given := map[string]bool{}
	for _, right := range spec.Rights() {
		for _, action := range right.Actions {
			require.False(t, given[action], "%s is given twice", action)
			given[action] = true
		}
	}
	require.Equal(t, called, given, "expected are the operations that the function calls, actual the rights in rights.go: each needs the other")
}

// operationsIn notes the IAM action of each interface's method that takes an operation's input of the AWS SDK.
func operationsIn(t *testing.T, name string, called map[string]bool) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	require.NoError(t, err)
	services := map[string]string{}
	for _, line := range file.Imports {
		imported, err := strconv.Unquote(line.Path.Value)
		require.NoError(t, err)
		local := path.Base(imported)
		if line.Name != nil {
			local = line.Name.Name
		}
		if service, of := strings.CutPrefix(imported, "github.com/aws/aws-sdk-go-v2/service/"); of && !strings.Contains(service, "/") {
			services[local] = service
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		methods, is := node.(*ast.InterfaceType)
		if !is {
			return true
		}
		for _, method := range methods.Methods.List {
			if service := services[inputOf(method)]; service != "" {
				if prefix := prefixes[service]; prefix != "" {
					service = prefix
				}
				called[service+":"+method.Names[0].Name] = true
			}
		}
		return true
	})
}

// inputOf is the package of a method's second parameter if that is *PACKAGE.METHODInput.
func inputOf(method *ast.Field) string {
	signature, is := method.Type.(*ast.FuncType)
	if !is || len(signature.Params.List) < 2 {
		return ""
	}
	pointer, is := signature.Params.List[1].Type.(*ast.StarExpr)
	if !is {
		return ""
	}
	input, is := pointer.X.(*ast.SelectorExpr)
	if !is || input.Sel.Name != method.Names[0].Name+"Input" {
		return ""
	}
	return input.X.(*ast.Ident).Name
}
