package cloudwatch

import (
	"slices"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// The service answers Amazon CloudWatch metrics: Smithy RPC v2 CBOR, which the SDK's client speaks since 2025.
func init() {
	wire.Register(&wire.Service{
		Name: "monitoring",
		Protocol: wire.CBOR{Namespace: "com.amazonaws.cloudwatch", QueryCodes: map[string]string{
			"InvalidParameterValueException":       "InvalidParameterValue",
			"InvalidParameterCombinationException": "InvalidParameterCombination",
			"MissingRequiredParameterException":    "MissingParameter",
		}},
		Operations: map[string]wire.Handler{
			"GetMetricData":       wire.CBOROperation(getMetricData),
			"GetMetricStatistics": wire.CBOROperation(getMetricStatistics),
			"PutMetricData":       wire.CBOROperation(putMetricData),
		},
	})
}

type dimension struct {
	Name  string `json:"Name"`
	Value string `json:"Value"`
}

func dimensionMap(list []dimension) map[string]string {
	out := map[string]string{}
	for _, d := range list {
		out[d.Name] = d.Value
	}
	return out
}

type getMetricDataInput struct {
	MetricDataQueries []struct {
		ID         string `json:"Id"`
		Label      string `json:"Label"`
		ReturnData *bool  `json:"ReturnData"`
		MetricStat *struct {
			Metric struct {
				Namespace  string      `json:"Namespace"`
				MetricName string      `json:"MetricName"`
				Dimensions []dimension `json:"Dimensions"`
			} `json:"Metric"`
			Period int    `json:"Period"`
			Stat   string `json:"Stat"`
		} `json:"MetricStat"`
	} `json:"MetricDataQueries"`
	StartTime     time.Time `json:"StartTime"`
	EndTime       time.Time `json:"EndTime"`
	ScanBy        string    `json:"ScanBy"`
	MaxDatapoints int       `json:"MaxDatapoints"`
}

type metricDataResult struct {
	ID         string      `json:"Id"`
	Label      string      `json:"Label"`
	Timestamps []time.Time `json:"Timestamps"`
	Values     []float64   `json:"Values"`
	StatusCode string      `json:"StatusCode"`
}

type getMetricDataOutput struct {
	MetricDataResults []metricDataResult `json:"MetricDataResults"`
	Messages          []string           `json:"Messages"`
}

func getMetricData(x *wire.Exchange, in *getMetricDataInput) (any, error) {
	if err := x.Allow("cloudwatch:GetMetricData", "*", nil); err != nil {
		return nil, err
	}
	if len(in.MetricDataQueries) == 0 {
		return nil, wire.Refuse("MissingRequiredParameterException", "The parameter MetricDataQueries is required.")
	}
	out := getMetricDataOutput{MetricDataResults: []metricDataResult{}, Messages: []string{}}
	for _, query := range in.MetricDataQueries {
		if query.MetricStat == nil {
			return nil, wire.Refuse("MissingRequiredParameterException", "The parameter MetricStat is required (query %q).", query.ID)
		}
		if query.ReturnData != nil && !*query.ReturnData {
			continue
		}
		stat := query.MetricStat
		points, err := statistics(x, span{
			namespace: stat.Metric.Namespace, name: stat.Metric.MetricName, dimensions: dimensionMap(stat.Metric.Dimensions),
			from: in.StartTime, to: in.EndTime, period: stat.Period,
		})
		if err != nil {
			return nil, err
		}
		result := metricDataResult{ID: query.ID, Label: query.Label, StatusCode: "Complete"}
		if result.Label == "" {
			result.Label = stat.Metric.MetricName
		}
		for _, point := range points {
			value, err := point.statistic(stat.Stat)
			if err != nil {
				return nil, err
			}
			result.Timestamps, result.Values = append(result.Timestamps, point.At), append(result.Values, value)
		}
		if in.ScanBy != "TimestampAscending" { // descending is the default
			slices.Reverse(result.Timestamps)
			slices.Reverse(result.Values)
		}
		out.MetricDataResults = append(out.MetricDataResults, result)
	}
	return out, nil
}

// span is a stretch of one metric.
type span struct {
	namespace, name string
	dimensions      map[string]string
	from, to        time.Time
	period          int // seconds
}

// periodPoint is a datapoint of a client's period.
type periodPoint struct{ Point }

// statistics aggregates the visible minutes of a metric to the asked period, oldest first. Periods start at multiples of
// their length, and one that has no data is left out.
func statistics(x *wire.Exchange, s span) ([]periodPoint, error) {
	if s.period <= 0 || s.period%60 != 0 {
		return nil, wire.Refuse("InvalidParameterValueException", "The parameter Period must be a multiple of 60 (got %d).", s.period)
	}
	if !s.from.Before(s.to) {
		return nil, wire.Refuse("InvalidParameterValueException", "The parameter StartTime must be less than the parameter EndTime.")
	}
	series, ok, err := FindSeries(x.Store, s.namespace, s.name, s.dimensions)
	if err != nil || !ok {
		return nil, err
	}
	period := time.Duration(s.period) * time.Second
	var out []periodPoint
	for _, minute := range series.Visible(s.from.Truncate(time.Minute), s.to, x.Now) {
		start := minute.At.Truncate(period)
		if n := len(out); n == 0 || !out[n-1].At.Equal(start) {
			minute.At = start
			out = append(out, periodPoint{minute})
			continue
		}
		last := &out[len(out)-1]
		last.Sum, last.Count = last.Sum+minute.Sum, last.Count+minute.Count
		last.Minimum, last.Maximum = min(last.Minimum, minute.Minimum), max(last.Maximum, minute.Maximum)
	}
	return out, nil
}

func (p periodPoint) statistic(name string) (float64, error) {
	switch name {
	case "Sum":
		return p.Sum, nil
	case "SampleCount":
		return p.Count, nil
	case "Average":
		return p.Sum / p.Count, nil
	case "Minimum":
		return p.Minimum, nil
	case "Maximum":
		return p.Maximum, nil
	}
	return 0, wire.NotSupported("the sandbox does not implement statistic %q", name)
}

type getMetricStatisticsInput struct {
	Namespace  string      `json:"Namespace"`
	MetricName string      `json:"MetricName"`
	Dimensions []dimension `json:"Dimensions"`
	StartTime  time.Time   `json:"StartTime"`
	EndTime    time.Time   `json:"EndTime"`
	Period     int         `json:"Period"`
	Statistics []string    `json:"Statistics"`
}

type datapoint struct {
	Timestamp   time.Time `json:"Timestamp"`
	SampleCount *float64  `json:"SampleCount"`
	Average     *float64  `json:"Average"`
	Sum         *float64  `json:"Sum"`
	Minimum     *float64  `json:"Minimum"`
	Maximum     *float64  `json:"Maximum"`
	Unit        string    `json:"Unit"`
}

type getMetricStatisticsOutput struct {
	Label      string      `json:"Label"`
	Datapoints []datapoint `json:"Datapoints"`
}

func getMetricStatistics(x *wire.Exchange, in *getMetricStatisticsInput) (any, error) {
	if err := x.Allow("cloudwatch:GetMetricStatistics", "*", nil); err != nil {
		return nil, err
	}
	if len(in.Statistics) == 0 {
		return nil, wire.Refuse("InvalidParameterCombinationException", "Must specify either Statistics or ExtendedStatistics")
	}
	points, err := statistics(x, span{
		namespace: in.Namespace, name: in.MetricName, dimensions: dimensionMap(in.Dimensions), from: in.StartTime, to: in.EndTime,
		period: in.Period,
	})
	if err != nil {
		return nil, err
	}
	out := getMetricStatisticsOutput{Label: in.MetricName, Datapoints: []datapoint{}}
	for _, point := range points {
		answer := datapoint{Timestamp: point.At, Unit: point.Unit}
		if answer.Unit == "" {
			answer.Unit = "None"
		}
		fields := map[string]**float64{
			"SampleCount": &answer.SampleCount, "Average": &answer.Average, "Sum": &answer.Sum, "Minimum": &answer.Minimum,
			"Maximum": &answer.Maximum,
		}
		for _, name := range in.Statistics {
			value, err := point.statistic(name)
			if err != nil {
				return nil, err
			}
			*fields[name] = &value
		}
		out.Datapoints = append(out.Datapoints, answer)
	}
	return out, nil
}

type putMetricDataInput struct {
	Namespace  string `json:"Namespace"`
	MetricData []struct {
		MetricName        string      `json:"MetricName"`
		Dimensions        []dimension `json:"Dimensions"`
		Timestamp         time.Time   `json:"Timestamp"`
		Value             *float64    `json:"Value"`
		Unit              string      `json:"Unit"`
		StorageResolution int         `json:"StorageResolution"`
		StatisticValues   *struct {
			SampleCount float64 `json:"SampleCount"`
			Sum         float64 `json:"Sum"`
			Minimum     float64 `json:"Minimum"`
			Maximum     float64 `json:"Maximum"`
		} `json:"StatisticValues"`
	} `json:"MetricData"`
}

func putMetricData(x *wire.Exchange, in *putMetricDataInput) (any, error) {
	context := authz.Context{"cloudwatch:namespace": {in.Namespace}}
	if err := x.Allow("cloudwatch:PutMetricData", "*", context); err != nil {
		return nil, err
	}
	if len(in.Namespace) >= 4 && in.Namespace[:4] == "AWS/" {
		return nil, wire.Refuse("InvalidParameterValueException", "The value AWS/ for parameter Namespace is invalid.")
	}
	for _, datum := range in.MetricData {
		sample := Sample{
			Namespace: in.Namespace, Name: datum.MetricName, Dimensions: dimensionMap(datum.Dimensions), At: datum.Timestamp,
			Unit: datum.Unit, Lag: -1,
		}
		if sample.At.IsZero() {
			sample.At = x.Now
		}
		switch set := datum.StatisticValues; {
		case datum.Value != nil:
			sample.Value = *datum.Value
		case set != nil:
			sample.Value, sample.Count, sample.Minimum, sample.Maximum = set.Sum, set.SampleCount, &set.Minimum, &set.Maximum
		default:
			return nil, wire.Refuse("InvalidParameterCombinationException",
				"At least one of the parameters Value, Values and StatisticValues must be specified.")
		}
		if err := Record(x.Store, sample); err != nil {
			return nil, err
		}
	}
	return struct{}{}, nil
}
