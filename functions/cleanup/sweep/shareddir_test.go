package sweep

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// disk makes durable, with each sync, what had been changed when it began.
type disk struct {
	fsx.Dir
	changes, durable, syncs atomic.Int64
	err                     error
	begun                   func()
}

func (d *disk) Sync() error {
	seen := d.changes.Load()
	d.begun()
	d.syncs.Add(1)
	d.durable.Store(max(d.durable.Load(), seen))
	return d.err
}

// TestSyncCoversWhatWasChangedBeforeIt: sharing one fsync must not let anybody
// go on whose change came after it began.
func TestSyncCoversWhatWasChangedBeforeIt(t *testing.T) {
	t.Parallel()
	const packers, rounds = 16, 500
	d := &disk{begun: func() { yield{}.pause() }}
	s := share(d, "threads")
	var group sync.WaitGroup
	for range packers {
		group.Go(func() {
			for range rounds {
				mine := d.changes.Add(1)
				if err := s.Sync(); err != nil || d.durable.Load() < mine {
					t.Errorf("change %d: %d is durable: %v", mine, d.durable.Load(), err)
					return
				}
			}
		})
	}
	group.Wait()
	require.Less(t, d.syncs.Load(), int64(packers*rounds), "shared")
}

// TestOneSyncForAllWhoWait holds the first sync up until everybody has come.
func TestOneSyncForAllWhoWait(t *testing.T) {
	t.Parallel()
	const packers = 8
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	d := &disk{err: errors.New("the disk has failed"), begun: func() {
		once.Do(func() {
			close(entered)
			<-release
		})
	}}
	s := share(d, "threads")
	failed := make(chan error, packers+1)
	go func() { failed <- s.Sync() }()
	<-entered
	for range packers {
		go func() { failed <- s.Sync() }()
	}
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.next != nil
	}, time.Minute, time.Millisecond)
	close(release)
	for range packers + 1 {
		require.ErrorIs(t, <-failed, d.err, "a failure is everybody's")
	}
}
