// Package tree prints a stack's resources as a tree.
package tree

import (
	"bufio"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// node is a resource with its children.
type node struct {
	label    string
	typ      string
	children []*node
}

// Write prints resources by parent, each with its name and type, siblings sorted
// by type and name so that the same stack always looks the same. Providers and
// resources that are only waiting to be deleted are left out. The second column
// starts where the longest name ends.
func Write(w io.Writer, resources []apitype.ResourceV3) error {
	roots := build(resources)
	width := 0
	walk(roots, "", func(prefix string, n *node) { width = max(width, len([]rune(prefix+n.label))) })
	out := bufio.NewWriter(w)
	walk(roots, "", func(prefix string, n *node) {
		name := prefix + n.label
		gap := strings.Repeat(" ", width-len([]rune(name))+2)
		_, _ = fmt.Fprintln(out, name+gap+n.typ) // Flush reports its error
	})
	return out.Flush()
}

// build arranges resources by parent. One whose parent is missing is a root.
func build(resources []apitype.ResourceV3) []*node {
	nodes := map[resource.URN]*node{}
	for i := range resources {
		if r := &resources[i]; shown(r) {
			nodes[r.URN] = &node{label: r.URN.Name(), typ: string(r.Type)}
		}
	}
	var roots []*node
	for i := range resources {
		made, ok := nodes[resources[i].URN]
		if !ok || !shown(&resources[i]) {
			continue
		}
		if parent, ok := nodes[resources[i].Parent]; ok {
			parent.children = append(parent.children, made)
		} else {
			roots = append(roots, made)
		}
	}
	sortNodes(roots)
	return roots
}

func shown(r *apitype.ResourceV3) bool {
	return !r.Delete && !strings.HasPrefix(string(r.Type), "pulumi:providers:")
}

func sortNodes(nodes []*node) {
	sort.Slice(nodes, func(i, j int) bool {
		if nodes[i].typ != nodes[j].typ {
			return nodes[i].typ < nodes[j].typ
		}
		return nodes[i].label < nodes[j].label
	})
	for _, n := range nodes {
		sortNodes(n.children)
	}
}

// walk calls visit for each node, parents first, with the lines that lead to it.
func walk(nodes []*node, indent string, visit func(prefix string, n *node)) {
	for i, n := range nodes {
		branch, below := "├─ ", "│  "
		if i == len(nodes)-1 {
			branch, below = "└─ ", "   "
		}
		visit(indent+branch, n)
		walk(n.children, indent+below, visit)
	}
}
