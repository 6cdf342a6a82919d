// Package defaults has the values that a stack's configuration takes where its file is silent, as far as others reckon with them: the
// cost report, the simulation and the probe. It imports nothing, so that a report is no program of Pulumi's. Pulumi.yaml repeats each
// for whoever deploys, and a test of infra/config compares them.
package defaults

// AutoShutdownMinutes is how many minutes without a request a service waits before it sleeps (T02 §4).
const AutoShutdownMinutes = 5

// TaskCPU is the size of a task in CPU units, 1024 to a vCPU (T02 §1).
const TaskCPU = 2048

// TaskMemory is the memory of a task in MiB (T02 §1).
const TaskMemory = 4096

// HealthIntervalSeconds lie between two health checks of a target group (T02 §3).
const HealthIntervalSeconds = 30
