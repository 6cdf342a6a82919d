package report

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/policy"
)

// Summary is the outcome of a run.
type Summary struct {
	Counts  Counts
	DryRun  bool
	Seconds float64
	// LeftOver is how many workspaces were not reached or not completed. The
	// next run starts with them.
	LeftOver int64
	// LeftOverAtLeast is set when there was no time left to count them all.
	LeftOverAtLeast bool
	// Pending is how many files wait aside for a later run to finish.
	Pending int64
	// Stopped says why the run ended before it was through; empty if it did not.
	Stopped string
}

// Failed is the number of faults that a healthy file system does not show, and
// for which a run counts as failed.
func (s Summary) Failed() int64 {
	return s.Counts.Skipped[policy.IOError] + s.Counts.Skipped[policy.DiskFull]
}

// record is the common shape of the JSON output and the log record.
type record struct {
	DryRun          bool             `json:"DryRun"`
	Users           int64            `json:"Users"`
	Scanned         int64            `json:"Scanned"`
	Kept            int64            `json:"Kept"`
	Compressed      int64            `json:"Compressed"`
	Deleted         int64            `json:"Deleted"`
	Archived        int64            `json:"Archived"`
	Finished        int64            `json:"Finished"`
	Restored        int64            `json:"Restored"`
	Recovered       int64            `json:"Recovered"`
	Skipped         int64            `json:"Skipped"`
	SkippedBy       map[string]int64 `json:"SkippedBy"`
	Failed          int64            `json:"Failed"`
	BytesSaved      int64            `json:"BytesSaved"`
	BytesDue        int64            `json:"BytesDue"`
	Pending         int64            `json:"Pending"`
	LeftOver        int64            `json:"LeftOver"`
	LeftOverAtLeast bool             `json:"LeftOverAtLeast,omitempty"`
	Stopped         string           `json:"Stopped,omitempty"`
	Seconds         float64          `json:"Seconds"`
}

func (s Summary) record() record {
	c := s.Counts
	r := record{
		DryRun: s.DryRun, Users: c.Users, Scanned: c.Scanned, Kept: c.Kept, Compressed: c.Compressed,
		Deleted: c.Deleted, Archived: c.Archived, Finished: c.Finished, Restored: c.Restored, Recovered: c.Recovered,
		Skipped: c.SkippedTotal(), SkippedBy: map[string]int64{}, Failed: s.Failed(),
		BytesSaved: c.BytesSaved, BytesDue: c.BytesDue, Pending: s.Pending,
		LeftOver: s.LeftOver, LeftOverAtLeast: s.LeftOverAtLeast, Stopped: s.Stopped, Seconds: s.Seconds,
	}
	for _, reason := range policy.Reasons() {
		if n := c.Skipped[reason]; n > 0 {
			r.SkippedBy[reason.String()] = n
		}
	}
	return r
}

// MarshalJSON gives the summary the same field names as its metrics.
func (s Summary) MarshalJSON() ([]byte, error) { return json.Marshal(s.record()) }

// Namespace is the CloudWatch namespace of the metrics.
const Namespace = "Webordinary/Cleanup"

// metric is one entry of the embedded metric format's directive, see
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type metric struct {
	Name string
	Unit string
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metric
}

type metadata struct {
	Timestamp         int64
	CloudWatchMetrics []directive
}

// metrics lists what becomes a metric. What a dry run would have done is only
// a property of its record.
func (s Summary) metrics() []metric {
	list := []metric{
		{"Scanned", "Count"},
		{"Skipped", "Count"},
		{"Failed", "Count"},
		{"Pending", "Count"},
		{"LeftOver", "Count"},
		{"Seconds", "Seconds"},
	}
	if s.DryRun {
		return list
	}
	return append(list, metric{"Compressed", "Count"}, metric{"Deleted", "Count"}, metric{"Archived", "Count"},
		metric{"Restored", "Count"}, metric{"Recovered", "Count"}, metric{"BytesSaved", "Bytes"})
}

// EMF writes the summary as one line of JSON in CloudWatch's embedded metric
// format. The reasons for skipping are properties of the record, searchable in
// Logs Insights, and cost no metric each.
func (s Summary) EMF(w io.Writer, function string, now time.Time) error {
	line, err := json.Marshal(struct {
		AWS          metadata `json:"_aws"`
		FunctionName string
		record
	}{
		AWS: metadata{Timestamp: now.UnixMilli(), CloudWatchMetrics: []directive{{
			Namespace: Namespace, Dimensions: [][]string{{"FunctionName"}}, Metrics: s.metrics(),
		}}},
		FunctionName: function,
		record:       s.record(),
	})
	if err != nil {
		return fmt.Errorf("encode the run's metrics: %w", err)
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
