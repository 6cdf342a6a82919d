package memfs

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// The methods below build and read trees by slash-separated paths, for tests.
// They panic on nonsense, act at once on stable storage, and count as nobody's
// operation.

// Write makes or replaces a file, with its parents.
func (f *FS) Write(path string, data []byte, modTime int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.newNode(fsx.KindFile, 0o644)
	n.data, n.durable = slices.Clone(data), slices.Clone(data)
	n.info.Size, n.info.ModTime = int64(len(data)), modTime
	f.place(path, n)
}

// MkdirAll makes a directory, with its parents.
func (f *FS) MkdirAll(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parent(path + "/x")
}

// Symlink makes a symbolic link.
func (f *FS) Symlink(target, path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.newNode(fsx.KindSymlink, 0o777)
	n.target = target
	f.place(path, n)
}

// Link gives a file a second name.
func (f *FS) Link(path, newPath string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.find(path)
	n.info.Links++
	f.place(newPath, n)
}

// Special makes an entry that is neither file, directory nor link.
func (f *FS) Special(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.place(path, f.newNode(fsx.KindOther, 0o644))
}

// Edit changes the attributes of an entry.
func (f *FS) Edit(path string, edit func(*fsx.Info)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	edit(&f.find(path).info)
}

// Append adds bytes to a file, as a writer in another process would. It makes
// the file if there is none.
func (f *FS) Append(path string, data []byte) {
	f.mu.Lock()
	n := f.lookupPath(path)
	if n == nil {
		now := f.now()
		f.mu.Unlock()
		f.Write(path, data, now)
		return
	}
	defer f.mu.Unlock()
	f.append(n, data)
	n.durable = slices.Clone(n.data)
}

// Overwrite replaces a file's content in place: the same inode, truncated and
// written again.
func (f *FS) Overwrite(path string, data []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.find(path)
	n.data = nil
	f.append(n, data)
	n.durable = slices.Clone(n.data)
}

// Handle is an open file of a writer, which follows the file when it is renamed.
type Handle struct {
	fs   *FS
	node *node
}

// Handle opens a file for appending; nil if there is none.
func (f *FS) Handle(path string) *Handle {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := f.lookupPath(path); n != nil {
		n.opens++
		return &Handle{f, n}
	}
	return nil
}

// Close ends it.
func (h *Handle) Close() {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	h.node.opens--
}

// Append adds bytes through the handle.
func (h *Handle) Append(data []byte) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	h.fs.append(h.node, data)
	h.node.durable = slices.Clone(h.node.data)
}

// Delete takes an entry away with all below it.
func (f *FS) Delete(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, base := f.parent(path)
	delete(dir.entries, base)
	delete(dir.stable, base)
}

// Entry is one entry of Tree.
type Entry struct {
	Info   fsx.Info
	Data   string
	Target string
}

// Tree lists everything, by path.
func (f *FS) Tree() map[string]Entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[string]Entry{}
	collect(f.root, "", all)
	return all
}

func collect(n *node, path string, all map[string]Entry) {
	for _, name := range slices.Sorted(maps.Keys(n.entries)) {
		child := n.entries[name]
		all[path+name] = Entry{Info: child.info, Data: string(child.data), Target: child.target}
		collect(child, path+name+"/", all)
	}
}

func (f *FS) place(path string, n *node) {
	dir, base := f.parent(path)
	dir.entries[base], dir.stable[base] = n, n
}

func (f *FS) find(path string) *node {
	n := f.lookupPath(path)
	if n == nil {
		panic(fmt.Sprintf("memfs: no %q", path))
	}
	return n
}

func (f *FS) lookupPath(path string) *node {
	dir, base := f.parent(path)
	return dir.entries[base]
}

// parent finds the directory of a path, making what is missing.
func (f *FS) parent(path string) (*node, string) {
	parts := strings.Split(path, "/")
	n := f.root
	for _, part := range parts[:len(parts)-1] {
		child, ok := n.entries[part]
		if !ok {
			child = f.newNode(fsx.KindDir, fs.FileMode(0o755))
			n.entries[part], n.stable[part] = child, child
		}
		n = child
	}
	return n, parts[len(parts)-1]
}
