package container

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
)

// patience is how long the scheduler waits for one health check; a healthy process answers within milliseconds, even on a busy
// machine. What takes longer goes on without it.
const patience = time.Second

// Probe implements scheduler.Containers with a request to the process. Checks of the same page at the same time, as several
// target groups make them, are one request.
func (p *Processes) Probe(at time.Time, probe scheduler.Probe) elb.ProbeResult {
	found := p.find(probe.Task.ARN)
	if found == nil || !found.alive() {
		return elb.ProbeRefused
	}
	address, ok := found.address(probe.Port)
	if !ok {
		return elb.ProbeRefused
	}
	check := healthCheck{url: "http://" + address + probe.Check.Path, matcher: probe.Check.Matcher}
	timeout := max(p.options.wall(time.Duration(probe.Check.Timeout)*time.Second), patience)
	return found.checker(check).ask(at, timeout)
}

// healthCheck is what is asked and which status codes are good.
type healthCheck struct{ url, matcher string }

// checker makes the health checks of one page. The scheduler waits for it with its lock held, so a process that hangs must not
// hold up the scheduler time and again: once an answer has taken longer than patience, checks run in the background and each
// says how the one before it ended, until answers are fast again.
type checker struct {
	check healthCheck

	mu      sync.Mutex
	at      time.Time // of the latest result
	result  elb.ProbeResult
	pending chan struct{} // closed when the request under way is answered; nil without one
	slow    bool
	late    bool // the request under way has been given up waiting for
}

func (c *checker) ask(at time.Time, timeout time.Duration) elb.ProbeResult {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.Equal(at) {
		return c.result
	}
	c.at = at
	if c.pending != nil { // the request before has not been answered for a whole interval
		c.result = elb.ProbeTimedOut
		return c.result
	}
	pending, wait := make(chan struct{}), patience
	if c.slow {
		wait = 0
	}
	c.pending = pending
	go c.request(pending, timeout)
	if wait == 0 {
		return c.result
	}
	c.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-pending:
	case <-timer.C:
	}
	c.mu.Lock()
	if c.pending == pending {
		c.slow, c.late, c.result = true, true, elb.ProbeTimedOut
	}
	return c.result
}

func (c *checker) request(pending chan struct{}, timeout time.Duration) {
	begun := time.Now()
	result := c.check.make(timeout)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.result, c.slow, c.pending = result, c.late || time.Since(begun) >= patience, nil
	c.late = false
	close(pending)
}

// client makes each check on a connection of its own and follows no redirects, as the load balancer does.
var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (h healthCheck) make(timeout time.Duration) elb.ProbeResult {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url, nil)
	if err != nil {
		return elb.ProbeRefused
	}
	request.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	response, err := client.Do(request)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return elb.ProbeTimedOut
	case err != nil:
		return elb.ProbeRefused
	}
	_ = response.Body.Close()
	if !matches(h.matcher, response.StatusCode) {
		return elb.ProbeMismatch(response.StatusCode)
	}
	return elb.ProbePassed
}

// matches evaluates a target group's matcher: codes and ranges such as "200,302" and "200-299" (Matcher in the ELBv2 API
// reference).
func matches(matcher string, status int) bool {
	for part := range strings.SplitSeq(matcher, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		low, errLow := strconv.Atoi(from)
		high, errHigh := strconv.Atoi(to)
		if errLow == nil && errHigh == nil && low <= status && status <= high {
			return true
		}
	}
	return false
}
