package merge

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/functions/behaviors/document"
)

// foreign is everything in a configuration that is not ours, as it is spelled.
type foreign struct {
	// nodes are the behaviors.
	nodes []*document.Node
	// lines are all members, origins and behaviors, in their order.
	lines []string
}

// foreign collects what is not ours.
func (c config) foreign(mine owned) foreign {
	f := foreign{nodes: c.foreignBehaviors(mine)}
	doc := c.origins.doc
	for _, member := range c.root.Children() {
		if member.Name() != c.origins.name && member.Name() != c.behaviors.name {
			f.lines = append(f.lines, doc.Spelled(member))
		}
	}
	for _, origin := range c.origins.entries() {
		if !slices.Contains(mine.origins, origin) {
			f.lines = append(f.lines, "origin "+doc.Spelled(origin))
		}
	}
	for _, b := range f.nodes {
		f.lines = append(f.lines, "behavior "+doc.Spelled(b))
	}
	return f
}

// unchangedIn is the last check before a plan is handed out: whatever the editing did, nothing foreign may differ.
func (f foreign) unchangedIn(after foreign) error {
	for i := range max(len(f.lines), len(after.lines)) {
		switch {
		case i >= len(f.lines):
			return wouldChange("added", after.lines[i])
		case i >= len(after.lines):
			return wouldChange("removed", f.lines[i])
		case f.lines[i] != after.lines[i]:
			return wouldChange("changed", f.lines[i])
		}
	}
	return nil
}

// errTouchesForeign means a bug here, never a fault of the input.
var errTouchesForeign = errors.New("the merge would touch what is not ours, nothing written; please report this")

func wouldChange(how, line string) error {
	return fmt.Errorf("%w: %s %.200s", errTouchesForeign, how, strings.Join(strings.Fields(line), " "))
}
