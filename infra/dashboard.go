package infra

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
)

// dashboard is a CloudWatch dashboard body (CloudWatch API reference: "Dashboard body structure and syntax"). Start is
// the time range it opens with.
type dashboard struct {
	Start   string   `json:"start"`
	Widgets []widget `json:"widgets"`
}

// widget is a rectangle on a grid of 24 columns.
type widget struct {
	Type       string `json:"type"`
	X          int    `json:"x"`
	Y          int    `json:"y"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	Properties any    `json:"properties"`
}

type textProperties struct {
	Markdown string `json:"markdown"`
}

type alarmProperties struct {
	Title  string   `json:"title"`
	Alarms []string `json:"alarms"`
}

type metricProperties struct {
	Title string `json:"title"`
	View  string `json:"view"`
	// Start is the widget's own range, and WholeRange makes one figure of it (setPeriodToTimeRange, for singleValue).
	Start      string   `json:"start,omitempty"`
	WholeRange bool     `json:"setPeriodToTimeRange,omitempty"`
	Stacked    bool     `json:"stacked"`
	Region     string   `json:"region"`
	Stat       string   `json:"stat"`
	Period     int      `json:"period"`
	Metrics    []series `json:"metrics"`
	YAxis      yAxis    `json:"yAxis"`
}

type yAxis struct {
	Left axis `json:"left"`
}

type axis struct {
	Label     string   `json:"label,omitempty"`
	Min       float64  `json:"min"`
	Max       *float64 `json:"max,omitempty"`
	ShowUnits bool     `json:"showUnits"`
}

// series is one line: a metric, or an expression over metrics with an ID.
type series struct {
	Namespace, Metric string
	// Dimensions are names and values in turn.
	Dimensions []string
	Options    seriesOptions
}

type seriesOptions struct {
	Label      string `json:"label,omitempty"`
	Stat       string `json:"stat,omitempty"`
	Period     int    `json:"period,omitempty"`
	Region     string `json:"region,omitempty"`
	ID         string `json:"id,omitempty"`
	Expression string `json:"expression,omitempty"`
	Visible    *bool  `json:"visible,omitempty"`
	YAxis      string `json:"yAxis,omitempty"`
}

// MarshalJSON renders the list that CloudWatch takes: namespace, metric, dimensions, options.
func (s series) MarshalJSON() ([]byte, error) {
	var list []any
	if s.Options.Expression == "" {
		list = append(list, s.Namespace, s.Metric)
		for _, dimension := range s.Dimensions {
			list = append(list, dimension)
		}
	}
	data, err := json.Marshal(append(list, s.Options))
	if err != nil {
		return nil, fmt.Errorf("marshal series %s %s: %w", s.Namespace, s.Metric, err)
	}
	return data, nil
}

// addDashboard registers the dashboard. The first three of an account are free.
func (o *Observability) addDashboard(ctx *pulumi.Context, name string, args *ObservabilityArgs) error {
	groups := args.Service.TargetGroups
	body := pulumi.All(
		args.Service.ClusterName, args.Service.ServiceName, loadBalancerSuffix(args.LoadBalancerArn),
		groups["api"].ArnSuffix, groups["preview"].ArnSuffix, groups["ws"].ArnSuffix, args.FileSystemID,
		args.Alerts.alarmArns.ToStringArrayOutput(),
	).ApplyT(func(values []any) any {
		text := func(i int) string { s, _ := values[i].(string); return s }
		alarms, _ := values[7].([]string)
		return watched{
			region: args.Region, names: args.Names, task: args.Task, client: args.Service.client,
			cluster: text(0), service: text(1), balancer: text(2),
			api: text(3), preview: text(4), ws: text(5), fileSystem: text(6), alarms: alarms,
		}.dashboard()
	}).(pulumi.AnyOutput)
	board, err := cloudwatch.NewDashboard(ctx, name+"-dashboard", &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String(args.Names.Other("edit")),
		DashboardBody: marshalled("dashboard", body),
	}, component.Child(o)...)
	if err != nil {
		return component.Created(name+"-dashboard", err)
	}
	o.DashboardName = board.DashboardName
	return nil
}
