package main

import (
	"math"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

// setup is what decides how long a wake takes.
type setup struct {
	// ImageMB is the compressed size of the image, SOCI whether it has a SOCI index (version 2) and is loaded as it is read.
	ImageMB float64
	SOCI    bool
	// CPU of the task in vCPUs.
	CPU float64
	// HealthWaits says that the container has no supervisor: its health check fails until the dev server serves.
	HealthWaits bool
	// Dependencies is where the site's node_modules are.
	Dependencies dependencies
	// HealthInterval of the target groups.
	HealthInterval time.Duration
	// TailShare is the share of placements that take as long as the longest that has been published.
	TailShare float64
	// AtOnce says that the task is placed as by RunTask, without the service's scheduler.
	AtOnce bool
	// CheckedWhenever says that the first health check comes at any moment of an interval, instead of soon after registration.
	CheckedWhenever bool
	// Idle is the time without activity after which the service sleeps; zero means the specification's.
	Idle time.Duration
}

// dependencies says where the dev server reads node_modules from.
type dependencies int

const (
	onEFS     dependencies = iota // as specified: in the workspace
	unpacked                      // on the task's disk, unpacked at its start from a pack in the workspace
	inTheTask                     // on the task's disk, because the image has them
)

// specified is the specification's service as it is shipped: 2 vCPU, health checks every 30 s, the supervisor in front; the
// image's size is a guess for a Node image with Astro and Claude Code.
var specified = setup{ImageMB: 413, CPU: 2, HealthInterval: 30 * time.Second}

// origin says how far a component's time can be trusted.
type origin string

const (
	published origin = "published"
	inferred  origin = "inferred"
	measured  origin = "measured here"
	assumed   origin = "assumed"
)

// component is a part of a wake, in seconds, and where its figure is from. All are other people's services, except what was
// measured on the machine that tests this repository. They were frozen on 2026-11-28, before the levers were simulated.
type component struct {
	Name        string
	Least, Most float64
	Origin      origin
	// N is how many samples are behind it, Source who published it and when.
	N, Source string
}

var (
	wakerStarts = component{
		"waker's cold start, once a wake", 0.04, 0.17, published, "10; 50",
		"Go on Lambda's own runtimes, init about 40 ms (2024 benchmark of 128 MB) and 167 ms (tecracer.com, 2023-07, 2,048 MB)",
	}
	scheduled = component{
		"changed count → task created", 1, 3, assumed, "0",
		"no source; RunTask's whole round trip is about 1.1 s (damianvtran/local-operator, 2026-10)",
	}
	placed = component{
		"created → pull starts: host, network interface", 10.8, 17.3, published, "6",
		"10.8/15.0/17.3 s least/median/most, 2 vCPU, Arm (damianvtran/local-operator, 2026-10); 11 s elsewhere",
	}
	placedLate = component{
		"the same, now and then", 44, 44, published, "1",
		"opensearch-migrations#2116, 2026-01: 11 and 44 s in one test run; how often is published nowhere",
	}
	pulledPlain = component{
		"pull of 413 MB, gzip", 3 + 0.02*413, 3 + 0.027*413, inferred, "3",
		"3 s + 0.02 to 0.027 s a MB, through 80 MB in 3.1 s and 4 GB in 85 s (aws-samples `ecs-soci`, 2026) and a Node image with " +
			"Claude Code in 14 s (a published spike, us-west-2, public subnet, 2026-10)",
	}
	pulledSOCI = component{
		"pull, SOCI index", 3, 5, inferred, "1",
		"4 s instead of 85 s at 4 GB (aws-samples `ecs-soci`, 2026)",
	}
	readLate = component{
		"first reads of an image that is loaded as it is read", 1, 4, inferred, "0",
		"added to the dev server's start; AWS calls SOCI worth it above 250 MB, others only above 500 MB",
	}
	started = component{
		"pull ends → RUNNING, with the file system's mount", 1.5, 6, inferred, "6",
		"1.0 to 3.8 s without a mount at 2 vCPU, 8.8 s at 0.25 (damianvtran/local-operator, 2026-10); a mount is published nowhere",
	}
	registers = component{
		"RUNNING → registered with the load balancer", 1, 3, inferred, "2",
		"service events show 28.8 s (2025-11) and 40.9 s (2024-10) from “started 1 task” to “registered 1 target”, pull included",
	}
	firstChecked = component{
		"registered → first health check", 0, 3, assumed, "0",
		"checks begin at registration (aws/containers-roadmap#1270); when the first one comes is published nowhere",
	}
	supervised = component{
		"supervisor listens", 0.006, 0.112, measured, "3 runs", "docs/performance.md, 2026-11",
	}
	astroLocal = component{
		"dev server to its first page, dependencies on the task's disk", 3.5, 6, measured, "7",
		"Astro 5.18 with Vite 6.4, 40 posts, 2 cores: 3.4 to 5.9 s, 2026-11",
	}
	astroEFS = component{
		"the same, dependencies on EFS", 11, 18, inferred, "0",
		"the local figure and 4,626 look-ups and 1,971 opened files (counted here) at 1 ms a read (EFS user guide, performance)",
	}
	unpacks = component{
		"unpacking the dependencies", 3.8, 3.8, measured, "1", "176 MB, 36 MB as zstd, 2 cores, 2026-11; read from EFS meanwhile",
	}
	flips = component{"the load balancer follows a moved rule", 0, 1, assumed, "0", "no source"}
)

// components in the order of a wake.
var components = []component{
	wakerStarts, scheduled, placed, placedLate, pulledPlain, pulledSOCI, started, registers, supervised, firstChecked, flips,
	astroLocal, astroEFS, unpacks, readLate,
}

// startExponent is the slowdown of a container's start with fewer vCPUs, through the two published points: 1.0 to 3.8 s at 2
// and 8.8 s at 0.25. Inferred.
const startExponent = 0.62

// times is a component's range, times a factor.
func (c *component) times(factor float64) scalertest.Range {
	return between(c.Least*factor, c.Most*factor)
}

func between(least, most float64) scalertest.Range {
	return scalertest.Range{Least: time.Duration(least * float64(time.Second)), Most: time.Duration(most * float64(time.Second))}
}

func plus(a, b scalertest.Range) scalertest.Range {
	return scalertest.Range{Least: a.Least + b.Least, Most: a.Most + b.Most}
}

// pull is how long the image takes.
func (s *setup) pull() scalertest.Range {
	if s.SOCI {
		return pulledSOCI.times(1)
	}
	const base, least, most = 3, 0.02, 0.027 // pulledPlain
	return between(base+least*s.ImageMB, base+most*s.ImageMB)
}

// devServer is how long the preview takes from the container's start to its first byte. What the processor does is taken to
// take twice as long with half of it, which is the worst that it can.
func (s *setup) devServer() scalertest.Range {
	slower := 2 / s.CPU
	all := astroLocal.times(slower)
	switch s.Dependencies {
	case onEFS:
		waits := between(astroEFS.Least-astroLocal.Least, astroEFS.Most-astroLocal.Most)
		all = plus(all, waits)
	case unpacked:
		all = plus(all, unpacks.times(slower))
	case inTheTask:
	}
	if s.SOCI {
		all = plus(all, readLate.times(1))
	}
	return all
}

// timing turns a setup into the model's times.
func (s setup) timing() scalertest.Timing {
	timing := scalertest.Timing{
		Scheduler: scheduled.times(1), Place: placed.times(1), Tail: placedLate.times(1).Most, TailShare: s.TailShare,
		Pull: s.pull(), Start: started.times(math.Pow(2/s.CPU, startExponent)), Register: registers.times(1),
		Listen: supervised.times(2 / s.CPU), Serve: s.devServer(), FirstCheck: firstChecked.times(1), Flip: flips.times(1),
		HealthInterval: s.HealthInterval, UnhealthyAfter: 3, Grace: 10 * time.Minute, // infra/edit_service.go
		Deregistration: 30 * time.Second, Stop: 5 * time.Second, MetricLag: between(30, 90),
	}
	if s.HealthWaits {
		timing.Listen, timing.Serve = timing.Serve, scalertest.Range{}
	}
	if s.CheckedWhenever {
		timing.FirstCheck = scalertest.Range{Most: s.HealthInterval}
	}
	if s.AtOnce {
		timing.Scheduler = between(0, 0)
	}
	return timing
}
