package infra

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/container/supervisor/telemetry"
	"github.com/webordinary/live-edit/cost"
	"github.com/webordinary/live-edit/functions/scaler/reconcile"
	"github.com/webordinary/live-edit/infra/infratest"
)

// shownWidget is a widget as CloudWatch reads it.
type shownWidget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Markdown, Title, View, Region, Stat, Start string
		Stacked, SetPeriodToTimeRange              bool
		Period                                     int
		Metrics                                    [][]any
		Alarms                                     []string
		YAxis                                      any
	}
}

type shownDashboard struct {
	Start   string
	Widgets []shownWidget
}

func shown(t testing.TB, changes infratest.Settings) (infratest.Resource, shownDashboard) {
	t.Helper()
	board := operated(t, "prod", changes).One(t, "observability-dashboard")
	var body shownDashboard
	board.JSON(t, "dashboardBody", &body)
	return board, body
}

// titled returns the widget whose title begins with title.
func (d shownDashboard) titled(t testing.TB, title string) shownWidget {
	t.Helper()
	for _, w := range d.Widgets {
		if strings.HasPrefix(w.Properties.Title, title) {
			return w
		}
	}
	require.Failf(t, "no such widget", "title %q", title)
	return shownWidget{}
}

func TestDashboardShowsWhatPeopleAskFor(t *testing.T) {
	t.Parallel()
	board, body := shown(t, nil)
	assert.Equal(t, "webordinary-edit", board.Text("dashboardName"))
	for title, metrics := range map[string][]string{
		"Sessions":                 {"RequestCount", "ActiveConnectionCount"},
		"Requests":                 {"RequestCount"},
		"Wake time":                {reconcile.MetricWakeSeconds},
		"Tasks":                    {"CPUUtilization", "HealthyHostCount", "UnHealthyHostCount"},
		"CPU and memory":           {"CPUUtilization", "MemoryUtilization"},
		"Answers":                  {"HTTPCode_Target_5XX_Count", "TargetResponseTime"},
		"Workspaces, bytes stored": {"StorageBytes", "ClientConnections"},
		"Workspaces, bytes moved and burst": {
			"DataReadIOBytes", "DataWriteIOBytes", "BurstCreditBalance",
		},
		"Cost so far":      {"CPUUtilization", "EstimatedCharges"},
		"Wakes of 30 days": {"WakePullingSeconds", telemetry.MetricPreviewSeconds},
		"Scaler":           {"Invocations", "Errors", "Throttles", reconcile.MetricGaveUp, reconcile.MetricSlept},
		"Cleanup":          {"Compressed", "Deleted", "Archived", "LeftOver"},
	} {
		var found []string
		for _, metric := range body.titled(t, title).Properties.Metrics {
			if len(metric) > 1 {
				found = append(found, metric[1].(string))
			}
		}
		assert.Subset(t, found, metrics, title)
	}
}

// TestDashboardShowsEveryAlarm compares the widget with what is registered, whichever component registers it.
func TestDashboardShowsEveryAlarm(t *testing.T) {
	t.Parallel()
	var registered []string
	for _, alarm := range operated(t, "prod", infratest.EverythingOn).OfType(alarmType) {
		registered = append(registered, infratest.ARN("cloudwatch", "alarm:"+alarm.Text("name")))
	}
	_, body := shown(t, infratest.EverythingOn)
	assert.ElementsMatch(t, registered, body.titled(t, "Alarms").Properties.Alarms)
}

func TestDashboardNamesOnlyThisStack(t *testing.T) {
	t.Parallel()
	_, body := shown(t, nil)
	own := map[string][]string{
		"ClusterName": {"webordinary-edit-cluster"}, "ServiceName": {"webordinary-edit"}, "Service": {"webordinary-edit"},
		"LoadBalancer": {"app/webordinary-edit-alb/50dc6c495c0c9188"},
		"TargetGroup": {
			"targetgroup/edit-api-tg/73e2d6bc24d8a067", "targetgroup/edit-preview-tg/73e2d6bc24d8a067",
			"targetgroup/edit-ws-tg/73e2d6bc24d8a067",
		},
		"FileSystemId": {"workspace-file-system-id"}, "StorageClass": {"Standard", "IA"},
		"FunctionName": {"webordinary-edit-scaler", "webordinary-workspace-cleanup"}, "Currency": {"USD"}, "Client": {"ameliastamps"},
	}
	seen := map[string]bool{}
	for _, widget := range body.Widgets {
		for _, metric := range widget.Properties.Metrics {
			options, ok := metric[len(metric)-1].(map[string]any)
			require.True(t, ok, "%v ends without options", metric)
			assert.NotEmpty(t, options["label"], "%v", metric)
			for i := 2; i+1 < len(metric); i += 2 {
				name, value := metric[i].(string), metric[i+1].(string)
				assert.Contains(t, own[name], value, "%s of %v", name, metric)
				seen[value] = true
			}
		}
	}
	for name, values := range own {
		for _, value := range values {
			assert.True(t, seen[value], "nothing shows %s %s", name, value)
		}
	}
}

