package main

// text is docs/simulation.md without its numbers.
const text = `# What waking and sleeping comes to

Made by ` + "`make simulate`" + ` from a discrete-event model of ECS, the load balancer and CloudWatch (` + "`functions/scaler/sim`" + `) that runs
the function's own decision code. The same seeds give the same numbers. **Component times are published figures of other people's
services, not measurements of this one**; they and their sources are in ` + "`cmd/simulate/timing.go`" + `. Where nothing is published (mounting
the file system, an application's start at 2 vCPU) it says so there. A wake of the deployed stack is measured by the probe.

## The specification's "cold start under 30 s"

| | Opening the page, 413 MB image, 2 vCPU |
|---|---|
| Health checks every 30 s, as specified | {{spec}} |
| Every 5 s | {{fast}} |
| Every 5 s, 150 MB zstd image | {{best}} |

At the specified interval the criterion is missed: finding a host and loading the image alone take most of the 30 s, and a first
check that comes a moment too early costs a whole interval on top. Shorter intervals take that part away, not the rest. What helps
next, in this order: a smaller image with zstd layers, and a container that answers ` + "`/health`" + ` before it installs anything.

## Wakes by image size

2 vCPU, the container listens early; {{measured}} wakes a row, each by somebody who opens the page at a random moment.

![Wake time by image size and health interval](img/simulation-wake-image.svg)

{{images}}
## Wakes by task size

413 MB image. "Listens early" answers health checks 1 to 4 s after its start at 1 vCPU; "when installed" only once the application has
started.

![Wake time by task size](img/simulation-wake-size.svg)

{{sizes}}
## Pages and API calls

An API call is held up to 20 s at a time and comes back by itself while the wake is younger than 75 s; after that it is told to come
back in 10 s, which makes the longest waits longer.

{{clients}}
## A month of each scenario

At the specified interval of 30 s. Dollars are list prices in us-west-2 for x86 (` + "`cost/prices.go`" + `), without any free allowance; tasks
include their public address. The load balancer and storage are in docs/cost.md.

{{months}}
"Sent through the waker" are requests of people at work who paused for minutes: they met the waker while it waited for late metrics
and were redirected to themselves, which takes 1.5 s. "503 by the load balancer" is answered before any target is healthy or after
the last one went; the client tries again. "Lost" were never served within 15 minutes.

### Ten hours in bursts

![Ten hours a month in bursts](img/simulation-bursts.svg)

### Three editors at once

One task serves three editors. If memory passes the 60 % target, which a Node process may do by merely being there, target tracking
takes the service to three tasks for as long as it is awake.

![Three people editing at once](img/simulation-editors.svg)

### A forgotten tab

A tab in a visible window, with Vite's client before 6.0, which reloads as soon as its ping is answered.

![A forgotten tab](img/simulation-tab.svg)

### Scanners

![Scanners](img/simulation-bots.svg)

### {{count}} sites

{{count}} sites of the first kind, each with its own stack. On average a site costs ${{average}} a month; at most {{most}} tasks run at once, which
is what Fargate's vCPU quota has to allow. A load balancer has 100 rules and a stack uses four, so these are {{balancers}} load
balancers. Each tick makes two calls while a site sleeps; with rates of one minute they spread over the minute.

![Sites by cost](img/simulation-sites.svg)
`
