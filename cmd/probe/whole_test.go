package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/cmd/probe/report"
)

// TestTheDeployedStackPasses visits the stack as deployed by the real engine: the real functions, the demo container, and
// CloudFront in front of them.
func TestTheDeployedStackPasses(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.serve(s.options())
	found := s.run("-foundation", "-socket", "1")
	text := told(t, found)
	require.Empty(t, verdicts(found, report.Fail), text)
	assert.Equal(t, []string{
		report.DNS, report.Cost, report.Tags, report.NoHardcoded, report.Retained, report.Cleanup,
	}, verdicts(found, report.NotMeasured), text)
	assert.Equal(t, report.ExitPass, found.ExitCode())
	require.Len(t, found.Wakes, 2)
	for _, wake := range found.Wakes {
		assert.NotEmpty(t, wake.Stages)
	}
	assert.Equal(t, "https://ameliastamps.com", found.CloudFront)
}
