// Package packs keeps what an installation makes, such as node_modules, as one file on the file system, and has it on the task's disk
// while a session runs: thousands of small files are read there in a fraction of the time. What is packed can be made again at any time,
// so nothing here may keep a session from starting: whatever fails leaves the installation to do it.
package packs

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	// localPrefix begins the name of a task's directory on its disk, by which a link into one is known, whichever task's it was.
	localPrefix = "live-edit-packs-"
	suffix      = ".tar.zst"
	newPrefix   = ".new-" // not whole yet
	oldPrefix   = ".old-" // replaced, and on its way out
	dirPerm     = 0o750
)

// ErrForeign is a link that somebody else has made where ours would be.
var ErrForeign = errors.New("it is a link of the site's own, which stays")

// Local makes a task's directory on its disk, below a directory for what is temporary.
func Local(temporary string) (string, error) {
	local, err := os.MkdirTemp(temporary, localPrefix)
	if err != nil {
		return "", fmt.Errorf("make a directory on the task's disk: %w", err)
	}
	return local, nil
}

// Tree is a directory that some files decide.
type Tree struct {
	// Directory is where the project has it: the directory itself, or a link of ours to the task's disk. Not a mount: a task may make
	// none. npm takes a link away and installs a whole directory in its place, which is packed then.
	Directory string
	// Marker is the file in it that its installation writes last.
	Marker string
	// By are the files that decide what is in it; the first has to be there.
	By []string
	// Kind tells trees apart that the same files decide, Version is what decides besides, such as that of Node.
	Kind, Version string
	// Without are names in the directory that are not packed.
	Without []string
	// Packs is the directory of the client's packs, which all of its sessions share. It is on the project's file system.
	Packs string
	// Local is the session's directory on the task's disk.
	Local string
}

// name is what the tree's pack is called: everything that decides what is in it, as a sum. fs.ErrNotExist says that nothing decides it yet.
func (t *Tree) name() (string, error) {
	type file struct {
		Exists  bool
		Content []byte
	}
	const format = 1
	parts := struct {
		Format                  int
		Platform, Kind, Version string
		Without                 []string
		Files                   []file
	}{format, runtime.GOOS + "/" + runtime.GOARCH, t.Kind, t.Version, t.Without, nil}
	for i, by := range t.By {
		content, err := os.ReadFile(by) //nolint:gosec // named by the image
		if err != nil && (i == 0 || !errors.Is(err, fs.ErrNotExist)) {
			return "", fmt.Errorf("read what decides %s: %w", t.Directory, err)
		}
		parts.Files = append(parts.Files, file{err == nil, content})
	}
	text, err := json.Marshal(parts)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}

// Placed says what was unpacked.
type Placed struct {
	// There says that the project's directory is on the task's disk now.
	There bool
	// Bytes of files were unpacked in Took; none if they were there already.
	Bytes int64
	Took  time.Duration
}

// Place has the directory on the task's disk if there is a pack of it. Without one, and with an error, there is no link of ours left, so
// that what is on the file system counts, and is made if it is not there.
func (t *Tree) Place(ctx context.Context) (Placed, error) {
	placed, err := t.place(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // the usual way of a first start
	}
	if !placed.There {
		err = errors.Join(err, Withdraw(t.Directory))
	}
	return placed, err
}

func (t *Tree) place(ctx context.Context) (Placed, error) {
	if target, err := os.Readlink(t.Directory); err == nil && !isOurs(target) {
		return Placed{}, fmt.Errorf("%s leads to %s: %w", t.Directory, target, ErrForeign)
	}
	name, err := t.name()
	if err != nil {
		return Placed{}, err
	}
	local := filepath.Join(t.Local, name, filepath.Base(t.Directory))
	var out Placed
	if _, err := os.Stat(t.within(local)); err != nil {
		if out, err = t.unpack(ctx, name); err != nil {
			return out, err
		}
	}
	if err := t.link(local); err != nil {
		return out, fmt.Errorf("have %s on the task's disk: %w", t.Directory, err)
	}
	out.There = true
	return out, nil
}

// within is where the marker is if the tree is elsewhere.
func (t *Tree) within(directory string) string {
	return directory + strings.TrimPrefix(t.Marker, t.Directory)
}

// unpack brings a pack to the task's disk, whole or not at all. One that is damaged is removed, since it would be found again.
func (t *Tree) unpack(ctx context.Context, name string) (out Placed, err error) {
	began, pack := time.Now(), filepath.Join(t.Packs, name+suffix)
	file, err := os.Open(pack) //nolint:gosec // named by a sum
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := os.RemoveAll(t.Local); err != nil { // what another lock file has decided
		return out, err
	}
	half := filepath.Join(t.Local, newPrefix+name)
	tree := filepath.Join(half, filepath.Base(t.Directory))
	if err := os.MkdirAll(tree, dirPerm); err != nil {
		return out, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(half))
		}
	}()
	root, err := os.OpenRoot(tree)
	if err != nil {
		return out, err
	}
	out.Bytes, err = read(ctx, file, root)
	if err = errors.Join(err, root.Close()); err == nil {
		if _, missing := os.Stat(t.within(tree)); missing != nil {
			err = fmt.Errorf("%w: %w", ErrDamaged, missing)
		}
	}
	if errors.Is(err, ErrDamaged) {
		err = errors.Join(fmt.Errorf("%s: %v; it is removed", pack, err), os.Remove(pack)) //nolint:errorlint // no fs.ErrNotExist of inside
	}
	if err != nil {
		return Placed{}, fmt.Errorf("unpack: %w", err)
	}
	now := time.Now()
	_ = os.Chtimes(pack, now, now) // those that nobody uses go first
	out.Took = now.Sub(began)
	return out, os.Rename(half, filepath.Join(t.Local, name))
}

// link leads to the tree on the task's disk. What was in its place, whole or not, goes: the pack has the same.
func (t *Tree) link(local string) (err error) {
	if target, err := os.Readlink(t.Directory); err == nil && target == local {
		return nil
	}
	if err := exclude(t.Directory); err != nil {
		return err
	}
	link := filepath.Join(t.Packs, newPrefix+rand.Text())
	if err := os.Symlink(local, link); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(link))
		}
	}()
	if info, err := os.Lstat(t.Directory); err == nil && info.IsDir() {
		old := filepath.Join(t.Packs, oldPrefix+rand.Text())
		if err := os.Rename(t.Directory, old); err != nil {
			return err
		}
		go func() { _ = os.RemoveAll(old) }() // what a killed task leaves goes with the next pack
	}
	return os.Rename(link, t.Directory)
}

// isOurs says whether a link leads to a task's disk.
func isOurs(target string) bool {
	return filepath.IsAbs(target) && strings.Contains(target, string(filepath.Separator)+localPrefix)
}

// Withdraw takes a link of ours away, so that a directory may be made in its place.
func Withdraw(directory string) error {
	target, err := os.Readlink(directory)
	if err != nil || !isOurs(target) {
		return nil //nolint:nilerr // it is no link, or not there
	}
	return os.Remove(directory)
}
