// Package cloudwatch is Amazon CloudWatch in the sandbox, with its logs.
package cloudwatch

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/jsontext"
	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/kms"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("cloudwatch", schemaJSON)
	kind.Register(cloudwatchKinds())
}

func cloudwatchKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeLogGroup: {
			Refs: []kind.Ref{{Path: "kmsKeyId", To: kms.ToKey}},
			Unique: []kind.Unique{{
				Paths: []string{"name"}, Code: "ResourceAlreadyExistsException", Message: "The specified log group already exists: %s",
				Adopt: "import it with ID (a function or an earlier destroy may have left it), or choose another name",
			}},
			Create: createLogGroup,
		},
		view.TypeMetricFilter: {
			Refs: []kind.Ref{{Path: "logGroupName", To: toLogGroup, OnDelete: kind.Cascade}},
			Unique: []kind.Unique{{
				Paths: []string{"logGroupName", "name"}, Code: "ResourceAlreadyExistsException",
				Message: "The log group already has a metric filter %s",
			}},
			Check:  kind.InTurn(checkMetricFilter, checkMetricNamespace),
			Create: func(c *kind.Call) error { c.ID = c.Str("logGroupName") + ":" + c.Str("name"); return nil },
			// The provider's ID is the name alone; it is imported as group:name.
			PublicID: func(r kind.Resource) string { return props.Str(r.State, "name") },
			StoreID:  func(_ string, s props.Map) string { return props.Str(s, "logGroupName") + ":" + props.Str(s, "name") },
		},
		"aws:cloudwatch/metricAlarm:MetricAlarm": {
			Refs: []kind.Ref{
				{Path: "alarmActions[*]", To: toAlarmAction},
				{Path: "okActions[*]", To: toAlarmAction},
				{Path: "insufficientDataActions[*]", To: toAlarmAction},
			},
			Unique: []kind.Unique{{
				// PutMetricAlarm would replace the other one silently.
				Paths: []string{"name"}, Code: "ResourceAlreadyExists", Message: "An alarm named %s exists",
			}},
			Check: kind.InTurn(checkAlarm, checkStatistic),
			Create: func(c *kind.Call) error {
				c.ID = c.Str("name")
				c.Default("evaluateLowSampleCountPercentiles", "")
				return nil
			},
		},
		"aws:cloudwatch/dashboard:Dashboard": {
			Unique: []kind.Unique{{Paths: []string{"dashboardName"}, Code: "ResourceAlreadyExists", Message: "A dashboard named %s exists"}},
			Check:  checkDashboard,
			Create: func(c *kind.Call) error {
				c.ID = c.Str("dashboardName")
				return nil
			},
		},
	}
}

func createLogGroup(c *kind.Call) error {
	c.ID = c.Name()
	c.Default("logGroupClass", "STANDARD")
	return nil
}

func checkMetricFilter(c *kind.Checker) {
	if name, ok := c.Text("name"); ok && strings.ContainsAny(name, ":*") {
		c.Fail("name", "InvalidParameterException: the name of a metric filter must not contain : or *, got %q", name)
	}
	value, ok := c.Text("metricTransformation.value")
	if ok && !regexp.MustCompile(`^(\d+(\.\d+)?|\$.+)$`).MatchString(value) {
		c.Fail("metricTransformation.value", "InvalidParameterException: metricValue %q must be a number or a field such as $.latency", value)
	}
}

func checkAlarm(c *kind.Checker) {
	queries := props.All(c.In, "metricQueries[*]")
	if len(queries) > 0 {
		checkQueries(c, queries)
	}
	evaluation, hasEvaluation := c.Int("evaluationPeriods")
	datapoints, hasDatapoints := c.Int("datapointsToAlarm")
	if hasEvaluation && hasDatapoints && datapoints > evaluation {
		c.Fail("datapointsToAlarm", "ValidationError: datapointsToAlarm %d must not exceed evaluationPeriods %d", datapoints, evaluation)
	}
	if period, ok := c.Int("period"); ok {
		if !slices.Contains([]int{10, 20, 30}, period) && (period < 60 || period%60 != 0) {
			c.Fail("period", "ValidationError: Period must be 10, 20, 30, or a multiple of 60, got %d", period)
		}
		const day = 86400
		if hasEvaluation && period*evaluation > 7*day {
			c.Fail("evaluationPeriods", "ValidationError: Metrics cannot be checked across more than 7 days (EvaluationPeriods * Period must be "+
				"<= 604800), got %d", period*evaluation)
		}
	}
}

