// Package timing has the times that the parts of a wake take, each with its source, and what a setup makes of them. The simulation plays
// with them, and cmd/calibrate holds measured wakes against them.
package timing

import (
	"math"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/scalertest"
	"github.com/webordinary/live-edit/infra/config/defaults"
)

// Setup is what decides how long a wake takes.
type Setup struct {
	// ImageMB is the compressed size of the image, SOCI whether it has a SOCI index (version 2) and is loaded as it is read.
	ImageMB float64
	SOCI    bool
	// CPU of the task in vCPUs.
	CPU float64
	// HealthWaits says that the container has no supervisor: its health check fails until the dev server serves.
	HealthWaits bool
	// Dependencies is where the site's node_modules are.
	Dependencies Dependencies
	// HealthInterval of the target groups.
	HealthInterval time.Duration
	// TailShare is the share of placements that take as long as the longest that has been published.
	TailShare float64
	// AtOnce says that the task is placed as by RunTask, without the service's scheduler.
	AtOnce bool
	// CheckedWhenever says that the first health check comes at any moment of an interval, instead of soon after registration.
	CheckedWhenever bool
	// Idle is the time without activity after which the service sleeps.
	Idle time.Duration
}

// Dependencies says where the dev server reads node_modules from.
type Dependencies int

// Where they may be.
const (
	OnEFS     Dependencies = iota // as specified: in the workspace
	Unpacked                      // on the task's disk, unpacked at its start from a pack in the workspace
	InTheTask                     // on the task's disk, because the image has them
)

// Specified is the specification's service as it is shipped: a stack's default size, health checks and idle time, the supervisor in
// front; the image's size is a guess for a Node image with Astro and Claude Code.
var Specified = Setup{
	ImageMB: 413, CPU: defaults.TaskCPU / 1024, HealthInterval: defaults.HealthIntervalSeconds * time.Second,
	Idle: defaults.AutoShutdownMinutes * time.Minute,
}

// Origin says how far a component's time can be trusted.
type Origin string

// The origins, from the best to the worst.
const (
	Published Origin = "published"
	Inferred  Origin = "inferred"
	Measured  Origin = "measured here"
	Assumed   Origin = "assumed"
)

// Component is a part of a wake, in seconds, and where its figure is from. All are other people's services, except what was
// measured on the machine that tests this repository. They were frozen on 2026-11-28, before the levers were simulated.
type Component struct {
	Name        string
	Least, Most float64
	Origin      Origin
	// N is how many samples are behind it, Source who published it and when.
	N, Source string
}

// What a pull takes, in seconds: the same for every image, and the least and the most for each megabyte (PulledPlain).
const (
	pullBase  = 3
	pullLeast = 0.02
	pullMost  = 0.027
)

// The parts of a wake.
var (
	WakerStarts = Component{
		"waker's cold start, once a wake", 0.04, 0.17, Published, "unknown; 10",
		"Go on Lambda's own runtimes, init about 40 ms (2024 benchmark of 128 MB) and 167 ms (tecracer.com, 2023-07, 2,048 MB)",
	}
	Scheduled = Component{
		"changed count → task created", 1, 3, Assumed, "0",
		"no source; RunTask's whole round trip is about 1.1 s (damianvtran/local-operator, 2026-10)",
	}
	Placed = Component{
		"created → pull starts: host, network interface", 10.8, 17.3, Published, "6",
		"10.8/15.0/17.3 s least/median/most, 2 vCPU, Arm (damianvtran/local-operator, 2026-10); 11 s elsewhere",
	}
	PlacedLate = Component{
		"the same, now and then", 44, 44, Published, "1",
		"opensearch-migrations#2116, 2026-01: 11 and 44 s in one test run; how often is published nowhere",
	}
	PulledPlain = Component{
		"pull of 413 MB, gzip", pullBase + pullLeast*413, pullBase + pullMost*413, Inferred, "3",
		"3 s + 0.02 to 0.027 s a MB, through 80 MB in 3.1 s and 4 GB in 85 s (aws-samples `ecs-soci`, 2026) and a Node image with " +
			"Claude Code in 14 s (a published spike, us-west-2, public subnet, 2026-10)",
	}
	PulledSOCI = Component{
		"pull, SOCI index", 3, 5, Inferred, "1",
		"4 s instead of 85 s at 4 GB (aws-samples `ecs-soci`, 2026)",
	}
	ReadLate = Component{
		"first reads of an image that is loaded as it is read", 1, 4, Inferred, "0",
		"added to the dev server's start; AWS calls SOCI worth it above 250 MB, others only above 500 MB",
	}
	Started = Component{
		"pull ends → RUNNING, with the file system's mount", 1.5, 6, Inferred, "6",
		"1.0 to 3.8 s without a mount at 2 vCPU, 8.8 s at 0.25 (damianvtran/local-operator, 2026-10); a mount is published nowhere",
	}
	Registers = Component{
		"RUNNING → registered with the load balancer", 1, 3, Inferred, "2",
		"service events show 28.8 s (2025-11) and 40.9 s (2024-10) from “started 1 task” to “registered 1 target”, pull included",
	}
	FirstChecked = Component{
		"registered → first health check", 0, 3, Assumed, "0",
		"checks begin at registration (aws/containers-roadmap#1270); when the first one comes is published nowhere",
	}
	Supervised = Component{
		"supervisor listens", 0.006, 0.112, Measured, "3 runs", "docs/performance.md, 2026-11",
	}
	AstroLocal = Component{
		"dev server to its first page, dependencies on the task's disk", 3.5, 6, Measured, "not kept",
		"Astro 5.18 with Vite 6.4, 40 posts, 2 cores: 3.4 to 5.9 s, 2026-11",
	}
	AstroEFS = Component{
		"the same, dependencies on EFS", 11, 18, Inferred, "0",
		"the local figure and 4,626 look-ups and 1,971 opened files (counted here) at 1 ms a read (EFS user guide, performance)",
	}
	Unpacks = Component{
		"unpacking the dependencies", 3.8, 3.8, Measured, "1", "176 MB, 36 MB as zstd, 2 cores, 2026-11; read from EFS meanwhile. " +
			"By the supervisor itself, 132 MB on the same, busy machine: 0.6 to 2.8 s to memory, 3 to 18 s to its disk (docs/performance.md)",
	}
	Flips = Component{"the load balancer follows a moved rule", 0, 1, Assumed, "0", "no source"}
)

