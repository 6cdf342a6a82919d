package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// TestAnImageWithoutTheSupervisorPasses is the stack with yesterday's image, which one task at most runs.
func TestAnImageWithoutTheSupervisorPasses(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	options := s.options()
	options.Container = sandboxtest.ContainerPlain
	s.serve(options)
	found := s.run("-wakes", "1", "-socket", "0.5")
	require.Empty(t, verdicts(found, report.Fail), told(t, found))
	assert.NotContains(t, verdicts(found, report.NotMeasured), report.Sessions, "its check of the memory tells")
}

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
