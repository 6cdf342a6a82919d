package schema

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// sdkModule is the Go SDK that the program sends its inputs with.
const sdkModule = "github.com/pulumi/pulumi-aws/sdk/v6"

var sdkDir = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", sdkModule).Output()
	return strings.TrimSpace(string(out)), err
})

// sdkPackage holds the parsed structs of one SDK package.
type sdkPackage struct {
	structs map[string]*ast.StructType
	// constructors maps a type token to the resource's Go name.
	constructors map[string]string
	// required maps a resource's Go name to its required arguments.
	required map[string][]string
}

var (
	sdkMu       sync.Mutex
	sdkPackages = map[string]*sdkPackage{}
)

var (
	registerCall = regexp.MustCompile(`ctx\.RegisterResource\("([^"]+)", name, args, &resource`)
	requiredArg  = regexp.MustCompile(`invalid value for required argument '(\w+)'`)
)

// loadSDK parses the files of a package that the tokens need, and its types.
func loadSDK(t *testing.T, pkg string) *sdkPackage {
	t.Helper()
	sdkMu.Lock()
	defer sdkMu.Unlock()
	if p := sdkPackages[pkg]; p != nil {
		return p
	}
	root, err := sdkDir()
	require.NoError(t, err)
	p := &sdkPackage{structs: map[string]*ast.StructType{}, constructors: map[string]string{}, required: map[string][]string{}}
	files, err := filepath.Glob(filepath.Join(root, "go", "aws", pkg, "*.go"))
	require.NoError(t, err)
	for _, file := range files {
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		if p.noteConstructor(string(src)) || strings.HasPrefix(filepath.Base(file), "pulumiTypes") {
			p.parse(t, file, src)
		}
	}
	sdkPackages[pkg] = p
	return p
}

// noteConstructor finds the token that a file registers, if it is one we know.
func (p *sdkPackage) noteConstructor(src string) bool {
	m := registerCall.FindStringSubmatch(src)
	if m == nil {
		return false
	}
	if _, known := Lookup(m[1]); !known {
		return false
	}
	name := m[1][strings.LastIndexByte(m[1], ':')+1:]
	p.constructors[m[1]] = name
	for _, r := range requiredArg.FindAllStringSubmatch(src, -1) {
		p.required[name] = append(p.required[name], r[1])
	}
	return true
}

func (p *sdkPackage) parse(t *testing.T, file string, src []byte) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.SkipObjectResolution)
	require.NoError(t, err)
	for _, d := range f.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range gen.Specs {
			if ts, ok := s.(*ast.TypeSpec); ok {
				if st, ok := ts.Type.(*ast.StructType); ok {
					p.structs[ts.Name.Name] = st
				}
			}
		}
	}
}

// sdkField is one tagged field of an SDK struct.
type sdkField struct {
	goName   string
	kind     Kind
	optional bool
	object   string // the struct's name for objects
}

func (p *sdkPackage) fields(name string) map[string]sdkField {
	out := map[string]sdkField{}
	st := p.structs[name]
	if st == nil {
		return out
	}
	for _, f := range st.Fields.List {
		if f.Tag == nil || len(f.Names) != 1 {
			continue
		}
		tag, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			continue
		}
		prop := reflect.StructTag(tag).Get("pulumi")
		field := sdkField{goName: f.Names[0].Name}
		field.kind, field.optional, field.object = p.kindOf(f.Type)
		out[prop] = field
	}
	return out
}

