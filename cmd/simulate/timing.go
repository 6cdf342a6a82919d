package main

import (
	"math"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

// setup is what decides how long a wake takes.
type setup struct {
	// ImageMB is the compressed size of the image, Zstd whether its layers are compressed with zstd.
	ImageMB float64
	Zstd    bool
	// CPU of the task in vCPUs.
	CPU float64
	// ListensEarly says that the container answers its health check before dependencies are installed.
	ListensEarly bool
	// HealthInterval of the target groups.
	HealthInterval time.Duration
}

// specified is the specification's service: 2 vCPU, health checks every 30 s; the image's size is a guess for a Node image
// with Astro and Claude Code.
var specified = setup{ImageMB: 413, CPU: 2, ListensEarly: true, HealthInterval: 30 * time.Second}

// Published component times (none of them measured on this service):
//
//	scheduler and network interface  "several seconds", about 10 s       Amazon ECS developer guide; qiita.com/kjm/items/a86c5a425c57439ecfa0
//	413 MB, created to started       57 s mean without SOCI               elasticscale.com, "Reduce AWS Fargate pull times with SOCI", 2024
//	900 MB                           70 s PENDING                         github.com/aws/containers-roadmap/issues/696, 2020
//	250 MB                           60 s in all                          the same, 2022
//	217 MB zstd, Arm, 1 vCPU         30 s platform, 35 s application      github.com/serithemage/serverless-openclaw/issues/8
//	application at 0.25/0.5/1 vCPU   120/80/35 s                          the same
//	zstd layers                      up to 27 % off                       element7.io, 2022
//
// Health checks "start at registration" (github.com/aws/containers-roadmap/issues/1270); when the first one comes exactly is
// published nowhere. The model spreads it over three seconds, in which a container that listens early is sometimes ready
// and sometimes not: a missed check costs an interval.
//
// The pull follows 43 s × (MB/413)^0.625, which goes through the two larger images; 2 vCPU are extrapolated. Mounting the
// file system has never been published; 1 to 3 s are a guess.
const (
	pullSeconds413 = 43
	pullExponent   = 0.625
	zstdFactor     = 0.73
	spread         = 0.2
)

// initSeconds is how long the application needs until it serves, by vCPUs.
func initSeconds(cpu float64) float64 {
	switch {
	case cpu >= 2:
		return 20
	case cpu >= 1:
		return 35
	case cpu >= 0.5:
		return 80
	default:
		return 120
	}
}

// around is a range of ± spread.
func around(seconds float64) scalertest.Range {
	return scalertest.Range{
		Least: time.Duration(seconds * (1 - spread) * float64(time.Second)),
		Most:  time.Duration(seconds * (1 + spread) * float64(time.Second)),
	}
}

func between(least, most float64) scalertest.Range {
	return scalertest.Range{Least: time.Duration(least * float64(time.Second)), Most: time.Duration(most * float64(time.Second))}
}

// timing turns a setup into the model's times.
func (s setup) timing() scalertest.Timing {
	pull := pullSeconds413 * math.Pow(s.ImageMB/413, pullExponent)
	if s.Zstd {
		pull *= zstdFactor
	}
	listen := around(initSeconds(s.CPU))
	if s.ListensEarly {
		listen = between(1/s.CPU, 4/s.CPU)
	}
	return scalertest.Timing{
		Scheduler: between(1, 3), Place: between(8, 14), Pull: around(pull), Start: between(2, 5), Listen: listen,
		HealthInterval: s.HealthInterval, FirstCheck: between(0, 3), UnhealthyAfter: 3, Grace: 10 * time.Minute, // infra/edit_service.go
		Deregistration: 30 * time.Second, Stop: 5 * time.Second, MetricLag: between(30, 90), Flip: between(0, 1),
	}
}
