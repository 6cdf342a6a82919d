package elb

import (
	"fmt"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudwatch"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Requests are those of one minute that went to a target group.
type Requests struct {
	At             time.Time
	TargetGroupARN string
	Count          int
	// Lag is the time from the end of the minute until CloudWatch shows them.
	Lag time.Duration
}

// RecordRequests counts requests that the load balancer sent to a target group: RequestCount in AWS/ApplicationELB, per
// load balancer and per load balancer with target group. Nothing is emitted for a quiet minute, as in AWS, and a
// WebSocket counts once, when it is opened.
func RecordRequests(store view.Store, r Requests) error {
	groups, err := TargetGroups(store)
	if err != nil {
		return fmt.Errorf("record requests: %w", err)
	}
	group := groups[r.TargetGroupARN]
	if group == nil || !group.Used() {
		return fmt.Errorf("record requests: target group %s does not exist or no listener forwards to it", r.TargetGroupARN)
	}
	for _, balancer := range group.LoadBalancerARNs {
		_, suffix, _ := strings.Cut(balancer, ":loadbalancer/")
		sample := cloudwatch.Sample{
			Namespace: "AWS/ApplicationELB", Name: "RequestCount", At: r.At, Value: float64(r.Count), Count: float64(r.Count),
			Dimensions: map[string]string{"LoadBalancer": suffix}, Unit: "Count", Lag: r.Lag,
		}
		if err := cloudwatch.Record(store, sample); err != nil {
			return err
		}
		sample.Dimensions = map[string]string{"LoadBalancer": suffix, "TargetGroup": group.ARNSuffix}
		if err := cloudwatch.Record(store, sample); err != nil {
			return err
		}
	}
	return nil
}
