package infra

import (
	"fmt"
	"slices"

	"github.com/webordinary/live-edit/infra/config"
)

// Metrics that our own functions write; tests hold them equal to the functions' own constants, which this package does
// not import, so that building the program does not build the functions.
const (
	scalerNamespace   = "Webordinary/EditScaler"
	metricWakeSeconds = "WakeSeconds"
	metricGaveUp      = "WakeGaveUp"
	metricSlept       = "Slept"
	cleanupNamespace  = "Webordinary/Cleanup"

	supervisorNamespace  = "Webordinary/EditSupervisor"
	metricPreviewSeconds = "PreviewSeconds"
)

// wakeStages are the parts of a wake, in their order, by the scaler's metrics; the last one is the supervisor's, which goes on beside the
// three before it.
var wakeStages = []struct{ metric, label string }{
	{"WakeSchedulingSeconds", "asked → task created"},
	{"WakeAttachingSeconds", "created → network attached"},
	{"WakePlacingSeconds", "attached → pull started"},
	{"WakePullingSeconds", "image pull"},
	{"WakeStartingSeconds", "pulled → container started"},
	{"WakeRegisteringSeconds", "started → registered"},
	{"WakeCheckingSeconds", "registered → healthy"},
	{"WakeMovingSeconds", "healthy → rule moved"},
}

const (
	fiveMinutes = 300
	hour        = 3600
	day         = 86400
)

// watched are the names under which CloudWatch knows the stack's parts.
type watched struct {
	region                     string
	names                      config.Names
	task                       config.Service
	cluster, service, client   string
	balancer, api, preview, ws string
	fileSystem                 string
	alarms                     []string
}

// The grid: three widgets a row below a line of text.
const (
	gridColumns = 24
	textHeight  = 3
	// alarmsInAWidget is how many ARNs an alarm widget may have (CloudWatch API reference, "Dashboard body structure and syntax"). Clients
	// have six alarms each, so 24 of them need two.
	alarmsInAWidget = 100
	cellWidth       = 8
	cellHeight      = 6
)

// dashboard lays the widgets out in reading order: what is asked for most comes first.
func (w watched) dashboard() dashboard {
	board := dashboard{Start: "-P7D", Widgets: []widget{{
		Type: "text", Width: gridColumns, Height: textHeight, Properties: textProperties{Markdown: w.explanation()},
	}}}
	cells := []any{
		w.sessions(), w.requests(), w.wakes(),
		w.tasks(), w.load(), w.responses(),
		w.storage(), w.fileTraffic(), w.cost(),
		w.scaler(), w.cleanup(),
	}
	for alarms := range slices.Chunk(w.alarms, alarmsInAWidget) {
		cells = append(cells, alarmProperties{Title: "Alarms", Alarms: alarms})
	}
	for i, properties := range cells {
		kind := "metric"
		if _, ok := properties.(alarmProperties); ok {
			kind = "alarm"
		}
		board.Widgets = append(board.Widgets, widget{
			Type: kind, X: i * cellWidth % gridColumns, Y: textHeight + i*cellWidth/gridColumns*cellHeight,
			Width: cellWidth, Height: cellHeight, Properties: properties,
		})
	}
	board.Widgets = append(board.Widgets, widget{
		Type: "metric", Y: textHeight + (len(cells)*cellWidth+gridColumns-1)/gridColumns*cellHeight, Width: gridColumns, Height: cellHeight,
		Properties: w.stages(),
	})
	return board
}

func (w watched) explanation() string {
	return fmt.Sprintf("## %s\nThe service sleeps while nobody edits, and then most metrics have no data at all: "+
		"a gap means asleep, not broken. A task of this size costs $%.4f an hour while it runs.", w.service, taskDollarsPerHour(w.task))
}

// chart is a metric widget of lines over time.
func (w watched) chart(title, stat string, period int, lines ...series) metricProperties {
	return metricProperties{
		Title: title, View: "timeSeries", Region: w.region, Stat: stat, Period: period, Metrics: lines,
	}
}