// kindOf translates a plain (not Input) Go type of the SDK.
func (p *sdkPackage) kindOf(e ast.Expr) (kind Kind, optional bool, object string) {
	switch e := e.(type) {
	case *ast.StarExpr:
		kind, _, object = p.kindOf(e.X)
		return kind, true, object
	case *ast.ArrayType:
		elem, _, object := p.kindOf(e.Elt)
		return "list<" + elem + ">", true, object
	case *ast.MapType:
		elem, _, object := p.kindOf(e.Value)
		return "map<" + elem + ">", true, object
	case *ast.InterfaceType:
		return Any, true, ""
	case *ast.SelectorExpr: // pulumi.Archive
		return ArchiveKind, true, ""
	case *ast.Ident:
		switch e.Name {
		case "string", "int", "float64", "bool":
			return Kind(e.Name), false, ""
		}
		if p.structs[e.Name] != nil {
			return Object, false, e.Name
		}
		return String, false, "" // an enum
	default:
		return Any, true, ""
	}
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// sdkAbsent are the tokens that no Go SDK package has, with the reason.
var sdkAbsent = map[string]string{}

func TestPropertiesMatchTheSDK(t *testing.T) {
	t.Parallel()
	for _, tok := range Tokens() {
		if sdkAbsent[tok] != "" {
			continue
		}
		t.Run(tok, func(t *testing.T) {
			typ, _ := Lookup(tok)
			pkg := strings.Split(strings.Split(tok, ":")[1], "/")[0]
			p := loadSDK(t, pkg)
			name := p.constructors[tok]
			if name == "" {
				t.Fatalf("the SDK registers no resource with this token")
			}
			c := comparison{t: t, p: p}
			args := p.fields(lowerFirst(name) + "Args")
			c.compare(tok, typ.Inputs, args)
			c.compareRequired(typ, args, p.required[name])
			c.compareOutputs(typ, p.fields(name))
		})
	}
}

type comparison struct {
	t *testing.T
	p *sdkPackage
}

func (c comparison) compare(at string, ours map[string]*Property, sdk map[string]sdkField) {
	for name := range sdk {
		if ours[name] == nil {
			c.t.Errorf("%s: the SDK sends %q (%s %s), the schema does not know it", at, name, sdk[name].kind, sdk[name].object)
		}
	}
	for name, p := range ours {
		f, ok := sdk[name]
		if !ok {
			c.t.Errorf("%s: the schema has %q, the SDK does not send it", at, name)
			continue
		}
		if p.Kind != f.kind {
			c.t.Errorf("%s.%s: the schema says %s, the SDK %s", at, name, p.Kind, f.kind)
		}
		if f.object != "" {
			c.compare(at+"."+name, p.Properties, c.p.fields(f.object))
			c.compareNestedRequired(at+"."+name, p.Properties, c.p.fields(f.object))
		}
	}
}

// compareNestedRequired compares scalars only: a required nested list has the
// same Go type as an optional one.
func (c comparison) compareNestedRequired(at string, ours map[string]*Property, sdk map[string]sdkField) {
	for name, p := range ours {
		f, ok := sdk[name]
		if !ok || f.kind.IsList() || strings.HasPrefix(string(f.kind), "map") || f.kind == Any {
			continue
		}
		if p.Required == f.optional {
			c.t.Errorf("%s.%s: required is %t in the schema, %t in the SDK", at, name, p.Required, !f.optional)
		}
	}
}

func (c comparison) compareRequired(typ *Type, args map[string]sdkField, required []string) {
	want := map[string]bool{}
	for _, goName := range required {
		want[goName] = true
	}
	for name, f := range args {
		p := typ.Inputs[name]
		if p == nil {
			continue
		}
		if p.Required && p.AutoName != nil {
			c.t.Errorf("%s.%s: a name that is generated is not required", typ.Token, name)
		}
		if p.Required != want[f.goName] {
			c.t.Errorf("%s.%s: required is %t in the schema, %t in the SDK", typ.Token, name, p.Required, want[f.goName])
		}
	}
}

func (c comparison) compareOutputs(typ *Type, state map[string]sdkField) {
	outputs := map[string]bool{}
	for _, o := range typ.Outputs {
		outputs[o] = true
		if _, ok := state[o]; !ok {
			c.t.Errorf("%s: output %q is not in the SDK", typ.Token, o)
		}
	}
	for name := range state {
		if typ.Inputs[name] == nil && !outputs[name] && name != TagsAll {
			c.t.Errorf("%s: the SDK has output %q, the schema does not", typ.Token, name)
		}
	}
}
