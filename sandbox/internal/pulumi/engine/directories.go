package engine

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// directories are the places below the state directory.
type directories struct {
	root    string
	backend string // Pulumi's file backend
	home    string // PULUMI_HOME
	work    string // copies of the project and stack files
	run     string // locks of running operations
	account string // the simulated account's journal
	keyFile string
}

func newDirectories(root string) directories {
	return directories{
		root:    root,
		backend: filepath.Join(root, "state"),
		home:    filepath.Join(root, "home"),
		work:    filepath.Join(root, "work"),
		run:     filepath.Join(root, "run"),
		account: filepath.Join(root, "account"),
		keyFile: filepath.Join(root, "key.json"),
	}
}

// create makes the directories. They are the owner's alone: the simulated
// account holds the values of secrets, as the real one does.
func (d directories) create() error {
	for _, dir := range []string{d.root, d.backend, d.home, d.work, d.run, d.account} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return d.unwritable(err)
		}
	}
	if err := d.barLogs(); err != nil {
		return d.unwritable(err)
	}
	return d.probe()
}

// barLogs puts a file where the CLI would make the directory of its automatic
// debug logs. It then goes without: they would take a fifth of every run's time
// and half a megabyte of disk, and nobody reads them here.
func (d directories) barLogs() error {
	path := filepath.Join(d.home, "logs")
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return nil
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	return os.WriteFile(path, nil, 0o600)
}

// probe writes a file: whether a directory is writable cannot be told from its
// mode alone, think of a read-only mount or a full disk.
func (d directories) probe() error {
	file, err := os.CreateTemp(d.run, ".probe-*")
	if err != nil {
		return d.unwritable(err)
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

func (d directories) unwritable(err error) error {
	var path *fs.PathError
	what := err.Error()
	if errors.As(err, &path) {
		what = path.Path + ": " + path.Err.Error()
	}
	return usagef("the sandbox keeps its state in %s, which cannot be written (%s); "+
		"make it writable or choose another directory with --state DIR", d.root, what)
}

// backendURL is the file backend's address. Metadata files are not needed and
// would double the writes.
func (d directories) backendURL() string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(d.backend), RawQuery: "metadata=skip"}).String()
}

// checkpoint is the file in which the backend keeps a stack's state.
func (d directories) checkpoint(project, stack string) string {
	return filepath.Join(d.backend, ".pulumi", "stacks", project, stack+".json")
}

// pulumiLocks is where the backend keeps the locks of a stack.
func (d directories) pulumiLocks(project, stack string) string {
	return filepath.Join(d.backend, ".pulumi", "locks", organization, project, stack)
}
