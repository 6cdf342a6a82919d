package function

import (
	"archive/zip"
	"context"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tinySource needs nothing but the runtime, so that its packages compile in seconds on a cold cache.
const tinySource = "package main\n\nfunc main() { println(\"tiny\") }\n"

// tinyModule is a module with one small function, in a folder of its own.
func tinyModule(t *testing.T, files map[string]string) *builder {
	t.Helper()
	all := map[string]string{
		// The toolchain that runs this test: another one would have to be downloaded.
		"go.mod":                 "module example.test/tiny\n\ngo 1.26\n\ntoolchain " + runtime.Version() + "\n",
		"go.sum":                 "",
		"functions/tiny/main.go": tinySource,
	}
	for path, content := range files {
		all[path] = content
	}
	root := t.TempDir()
	for path, content := range all {
		write(t, filepath.Join(root, path), content)
	}
	return &builder{root: root}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

func mustBuild(t *testing.T, b *builder) string {
	t.Helper()
	archive, err := b.build(t.Context(), "tiny")
	require.NoError(t, err)
	return archive
}

func TestFunctionPackageHoldsOneExecutableBootstrap(t *testing.T) {
	t.Parallel()
	archive := mustBuild(t, tinyModule(t, nil))
	reader, err := zip.OpenReader(archive)
	require.NoError(t, err)
	defer func() { _ = reader.Close() }()

	require.Len(t, reader.File, 1)
	entry := reader.File[0]
	assert.Equal(t, "bootstrap", entry.Name)
	assert.Equal(t, os.FileMode(0o755), entry.Mode(), "the runtime has to be able to execute it")
	assert.True(t, entry.Modified.IsZero() || entry.Modified.Year() <= 1980, "no time goes into the archive: %s", entry.Modified)

	content, err := entry.Open()
	require.NoError(t, err)
	header := make([]byte, 20)
	_, err = io.ReadFull(content, header)
	require.NoError(t, err)
	assert.Equal(t, "\x7fELF", string(header[:4]))
	assert.Equal(t, byte(183), header[18], "EM_AARCH64: the functions run on arm64")
}

// The package is what Pulumi hashes to see a change: equal sources have to give equal bytes wherever and with whatever
// Go settings the program runs.
func TestFunctionPackageIsTheSameOnEveryMachine(t *testing.T) {
	plain := mustBuild(t, tinyModule(t, nil))
	want, err := os.ReadFile(plain)
	require.NoError(t, err)

	// Where `go env -w` keeps settings: an empty variable of the environment does not override those.
	settings := t.TempDir()
	write(t, filepath.Join(settings, "go", "env"), "GOFLAGS=-gcflags=all=-l\nGOFIPS140=latest\n")
	for name, environment := range map[string]map[string]string{
		"flags":      {"GOFLAGS": "-gcflags=all=-l"},
		"platform":   {"GOOS": "windows", "GOARCH": "amd64", "GOARM64": "v9.0", "CGO_ENABLED": "1"},
		"locale":     {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati"},
		"experiment": {"GOEXPERIMENT": "nogreenteagc", "GODEBUG": "http2client=0"},
		"settings":   {"XDG_CONFIG_HOME": settings},
		"file":       {"GOENV": filepath.Join(settings, "go", "env")},
		"modules":    {"GO111MODULE": "off", "GOWORK": "/nowhere/go.work"},
		"fips":       {"GOFIPS140": "latest"},
	} {
		t.Run(name, func(t *testing.T) {
			for key, value := range environment {
				t.Setenv(key, value)
			}
			b := tinyModule(t, map[string]string{"README.md": "another root with other neighbours\n"})
			got, err := os.ReadFile(mustBuild(t, b))
			require.NoError(t, err)
			assert.True(t, string(want) == string(got), "%d and %d bytes differ", len(want), len(got))
		})
	}
}

func TestFunctionIsRebuiltOnlyWhenItsSourcesChange(t *testing.T) {
	t.Parallel()
	b := tinyModule(t, nil)
	first := mustBuild(t, b)
	// A time that no build of this test can have.
	old := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	require.NoError(t, os.Chtimes(first, old, old))

	for name, change := range map[string]string{
		"nothing":               "",
		"a test":                "functions/tiny/main_test.go",
		"test data":             "functions/tiny/testdata/golden.txt",
		"a file elsewhere":      "README.md",
		"the program's sources": "infra/deploy.go",
	} {
		if change != "" {
			write(t, filepath.Join(b.root, change), "package main // "+name+"\n")
		}
		assert.Equal(t, first, mustBuild(t, b), "%s changed", name)
		info, err := os.Stat(first)
		require.NoError(t, err)
		assert.True(t, info.ModTime().Equal(old), "%s changed: the package was written again", name)
	}

	seen := map[string]bool{first: true}
	for path, content := range map[string]string{
		"functions/tiny/main.go":       strings.Replace(tinySource, "tiny\"", "tinier\"", 1),
		"functions/tiny/page.html":     "<p>embedded",
		"functions/shared/shared.go":   "package shared\n",
		"go.sum":                       "example.test/other v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
		"functions/tiny/sub/helper.go": "package sub\n",
	} {
		write(t, filepath.Join(b.root, path), content)
		archive := mustBuild(t, b)
		assert.False(t, seen[archive], "%s changed, but the package's name did not", path)
		seen[archive] = true
	}
}

func TestFunctionWithAnErrorShowsTheCompilersMessage(t *testing.T) {
	t.Parallel()
	b := tinyModule(t, map[string]string{"functions/tiny/main.go": "package main\n\nfunc main() { undefinedThing() }\n"})
	_, err := b.build(t.Context(), "tiny")
	require.Error(t, err)
	assert.ErrorContains(t, err, "build function tiny")
	assert.ErrorContains(t, err, "main.go:3")
	assert.ErrorContains(t, err, "undefined: undefinedThing")
	assertNothingLeft(t, b)
}

func TestFunctionThatDoesNotExist(t *testing.T) {
	t.Parallel()
	b := tinyModule(t, nil)
	_, err := b.build(t.Context(), "absent")
	require.ErrorContains(t, err, "functions/absent")
	assertNothingLeft(t, b)
}

func TestFunctionsNeedAPinnedToolchain(t *testing.T) {
	t.Parallel()
	b := tinyModule(t, map[string]string{"go.mod": "module example.test/tiny\n\ngo 1.26\n"})
	_, err := b.build(t.Context(), "tiny")
	require.ErrorIs(t, err, errNoToolchain)
	assert.ErrorContains(t, err, "toolchain go1.")

	b = tinyModule(t, map[string]string{"go.mod": "this is no go.mod\n"})
	_, err = b.build(t.Context(), "tiny")
	require.ErrorContains(t, err, "go.mod:1")
}

func TestInterruptedBuildLeavesNothing(t *testing.T) {
	t.Parallel()
	b := tinyModule(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.build(ctx, "tiny")
	require.ErrorIs(t, err, context.Canceled)
	assertNothingLeft(t, b)

	mustBuild(t, b) // and the next run builds it
}

// assertNothingLeft looks for packages and work folders.
func assertNothingLeft(t *testing.T, b *builder) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(b.root, ".build", "functions"))
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	assert.Empty(t, entries)
}

func TestTwoBuildsAtOnceGiveOnePackage(t *testing.T) {
	t.Parallel()
	b := tinyModule(t, nil)
	results := make(chan error, 4)
	for range cap(results) {
		go func() {
			_, err := b.build(t.Context(), "tiny")
			results <- err
		}()
	}
	for range cap(results) {
		require.NoError(t, <-results)
	}
	entries, err := os.ReadDir(filepath.Join(b.root, ".build", "functions"))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	_, err = zip.OpenReader(filepath.Join(b.root, ".build", "functions", entries[0].Name()))
	require.NoError(t, err)
}

func TestFunctionBuilderFindsTheModuleAbove(t *testing.T) {
	b := tinyModule(t, map[string]string{"infra/deep/file.go": "package deep\n"})
	t.Chdir(filepath.Join(b.root, "infra", "deep"))
	found, err := newBuilder()
	require.NoError(t, err)
	want, err := filepath.EvalSymlinks(b.root)
	require.NoError(t, err)
	got, err := filepath.EvalSymlinks(found.root)
	require.NoError(t, err)
	assert.Equal(t, want, got)

	t.Chdir(t.TempDir())
	_, err = newBuilder()
	require.ErrorContains(t, err, "go.mod and functions/")
}

// A function's package is rebuilt when something below functions/ changes, so nothing else of this module may go into
// it. Nor does the Pulumi SDK, which would make it ten times as large.
func TestFunctionsImportNothingElseOfThisModule(t *testing.T) {
	t.Parallel()
	const module = "github.com/webordinary/live-edit/"
	files := 0
	err := filepath.WalkDir(filepath.Join("..", "..", "functions"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imported := range file.Imports {
			name := strings.Trim(imported.Path.Value, `"`)
			assert.False(t, strings.HasPrefix(name, module) && !strings.HasPrefix(name, module+"functions/"), "%s imports %s", path, name)
			assert.NotContains(t, name, "pulumi", path)
		}
		return nil
	})
	require.NoError(t, err)
	assert.Greater(t, files, 20)
}
