package commands

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
)

// InGo returns the commands in the texts of a Go file: whatever stands between backquotes or double quotes, or after an indent,
// a number, a colon or a wide gap, and begins like a command. Comments and struct tags are nobody's advice.
func InGo(file string, source []byte) ([]Command, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("find the commands that %s prints: %w", file, err)
	}
	var found []Command
	ast.Inspect(parsed, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field: // its tag is nobody's advice
			return n.Tag == nil
		case ast.Expr:
			text, literal := textOf(n)
			if !literal {
				return true
			}
			for _, command := range inText(text) {
				found = append(found, Command{Text: command, File: file, Line: set.Position(n.Pos()).Line})
			}
			return false
		}
		return true
	})
	return found, nil
}

// textOf is a string expression's value, with Blank for the operands that are not literals.
func textOf(e ast.Expr) (text string, literal bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		value, err := strconv.Unquote(e.Value)
		return value, err == nil
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		x, isX := textOf(e.X)
		y, isY := textOf(e.Y)
		if !isX {
			x = Blank
		}
		if !isY {
			y = Blank
		}
		return x + y, isX || isY
	case *ast.ParenExpr:
		return textOf(e.X)
	default:
		return "", false
	}
}

// verb is what package fmt fills in. A %q brings quotes along, which a shell takes away again.
var verb = regexp.MustCompile(`%(\[\d\])?[sqdgvw]`)

// opening is what stands in front of a command in a text.
var opening = regexp.MustCompile("(?m)^ *\\d+\\. |^ +|^|  +|: |`|\"")

// inText returns the commands of a text that is printed.
func inText(text string) []string {
	text = strings.ReplaceAll(verb.ReplaceAllString(text, Blank), "%%", "%")
	var found []string
	for _, at := range opening.FindAllStringIndex(text, -1) {
		rest := text[at[1]:]
		switch mark := text[at[0]:at[1]]; mark {
		case "`", `"`:
			end := strings.Index(rest, mark)
			if end < 0 || strings.Contains(rest[:end], "\n") {
				continue
			}
			rest = rest[:end]
		default:
			rest, _, _ = strings.Cut(rest, "\n")
			rest, _, _ = strings.Cut(rest, "   ")
			if strings.Contains(rest, "`") && mark == ": " {
				continue
			}
		}
		command := uncommented(rest)
		if isCommand(command) {
			found = append(found, command)
		}
	}
	return found
}
