package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/tools/mounttest"
)

// toDisk has what steps make unpacked to the task's disk, and the minutes between two looks run fast.
var toDisk = []string{"DEPENDENCIES=task", "LIVE_EDIT_SPEED=60"}

// installing is a service whose image installs something into each new site, and counts how often it did.
func installing(t *testing.T) *service {
	return newService(t, func(f *config.File) {
		fetch, install := shell("Fetching the site", `mkdir site.new; echo 1 > site.new/lock; mv site.new site`), shell("Installing what it needs",
			`cd site; rm -rf modules; mkdir -p modules/.bin modules/astro; cp lock modules/astro/version; head -c 600000 /dev/urandom > modules/astro/large
			ln -s ../astro/version modules/.bin/version; echo >> ../installed; touch modules/.marker`)
		fetch.Unless, install.Unless = "{workspace}/site", "{workspace}/site/modules/.marker"
		install.Makes = &config.Makes{
			Directory: "{workspace}/site/modules", By: []string{"{workspace}/site/lock"}, Version: []string{"sh", "-c", `env > {workspace}/asked; echo {client}`},
		}
		f.Prepare = []config.Step{fetch, install}
	})
}

// onItsDisk starts a task that has a disk of its own.
func (s *service) onItsDisk(disk string, environment ...string) *supervisor {
	s.t.Helper()
	return s.start(append(environment, "TMPDIR="+disk)...)
}

// installed is how often a user's site had its installation.
func (s *service) installed(user string) int {
	content, err := os.ReadFile(filepath.Join(s.directory(user), "installed"))
	require.NoError(s.t, err)
	return bytes.Count(content, []byte("\n"))
}

// asked is the environment in which the installation's version was asked for.
func (s *service) asked(user string) string {
	content, err := os.ReadFile(filepath.Join(s.directory(user), "asked"))
	require.NoError(s.t, err)
	return string(content)
}

func (s *service) module(user, name string) string {
	content, err := os.ReadFile(filepath.Join(s.directory(user), "site", "modules", name))
	require.NoError(s.t, err)
	return strings.TrimSpace(string(content))
}

func (s *service) packs() []string {
	names, err := filepath.Glob(filepath.Join(s.workspace, client, ".live-edit", "packs", "*.tar.zst"))
	require.NoError(s.t, err)
	return names
}

func TestWhatWasInstalledIsUnpackedInTheNextTask(t *testing.T) {
	t.Parallel()
	s := installing(t)
	disk := t.TempDir()
	first := s.onItsDisk(disk, toDisk...)
	first.page("")
	first.waitLog(`"msg":"packed"`)
	assert.NotContains(t, first.output(), "unpacked")
	first.terminate()

	second := s.onItsDisk(disk, toDisk...)
	second.page("")
	assert.Contains(t, second.output(), "unpacked to the task's disk")
	assert.Equal(t, 1, s.installed("ada"), "nothing was installed again")
	assert.Equal(t, "1", s.module("ada", ".bin/version"))
	assert.NotRegexp(t, `(?m)^(LIVE_EDIT_|ECS_AGENT_URI|AUTH_)`, s.asked("ada"), "the supervisor's own is nobody's")
	link, err := os.Readlink(filepath.Join(s.directory("ada"), "site", "modules"))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(link, disk), link)
	second.page("bob")
	assert.Zero(t, bobsInstallations(s), "who has the same lock file has the pack, from the first start on")
	assert.Equal(t, "1", s.module("bob", ".bin/version"))

	// Somebody installs something else while the session runs, as npm does it: the link goes.
	site := filepath.Join(s.directory("ada"), "site")
	inShell(t, site, "rm modules; mkdir -p modules/.bin; echo 2 > modules/.bin/version; echo 2 > lock; touch modules/.marker")
	second.waitLog(`"msg":"packed"`)
	second.terminate()
	left, err := filepath.Glob(filepath.Join(disk, "live-edit-packs-*"))
	require.NoError(t, err)
	assert.Empty(t, left, "a task's disk is gone with it")

	third := s.onItsDisk(disk, toDisk...)
	third.page("")
	assert.Equal(t, "2", s.module("ada", ".bin/version"))
	assert.Equal(t, 1, s.installed("ada"))
	third.kill()

	off := s.onItsDisk(disk, "LIVE_EDIT_SPEED=60") // the key is taken back: the link of another task is in the way
	off.page("")
	assert.Equal(t, 2, s.installed("ada"))
	info, err := os.Lstat(filepath.Join(site, "modules"))
	require.NoError(t, err)
	assert.True(t, info.IsDir())
	assert.NotContains(t, off.output(), "pack")
}

func bobsInstallations(s *service) int {
	content, _ := os.ReadFile(filepath.Join(s.directory("bob"), "installed"))
	return len(content)
}

