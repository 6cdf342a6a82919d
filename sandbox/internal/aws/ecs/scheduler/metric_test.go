package scheduler_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudwatch"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecr"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/secrets"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

func requestCount(t *testing.T, p *play, dimensions map[string]string) *cloudwatch.Series {
	t.Helper()
	series, ok, err := cloudwatch.FindSeries(p.store, "AWS/ApplicationELB", "RequestCount", dimensions)
	require.NoError(t, err)
	require.True(t, ok, "%v", dimensions)
	return series
}

func TestRequestsShowLateAndPerMinute(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{Timing: scheduler.Timing{MetricLag: 90 * time.Second}})
	require.NoError(t, elb.RecordRequests(p.store, elb.Requests{At: after(10), TargetGroupARN: awstest.APIGroup, Count: 2, Lag: 90 * time.Second}))
	require.NoError(t, elb.RecordRequests(p.store, elb.Requests{At: after(59), TargetGroupARN: awstest.APIGroup, Count: 3, Lag: 90 * time.Second}))
	require.NoError(t, elb.RecordRequests(p.store, elb.Requests{At: after(185), TargetGroupARN: awstest.APIGroup, Count: 1, Lag: 90 * time.Second}))
	require.NoError(t, elb.RecordRequests(p.store, elb.Requests{At: after(20), TargetGroupARN: awstest.PreviewGroup, Count: 7, Lag: 90 * time.Second}))
	dimensions := map[string]string{
		"LoadBalancer": "app/edit-alb/50dc6c495c0c9188", "TargetGroup": "targetgroup/edit-api-tg/73e2d6bc24d8a067",
	}
	series := requestCount(t, p, dimensions)
	assert.Empty(t, series.Visible(epoch, after(600), after(149)), "the first minute ends at 60 s and lags by 90 s")
	points := series.Visible(epoch, after(600), after(150))
	require.Len(t, points, 1)
	assert.Equal(t, cloudwatch.Point{At: epoch, Sum: 5, Count: 5, Minimum: 2, Maximum: 3, VisibleAt: after(150), Unit: "Count"}, points[0])
	assert.Len(t, series.Visible(epoch, after(600), after(600)), 2, "quiet minutes have no point at all")
	assert.Len(t, series.Visible(after(60), after(600), after(600)), 1, "from is inclusive")
	assert.Len(t, series.Visible(epoch, after(180), after(600)), 1, "to is exclusive")
	all := requestCount(t, p, map[string]string{"LoadBalancer": dimensions["LoadBalancer"]})
	assert.InDelta(t, 12, all.Points[0].Sum, 0, "the load balancer counts for all its groups")
}

// TestHealthIsReportedEveryMinuteWhileTargetsAreRegistered reads what a client of CloudWatch uses to tell a quiet minute
// from one that is not there yet.
func TestHealthIsReportedEveryMinuteWhileTargetsAreRegistered(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	awstest.Set(p.store, "aws:ecs/service:Service", awstest.ServiceARN, "healthCheckGracePeriodSeconds", 1000)
	p.desire(0, 1)
	p.step(130)
	p.containers.FailProbes(func(scheduler.Probe) bool { return true })
	p.desire(190, 0)
	p.step(3600)
	dimensions := map[string]string{
		"LoadBalancer": "app/edit-alb/50dc6c495c0c9188", "TargetGroup": "targetgroup/edit-api-tg/73e2d6bc24d8a067",
	}
	read := func(metric string) (out []string) {
		series, ok, err := cloudwatch.FindSeries(p.store, "AWS/ApplicationELB", metric, dimensions)
		require.NoError(t, err)
		require.True(t, ok)
		for _, point := range series.Points {
			out = append(out, fmt.Sprintf("%.0f at %.0f", point.Sum, point.At.Sub(epoch).Seconds()))
			assert.Equal(t, point.At.Add(2*time.Minute), point.VisibleAt)
		}
		return out
	}
	// Healthy at 49 s, unhealthy at 159 s, draining from 190 s to 220 s; nothing in the minutes without targets.
	assert.Equal(t, []string{"1 at 0", "1 at 60", "0 at 120"}, read("HealthyHostCount"))
	assert.Equal(t, []string{"0 at 0", "0 at 60", "1 at 120"}, read("UnHealthyHostCount"))
}

