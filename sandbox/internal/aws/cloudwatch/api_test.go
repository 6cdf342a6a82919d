package cloudwatch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/awstest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
)

var apiDimensions = []types.Dimension{
	{Name: aws.String("TargetGroup"), Value: aws.String("targetgroup/edit-api-tg/73e2d6bc24d8a067")},
	{Name: aws.String("LoadBalancer"), Value: aws.String("app/edit-alb/50dc6c495c0c9188")},
}

func seconds(n int) *time.Time { return aws.Time(awstest.Epoch.Add(time.Duration(n) * time.Second)) }

func request(e *awstest.Env, second, count int) {
	require.NoError(e.T, elb.RecordRequests(e.Store, elb.Requests{
		At: *seconds(second), TargetGroupARN: awstest.APIGroup, Count: count, Lag: e.Scheduler.MetricLag(),
	}))
}

func TestGetMetricData(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	request(e, 5, 2)
	request(e, 70, 3)
	request(e, 250, 4)
	client := cloudwatch.NewFromConfig(e.As("cloudwatch:GetMetricData *"))
	get := func(period int32, scan types.ScanBy) types.MetricDataResult {
		out, err := client.GetMetricData(e.Context(), &cloudwatch.GetMetricDataInput{
			StartTime: seconds(0), EndTime: seconds(600), ScanBy: scan,
			MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("api"), MetricStat: &types.MetricStat{
				Metric: &types.Metric{
					Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("RequestCount"), Dimensions: apiDimensions,
				},
				Period: aws.Int32(period), Stat: aws.String("Sum"),
			}}},
		})
		require.NoError(t, err)
		require.Len(t, out.MetricDataResults, 1)
		return out.MetricDataResults[0]
	}
	assert.Empty(t, get(60, "").Values, "nothing shows before the lag of a minute has passed")
	e.At(180)
	result := get(60, types.ScanByTimestampAscending)
	assert.Equal(t, "api", *result.Id)
	assert.Equal(t, types.StatusCodeComplete, result.StatusCode)
	assert.Equal(t, []float64{2, 3}, result.Values)
	assert.True(t, result.Timestamps[0].Equal(*seconds(0)) && result.Timestamps[1].Equal(*seconds(60)), "%v", result.Timestamps)
	e.At(600)
	assert.Equal(t, []float64{4, 3, 2}, get(60, "").Values, "newest first by default")
	assert.Equal(t, []float64{5, 4}, get(180, types.ScanByTimestampAscending).Values)
}

func TestGetMetricDataFailures(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := cloudwatch.NewFromConfig(e.As("cloudwatch:GetMetricData *"))
	query := func(period int32, stat string) []types.MetricDataQuery {
		return []types.MetricDataQuery{{Id: aws.String("a"), MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("RequestCount"), Dimensions: apiDimensions},
			Period: aws.Int32(period), Stat: aws.String(stat),
		}}}
	}
	request(e, 0, 1)
	e.At(300)
	for want, in := range map[string]*cloudwatch.GetMetricDataInput{
		"InvalidParameterValue:multiple of 60": {StartTime: seconds(0), EndTime: seconds(60), MetricDataQueries: query(61, "Sum")},
		"InvalidParameterValue:StartTime":      {StartTime: seconds(60), EndTime: seconds(60), MetricDataQueries: query(60, "Sum")},
		"SandboxNotSupported:statistic \"p99\"": {
			StartTime: seconds(0), EndTime: seconds(60), MetricDataQueries: query(60, "p99"),
		},
		"SandboxNotSupported:parameter \"Expression\"": {
			StartTime: seconds(0), EndTime: seconds(60),
			MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("a"), Expression: aws.String("1+1")}},
		},
		"MissingParameter:MetricDataQueries": {StartTime: seconds(0), EndTime: seconds(60), MetricDataQueries: []types.MetricDataQuery{}},
	} {
		_, err := client.GetMetricData(e.Context(), in)
		awstest.RequireCode(t, err, awstest.After(want+" ", "", ":"), awstest.After(want+"|", ":", "|"))
	}
}

func TestGetMetricStatistics(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	request(e, 5, 2)
	request(e, 70, 4)
	e.At(600)
	client := cloudwatch.NewFromConfig(e.As("cloudwatch:GetMetricStatistics *"))
	in := &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("RequestCount"), Dimensions: apiDimensions,
		StartTime: seconds(0), EndTime: seconds(600), Period: aws.Int32(300),
		Statistics: []types.Statistic{types.StatisticSum, types.StatisticAverage, types.StatisticMaximum, types.StatisticMinimum},
	}
	out, err := client.GetMetricStatistics(e.Context(), in)
	require.NoError(t, err)
	require.Len(t, out.Datapoints, 1)
	point := out.Datapoints[0]
	assert.Equal(t, []float64{6, 1, 4, 2}, []float64{*point.Sum, *point.Average, *point.Maximum, *point.Minimum})
	assert.Nil(t, point.SampleCount, "not asked for")
	assert.Equal(t, types.StandardUnitCount, point.Unit)
	assert.Equal(t, awstest.Epoch, point.Timestamp.UTC())
	in.Statistics = nil
	_, err = client.GetMetricStatistics(e.Context(), in)
	awstest.As[*types.InvalidParameterCombinationException](t, err)
}

