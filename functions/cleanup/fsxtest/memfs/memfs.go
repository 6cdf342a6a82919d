// Package memfs keeps a tree of files in memory, for tests of code that works
// on fsx. It is strict where a real disk is merciful: what was not synced may
// be gone after Crash, in any combination that the caller chooses.
package memfs

import (
	"io/fs"
	"math/rand/v2"
	"sort"
	"strings"
	"sync"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// FS is a file system in memory. The zero value is not usable; see New.
type FS struct {
	mu      sync.Mutex
	root    *node
	now     func() int64
	nextIno uint64
	pending []change // directory changes that no Sync has made durable
	full    bool
	leases  bool
	locked  map[*node]bool
}

// node is one inode.
type node struct {
	info    fsx.Info
	data    []byte
	durable []byte // what a crash leaves of data
	entries map[string]*node
	stable  map[string]*node // what a crash leaves of entries
	target  string           // of a symbolic link
	opens   int              // handles on a file
	holder  *file            // whose lease keeps others from opening it
}

// change is one atomic change of one or two directories.
type change struct {
	dirs  [2]*node
	apply func(entries func(*node) map[string]*node)
}

// New makes an empty file system. now gives the time for modification and
// change times, in nanoseconds since 1970.
func New(now func() int64) *FS {
	f := &FS{now: now, locked: map[*node]bool{}}
	f.root = f.newNode(fsx.KindDir, 0o755)
	return f
}

// Root opens the root directory.
func (f *FS) Root() fsx.Dir {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open(f.root)
}

// SetFull makes every write fail with ENOSPC, or no longer.
func (f *FS) SetFull(full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.full = full
}

// SetLeases makes it a local file system, which tells who has a file open, or
// one on a network, which does not. It is one on a network to begin with.
func (f *FS) SetLeases(leases bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leases = leases
}

// Crash loses the power: each directory change that was not synced stays with
// probability one half or is lost, in any order, and file data that was not
// synced is gone. Locks are released. Handles from before must not be used.
func (f *FS) Crash(random *rand.Rand) {
	f.mu.Lock()
	defer f.mu.Unlock()
	stable := func(n *node) map[string]*node { return n.stable }
	for _, c := range f.pending {
		if random.IntN(2) == 0 {
			c.apply(stable)
		}
	}
	f.pending = nil
	f.locked = map[*node]bool{}
	f.full = false
	seen := map[*node]bool{}
	revert(f.root, seen)
	for n := range seen {
		n.info.Links = 0
	}
	countLinks(f.root)
}

// countLinks gives every file as many links as it has names.
func countLinks(n *node) {
	n.info.Links++
	for _, child := range n.entries {
		countLinks(child)
	}
}

// Kill ends the process that had locks; everything else stays as it is.
func (f *FS) Kill() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.locked = map[*node]bool{}
}

func revert(n *node, seen map[*node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	n.data = append([]byte(nil), n.durable...)
	n.info.Size = int64(len(n.data))
	if n.info.Kind != fsx.KindDir {
		return
	}
	n.entries = map[string]*node{}
	for name, child := range n.stable {
		n.entries[name] = child
		revert(child, seen)
	}
}

// change applies c to the living tree and remembers it as not yet durable.
// The caller holds the lock.
func (f *FS) change(c change) {
	c.apply(func(n *node) map[string]*node { return n.entries })
	stamp := f.now()
	for _, dir := range c.dirs {
		if dir != nil {
			dir.info.ModTime, dir.info.ChangeTime = stamp, stamp
		}
	}
	f.pending = append(f.pending, c)
}

// sync makes the changes of one directory durable. The caller holds the lock.
func (f *FS) sync(dir *node) {
	kept := f.pending[:0]
	for _, c := range f.pending {
		if c.dirs[0] == dir || c.dirs[1] == dir {
			c.apply(func(n *node) map[string]*node { return n.stable })
			continue
		}
		kept = append(kept, c)
	}
	f.pending = kept
}

func (f *FS) newNode(kind fsx.Kind, perm fs.FileMode) *node {
	f.nextIno++
	now := f.now()
	n := &node{info: fsx.Info{
		Kind: kind, Perm: perm, Ino: f.nextIno, Dev: 1, ModTime: now, ChangeTime: now, Links: 1, UID: 1000, GID: 1000,
	}}
	if kind == fsx.KindDir {
		n.entries, n.stable = map[string]*node{}, map[string]*node{}
	}
	return n
}

func (f *FS) open(n *node) *dir { return &dir{fs: f, node: n, self: n.info} }

// after lists the names of a directory that follow a place in its order. The
// caller holds the lock.
func (n *node) after(last string) []string {
	var names []string
	for name := range n.entries {
		if last == "" || listedBefore(last, name) {
			names = append(names, name)
		}
	}
	sort.Slice(names, func(i, j int) bool { return listedBefore(names[i], names[j]) })
	return names
}

// listedBefore is the order in which a directory lists its entries: hidden ones
// last, so that whoever renames what it has listed meets it again.
func listedBefore(a, b string) bool {
	hiddenA, hiddenB := strings.HasPrefix(a, "."), strings.HasPrefix(b, ".")
	if hiddenA != hiddenB {
		return hiddenB
	}
	return a < b
}

// put is a change that gives a node a name.
func put(dir *node, name string, child *node) change {
	return change{dirs: [2]*node{dir}, apply: func(entries func(*node) map[string]*node) {
		entries(dir)[name] = child
	}}
}

// drop is a change that takes a name away.
func drop(dir *node, name string) change {
	return change{dirs: [2]*node{dir}, apply: func(entries func(*node) map[string]*node) {
		delete(entries(dir), name)
	}}
}

// move is a change that gives a node another name in one step.
func move(from *node, name string, to *node, newName string) change {
	return change{dirs: [2]*node{from, to}, apply: func(entries func(*node) map[string]*node) {
		child, ok := entries(from)[name]
		if !ok {
			return
		}
		delete(entries(from), name)
		entries(to)[newName] = child
	}}
}