// Components in the order of a wake.
var Components = []Component{
	WakerStarts, Scheduled, Placed, PlacedLate, PulledPlain, PulledSOCI, Started, Registers, Supervised, FirstChecked, Flips,
	AstroLocal, AstroEFS, Unpacks, ReadLate,
}

// startExponent is the slowdown of a container's start with fewer vCPUs, through the two published points: 1.0 to 3.8 s at 2
// and 8.8 s at 0.25. Inferred.
const startExponent = 0.62

// Times is a component's range, times a factor.
func (c *Component) Times(factor float64) scalertest.Range {
	return between(c.Least*factor, c.Most*factor)
}

func between(least, most float64) scalertest.Range {
	return scalertest.Range{Least: time.Duration(least * float64(time.Second)), Most: time.Duration(most * float64(time.Second))}
}

// Sum is the range of parts that follow each other.
func Sum(parts ...scalertest.Range) scalertest.Range {
	var all scalertest.Range
	for _, part := range parts {
		all.Least, all.Most = all.Least+part.Least, all.Most+part.Most
	}
	return all
}

// Pull is how long the image takes.
func (s *Setup) Pull() scalertest.Range {
	if s.SOCI {
		return PulledSOCI.Times(1)
	}
	return between(pullBase+pullLeast*s.ImageMB, pullBase+pullMost*s.ImageMB)
}

// DevServer is how long the preview takes from the container's start to its first byte. What the processor does is taken to
// take twice as long with half of it, which is the worst that it can.
func (s *Setup) DevServer() scalertest.Range {
	slower := 2 / s.CPU
	all := AstroLocal.Times(slower)
	switch s.Dependencies {
	case OnEFS:
		waits := between(AstroEFS.Least-AstroLocal.Least, AstroEFS.Most-AstroLocal.Most)
		all = Sum(all, waits)
	case Unpacked:
		all = Sum(all, Unpacks.Times(slower))
	case InTheTask:
	}
	if s.SOCI {
		all = Sum(all, ReadLate.Times(1))
	}
	return all
}

// Timing turns a setup into the model's times.
func (s Setup) Timing() scalertest.Timing {
	times := scalertest.Timing{
		Scheduler: Scheduled.Times(1), Place: Placed.Times(1), Tail: PlacedLate.Times(1).Most, TailShare: s.TailShare,
		Pull: s.Pull(), Start: Started.Times(math.Pow(2/s.CPU, startExponent)), Register: Registers.Times(1),
		Listen: Supervised.Times(2 / s.CPU), Serve: s.DevServer(), FirstCheck: FirstChecked.Times(1), Flip: Flips.Times(1),
		HealthInterval: s.HealthInterval, UnhealthyAfter: 3, Grace: 10 * time.Minute, // infra/edit_service.go
		Deregistration: 30 * time.Second, Stop: 5 * time.Second, MetricLag: between(30, 90),
	}
	if s.HealthWaits {
		times.Listen, times.Serve = times.Serve, scalertest.Range{}
	}
	if s.CheckedWhenever {
		times.FirstCheck = scalertest.Range{Most: s.HealthInterval}
	}
	if s.AtOnce {
		times.Scheduler = between(0, 0)
	}
	return times
}
