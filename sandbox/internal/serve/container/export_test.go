package container

import "fmt"

// EnvironFile is where Linux shows the environment of a task's process.
func EnvironFile(p *Processes, taskARN string) string {
	return fmt.Sprintf("/proc/%d/environ", p.find(taskARN).command.Process.Pid)
}

// Abandon closes the standard input of a task's process, as the end of this one would.
func Abandon(p *Processes, taskARN string) { _ = p.find(taskARN).stdin.Close() }

// Rooms says whether each task sees of the file systems only what it mounts.
func Rooms(p *Processes) bool { return p.rooms }
