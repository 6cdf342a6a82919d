package observe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/webordinary/live-edit/functions/scaler/decide"
)

const (
	metricNamespace = "AWS/ApplicationELB"
	requestCount    = "RequestCount"
	answerCount     = "HTTPCode_Target_%sXX_Count"
	healthyHosts    = "HealthyHostCount"
	metricPeriod    = 60 // seconds; the load balancer's own interval
)

// IDs of the queries; where there are several of a group, its ID is followed by the class of answers.
const (
	queryAPI     = "api"
	queryPreview = "preview"
	queryHosts   = "hosts"
)

var errIncomplete = errors.New("CloudWatch has no complete answer")

// readTraffic asks for all metrics in one call. GetMetricStatistics would be free of charge up to a million calls
// but takes one call per metric; GetMetricData costs $0.00001 per metric, two cents a month for twelve hours awake, and
// answers for one moment. While asleep neither is called.
func (l *Observation) readTraffic(ctx context.Context, f *decide.Facts) error {
	o := l.observer
	now := f.Now.Truncate(time.Minute)
	out, err := o.CloudWatch.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime:         aws.Time(now.Add(-o.Window)),
		EndTime:           aws.Time(now.Add(time.Minute)),
		ScanBy:            types.ScanByTimestampDescending,
		MetricDataQueries: append(o.useQueries(), o.query(queryHosts, healthyHosts, o.APIGroupARN)),
	})
	if err != nil {
		return fmt.Errorf("get metrics of target groups %s and %s: %w", o.APIGroupARN, o.PreviewGroupARN, err)
	}
	traffic := decide.Traffic{}
	var minutes []time.Time
	for i := range out.MetricDataResults {
		result := &out.MetricDataResults[i]
		if result.StatusCode != types.StatusCodeComplete {
			return fmt.Errorf("get metric %q: %w: status %s", aws.ToString(result.Id), errIncomplete, result.StatusCode)
		}
		addSeries(&traffic, result)
		if aws.ToString(result.Id) == queryHosts {
			minutes = result.Timestamps
		}
	}
	traffic.Watermark = decide.Published(minutes, traffic.Last, f.Now)
	f.Traffic = traffic
	return nil
}

// useQueries ask for what shows that somebody uses the service: its requests. Where people sign in these are not all of them
// people's who may: whoever has signed in and is not invited is refused by the task, and must not keep it awake. There the
// answers count instead, all but the refusals and their like (4XX); work that gets no answer for minutes is protected.
func (o *Observer) useQueries() []types.MetricDataQuery {
	groups := []struct{ id, arn string }{{queryAPI, o.APIGroupARN}, {queryPreview, o.PreviewGroupARN}}
	var queries []types.MetricDataQuery
	for _, group := range groups {
		if o.SignInRuleARN == "" {
			queries = append(queries, o.query(group.id, requestCount, group.arn))
			continue
		}
		for _, class := range []string{"2", "3", "5"} {
			queries = append(queries, o.query(group.id+class, fmt.Sprintf(answerCount, class), group.arn))
		}
	}
	return queries
}

func (o *Observer) query(id, metric, groupARN string) types.MetricDataQuery {
	statistic := "Sum"
	if metric == healthyHosts {
		statistic = "Maximum"
	}
	return types.MetricDataQuery{
		Id: &id,
		MetricStat: &types.MetricStat{
			Metric: &types.Metric{
				Namespace:  aws.String(metricNamespace),
				MetricName: &metric,
				Dimensions: []types.Dimension{
					{Name: aws.String("LoadBalancer"), Value: aws.String(loadBalancerDimension(o.RuleARN))},
					{Name: aws.String("TargetGroup"), Value: aws.String(targetGroupDimension(groupARN))},
				},
			},
			Period: aws.Int32(metricPeriod),
			Stat:   &statistic,
		},
	}
}

func addSeries(traffic *decide.Traffic, result *types.MetricDataResult) {
	hosts := aws.ToString(result.Id) == queryHosts
	for i, at := range result.Timestamps {
		if i >= len(result.Values) {
			return
		}
		switch value := result.Values[i]; {
		case hosts:
			if value > 0 && (traffic.UpSince.IsZero() || at.Before(traffic.UpSince)) {
				traffic.UpSince = at
			}
		case value > 0 && at.After(traffic.Last):
			traffic.Last = at
		}
	}
}

// loadBalancerDimension is the middle of a rule's ARN, app/NAME/ID, by which CloudWatch knows the load balancer.
func loadBalancerDimension(ruleARN string) string {
	parts := strings.Split(ruleARN, "/")
	if len(parts) < 4 {
		return ""
	}
	return strings.Join(parts[1:4], "/")
}

// targetGroupDimension is the end of a target group's ARN, targetgroup/NAME/ID.
func targetGroupDimension(groupARN string) string {
	if at := strings.Index(groupARN, "targetgroup/"); at >= 0 {
		return groupARN[at:]
	}
	return groupARN
}
