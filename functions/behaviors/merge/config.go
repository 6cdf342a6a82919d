package merge

import (
	"slices"

	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/pattern"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// config is a distribution configuration as far as the merge reads it.
type config struct {
	root      *document.Node
	origins   *list
	behaviors *list
	groups    *list
	errors    *list
}

func readConfig(doc *document.Document) (config, error) {
	c := config{root: doc.Config()}
	for _, l := range []struct {
		to   **list
		name string
	}{
		{&c.origins, "Origins"},
		{&c.behaviors, "CacheBehaviors"},
		{&c.groups, "OriginGroups"},
		{&c.errors, "CustomErrorResponses"},
	} {
		var err error
		if *l.to, err = readList(doc, c.root, l.name); err != nil {
			return config{}, err
		}
	}
	return c, nil
}

// owned are the entries that are ours.
type owned struct {
	origins, behaviors []*document.Node
	// marks are those of the origins, in the same order.
	marks []mark
}

// owned finds what is ours. An origin is ours when it carries a mark of ours. A behavior has no room for a mark: it is
// ours when it sends requests to an origin of ours and its path is in that origin's mark, or is one that we want: so
// that somebody else's behavior that uses our origin stays theirs.
func (c config) owned(owners Owners, wanted []spec.Behavior) owned {
	var mine owned
	known := map[string][]string{}
	for _, origin := range c.origins.entries() {
		if m, ok := markOf(origin); ok && slices.Contains(owners, m.owner) {
			mine.origins = append(mine.origins, origin)
			mine.marks = append(mine.marks, m)
			known[origin.Text("Id")] = append(m.paths, paths(wanted)...)
		}
	}
	for _, b := range c.behaviors.entries() {
		if containsPath(known[b.Text("TargetOriginId")], b.Text("PathPattern")) {
			mine.behaviors = append(mine.behaviors, b)
		}
	}
	return mine
}

func containsPath(paths []string, path string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return samePath(p, path) })
}

// samePath says whether two patterns match the same paths.
func samePath(p, q string) bool {
	return pattern.Relate(pattern.New(p), pattern.New(q)) == pattern.Equal
}

func paths(behaviors []spec.Behavior) []string {
	all := make([]string, 0, len(behaviors))
	for _, b := range behaviors {
		all = append(all, b.PathPattern)
	}
	return all
}

// foreignBehaviors are the behaviors that are not ours, in their order.
func (c config) foreignBehaviors(mine owned) []*document.Node {
	return slices.DeleteFunc(slices.Clone(c.behaviors.entries()), func(b *document.Node) bool {
		return slices.Contains(mine.behaviors, b)
	})
}
