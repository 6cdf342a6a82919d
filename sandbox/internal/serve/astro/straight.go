package astro

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Straight runs Astro's own dev server on a copy of the site in a directory, with nothing of the editor's before it, until ctx ends. It
// gives the address of the first page. The bench compares with it.
func (i *Installed) Straight(ctx context.Context, directory string) (address string, err error) {
	if err := i.prepare(ctx, directory); err != nil {
		return "", err
	}
	return i.start(ctx, directory)
}

// prepare makes a copy of the site with what it needs.
func (i *Installed) prepare(ctx context.Context, directory string) error {
	for _, step := range [][]string{
		{"fetch", filepath.Join(i.root, site)}, {"install", filepath.Join(i.modules, "node_modules"), "true"},
	} {
		command := exec.CommandContext(ctx, "sh", append([]string{filepath.Join(i.root, preparation)}, step...)...) //nolint:gosec // our own
		command.Dir = directory
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("prepare a site in %s: %w\n%s", directory, err, output)
		}
	}
	return nil
}

// start runs Astro until ctx ends, and returns when it has answered.
func (i *Installed) start(ctx context.Context, directory string) (address string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	if err := listener.Close(); err != nil {
		return "", err
	}
	arguments := []string{"node_modules/astro/bin/astro.mjs", "dev", "--ignore-lock", "--host", "127.0.0.1", "--port", port}
	command := exec.CommandContext(ctx, i.Node(), arguments...) //nolint:gosec // our own
	command.Dir = filepath.Join(directory, "site")
	command.Env = append(os.Environ(), "HOME="+directory, "ASTRO_TELEMETRY_DISABLED=1")
	if err := command.Start(); err != nil {
		return "", fmt.Errorf("start Astro: %w", err)
	}
	go func() { _ = command.Wait() }()
	address = "http://127.0.0.1:" + port + "/"
	const patience, pause = time.Minute, 50 * time.Millisecond
	for began := time.Now(); time.Since(began) < patience; time.Sleep(pause) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return "", err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			continue
		}
		_ = response.Body.Close()
		return address, nil
	}
	return "", fmt.Errorf("astro does not answer at %s after %s", address, patience)
}
