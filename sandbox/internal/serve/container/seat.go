package container

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"

	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
)

// seat is where a task is on this machine.
type seat struct {
	agent, metadata string // the URIs that ECS gives a container
	address         string // the task's own; empty where the process chooses its ports by itself
	disk            string // the task's ephemeral disk, which goes with it
}

// seat gives a task its place.
func (p *Processes) seat(task scheduler.Task, d *definition) (seat, error) {
	var out seat
	shown := "127.0.0.1" // a task without an address of its own is on this machine's
	if p.options.Config != "" {
		var err error
		if out.address, err = freeAddress(); err != nil {
			return out, fmt.Errorf("container %s: %w", d.container.Name, err)
		}
		shown = out.address
	}
	var err error
	if out.disk, err = os.MkdirTemp("", "task-"); err != nil {
		return out, fmt.Errorf("container %s: make the task's disk: %w", d.container.Name, err)
	}
	out.agent, out.metadata = p.agent.admit(guest{task: task.ARN, cluster: task.ClusterARN, roleARN: d.taskRoleARN, address: shown})
	return out, nil
}

// leave takes back what a task had that did not start.
func (p *Processes) leave(task scheduler.Task, s seat) {
	p.agent.dismiss(task.ARN)
	_ = os.RemoveAll(s.disk)
}

// taskPorts are what a supervisor listens on.
var taskPorts = []int{config.APIPort, config.PreviewPort, config.SocketPort, config.PeerPort}

// ports are where the load balancer finds the container's ports; nil while the process has not told.
func (s seat) ports() map[int]string {
	if s.address == "" {
		return nil
	}
	out := map[int]string{}
	for _, port := range taskPorts {
		out[port] = net.JoinHostPort(s.address, strconv.Itoa(port))
	}
	return out
}

// freeAddress finds an address of the loopback network on which nothing listens at a task's ports, and which is hardly ever found twice:
// tasks of other sandboxes on this machine have theirs from there, too.
func freeAddress() (string, error) {
	const tries, most, first = 100, 250, 64
	var err error
	for range tries {
		a, b, c := first+rand.IntN(most-first), 1+rand.IntN(most), 1+rand.IntN(most) //nolint:gosec // no secret
		address := fmt.Sprintf("127.%d.%d.%d", a, b, c)
		if err = allFree(address); err == nil {
			return address, nil
		}
	}
	return "", fmt.Errorf("find an address of 127.0.0.0/8 for the task: none in %d tries: %w", tries, err)
}

func allFree(address string) error {
	for _, port := range taskPorts {
		listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port))) //nolint:noctx // it never waits
		if err != nil {
			return err
		}
		if err := listener.Close(); err != nil {
			return err
		}
	}
	return nil
}

// supervised is what a supervisor's environment has beyond ECS's. None of it is in a task definition: the file is in the image, a task
// listens on all its addresses, and its minutes are the machine's. Lease seconds are the machine's here, too.
func (p *Processes) supervised(address string) map[string]string {
	const most = 10000
	speed := min(max(p.options.Speed, 1), most)
	return map[string]string{
		config.OwnPrefix + "CONFIG": p.options.Config, config.OwnPrefix + "LISTEN": address,
		config.OwnPrefix + "SPEED": strconv.FormatFloat(speed, 'g', -1, 64),
	}
}
