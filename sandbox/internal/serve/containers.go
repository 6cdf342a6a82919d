package serve

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/config"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/serve/container"
)

// Containers are what runs in the tasks.
type Containers interface {
	scheduler.Containers
	// Address says where a port of the task's container listens on this machine.
	Address(taskARN string, containerPort int) (address string, ok bool)
	// Close ends them all.
	Close() error
}

// Surroundings are what containers live in.
type Surroundings struct {
	Clock config.Clock
	// Mounts are the directories that stand for EFS access points, by ARN.
	Mounts map[string]string
	// Protect sets the end of a task's scale-in protection.
	Protect func(taskARN string, until time.Time) error
}

// filesDir has the directories of all file systems.
func (s *Server) filesDir() string { return filepath.Join(directory(s.options.StateDir), "files") }

// mounts gives each access point a directory: below its file system's, at the path that it shows.
func mounts(store view.Store, dir string) (map[string]string, error) {
	out := map[string]string{}
	for _, r := range store.List(view.TypeAccessPoint) {
		var point struct {
			ARN          string `json:"arn"`
			FileSystemID string `json:"fileSystemId"`
			Root         struct {
				Path string `json:"path"`
			} `json:"rootDirectory"`
		}
		if err := view.Decode(r.State, &point); err != nil {
			return nil, fmt.Errorf("access point %s: %w", r.ID, err)
		}
		path := filepath.Join(dir, point.FileSystemID, filepath.Clean("/"+point.Root.Path))
		if err := makeDir(path); err != nil {
			return nil, fmt.Errorf("the directory of access point %s: %w", r.ID, err)
		}
		out[point.ARN] = path
	}
	return out, nil
}

// imageContainers runs the image that the options name in the tasks.
func (s *Server) imageContainers(around *Surroundings) (Containers, error) {
	return container.New(container.Options{
		Store: s.options.Account, Binary: s.image.binary, Config: s.image.file, Mounts: around.Mounts, Room: s.image.room,
		Hidden: s.filesDir(), Notice: func(text string) { s.say("container", "%s", text) }, Protect: around.Protect,
		Authorizer: authz.New(s.options.Account), Now: s.clock.Now, Speed: s.options.Speed, Boot: s.options.ContainerBoot,
		Role: s.roleEnvironment, Env: s.containerEnvironment(),
		Output: func(task, line string) {
			s.log.write(shortTask(task), line)
			if text, ok := plainLine(line); ok {
				s.say("container", "%s: %s", shortTask(task), text)
			}
		},
	})
}

// shortTask is enough of a task's ARN to tell it from others.
func shortTask(arn string) string {
	const shown = 8
	id := arn[strings.LastIndexByte(arn, '/')+1:]
	return "task " + id[:min(len(id), shown)]
}
