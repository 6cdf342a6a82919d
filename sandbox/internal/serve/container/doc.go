// Package container runs a process for every task of the sandbox, where the scheduler by itself only pretends that
// something runs. The process is the demo of package sandbox/internal/serve/container/demo, which keeps docs/container-contract.md; it
// gets the environment, the secrets and the workspace directory that the deployed task definition gives the container,
// and nothing else of this machine's environment but PATH and TMPDIR.
//
// The scheduler decides when a task starts and stops; this package follows, checks the health of what runs with real
// requests, and plays the ECS agent's endpoint through which a container protects its task.
package container