func TestPutMetricData(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := cloudwatch.NewFromConfig(e.As("cloudwatch:* *"))
	put := func(namespace string, data ...types.MetricDatum) error {
		_, err := client.PutMetricData(e.Context(), &cloudwatch.PutMetricDataInput{Namespace: &namespace, MetricData: data})
		return err
	}
	require.NoError(t, put("WebOrdinary",
		types.MetricDatum{MetricName: aws.String("Wake"), Value: aws.Float64(42), Unit: types.StandardUnitSeconds, Timestamp: seconds(10)},
		types.MetricDatum{MetricName: aws.String("Wake"), StatisticValues: &types.StatisticSet{
			SampleCount: aws.Float64(3), Sum: aws.Float64(9), Minimum: aws.Float64(1), Maximum: aws.Float64(5),
		}}))
	var large []types.MetricDatum // large enough to be compressed by the client
	for i := range 300 {
		large = append(large, types.MetricDatum{MetricName: aws.String(fmt.Sprintf("Metric%d", i)), Value: aws.Float64(float64(i))})
	}
	require.NoError(t, put("WebOrdinary", large...))
	e.At(60)
	for name, want := range map[string][]float64{"Wake": {51, 4}, "Metric299": {299, 1}} {
		out, err := client.GetMetricStatistics(e.Context(), &cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("WebOrdinary"), MetricName: &name, StartTime: seconds(0), EndTime: seconds(60), Period: aws.Int32(60),
			Statistics: []types.Statistic{types.StatisticSum, types.StatisticSampleCount},
		})
		require.NoError(t, err)
		require.Len(t, out.Datapoints, 1, name)
		assert.Equal(t, want, []float64{*out.Datapoints[0].Sum, *out.Datapoints[0].SampleCount}, name)
	}
	awstest.As[*types.InvalidParameterValueException](t, put("AWS/ECS", types.MetricDatum{MetricName: aws.String("x"), Value: aws.Float64(1)}))
	awstest.As[*types.InvalidParameterCombinationException](t, put("WebOrdinary", types.MetricDatum{MetricName: aws.String("x")}))
}

func TestEachPermissionOfCloudWatch(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	calls := map[string]func(*cloudwatch.Client) error{
		"cloudwatch:GetMetricData": func(c *cloudwatch.Client) error {
			_, err := c.GetMetricData(e.Context(), &cloudwatch.GetMetricDataInput{
				StartTime: seconds(0), EndTime: seconds(60),
				MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("a"), MetricStat: &types.MetricStat{
					Metric: &types.Metric{}, Period: aws.Int32(60), Stat: aws.String("Sum"),
				}}},
			})
			return err
		},
		"cloudwatch:GetMetricStatistics": func(c *cloudwatch.Client) error {
			_, err := c.GetMetricStatistics(e.Context(), &cloudwatch.GetMetricStatisticsInput{
				Namespace: aws.String("x"), MetricName: aws.String("x"), StartTime: seconds(0), EndTime: seconds(60), Period: aws.Int32(60),
				Statistics: []types.Statistic{types.StatisticSum},
			})
			return err
		},
		"cloudwatch:PutMetricData": func(c *cloudwatch.Client) error {
			_, err := c.PutMetricData(e.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("x"), MetricData: []types.MetricDatum{
				{MetricName: aws.String("x"), Value: aws.Float64(1)},
			}})
			return err
		},
	}
	for action, call := range calls {
		awstest.Refused(t, call(cloudwatch.NewFromConfig(e.As())), "AccessDenied", action)
		require.NoError(t, call(cloudwatch.NewFromConfig(e.As(action+" *"))), action)
	}
}

// TestPutMetricDataIsRestrictedByNamespace uses the only condition that PutMetricData has.
func TestPutMetricDataIsRestrictedByNamespace(t *testing.T) {
	t.Parallel()
	e := awstest.New(t)
	client := cloudwatch.NewFromConfig(e.As())
	awstest.Put(e.Store, "aws:iam/rolePolicy:RolePolicy", "scaler:main", map[string]any{
		"name": "main", "role": "scaler", "policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow",
			"Action":"cloudwatch:PutMetricData","Resource":"*","Condition":{"StringEquals":{"cloudwatch:namespace":"WebOrdinary"}}}}`,
	})
	for namespace, allowed := range map[string]bool{"WebOrdinary": true, "Other": false} {
		_, err := client.PutMetricData(e.Context(), &cloudwatch.PutMetricDataInput{Namespace: &namespace, MetricData: []types.MetricDatum{
			{MetricName: aws.String("x"), Value: aws.Float64(1)},
		}})
		assert.Equal(t, allowed, err == nil, "%s: %v", namespace, err)
	}
}
