package peer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/lease"
)

// Directory knows which tasks there are, by a file of each. Nothing is decided by it but where a session should live: who owns one, the
// leases say.
type Directory struct {
	root *os.Root
	self lease.Identity

	mu     sync.Mutex
	silent map[string]time.Time // since when a task that is listed has not answered
}

// entry is the content of a task's file.
type entry struct {
	Version int    `json:"version"`
	Task    string `json:"task"`
	Address string `json:"address"`
}

// forgetAfter is how long a task may not answer before its file is removed. One that lives writes it again.
const forgetAfter = 2 * time.Minute

const tasksDirectory = "tasks"

// OpenDirectory opens the directory in the client's state, and makes it if need be.
func OpenDirectory(state *os.Root, self lease.Identity) (*Directory, error) {
	if err := state.MkdirAll(tasksDirectory, 0o750); err != nil {
		return nil, fmt.Errorf("make the directory of tasks: %w", err)
	}
	root, err := state.OpenRoot(tasksDirectory)
	if err != nil {
		return nil, fmt.Errorf("open the directory of tasks: %w", err)
	}
	return &Directory{root: root, self: self, silent: map[string]time.Time{}}, nil
}

// Enter writes this task's file. It is called again every minute.
func (d *Directory) Enter() error {
	content, err := json.Marshal(entry{lease.Version, d.self.Task, d.self.Address})
	if err != nil {
		return err
	}
	if old, err := d.root.ReadFile(d.self.Instance); err == nil && string(old) == string(content) {
		return nil
	}
	if err := d.root.WriteFile(d.self.Instance, content, 0o640); err != nil {
		return fmt.Errorf("tell the other tasks of this one: %w", err)
	}
	return nil
}

// Leave removes this task's file.
func (d *Directory) Leave() error {
	if err := d.root.Remove(d.self.Instance); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("tell the other tasks that this one goes: %w", err)
	}
	return nil
}

// Others lists the addresses of the other tasks, by instance.
func (d *Directory) Others() (map[string]string, error) {
	listing, err := d.root.Open(".")
	if err != nil {
		return nil, fmt.Errorf("list the tasks: %w", err)
	}
	names, err := listing.Readdirnames(-1)
	if err = errors.Join(err, listing.Close()); err != nil {
		return nil, fmt.Errorf("list the tasks: %w", err)
	}
	out := map[string]string{}
	for _, name := range names {
		if name == d.self.Instance {
			continue
		}
		content, err := d.root.ReadFile(name)
		var e entry
		if err == nil && json.Unmarshal(content, &e) == nil && e.Address != "" && e.Address != d.self.Address {
			out[name] = e.Address
		}
	}
	return out, nil
}

// Note keeps whether a task has answered, and forgets one that has not for long.
func (d *Directory) Note(instance string, answered bool, now time.Time) {
	d.mu.Lock()
	since, ok := d.silent[instance]
	switch {
	case answered:
		delete(d.silent, instance)
	case !ok:
		d.silent[instance] = now
	}
	d.mu.Unlock()
	if !answered && ok && now.Sub(since) >= forgetAfter {
		_ = d.root.Remove(instance) // tidiness; the next one tries again
	}
}

// Least is the task that has fewest sessions, of those that take any; nil if there is none.
func Least(loads map[string]Load) (address string, load *Load) {
	addresses := make([]string, 0, len(loads))
	for a := range loads {
		addresses = append(addresses, a)
	}
	slices.Sort(addresses) // the same choice every time
	for _, a := range addresses {
		l := loads[a]
		if !l.Going && !l.NoFiles && (load == nil || len(l.Sessions) < len(load.Sessions)) {
			address, load = a, &l
		}
	}
	return address, load
}
