package alb

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudwatch"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// tally collects what goes into the load balancer's metrics, so that a burst of requests does not write the account each
// time.
type tally struct {
	mu       sync.Mutex
	requests map[requestKey]int
	codes    map[codeKey]int
}

type requestKey struct {
	minute time.Time
	group  string
}

type codeKey struct {
	requestKey
	metric string
}

// request counts a request for which a target was chosen; a WebSocket counts once, when it is opened.
func (t *tally) request(x *exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.requests == nil {
		t.requests = map[requestKey]int{}
	}
	t.requests[requestKey{x.record.At.Truncate(time.Minute), x.record.Group}]++
}

// count counts the answer: the target's by its class, and the load balancer's own errors also by their code.
func (t *tally) count(x *exchange) {
	status := x.record.Status
	class := status / 100
	if class < 1 || class > 5 {
		return
	}
	at := requestKey{minute: x.record.At.Truncate(time.Minute)}
	var names []string
	switch own := x.writer.own; {
	case !own && x.record.Group != "" && status != statusClientGone && class > 1:
		at.group = x.record.Group
		names = []string{fmt.Sprintf("HTTPCode_Target_%dXX_Count", class)}
	case own && class > 2:
		names = []string{fmt.Sprintf("HTTPCode_ELB_%dXX_Count", class)}
		if status == http.StatusInternalServerError || status >= http.StatusBadGateway && status <= http.StatusGatewayTimeout {
			names = append(names, fmt.Sprintf("HTTPCode_ELB_%d_Count", status))
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.codes == nil {
		t.codes = map[codeKey]int{}
	}
	for _, name := range names {
		t.codes[codeKey{at, name}]++
	}
}

// take empties the tally.
func (t *tally) take() (requests map[requestKey]int, codes map[codeKey]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	requests, codes = t.requests, t.codes
	t.requests, t.codes = nil, nil
	return requests, codes
}

// Flush records in CloudWatch what has happened since the last call, in the minutes of the requests.
func (b *Balancer) Flush(store view.Store, lag time.Duration) error {
	requests, codes := b.tally.take()
	var faults []error
	for key, n := range requests {
		faults = append(faults, elb.RecordRequests(store, elb.Requests{At: key.minute, TargetGroupARN: key.group, Count: n, Lag: lag}))
	}
	_, suffix, _ := strings.Cut(b.options.ARN, ":loadbalancer/")
	for key, n := range codes {
		sample := cloudwatch.Sample{
			Namespace: "AWS/ApplicationELB", Name: key.metric, At: key.minute, Value: float64(n), Count: float64(n), Unit: "Count",
			Dimensions: map[string]string{"LoadBalancer": suffix}, Lag: lag,
		}
		faults = append(faults, cloudwatch.Record(store, sample))
		if key.group != "" {
			sample.Dimensions = map[string]string{"LoadBalancer": suffix, "TargetGroup": key.group[strings.LastIndexByte(key.group, ':')+1:]}
			faults = append(faults, cloudwatch.Record(store, sample))
		}
	}
	return errors.Join(faults...)
}
