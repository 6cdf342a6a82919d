package invocation

import (
	"encoding/json"
	"fmt"

	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// metric is the declaration of one metric in CloudWatch's embedded metric format.
type metric struct {
	Name string
	Unit string
}

type metricSet struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metric
}

// report writes one line that CloudWatch turns into metrics. Zeros are written too, so that an alarm sees that the
// re-merge ran.
func (h *Handler) report(r Result, refused bool) error {
	set := metricSet{Namespace: spec.MetricNamespace, Dimensions: [][]string{{spec.MetricDimension}}}
	line := map[string]any{spec.MetricDimension: h.Function, "distribution": r.DistributionID}
	add := func(name string, value int) {
		set.Metrics = append(set.Metrics, metric{name, "Count"})
		line[name] = value
	}
	add(spec.MetricRepaired, one(len(r.Changes) > 0))
	add(spec.MetricWarnings, len(r.Warnings))
	add(spec.MetricRefused, one(refused))
	line["_aws"] = map[string]any{"Timestamp": h.Now().UnixMilli(), "CloudWatchMetrics": []metricSet{set}}
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("marshal metrics: %w", err)
	}
	if _, err := fmt.Fprintf(h.Metrics, "%s\n", text); err != nil {
		return fmt.Errorf("write metrics: %w", err)
	}
	return nil
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