func inShell(t *testing.T, directory, script string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sh", "-ec", script)
	command.Dir = directory
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// page waits until a user's page is served.
func (s *supervisor) page(user string) {
	s.t.Helper()
	s.waitFor(func() bool {
		return s.do(ask{path: "/preview/", user: user, header: http.Header{"Accept": {"text/html"}}}).status == http.StatusOK
	}, "the page of "+user)
}

func TestADamagedPackIsInstalledAgain(t *testing.T) {
	t.Parallel()
	s := installing(t)
	task := s.onItsDisk(t.TempDir(), toDisk...)
	task.page("")
	task.waitLog(`"msg":"packed"`)
	task.terminate()
	task = s.onItsDisk(t.TempDir(), toDisk...) // whose disk is the only one that has it now
	task.page("")
	task.kill()
	require.NoError(t, os.Truncate(s.packs()[0], 1000))

	task = s.onItsDisk(t.TempDir(), toDisk...)
	task.page("")
	assert.Contains(t, task.output(), "the pack is damaged")
	assert.Equal(t, 2, s.installed("ada"))
	task.waitLog(`"msg":"packed"`)
}

// TestAFullTaskDisk has room for the supervisor's directory, and none for what is to be unpacked.
func TestAFullTaskDisk(t *testing.T) {
	t.Parallel()
	mounttest.Isolated(t, "the task's disk was full", func(t *testing.T, dir string) {
		mounttest.Tmpfs(t, dir, "size=200k")
		s := installing(t)
		task := s.onItsDisk(t.TempDir(), toDisk...)
		task.page("")
		task.waitLog(`"msg":"packed"`)
		task.terminate()
		task = s.onItsDisk(dir, toDisk...)
		task.page("")
		assert.Contains(t, task.output(), "what is installed is not on the task's disk")
		assert.Contains(t, task.output(), "no space left on device")
		assert.Equal(t, 1, s.installed("ada"), "what is on the file system is whole")
		assert.Len(t, s.packs(), 1, "the pack has no fault")
		assert.Equal(t, "1", s.module("ada", ".bin/version"))
		var free [1]byte
		require.NoError(t, os.WriteFile(filepath.Join(dir, "free"), free[:], 0o600), "half of it takes no room")
	})
}

// TestNPMInstallsInPlaceOfTheLink runs the real npm, which takes the link away and installs all of it: a session goes on, and the next task
// unpacks what it was left with.
func TestNPMInstallsInPlaceOfTheLink(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("npm"); err != nil && os.Getenv("CI") == "" {
		t.Skip("no npm on the PATH")
	}
	packages := t.TempDir()
	for _, name := range []string{"first", "second"} {
		require.NoError(t, os.WriteFile(filepath.Join(packages, name+".tgz"), npmPackage(t, name), 0o600))
	}
	npm := "npm --offline --no-audit --no-fund --cache " + t.TempDir() + " "
	s := newService(t, func(f *config.File) {
		fetch := shell("Fetching", "rm -rf new; mkdir new; cd new; echo '{\"name\": \"site\"}' > package.json; "+npm+"install --package-lock-only "+packages+"/first.tgz; mv ../new ../site")
		install := shell("Installing", "cd site; "+npm+"ci")
		fetch.Unless, install.Unless = "{workspace}/site", "{workspace}/site/node_modules/.package-lock.json"
		install.Makes = &config.Makes{Directory: "{workspace}/site/node_modules", By: []string{"{workspace}/site/package-lock.json"}}
		f.Prepare = []config.Step{fetch, install}
	})
	task := s.onItsDisk(t.TempDir(), toDisk...)
	task.page("")
	task.waitLog(`"msg":"packed"`)
	task.terminate()

	task = s.onItsDisk(t.TempDir(), toDisk...)
	task.page("")
	require.Contains(t, task.output(), "unpacked")
	site := filepath.Join(s.directory("ada"), "site")
	inShell(t, site, npm+"install "+packages+"/second.tgz")
	for _, name := range []string{"first", "second"} {
		assert.FileExists(t, filepath.Join(site, "node_modules", name, "package.json"), "npm leaves a whole tree")
	}
	task.waitLog(`"msg":"packed"`)
	task.terminate()

	task = s.onItsDisk(t.TempDir(), toDisk...)
	task.page("")
	assert.Contains(t, task.output(), "unpacked")
	inShell(t, site, "test -L node_modules; "+npm+"uninstall first; test ! -e node_modules/first; test -e node_modules/second")
	task.kill()
	inShell(t, site, "rm -rf node_modules; ln -s /nowhere/live-edit-packs-1/node_modules node_modules; "+npm+"ci; test -e node_modules/second")
}

// npmPackage is a package as npm gets it.
func npmPackage(t *testing.T, name string) []byte {
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	writer := tar.NewWriter(packed)
	content, err := json.Marshal(map[string]any{"name": name, "version": "1.0.0", "bin": map[string]string{name: "run.js"}})
	require.NoError(t, err)
	for file, text := range map[string]string{"package.json": string(content), "run.js": fmt.Sprintf("#!/usr/bin/env node\nconsole.log(%q)\n", name)} {
		require.NoError(t, writer.WriteHeader(&tar.Header{Name: "package/" + file, Size: int64(len(text)), Mode: 0o755}))
		_, err := writer.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, writer.Close())
	require.NoError(t, packed.Close())
	return out.Bytes()
}
