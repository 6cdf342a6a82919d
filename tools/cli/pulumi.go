package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/blang/semver"
)

// Command is a Pulumi CLI that can be used.
type Command struct {
	// Path is the absolute path of the binary.
	Path string
	// Version is what it says it is.
	Version semver.Version
}

// PulumiCommand returns the `pulumi` on the PATH when its version is compatible
// (the pinned one or newer, same major version), and else downloads or builds the pinned one.
func (b Builder) PulumiCommand(ctx context.Context) (Command, error) {
	pinned, err := semver.ParseTolerant(Pulumi.Version)
	if err != nil {
		return Command{}, fmt.Errorf("the pinned version %s: %w", Pulumi.Version, err)
	}
	if found, ok := b.onPath(ctx); ok {
		if compatible(found.Version, pinned) {
			return found, nil
		}
		b.logf("%s on the PATH is version %s; %s or newer of the same major version is needed, so the pinned one is used.",
			found.Path, found.Version, pinned)
	}
	path, err := b.Path(ctx, Pulumi)
	if err != nil {
		return Command{}, err
	}
	return Command{Path: path, Version: pinned}, nil
}

func compatible(found, pinned semver.Version) bool {
	return found.Major == pinned.Major && found.GE(pinned)
}

// OnPath tells whether a compatible CLI is on the PATH, so that none is needed.
func (b Builder) OnPath(ctx context.Context) bool {
	pinned, err := semver.ParseTolerant(Pulumi.Version)
	found, ok := b.onPath(ctx)
	return err == nil && ok && compatible(found.Version, pinned)
}

// onPath returns the CLI on the PATH with its version, or false if there is
// none that answers.
func (b Builder) onPath(ctx context.Context) (Command, bool) {
	path, err := exec.LookPath(Pulumi.Name)
	if err != nil {
		return Command{}, false
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return Command{}, false
	}
	version, err := b.cachedVersion(path, func() (string, error) { return askVersion(ctx, path) })
	if err != nil {
		b.logf("%s on the PATH is not usable: %v", path, err)
		return Command{}, false
	}
	return Command{Path: path, Version: version}, true
}

func askVersion(ctx context.Context, path string) (string, error) {
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("`pulumi version` failed: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// smallestBinary tells a CLI from a version manager's shim, whose file stays the
// same while the version behind it changes. The CLI has more than 100 MB.
const smallestBinary = 1 << 20

// seenVersion remembers the version of one binary, since asking costs the start
// of a large process in every run. The file's size and time tell whether it is
// still the same one.
type seenVersion struct {
	Path    string    `json:"path"`
	Size    int64     `json:"size"`
	Changed time.Time `json:"changed"`
	Version string    `json:"version"`
}

// cachedVersion returns the version of the binary at path, from the last run if
// the file has not changed since.
func (b Builder) cachedVersion(path string, ask func() (string, error)) (semver.Version, error) {
	info, err := os.Stat(path) // follows links: a package manager swaps the target
	if err != nil {
		return semver.Version{}, err
	}
	cache := filepath.Join(b.binDir(), "path-version.json")
	now := seenVersion{Path: path, Size: info.Size(), Changed: info.ModTime().UTC()}
	mayCache := info.Size() >= smallestBinary
	if seen, err := readSeen(cache); mayCache && err == nil && seen.same(now) {
		return semver.ParseTolerant(seen.Version)
	}
	if now.Version, err = ask(); err != nil {
		return semver.Version{}, err
	}
	version, err := semver.ParseTolerant(now.Version)
	if err != nil {
		return semver.Version{}, fmt.Errorf("it calls itself %q, which is no version: %w", now.Version, err)
	}
	if mayCache {
		_ = writeSeen(cache, now) // without the note the next run asks again, no more
	}
	return version, nil
}

func (s seenVersion) same(other seenVersion) bool {
	return s.Path == other.Path && s.Size == other.Size && s.Changed.Equal(other.Changed)
}

func readSeen(path string) (seenVersion, error) {
	data, err := os.ReadFile(path) //nolint:gosec // a path of our own
	if err != nil {
		return seenVersion{}, err
	}
	var seen seenVersion
	return seen, json.Unmarshal(data, &seen)
}

func writeSeen(path string, seen seenVersion) error {
	data, err := json.Marshal(seen)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".path-version-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Close()); err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return os.Rename(temp.Name(), path)
}
