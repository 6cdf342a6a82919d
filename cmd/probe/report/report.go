package report

import (
	"encoding/json"
	"io"
	"time"
)

// Exit codes of the probe.
const (
	ExitPass = iota
	// ExitFail: a criterion failed.
	ExitFail
	// ExitUsage: the command line is wrong.
	ExitUsage
	// ExitUnmeasured: nothing failed, but something that was asked for could not be measured.
	ExitUnmeasured
)

// Report is what a run found.
type Report struct {
	URL        string
	CloudFront string
	Started    time.Time
	// Took and the wakes are service time, which passes Speed times as fast as the wall clock.
	Took  time.Duration
	Speed float64
	// Interrupted says that the run was broken off.
	Interrupted bool
	Results     []Result
	Wakes       []Wake
	// Leftover names check files that could not be deleted.
	Leftover []string
}

// ExitCode is the run's outcome for scripts. Failures that were accepted do not count.
func (r *Report) ExitCode() int {
	code := ExitPass
	for _, result := range r.Results {
		switch {
		case result.Verdict == Fail && !result.Accepted:
			return ExitFail
		case result.Verdict == NotMeasured && result.missed:
			code = ExitUnmeasured
		}
	}
	if r.Interrupted {
		code = ExitUnmeasured
	}
	return code
}

type wakeJSON struct {
	Seconds float64            `json:"seconds"`
	Stages  map[string]float64 `json:"stages"`
}

// JSON writes the report for programs. Durations are seconds of service time.
func (r *Report) JSON(out io.Writer) error {
	document := struct {
		URL         string     `json:"url"`
		CloudFront  string     `json:"cloudfront,omitempty"`
		Started     time.Time  `json:"started"`
		Seconds     float64    `json:"seconds"`
		Speed       float64    `json:"speed"`
		ExitCode    int        `json:"exitCode"`
		Interrupted bool       `json:"interrupted"`
		Criteria    []Result   `json:"criteria"`
		Wakes       []wakeJSON `json:"wakes"`
		P50         float64    `json:"wakeP50Seconds,omitempty"`
		P95         float64    `json:"wakeP95Seconds,omitempty"`
		Leftover    []string   `json:"leftover,omitempty"`
	}{
		URL: r.URL, CloudFront: r.CloudFront, Started: r.Started.UTC(), Seconds: r.Took.Seconds(), Speed: r.Speed,
		ExitCode: r.ExitCode(), Interrupted: r.Interrupted, Criteria: r.Results, Wakes: []wakeJSON{}, Leftover: r.Leftover,
		P50: Percentile(Times(r.Wakes), 50).Seconds(), P95: Percentile(Times(r.Wakes), 95).Seconds(),
	}
	for _, wake := range r.Wakes {
		stages := map[string]float64{}
		for _, stage := range wake.Stages {
			stages[stage.Name] = stage.At.Seconds()
		}
		document.Wakes = append(document.Wakes, wakeJSON{wake.Took.Seconds(), stages})
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}