func TestRequestsNeedAGroupInUse(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	require.ErrorContains(t, elb.RecordRequests(p.store, elb.Requests{At: epoch, TargetGroupARN: "arn:none", Count: 1, Lag: 90 * time.Second}), "arn:none does not exist")
	_, ok, err := cloudwatch.FindSeries(p.store, "AWS/ApplicationELB", "RequestCount", nil)
	require.NoError(t, err)
	assert.False(t, ok)
}

func TestRecordedSamples(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	low := 1.0
	for _, sample := range []cloudwatch.Sample{
		{At: after(70), Value: 4, Lag: -1},
		{At: after(5), Value: 10, Count: 4, Minimum: &low, Lag: -1},
		{At: after(6), Value: 2, Lag: -1},
	} {
		sample.Namespace, sample.Name = "WebOrdinary", "WakeSeconds"
		require.NoError(t, cloudwatch.Record(p.store, sample))
	}
	series, _, err := cloudwatch.FindSeries(p.store, "WebOrdinary", "WakeSeconds", nil)
	require.NoError(t, err)
	require.Len(t, series.Points, 2, "in order of time, whatever the order of recording")
	assert.Equal(t, cloudwatch.Point{At: epoch, Sum: 12, Count: 5, Minimum: 1, Maximum: 10, VisibleAt: after(5)}, series.Points[0])
	require.NoError(t, cloudwatch.Record(p.store, cloudwatch.Sample{Namespace: "WebOrdinary", Name: "WakeSeconds", At: after(25 * 3600), Value: 1}))
	series, _, err = cloudwatch.FindSeries(p.store, "WebOrdinary", "WakeSeconds", nil)
	require.NoError(t, err)
	assert.Len(t, series.Points, 1, "points older than a day are dropped")
}

func TestPutSecret(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	require.NoError(t, secrets.PutSecret(p.store, awstest.SecretARN, "new", epoch))
	stages := map[string]string{}
	for _, r := range p.store.List("aws:secretsmanager/secretVersion:SecretVersion") {
		stages[r.State["versionStages"].ArrayValue()[0].StringValue()] = r.State["secretString"].StringValue()
	}
	assert.Equal(t, map[string]string{"AWSCURRENT": "new", "AWSPREVIOUS": "ghp_secret"}, stages)
}

func TestImages(t *testing.T) {
	t.Parallel()
	p := newPlay(t, scheduler.Options{})
	push := func(repository string, at int, tags ...string) {
		t.Helper()
		require.NoError(t, ecr.PushImage(p.store, ecr.Image{Repository: repository, Tags: tags, PushedAt: after(at)}))
	}
	tags := func() (all []string) {
		t.Helper()
		images, err := ecr.Images(p.store, "r")
		require.NoError(t, err)
		for _, image := range images {
			assert.Regexp(t, `^sha256:[0-9a-f]{64}$`, image.Digest)
			all = append(all, strings.Join(image.Tags, " "))
		}
		return all
	}
	push("r", 1, "v1")
	push("r", 2, "v2", "latest")
	push("other", 3, "v1")
	assert.Equal(t, []string{"latest v2", "v1"}, tags())
	before, err := ecr.FindImage(p.store, "r", "", "latest")
	require.NoError(t, err)
	push("r", 9, "latest")
	assert.Equal(t, []string{"latest", "v2", "v1"}, tags(), "the tag has moved, the image is there")
	after9, err := ecr.FindImage(p.store, "r", "", "latest")
	require.NoError(t, err)
	assert.NotEqual(t, before.Digest, after9.Digest)

	again := *before
	again.Tags = []string{"stable"}
	require.NoError(t, ecr.PushImage(p.store, again))
	assert.Equal(t, []string{"latest", "stable v2", "v1"}, tags(), "what is there gets another tag")
	assert.Equal(t, "other", p.store.List(view.RuntimeImage)[0].State["repositoryName"].StringValue(),
		"by which the account knows that a repository is not empty")
	none, err := ecr.FindImage(p.store, "r", before.Digest, "latest")
	require.NoError(t, err)
	assert.Nil(t, none)

	awstest.Put(p.store, "aws:ecr/lifecyclePolicy:LifecyclePolicy", "r", map[string]any{"repository": "r", "policy": `{"rules":[
		{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":2},"action":{"type":"expire"}}]}`})
	push("other", 10, "v2")
	assert.Len(t, tags(), 3, "each repository has its own policy")
	push("r", 11, "latest")
	assert.Equal(t, []string{"latest", ""}, tags(), "the two newest, whatever their tags")
}