func line(namespace, metric, label string, dimensions ...string) series {
	return series{Namespace: namespace, Metric: metric, Dimensions: dimensions, Options: seriesOptions{Label: label}}
}

// with changes one line's options.
func (s series) with(change func(*seriesOptions)) series {
	change(&s.Options)
	return s
}

// right draws the line against the axis on the right: its numbers are of another order.
func (s series) right() series { return s.with(func(o *seriesOptions) { o.YAxis = "right" }) }

func (s series) stat(stat string) series { return s.with(func(o *seriesOptions) { o.Stat = stat }) }

func (w watched) group(metric, label, group string) series {
	return line("AWS/ApplicationELB", metric, label, "LoadBalancer", w.balancer, "TargetGroup", group)
}

func (w watched) ecs(metric, label string) series {
	return line("AWS/ECS", metric, label, "ClusterName", w.cluster, "ServiceName", w.service)
}

func (w watched) efs(metric, label string) series {
	return line("AWS/EFS", metric, label, "FileSystemId", w.fileSystem)
}

func (w watched) function(purpose, metric, label string) series {
	return line("AWS/Lambda", metric, label, "FunctionName", w.names.Function(purpose))
}

// sessions: every editor opens one WebSocket, which the load balancer counts as one request when it opens. Open
// connections are the whole load balancer's; it has no such count per target group.
func (w watched) sessions() metricProperties {
	return w.chart("Sessions", "Sum", fiveMinutes,
		w.group("RequestCount", "sessions opened (WebSockets)", w.ws),
		line("AWS/ApplicationELB", "ActiveConnectionCount", "open connections, whole load balancer", "LoadBalancer", w.balancer),
	)
}

func (w watched) requests() metricProperties {
	chart := w.chart("Requests in five minutes", "Sum", fiveMinutes,
		w.group("RequestCount", "API", w.api), w.group("RequestCount", "preview", w.preview))
	chart.Stacked = true
	return chart
}

// wakes is written by the scaler: from a task's creation until requests reach it.
func (w watched) wakes() metricProperties {
	wake := func(stat, label string) series {
		return line(scalerNamespace, metricWakeSeconds, label, "Service", w.service).stat(stat)
	}
	chart := w.chart("Wake time, seconds", "p50", hour,
		wake("p50", "half of the wakes"), wake("p95", "19 of 20"), wake("Maximum", "slowest"))
	chart.YAxis.Left.ShowUnits = true
	return chart
}

// stages are p50 and p95 of each part of the wakes of 30 days, as figures: a wake has one sample an hour at most, of which no line is to be
// made.
func (w watched) stages() metricProperties {
	var lines []series
	add := func(metric series, label string) {
		for _, stat := range []string{"p50", "p95"} {
			lines = append(lines, metric.with(func(o *seriesOptions) { o.Label = label + ", " + stat }).stat(stat))
		}
	}
	for _, stage := range wakeStages {
		add(line(scalerNamespace, stage.metric, "", "Service", w.service), stage.label)
	}
	add(line(supervisorNamespace, metricPreviewSeconds, "", "Client", w.client), "started → preview's first byte")
	chart := w.chart("Wakes of 30 days by stage, seconds", "p50", day, lines...)
	chart.View, chart.Start, chart.WholeRange = "singleValue", "-P30D", true
	return chart
}

// tasks: ECS writes one CPU sample a minute per running task, so the samples of a minute are the tasks.
func (w watched) tasks() metricProperties {
	return w.chart("Tasks", "Maximum", 60,
		w.ecs("CPUUtilization", "running").stat("SampleCount"),
		w.group("HealthyHostCount", "healthy", w.api), w.group("UnHealthyHostCount", "unhealthy", w.api),
	)
}

func (w watched) load() metricProperties {
	chart := w.chart("CPU and memory, percent of the task", "Average", 60,
		w.ecs("CPUUtilization", "CPU"), w.ecs("MemoryUtilization", "memory"),
		w.ecs("MemoryUtilization", "memory, most").stat("Maximum"),
	)
	top := 100.0
	chart.YAxis.Left.Max = &top
	return chart
}

