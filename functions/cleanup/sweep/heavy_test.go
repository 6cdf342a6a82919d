package sweep

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
)

// slowDisk lets the first file wait to be synced until another one is there too.
type slowDisk struct {
	syncs  atomic.Int64
	second chan struct{}
	alone  atomic.Bool
}

func (s *slowDisk) Before(op fault.Op) error {
	if op.Call != "sync" || !strings.HasSuffix(op.Name, ".tmp") {
		return nil
	}
	switch s.syncs.Add(1) {
	case 1:
		select {
		case <-s.second:
		case <-time.After(time.Minute):
			s.alone.Store(true)
		}
	case 2:
		close(s.second)
	}
	return nil
}

func (s *slowDisk) After(fault.Op) error { return nil }

// TestWhoWaitsForTheDiskMakesRoom: a file that is being synced needs no packer.
func TestWhoWaitsForTheDiskMakesRoom(t *testing.T) {
	t.Parallel()
	w := newFixture()
	for n := range 2 * chunkSize { // two chunks, for two workers
		w.thread(fmt.Sprintf("%st%03d.json", threads, n), `{}`, 8*day)
	}
	config := testConfig()
	config.Workers, config.Packers = 2, 1
	disk := &slowDisk{second: make(chan struct{})}
	s, err := Run(t.Context(), w.options(fault.Wrap(w.fs.Root(), disk), config))
	require.NoError(t, err)
	require.False(t, disk.alone.Load())
	require.Equal(t, int64(2*chunkSize), s.Counts.Compressed)
}

// TestNoMorePackersThanAllowed is what bounds the memory.
func TestNoMorePackersThanAllowed(t *testing.T) {
	t.Parallel()
	config := testConfig()
	config.Packers = 3
	w := newFixture()
	r := newRun(w.options(w.fs.Root(), config))
	var running, most atomic.Int64
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			err := r.heavy(t.Context(), func() error {
				now := running.Add(1)
				for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
				}
				yield{}.pause()
				running.Add(-1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.LessOrEqual(t, most.Load(), int64(3))
	for range config.Packers {
		r.packing <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, r.heavy(ctx, func() error { return nil }), errStopped, "no place, no time")
}
