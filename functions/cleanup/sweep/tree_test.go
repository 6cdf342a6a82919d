package sweep

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// form is one file of a generated thread.
type form struct {
	age      time.Duration // by modification time; negative is the future
	activity time.Duration // ago, by its content; 0 for none
	id       string        // makes the content its own
}

// item is one generated thread, in either or both forms.
type item struct {
	user, name    string
	plain, packed *form
}

func (i item) plainPath() string  { return i.user + "/.claude/threads/" + i.name + ".json" }
func (i item) packedPath() string { return i.plainPath() + ".gz" }

func (f *form) content() string {
	if f.activity == 0 {
		return fmt.Sprintf(`{"id":%q,"text":%q}`, f.id, strings.Repeat("lorem ipsum ", 20))
	}
	return fmt.Sprintf(`{"id":%q,"updatedAt":%q}`, f.id, begin.Add(-f.activity).Format(time.RFC3339))
}

// The ages keep clear of the limits, so that a test may let hours go by.
var (
	someAges       = []time.Duration{-3 * day, day, 6 * day, 8 * day, 20 * day, 29 * day, 31 * day, 40 * day}
	someActivities = []time.Duration{0, 0, 0, -3 * day, day, 8 * day, 33 * day}
)

// drawer is where generated trees get their choices from: rapid, or a seed.
type drawer func(n int) int

func seeded(seed uint64) drawer {
	random := rand.New(rand.NewPCG(seed, 1))
	return random.IntN
}

func drawForm(draw drawer, id string) *form {
	return &form{age: someAges[draw(len(someAges))], activity: someActivities[draw(len(someActivities))], id: id}
}

func drawItems(draw drawer, most int) []item {
	users := []string{"acme/bob", "acme/jane", "beta/bob"}
	names := []string{"a", "b b", "ü\n", "\xff", "recovered-1", "x.json", "-rf"}
	seen := map[string]bool{}
	var items []item
	for range draw(most) + 1 {
		i := item{user: users[draw(len(users))], name: names[draw(len(names))]}
		if seen[i.user+i.name] {
			continue
		}
		seen[i.user+i.name] = true
		kind := draw(4)
		if kind != 0 {
			i.plain = drawForm(draw, i.user+i.name)
		}
		switch kind {
		case 0, 1:
			i.packed = drawForm(draw, i.user+i.name+" packed")
		case 2:
			i.packed = &form{age: someAges[draw(len(someAges))], activity: i.plain.activity, id: i.plain.id} // the same content
			if draw(2) == 0 {
				i.packed = nil
			}
		}
		items = append(items, i)
	}
	return items
}

func (w *fixture) build(items []item) {
	for _, i := range items {
		w.fs.Write(i.user+"/metadata.json", []byte(`{"user":1}`), begin.Add(-400*day).UnixNano())
		w.fs.Write(i.user+"/.claude/user.json", []byte(`{}`), begin.Add(-400*day).UnixNano())
		w.fs.Write(i.user+"/project/.git/HEAD", []byte(`ref`), begin.Add(-400*day).UnixNano())
		if i.plain != nil {
			w.thread(i.plainPath(), i.plain.content(), i.plain.age)
		}
		if i.packed != nil {
			w.thread(i.packedPath(), gzipped(i.packed.content()), i.packed.age)
		}
	}
}

// outcome is what the reference says becomes of an item.
type outcome struct {
	plain, packed *form
	compressed    int64
	deleted       int64
}

const (
	keep = iota
	pack
	drop
)

// due is the reference for one file: what its age asks for.
func due(f *form, canPack bool) int {
	if f == nil || f.age < 0 || f.activity < 0 {
		return keep
	}
	idle := f.age
	if f.activity != 0 {
		idle = min(idle, f.activity)
	}
	switch {
	case idle >= 30*day:
		return drop
	case idle >= 7*day && canPack:
		return pack
	}
	return keep
}

// reference is the whole specification of what happens to a thread, in one
// place and without a file system.
func reference(i item) outcome {
	plain, packed := due(i.plain, true), due(i.packed, false)
	o := outcome{plain: i.plain, packed: i.packed}
	if plain == pack {
		switch {
		case i.packed == nil:
			o.plain, o.packed, o.compressed = nil, i.plain, 1
		case i.packed.id == i.plain.id:
			younger := *i.packed
			younger.age = min(younger.age, i.plain.age)
			o.plain, o.packed, o.compressed = nil, &younger, 1
		}
		return o
	}
	if plain == drop && (packed == drop || i.packed == nil) {
		o.plain, o.deleted = nil, 1
	}
	if packed == drop && (plain == drop || i.plain == nil) {
		o.packed = nil
		o.deleted++
	}
	return o
}

// requireReference compares the tree with what the reference expects of it.
func (w *fixture) requireReference(t require.TestingT, items []item, note any) {
	want := map[string]string{}
	for _, i := range items {
		o := reference(i)
		if o.plain != nil {
			want[i.plainPath()] = fmt.Sprintf("%s %q", o.plain.age, o.plain.content())
		}
		if o.packed != nil {
			want[i.packedPath()] = fmt.Sprintf("%s %q", o.packed.age, o.packed.content())
		}
		for path, content := range map[string]string{
			"/metadata.json": `{"user":1}`, "/.claude/user.json": `{}`, "/project/.git/HEAD": `ref`,
		} {
			want[i.user+path] = fmt.Sprintf("%s %q", 400*day, content)
		}
	}
	got := w.contents(t)
	for path, text := range got {
		if text == "directory " {
			delete(got, path)
		}
	}
	require.Equal(t, want, got, "%v", note)
}

// requireNothingLost checks what must hold at every instant: each thread that
// is to be kept is there under one of its proper names, complete.
func (w *fixture) requireNothingLost(t require.TestingT, items []item, note any) {
	tree := w.contents(t) // fails on a packed file that is not complete
	for _, i := range items {
		visible := tree[i.plainPath()] + tree[i.packedPath()]
		o := reference(i)
		for _, f := range []*form{o.plain, o.packed} {
			if f != nil {
				require.Contains(t, visible, fmt.Sprintf("%q", f.content()), "%s: %v", i.plainPath(), note)
			}
		}
		require.Contains(t, tree[i.user+"/metadata.json"], `{\"user\":1}`)
	}
}
