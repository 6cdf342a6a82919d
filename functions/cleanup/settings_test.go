package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func from(values map[string]string) lookupEnv {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

func TestDefaultsAreTheSpecifications(t *testing.T) {
	t.Parallel()
	c, err := settingsFrom(from(map[string]string{"WORKSPACE_ROOT": "/mnt/workspaces", "SETTLE": ""}))
	require.NoError(t, err)
	require.Equal(t, "/mnt/workspaces", c.Root)
	require.Equal(t, 7*24*time.Hour, c.Sweep.Ages.Compress)
	require.Equal(t, 30*24*time.Hour, c.Sweep.Ages.Delete)
	require.Zero(t, c.Sweep.Ages.Archive)
	require.False(t, c.Sweep.DryRun)
	require.Equal(t, 90*time.Second, c.Sweep.Settle)
	require.Equal(t, 20*time.Second, c.Margin)
}

func TestEverythingCanBeSet(t *testing.T) {
	t.Parallel()
	c, err := settingsFrom(from(map[string]string{
		"WORKSPACE_ROOT": "/w", "COMPRESS_AFTER": "1h", "DELETE_AFTER": "2h", "ARCHIVE_AFTER": "3h", "DRY_RUN": "true", "SETTLE": "4s",
		"WORKERS": "5", "PACKERS": "6", "MAX_THREAD_BYTES": "7", "MAX_ARCHIVE_BYTES": "8", "DEADLINE_MARGIN": "9s",
	}))
	require.NoError(t, err)
	s := c.Sweep
	require.Equal(t, []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour, 4 * time.Second, 9 * time.Second},
		[]time.Duration{s.Ages.Compress, s.Ages.Delete, s.Ages.Archive, s.Settle, c.Margin})
	require.Equal(t, []int64{5, 6, 7, 8}, []int64{int64(s.Workers), int64(s.Packers), s.MaxThread, s.MaxArchive})
	require.True(t, s.DryRun)
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := settingsFrom(from(map[string]string{
		"WORKSPACE_ROOT": "workspaces", "COMPRESS_AFTER": "7 days", "DELETE_AFTER": "1h", "ARCHIVE_AFTER": "-1h", "DRY_RUN": "maybe",
		"SETTLE": "-1s", "WORKERS": "0", "PACKERS": "many", "MAX_THREAD_BYTES": "0", "MAX_ARCHIVE_BYTES": "1 GB", "DEADLINE_MARGIN": "1ms",
	}))
	for _, want := range []string{
		`WORKSPACE_ROOT="workspaces": expected an absolute path, such as /mnt/workspaces`,
		`COMPRESS_AFTER="7 days": expected a duration, such as 168h or 90s`,
		`DELETE_AFTER="1h0m0s": expected more than compress-after`,
		`ARCHIVE_AFTER="-1h0m0s": expected 0 (off) or at least delete-after`,
		`DRY_RUN="maybe": expected true or false`,
		`SETTLE="-1s": expected 0 or more`,
		`WORKERS="0": expected 1 to 1024`,
		`PACKERS="many": expected a whole number`,
		`MAX_THREAD_BYTES="0": expected more than 0`,
		`MAX_ARCHIVE_BYTES="1 GB": expected a number of bytes`,
		`DEADLINE_MARGIN="1ms": expected at least 1s`,
	} {
		require.ErrorContains(t, err, want)
	}
	_, err = settingsFrom(from(nil))
	require.ErrorContains(t, err, `WORKSPACE_ROOT=""`)
}