func (w watched) responses() metricProperties {
	return w.chart("Answers of the API", "Sum", fiveMinutes,
		w.group("HTTPCode_Target_2XX_Count", "2xx", w.api), w.group("HTTPCode_Target_4XX_Count", "4xx", w.api),
		w.group("HTTPCode_Target_5XX_Count", "5xx", w.api),
		w.group("TargetResponseTime", "p95 seconds (right)", w.api).stat("p95").right(),
	)
}

func (w watched) storage() metricProperties {
	stored := func(class, label string) series {
		return line("AWS/EFS", "StorageBytes", label, "StorageClass", class, "FileSystemId", w.fileSystem)
	}
	chart := w.chart("Workspaces, bytes stored and mounts", "Average", hour,
		stored("Standard", "standard"), stored("IA", "infrequent access"),
		w.efs("ClientConnections", "mounts (right)").stat("Sum").right())
	chart.Stacked = true
	return chart
}

func (w watched) fileTraffic() metricProperties {
	return w.chart("Workspaces, bytes moved and burst credits", "Sum", fiveMinutes,
		w.efs("DataReadIOBytes", "read"), w.efs("DataWriteIOBytes", "written"), w.efs("MetadataIOBytes", "metadata"),
		w.efs("BurstCreditBalance", "burst credits (right)").stat("Minimum").right(),
	)
}

func (w watched) scaler() metricProperties {
	return w.chart("Scaler", "Sum", fiveMinutes,
		w.function("edit-scaler", "Invocations", "calls and ticks"), w.function("edit-scaler", "Errors", "errors"),
		w.function("edit-scaler", "Throttles", "throttled"),
		w.function("edit-scaler", "ConcurrentExecutions", "at once").stat("Maximum"),
		line(scalerNamespace, metricSlept, "put to sleep", "Service", w.service),
		line(scalerNamespace, metricGaveUp, "given up", "Service", w.service),
	)
}

func (w watched) cleanup() metricProperties {
	own := func(metric, label string) series {
		return line(cleanupNamespace, metric, label, "FunctionName", w.names.Function("workspace-cleanup"))
	}
	return w.chart("Cleanup, files a day", "Sum", day,
		own("Compressed", "compressed"), own("Deleted", "deleted"), own("Archived", "archived"),
		own("Failed", "failed"), own("LeftOver", "left over"),
		w.function("workspace-cleanup", "Errors", "runs with an error"),
	)
}

// cost adds up task-minutes at the list price from the left edge of the chart, beside the account's bill, which AWS keeps
// in us-east-1 and only after "Receive CloudWatch billing alerts" is switched on.
func (w watched) cost() metricProperties {
	hidden := false
	chart := w.chart("Cost so far, dollars", "Sum", fiveMinutes,
		w.ecs("CPUUtilization", "task minutes").with(func(o *seriesOptions) {
			o.Stat, o.ID, o.Visible = "SampleCount", "minutes", &hidden
		}),
		series{Options: seriesOptions{
			ID: "tasks", Label: "tasks since the left edge",
			Expression: fmt.Sprintf("RUNNING_SUM(FILL(minutes, 0)) * %.8f", taskDollarsPerHour(w.task)/60),
		}},
		line("AWS/Billing", "EstimatedCharges", "whole account this month", "Currency", "USD").with(func(o *seriesOptions) {
			o.Stat, o.Region, o.Period = "Maximum", "us-east-1", 6*hour
		}),
	)
	return chart
}

// Fargate's prices in us-west-2, per vCPU-hour and GB-hour (aws.amazon.com/fargate/pricing); a test holds them equal to
// the cost report's.
const (
	x86VCPUHour, x86GBHour = 0.04048, 0.004445
	armVCPUHour, armGBHour = 0.03238, 0.00356
)

// taskDollarsPerHour is what one running task costs.
func taskDollarsPerHour(task config.Service) float64 {
	vcpu, gb := x86VCPUHour, x86GBHour
	if task.CPUArchitecture == "ARM64" {
		vcpu, gb = armVCPUHour, armGBHour
	}
	return float64(task.CPU)/1024*vcpu + float64(task.Memory)/1024*gb
}
