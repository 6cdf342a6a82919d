package main

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
)

// digest is a preview for programs. Its members are named as those of `pulumi preview --json`, of which it is a part: steps are only
// those that change something, without the resources' properties.
type digest struct {
	Steps         []digestStep           `json:"steps"`
	Diagnostics   []digestDiagnostic     `json:"diagnostics"`
	ChangeSummary map[apitype.OpType]int `json:"changeSummary"`
}

type digestStep struct {
	Op           apitype.OpType        `json:"op"`
	URN          string                `json:"urn"`
	Type         string                `json:"type"`
	DetailedDiff map[string]digestDiff `json:"detailedDiff,omitempty"`
}

type digestDiff struct {
	Kind apitype.DiffKind `json:"kind"`
}

type digestDiagnostic struct {
	URN      string `json:"urn,omitempty"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
}

// writeDigest prints a preview's result, that of a failed one too; a preview that never began has none.
func writeDigest(w io.Writer, result engine.Result, err error) error {
	var failed *engine.FailedError
	if err != nil && !errors.As(err, &failed) {
		return err
	}
	out := digest{Steps: []digestStep{}, Diagnostics: []digestDiagnostic{}, ChangeSummary: result.Changes}
	if out.ChangeSummary == nil {
		out.ChangeSummary = map[apitype.OpType]int{}
	}
	for _, step := range result.Steps {
		if strings.HasPrefix(step.Type, "pulumi:providers:") && strings.HasPrefix(step.Name, "default") {
			continue // Pulumi's own, which its summary does not count either
		}
		diff := map[string]digestDiff{}
		for path, kind := range step.Diff {
			diff[path] = digestDiff{kind}
		}
		out.Steps = append(out.Steps, digestStep{Op: step.Op, URN: string(step.URN), Type: step.Type, DetailedDiff: diff})
	}
	for _, d := range result.Diagnostics {
		out.Diagnostics = append(out.Diagnostics, digestDiagnostic{URN: d.URN, Severity: d.Severity, Message: d.Message})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return errors.Join(err, encoder.Encode(out))
}
