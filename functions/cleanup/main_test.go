package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/internal/owner"
)

const day = 24 * time.Hour

// binaryPath is the setting with the place of the built command, for all tests
// of a run, whoever runs them.
const binaryPath = "CLEANUP_TEST_BINARY"

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	if os.Getenv(binaryPath) != "" {
		return owner.Main(m)
	}
	dir, err := os.MkdirTemp("", "cleanup-test-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = errors.Join(os.Chmod(dir, 0o755), os.Setenv(binaryPath, filepath.Join(dir, "cleanup")))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return owner.Main(m)
}

// binary builds the command as it is deployed.
var binary = sync.OnceValues(func() (string, error) {
	path := os.Getenv(binaryPath)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// put writes a file, and its directories, of a certain age.
func put(t testing.TB, path, content string, age time.Duration) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	when := time.Now().Add(-age)
	require.NoError(t, os.Chtimes(path, when, when))
}

// ageDirs makes the directories of a tree old.
func ageDirs(t testing.TB, root string, age time.Duration) {
	t.Helper()
	when := time.Now().Add(-age)
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chtimes(path, when, when)
		}
		return err
	}))
}

// tree reads all plain files below root, and what links and others are.
func tree(t testing.TB, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		all[rel] = d.Type().String()
		if d.Type().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			all[rel] = string(content)
		}
		return nil
	}))
	return all
}

// unpack decompresses a whole gzip file.
func unpack(t testing.TB, packed string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(packed))
	require.NoError(t, err)
	content, err := io.ReadAll(z)
	require.NoError(t, err)
	return string(content)
}

// invoke runs the command line in this process.
func invoke(t testing.TB, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = command(context.Background(), args, streams{out: &o, err: &e})
	return code, o.String(), e.String()
}
