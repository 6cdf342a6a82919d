package engine

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnknownStacksListTheKnownOnes(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	require.ErrorContains(t, knownStack(root, "prod"), "there is none yet")
	for _, name := range []string{"Pulumi.yaml", "Pulumi.prod.yaml", "Pulumi.dev.yaml", "Pulumi.my.stack.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), nil, 0o600))
	}
	require.NoError(t, knownStack(root, "prod"))
	require.NoError(t, knownStack(root, "my.stack"))
	require.NoError(t, os.Mkdir(filepath.Join(root, "Pulumi.a"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(root, "Pulumi.a", "b.yaml"), nil, 0o600))

	for stack, want := range map[string]string{
		"":        "which stack? known stacks are dev, my.stack, prod",
		"staging": `no stack "staging": there is no Pulumi.staging.yaml in ` + root + "; known stacks are dev, my.stack, prod",
		"a/../..": `no stack "a/../.."`,
		"a/b":     `no stack "a/b"`, // though there is a file of that name
		"./prod":  `no stack "./prod"`,
	} {
		err := knownStack(root, stack)
		require.ErrorContains(t, err, want)
		require.Equal(t, ExitUsage, ExitCode(err))
	}
}

func TestProjectName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"name: [\n":      "is not valid YAML",
		"runtime: go\n":  "has no name",
		"name: small\n":  "",
		"name: \"\"\n":   "has no name",
		"- name: list\n": "is not valid YAML",
	} {
		root := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(root, projectFile), []byte(text), 0o600))
		name, err := projectName(root)
		if want == "" {
			require.NoError(t, err)
			require.Equal(t, "small", name)
			continue
		}
		require.ErrorContains(t, err, want, text)
		require.Equal(t, ExitUsage, ExitCode(err))
	}
}

func TestUnwritableStateDirectory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	below := filepath.Join(file, "state")

	err := newDirectories(below).create()
	require.ErrorContains(t, err, "the sandbox keeps its state in "+below+", which cannot be written")
	require.ErrorContains(t, err, "choose another directory with --state DIR")
	require.Equal(t, ExitUsage, ExitCode(err))
}

func TestDirectoriesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	dirs := newDirectories(filepath.Join(t.TempDir(), "sandbox"))
	require.NoError(t, dirs.create())
	for _, dir := range []string{dirs.root, dirs.account, dirs.backend, dirs.work} {
		info, err := os.Stat(dir)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o700), info.Mode().Perm(), dir)
	}
}

func TestTheCLIKeepsNoLogs(t *testing.T) {
	t.Parallel()
	dirs := newDirectories(filepath.Join(t.TempDir(), "sandbox"))
	logs := filepath.Join(dirs.home, "logs")
	require.NoError(t, os.MkdirAll(filepath.Join(logs, "of a run before"), 0o750))
	for range 2 {
		require.NoError(t, dirs.create())
		info, err := os.Stat(logs)
		require.NoError(t, err)
		require.True(t, info.Mode().IsRegular(), "no directory, so no logs")
	}
}

func TestKeyringIsMadeOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key.json")
	opened := make([]*keyring, 4)
	var group sync.WaitGroup
	for i := range opened {
		group.Go(func() {
			keys, err := openKeyring(path)
			if err != nil {
				t.Error(err)
			}
			opened[i] = keys
		})
	}
	group.Wait()
	for _, keys := range opened[1:] {
		require.Equal(t, opened[0], keys)
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	decrypter, err := unlock(opened[0].Passphrase, opened[0].Salt)
	require.NoError(t, err, "the salt is one that Pulumi accepts with the passphrase")
	plain, err := decrypter.DecryptValue(t.Context(), encrypted(opened[0], "hush"))
	require.NoError(t, err)
	require.Equal(t, "hush", plain)
}

func TestDamagedKeyring(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key.json")
	for _, text := range []string{"", "{", `{"key":"YWJj"}`} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := openKeyring(path)
		require.ErrorContains(t, err, "is damaged")
		require.Equal(t, ExitUsage, ExitCode(err))
	}
}

func TestReplaceFileLeavesNoTraces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	require.NoError(t, replaceFile(path, []byte("one")))
	require.NoError(t, replaceFile(path, []byte("two")))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "two", string(data))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}