func checkQueries(c *kind.Checker, queries []props.Found) {
	returning := 0
	ids := map[string]bool{}
	for _, f := range queries {
		if !f.Value.IsObject() {
			continue
		}
		q := f.Value.ObjectValue()
		id := props.Str(q, "id")
		if ids[id] && id != "" {
			c.Fail(f.Path+".id", "ValidationError: the query ID %q is used twice", id)
		}
		ids[id] = true
		if id != "" && !regexp.MustCompile(`^[a-z]\w*$`).MatchString(id) {
			c.Fail(f.Path+".id", "ValidationError: query ID %q must begin with a lower-case letter, then letters, numbers and underscores", id)
		}
		if props.Bool(q, "returnData") {
			returning++
		}
	}
	if returning != 1 && !props.AnyUnknown(c.In, "metricQueries[*].returnData") {
		c.Fail("metricQueries", "ValidationError: exactly one query must return data (returnData), %d do", returning)
	}
}

func checkDashboard(c *kind.Checker) {
	body, ok := c.Text("dashboardBody")
	if !ok || jsontext.Check(body) != nil {
		return // refused by the schema
	}
	var d struct {
		Widgets []struct {
			Type       string          `json:"type"`
			Properties json.RawMessage `json:"properties"`
		} `json:"widgets"`
	}
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		c.Fail("dashboardBody", "InvalidParameterInput: The dashboard body is invalid: %v", err)
		return
	}
	if len(d.Widgets) > 500 {
		c.Fail("dashboardBody", "InvalidParameterInput: a dashboard can have 500 widgets, this one has %d", len(d.Widgets))
	}
	kinds := []string{"alarm", "custom", "explorer", "log", "metric", "text"}
	for i, w := range d.Widgets {
		if !slices.Contains(kinds, w.Type) {
			c.Fail("dashboardBody", "InvalidParameterInput: widgets[%d].type %q is not one of %q", i, w.Type, kinds)
		}
		if len(w.Properties) == 0 {
			c.Fail("dashboardBody", "InvalidParameterInput: widgets[%d] has no properties", i)
		}
		var shown struct{ Alarms []string }
		if w.Type == "alarm" && (json.Unmarshal(w.Properties, &shown) != nil || len(shown.Alarms) < 1 || len(shown.Alarms) > 100) {
			c.Fail("dashboardBody", "InvalidParameterInput: widgets[%d].properties.alarms: expected 1 to 100 ARNs, there are %d", i,
				len(shown.Alarms))
		}
	}
}

var (
	toLogGroup = kind.Target{
		Types: []string{view.TypeLogGroup}, By: []string{"id"},
		Code: "ResourceNotFoundException", Message: "The specified log group does not exist: %s",
	}
	// toAlarmAction is what an alarm may notify; actions other than SNS and
	// Lambda (EC2 recovery, Auto Scaling) are not modelled and pass.
	toAlarmAction = kind.Target{
		Types: []string{view.TypeTopic, view.TypeFunction}, By: []string{"arn"},
		Code: "ValidationError", Message: "Invalid action: %s does not exist",
		Skip: func(v string) bool {
			return !strings.HasPrefix(v, "arn:aws:sns:") && !strings.HasPrefix(v, "arn:aws:lambda:")
		},
	}
)

func checkMetricNamespace(c *kind.Checker) {
	for _, p := range []string{"metricTransformation.namespace", "metricTransformation.name"} {
		if s, ok := c.Text(p); ok && (s == "" || len(s) > 255 || strings.ContainsAny(s, ":*$")) {
			c.Fail(p, "InvalidParameterException: %q must have 1 to 255 characters, none of them : * or $", s)
		}
	}
}

var (
	percentile = regexp.MustCompile(`^(p|tm|tc|ts|wm)(\d{1,3}(\.\d{1,10})?)$`)
	trimmed    = regexp.MustCompile(`^(TM|TC|TS|WM|PR)\([\d.]*%?:[\d.]*%?\)$`)
)

// checkStatistic: CloudWatch user guide, "CloudWatch statistics definitions".
func checkStatistic(c *kind.Checker) {
	s, ok := c.Text("extendedStatistic")
	if !ok || s == "" || s == "IQM" || trimmed.MatchString(s) {
		return
	}
	if m := percentile.FindStringSubmatch(s); m != nil {
		if v, err := strconv.ParseFloat(m[2], 64); err == nil && v <= 100 {
			return
		}
	}
	c.Fail("extendedStatistic", "ValidationError: invalid statistic %q: expected a percentile from p0 to p100, such as p99.9, a trimmed "+
		"statistic such as tm90 or TM(10%%:90%%), or IQM", s)
}
