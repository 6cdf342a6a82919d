package document

import (
	"fmt"
	"strings"
)

// shownAround is how many unchanged lines are shown around a change.
const shownAround = 3

// operation is a line of the difference: unchanged, gone or new.
type operation struct {
	sign byte // ' ', '-' or '+'
	line
}

// Diff shows the difference of two configurations as a unified diff of their outlines. The heading of each hunk
// names the setting that it is in. Equal configurations give nothing.
func Diff(before, after *Node) string {
	operations := compare(outline(before), outline(after))
	var b strings.Builder
	for start := 0; start < len(operations); {
		start = nextChange(operations, start)
		if start == len(operations) {
			break
		}
		end := hunkEnd(operations, start)
		first := max(0, start-shownAround)
		fmt.Fprintf(&b, "@@ %s @@\n", operations[start].setting)
		for _, o := range operations[first:min(len(operations), end+shownAround)] {
			fmt.Fprintf(&b, "%c%s\n", o.sign, o.text)
		}
		start = end
	}
	return b.String()
}

func nextChange(operations []operation, from int) int {
	for from < len(operations) && operations[from].sign == ' ' {
		from++
	}
	return from
}

// hunkEnd is the end of the changes that are shown together: those between which there is no more unchanged text than
// the shownAround of both.
func hunkEnd(operations []operation, start int) int {
	end := start
	for next := start; next < len(operations) && next-end <= 2*shownAround; next = nextChange(operations, end) {
		if operations[next].sign == ' ' {
			break
		}
		end = next + 1
	}
	return end
}

// compare finds a shortest difference. Common beginnings and ends are cut off first; what is left is a few entries, for
// which a table of longest common subsequences is small.
func compare(a, b []line) []operation {
	head := 0
	for head < len(a) && head < len(b) && a[head].text == b[head].text {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail].text == b[len(b)-1-tail].text {
		tail++
	}
	operations := make([]operation, 0, len(b))
	keep := func(lines []line) {
		for _, l := range lines {
			operations = append(operations, operation{' ', l})
		}
	}
	keep(a[:head])
	operations = append(operations, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	keep(a[len(a)-tail:])
	return operations
}

// middle compares with a table: common[i][j] is how many lines a[i:] and b[j:] have in common, in order.
func middle(a, b []line) []operation {
	common := make([][]int32, len(a)+1)
	for i := range common {
		common[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i].text == b[j].text {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var operations []operation
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i].text == b[j].text:
			operations = append(operations, operation{' ', a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			operations = append(operations, operation{'-', a[i]})
			i++
		default:
			operations = append(operations, operation{'+', b[j]})
			j++
		}
	}
	return operations
}
