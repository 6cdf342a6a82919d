package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/sandbox/internal/serve/astro"
	"github.com/webordinary/live-edit/sandbox/internal/serve/container"
)

// What an image can hold.
const (
	// ContainerDemo is the supervisor, and behind it a small demo of an editor.
	ContainerDemo = "demo"
	// ContainerPlain is the demo without a supervisor: it keeps the contract by itself, for one task, and does wrong what DEMO_FAULT says.
	ContainerPlain = "plain"
	// ContainerAstro is the supervisor, and behind it a real Astro on a small site, which npm installs on first use.
	ContainerAstro = "astro"
)

// ContainerHelp says what they are.
const ContainerHelp = "what the image holds: demo, the supervisor and a demo of an editor; astro, the supervisor and a real Astro on a " +
	"small site, which npm installs on first use; or plain, the demo without a supervisor"

// containerKinds are all of them.
var containerKinds = []string{ContainerDemo, ContainerAstro, ContainerPlain}

// completeContainer checks what runs in the tasks.
func (o *Options) completeContainer() error {
	if o.Container == "" {
		o.Container = ContainerDemo
	}
	if !slices.Contains(containerKinds, o.Container) {
		return fmt.Errorf("container %q: expected one of %s", o.Container, strings.Join(containerKinds, ", "))
	}
	if o.Container != ContainerPlain && o.ContainerEnv["DEMO_FAULT"] != "" {
		return fmt.Errorf("container %s: DEMO_FAULT is %q; expected it with container %s only, which keeps the contract by itself and so "+
			"can break it", o.Container, o.ContainerEnv["DEMO_FAULT"], ContainerPlain)
	}
	if o.Container == ContainerPlain && o.ContainerPrepare != 0 {
		return fmt.Errorf("container %s: preparing a workspace takes %s; expected that with a supervisor only, which says so meanwhile",
			o.Container, o.ContainerPrepare)
	}
	return nil
}

// containerEnv is what containers get beside their definition's environment.
func (o *Options) containerEnv() map[string]string {
	out := maps.Clone(o.ContainerEnv)
	if out == nil {
		out = map[string]string{}
	}
	if o.ContainerPrepare != 0 {
		out["DEMO_PREPARE"] = o.ContainerPrepare.String()
	}
	if _, port, err := net.SplitHostPort(o.HTTPS); err == nil && port != "0" && out["HMR_CLIENT_PORT"] == "" {
		out["HMR_CLIENT_PORT"] = port // where a browser on this machine finds the sockets
	}
	return out
}

// image is what the tasks run: the entrypoint, and the file that tells a supervisor of its programs, if it is one; and what keeps them
// from each other's files.
type image struct{ binary, file, room string }

func (s *Server) buildImage(ctx context.Context) (out image, err error) {
	if out.room, err = s.options.Builder.Build(ctx, container.RoomPackage); err != nil {
		return out, err
	}
	demo, err := s.options.Builder.Build(ctx, container.Package)
	if err != nil || s.options.Container == ContainerPlain {
		out.binary = demo
		return out, err
	}
	if out.binary, err = s.options.Builder.Build(ctx, container.SupervisorPackage); err != nil {
		return out, err
	}
	content := container.DemoFile(demo)
	if s.options.Container == ContainerAstro {
		installed, err := astro.Install(ctx, s.options.ModuleDir)
		if err != nil {
			return out, err
		}
		content = installed.File([]string{demo, "prepare"})
	}
	out.file, err = s.writeFile(content)
	return out, err
}

// writeFile writes what an image has as /etc/live-edit.json.
func (s *Server) writeFile(content *config.File) (path string, err error) {
	path = filepath.Join(directory(s.options.StateDir), "live-edit-"+s.options.Stack+".json")
	text := content.String()
	if _, err := config.Parse([]byte(text)); err != nil {
		return "", fmt.Errorf("the image's configuration: %w", err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("write the image's configuration: %w", err)
	}
	return path, nil
}

// plainLine is a line of a log for people: what the supervisor writes for machines is put into words, and its metrics are left out.
func plainLine(line string) (text string, ok bool) {
	if !strings.HasPrefix(line, "{") {
		return line, true
	}
	var entry map[string]any
	if json.Unmarshal([]byte(line), &entry) != nil {
		return line, true
	}
	if _, metric := entry["_aws"]; metric {
		return "", false
	}
	message, known := entry["msg"].(string)
	if !known {
		return line, true
	}
	for _, name := range slices.Sorted(maps.Keys(entry)) {
		switch name {
		case "msg", "time", "level", "client":
		default:
			message += fmt.Sprintf(" %s=%v", name, entry[name])
		}
	}
	return message, true
}
