package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/tools/goflags"
)

// note is the file that says what a binary was compiled from.
func note(binary string) string { return binary + ".sources" }

// current tells whether the binary was compiled from these sources.
func current(binary, sources string) bool {
	if sources == "" {
		return false
	}
	if _, err := os.Stat(binary); err != nil {
		return false
	}
	noted, err := os.ReadFile(note(binary))
	return err == nil && string(noted) == sources
}

// compilerSettings are the variables of the environment that change what the go command makes of the same sources.
var compilerSettings = []string{
	"CC", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_ENABLED", "CGO_LDFLAGS", "GOAMD64", "GOARM64", "GOEXPERIMENT", "GOFIPS140", "GOFLAGS", "GOWORK",
}

// sources describes everything that the command is compiled from, by size and time of change: 10 ms instead of the half second that
// the go command takes to look. Modules never change under their version. It is empty, which equals nothing, where sources
// outside the repository take part: a workspace, or a module that go.mod replaces.
func (b build) sources() (string, error) {
	module, err := os.ReadFile(filepath.Join(b.root, "go.mod"))
	if err != nil {
		return "", wrap("read the sandbox's sources", err)
	}
	if bytes.Contains(module, []byte("=>")) || b.inWorkspace() {
		return "", nil
	}
	var all strings.Builder
	all.WriteString(runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH + " " + goflags.Environment() + "\n")
	for _, entry := range b.environment {
		name, value, _ := strings.Cut(entry, "=")
		// `make` exports the flags that the launcher sets by itself.
		if slices.Contains(compilerSettings, name) && value != "" && value != goflags.Environment() {
			all.WriteString(entry + "\n")
		}
	}
	err = filepath.WalkDir(b.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case path == b.root:
			return nil
		case b.neverCompiled(path, entry.Name()) && entry.IsDir():
			return fs.SkipDir
		case b.neverCompiled(path, entry.Name()), !entry.Type().IsRegular():
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) { // somebody's temporary file
			return nil
		}
		if err != nil {
			return err
		}
		all.WriteString(path + " " + strconv.FormatInt(info.Size(), 10) + " " + strconv.FormatInt(info.ModTime().UnixNano(), 10) + "\n")
		return nil
	})
	if err != nil {
		return "", wrap("read the sandbox's sources", err)
	}
	return all.String(), nil
}

// neverCompiled tells what the command does not come from: hidden files and folders, tests and their data, documentation, and
// what lies in the root beside the module's files, such as a stack's settings.
func (b build) neverCompiled(path, name string) bool {
	switch {
	case strings.HasPrefix(name, "."), name == "testdata", strings.HasSuffix(name, "_test.go"):
		return true
	case filepath.Dir(path) != b.root:
		return false
	default:
		return name == "docs" || strings.Contains(name, ".") && name != "go.mod" && name != "go.sum"
	}
}

// inWorkspace tells whether a go.work file is in force.
func (b build) inWorkspace() bool {
	for _, entry := range b.environment {
		if value, ok := strings.CutPrefix(entry, "GOWORK="); ok && value != "" {
			return value != "off"
		}
	}
	for at := b.root; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.work")); err == nil {
			return true
		}
		if at == filepath.Dir(at) {
			return false
		}
	}
}

// replace writes a file that is never there by half.
func replace(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
