package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/webordinary/live-edit/functions/scaler/reconcile"
)

// wokenMessage is the same in the scaler and in the supervisor.
const wokenMessage = reconcile.WokenMessage

// inTask is the supervisor's part of a wake.
type inTask struct {
	StartedAt      time.Time `json:"startedAt"`
	FirstByteAfter float64   `json:"firstByteAfter"`
}

// samples are what was read: the scaler's records and the supervisor's by the task's ARN, and the probe's wakes.
type samples struct {
	outside map[string]reconcile.Wake
	inside  map[string]inTask
	probed  []probed
}

// probed is a wake as the probe saw it: seconds from its beginning.
type probed struct {
	Seconds float64            `json:"seconds"`
	Stages  map[string]float64 `json:"stages"`
}

func (s *samples) readFile(name string) error {
	file, err := os.Open(name) //nolint:gosec // whoever calls the command names its files
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return s.read(name, file)
}

// most bounds what is read of a file: a year of wakes is a few megabytes.
const most = 256 << 20

func (s *samples) read(name string, in io.Reader) error {
	content, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if len(content) > most {
		return fmt.Errorf("read %s: it is larger than %d MB", name, most>>20)
	}
	var document struct {
		Wakes  []probed
		Events []struct{ Message string }
	}
	if json.Unmarshal(content, &document) == nil && (document.Wakes != nil || document.Events != nil) {
		s.probed = append(s.probed, document.Wakes...)
		for _, event := range document.Events {
			s.line([]byte(event.Message))
		}
		return nil
	}
	for line := range bytes.Lines(content) {
		s.line(line)
	}
	return nil
}

// line reads a log line, whatever stands before its JSON. Lines that are no record of a wake are none of ours.
func (s *samples) line(line []byte) {
	at := bytes.IndexByte(line, '{')
	if at < 0 {
		return
	}
	var entry struct {
		Message string `json:"msg"`
		Wake    *reconcile.Wake
		Task    string
		inTask
	}
	if json.Unmarshal(line[at:], &entry) != nil || entry.Message != wokenMessage {
		return
	}
	switch {
	case entry.Wake != nil:
		if s.outside == nil {
			s.outside = map[string]reconcile.Wake{}
		}
		s.outside[entry.Wake.Task] = *entry.Wake // two processes may have moved the rule at once
	case entry.Task != "":
		if s.inside == nil {
			s.inside = map[string]inTask{}
		}
		s.inside[entry.Task] = entry.inTask
	}
}
