package alb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/serve/idle"
)

const (
	// connectTimeout is the load balancer's for a target ("HTTP 504" in the troubleshooting page: 10 s).
	connectTimeout = 10 * time.Second
	// leastConnect keeps a fast clock from taking this machine's slowness for a dead target.
	leastConnect = time.Second
	// statusClientGone is what the access log has for a client that went away.
	statusClientGone = 460
)

var (
	errNoTarget = errors.New("the target group has no target that may get requests")
	errDeadline = errors.New("the target's deregistration delay is over")
	errNowhere  = errors.New("nothing listens at the target's port")
)

// forward sends the request to a target of the group.
func (x *exchange) forward(groupARN string) error {
	store := x.balancer.options.Store
	g, err := groupOf(store, groupARN)
	if err != nil {
		return err
	}
	if g.TargetType == "lambda" {
		return x.invoke(g)
	}
	target, err := x.pick(g)
	if err != nil {
		return err
	}
	if target == nil {
		x.fail(http.StatusServiceUnavailable, fmt.Errorf("%w: %s", errNoTarget, g.Name))
		return nil
	}
	x.record.Group, x.record.Target = g.ARN, target.TaskARN
	x.balancer.tally.request(x)
	x.proxy(g, target)
	return nil
}

// invoke has the function behind a Lambda target group answer.
func (x *exchange) invoke(g *group) error {
	function, err := functionOf(x.balancer.options.Store, g.ARN)
	if err != nil {
		return err
	}
	if function == "" {
		x.fail(http.StatusServiceUnavailable, fmt.Errorf("%w: no function is registered with %s", errNoTarget, g.Name))
		return nil
	}
	x.record.Group, x.record.Target = g.ARN, function
	x.balancer.tally.request(x)
	target := runner.LambdaTarget{GroupARN: g.ARN, MultiValueHeaders: g.MultiValueHeaders}
	x.balancer.options.Function(target, function, func(_ *runner.Result, err error) {
		if err != nil {
			x.record.Problem, x.writer.own = err.Error(), true
		}
	}).ServeHTTP(x.writer, x.request)
	return nil
}

// pick chooses a target: the one of the client's cookie, else the next in turn. Healthy ones count; without any the load
// balancer fails open to unhealthy ones. Targets that are initial or draining get nothing ("Target group health").
func (x *exchange) pick(g *group) (*elb.Target, error) {
	all, err := elb.Targets(x.balancer.options.Store)
	if err != nil {
		return nil, err
	}
	var healthy, unhealthy []*elb.Target
	for _, target := range all {
		switch {
		case target.TargetGroupARN != g.ARN:
		case target.State == elb.TargetHealthy || target.State == elb.TargetUnavailable:
			healthy = append(healthy, target)
		case target.State == elb.TargetUnhealthy:
			unhealthy = append(unhealthy, target)
		}
	}
	if len(healthy) == 0 {
		healthy = unhealthy
	}
	if len(healthy) == 0 {
		return nil, nil
	}
	if stuck := x.stuckTo(g, healthy); stuck != nil {
		return stuck, nil
	}
	x.balancer.mu.Lock()
	defer x.balancer.mu.Unlock()
	turn := x.balancer.turns[g.ARN]
	x.balancer.turns[g.ARN]++
	return healthy[turn%len(healthy)], nil
}

// proxy passes the request to the target and the answer back.
func (x *exchange) proxy(g *group, target *elb.Target) {
	ctx, end := context.WithCancelCause(x.request.Context())
	defer end(nil)
	defer x.balancer.fly(&flight{target: targetKey(target), end: end})()
	proxy := &httputil.ReverseProxy{
		Rewrite:       x.rewrite,
		Transport:     x.transport(target),
		FlushInterval: -1, // answers are passed on as they come
		ErrorLog:      log.New(io.Discard, "", 0),
		ModifyResponse: func(response *http.Response) error {
			x.stick(g, target, response.Header)
			if response.StatusCode == http.StatusSwitchingProtocols {
				x.record.Status, x.record.Socket = response.StatusCode, true
				x.finish()
			}
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) { x.failProxy(ctx, err) },
	}
	proxy.ServeHTTP(x.writer, x.request.WithContext(ctx))
}

// failProxy answers when the target did not.
func (x *exchange) failProxy(ctx context.Context, err error) {
	var network net.Error
	switch {
	case errors.Is(context.Cause(ctx), errDeadline):
		x.fail(http.StatusBadGateway, errDeadline)
	case x.request.Context().Err() != nil:
		x.record.Status, x.record.Problem = statusClientGone, "the client closed the connection"
	case errors.As(err, &network) && network.Timeout():
		x.fail(http.StatusGatewayTimeout, err)
	default:
		x.fail(http.StatusBadGateway, err)
	}
}

// transport connects to the target. Its connections end when neither side has sent anything for the idle timeout, upgraded
// ones too; none is used twice, so that no request is repeated behind the client's back.
func (x *exchange) transport(target *elb.Target) *http.Transport {
	options := &x.balancer.options
	limit := options.Clock.Wait(time.Duration(x.attributes.IdleTimeout) * time.Second)
	dialer := &net.Dialer{Timeout: max(options.Clock.Wait(connectTimeout), leastConnect)}
	return &http.Transport{
		DisableCompression: true, MaxIdleConnsPerHost: -1, MaxResponseHeaderBytes: maxHeaders,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			address, ok := options.Address(target.TaskARN, target.Port)
			if !ok {
				return nil, fmt.Errorf("%w: %s:%d", errNowhere, target.ID, target.Port)
			}
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return idle.Limit(conn, limit), nil
		},
	}
}

func targetKey(t *elb.Target) string {
	return fmt.Sprintf("%s|%s|%d", t.TargetGroupARN, t.TaskARN, t.Port)
}

// fly notes a request in progress until the returned function is called.
func (b *Balancer) fly(f *flight) (land func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flights[f] = true
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.flights, f)
	}
}

// Sweep ends the requests and WebSockets of targets that are not registered any more: a target stays registered, draining,
// for its deregistration delay.
func (b *Balancer) Sweep() error {
	targets, err := elb.Targets(b.options.Store)
	if err != nil {
		return fmt.Errorf("end what gone targets serve: %w", err)
	}
	registered := map[string]bool{}
	for _, target := range targets {
		registered[targetKey(target)] = true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for f := range b.flights {
		if !registered[f.target] {
			f.end(errDeadline)
		}
	}
	return nil
}

// Close ends all requests and WebSockets in progress.
func (b *Balancer) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for f := range b.flights {
		f.end(net.ErrClosed)
	}
	return nil
}