func TestDashboardFitsTheGridWithoutOverlaps(t *testing.T) {
	t.Parallel()
	_, body := shown(t, nil)
	taken := map[[2]int]string{}
	for _, w := range body.Widgets {
		assert.LessOrEqual(t, w.X+w.Width, 24, w.Properties.Title)
		for x := w.X; x < w.X+w.Width; x++ {
			for y := w.Y; y < w.Y+w.Height; y++ {
				assert.Empty(t, taken[[2]int{x, y}], "%s lies on another", w.Properties.Title)
				taken[[2]int{x, y}] = w.Properties.Title + " "
			}
		}
		if w.Type == "metric" {
			assert.Contains(t, []int{60, 300, 3600, 86400}, w.Properties.Period, w.Properties.Title)
			assert.Equal(t, "us-west-2", w.Properties.Region, w.Properties.Title)
		}
	}
	assert.True(t, slices.ContainsFunc(body.Widgets, func(w shownWidget) bool { return w.Type == "text" }))
}

func TestDashboardCountsCostAtListPrices(t *testing.T) {
	t.Parallel()
	_, body := shown(t, infratest.Settings{"taskCpu": "1024", "taskMemory": "2048", "cpuArchitecture": "ARM64"})
	var expression string
	for _, metric := range body.titled(t, "Cost so far").Properties.Metrics {
		if options := metric[len(metric)-1].(map[string]any); options["expression"] != nil {
			expression = options["expression"].(string)
		} else if metric[1] == "CPUUtilization" {
			assert.Equal(t, []any{"SampleCount", "minutes", false}, []any{options["stat"], options["id"], options["visible"]})
		}
	}
	// One task-minute of 1 vCPU and 2 GB on ARM: ($0.03238 + 2 × $0.00356) / 60.
	assert.Equal(t, "RUNNING_SUM(FILL(minutes, 0)) * 0.00065833", expression)
}

func TestPricesAreTheCostReports(t *testing.T) {
	t.Parallel()
	for name, pair := range map[string][2]float64{
		"x86 vCPU": {x86VCPUHour, cost.FargateVCPU.USD}, "x86 GB": {x86GBHour, cost.FargateGB.USD},
		"ARM vCPU": {armVCPUHour, cost.FargateARMVCPU.USD}, "ARM GB": {armGBHour, cost.FargateARMGB.USD},
	} {
		assert.LessOrEqual(t, math.Abs(pair[0]-pair[1]), 1e-12, name)
	}
}

func TestMetricNamesAreTheFunctions(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{
		reconcile.Namespace, reconcile.MetricWakeSeconds, reconcile.MetricGaveUp, reconcile.MetricSlept,
		telemetry.Namespace, telemetry.MetricPreviewSeconds,
	}, []string{
		scalerNamespace, metricWakeSeconds, metricGaveUp, metricSlept, supervisorNamespace, metricPreviewSeconds,
	})
	require.Len(t, wakeStages, len(reconcile.WakeStages))
	for i, stage := range reconcile.WakeStages {
		assert.Equal(t, [2]string{stage.Metric, stage.Label}, [2]string{wakeStages[i].metric, wakeStages[i].label})
	}
}

// TestStagesOfThirtyDays: each stage has its median and its slow wakes, as one figure of the whole range.
func TestStagesOfThirtyDays(t *testing.T) {
	t.Parallel()
	_, body := shown(t, nil)
	properties := body.titled(t, "Wakes of 30 days").Properties
	assert.Equal(t, []any{"singleValue", "-P30D", true}, []any{properties.View, properties.Start, properties.SetPeriodToTimeRange})
	stats := map[string][]any{}
	for _, metric := range properties.Metrics {
		options := metric[len(metric)-1].(map[string]any)
		stats[metric[1].(string)] = append(stats[metric[1].(string)], options["stat"])
	}
	require.Len(t, stats, len(reconcile.WakeStages)+1)
	for name, both := range stats {
		assert.Equal(t, []any{"p50", "p95"}, both, name)
	}
}

func TestDashboardIsSmallEnough(t *testing.T) {
	t.Parallel()
	board, body := shown(t, nil)
	metrics := map[string]bool{}
	for _, w := range body.Widgets {
		for _, metric := range w.Properties.Metrics {
			metrics[fmt.Sprint(metric[:len(metric)-1]...)] = true // a metric in two statistics is one
		}
	}
	assert.LessOrEqual(t, len(metrics), 50, "a free dashboard refers to at most 50 metrics (aws.amazon.com/cloudwatch/pricing)")
	assert.True(t, json.Valid([]byte(board.Text("dashboardBody"))))
}
