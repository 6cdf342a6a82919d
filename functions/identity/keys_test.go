package identity_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/identity"
)

// TestKeysAreFetchedOnce: for all who wait, and for half a day.
func TestKeysAreFetchedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token := r.For("amy@example.com")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, err := r.admit(token)
			require.NoError(t, err) //nolint:testifylint // fails the test all the same
		})
	}
	all.Wait()
	require.Equal(t, 1, r.Fetched())
	r.clock = r.clock.Add(time.Minute)
	_, err := r.admit(token)
	require.NoError(t, err)
	require.Equal(t, 1, r.Fetched())
}

// TestRotation: a new key is fetched when it is met, a withdrawn one ends within half a day, and an old one outlives a failing server.
func TestRotation(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := func(id string) error {
		_, err := r.keys.Key(t.Context(), id)
		return err
	}
	require.NoError(t, key("key-1"))
	r.AddKey("key-2")
	require.NoError(t, key("key-2"))
	r.Withdraw("key-1")
	r.clock = r.clock.Add(11 * time.Hour)
	require.NoError(t, key("key-1"))
	r.clock = r.clock.Add(2 * time.Hour)
	require.ErrorIs(t, key("key-1"), identity.ErrForged)
	r.Fail(http.StatusInternalServerError)
	require.NoError(t, key("key-2"), "the old key serves while none can be had")
	require.ErrorIs(t, key("key-3"), identity.ErrUnavailable)
	r.Fail(0)
	r.AddKey("key-3")
	require.NoError(t, key("key-3"), "a failure of the server is not remembered")
}

// TestUnknownKeys: an ID without a key is asked for twice a minute at most, and their number is bounded.
func TestUnknownKeys(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ask := func(id string) {
		_, err := r.keys.Key(t.Context(), id)
		require.ErrorIs(t, err, identity.ErrForged)
	}
	for range 5 {
		ask("nobody")
	}
	require.Equal(t, 1, r.Fetched())
	r.clock = r.clock.Add(31 * time.Second)
	ask("nobody")
	require.Equal(t, 2, r.Fetched())
	for i := range 300 {
		ask(fmt.Sprint("none-", i))
	}
	require.LessOrEqual(t, r.keys.Kept(), 64)
	for i := range 20 {
		id := fmt.Sprint("some-", i)
		r.AddKey(id)
		_, err := r.keys.Key(t.Context(), id)
		require.NoError(t, err)
	}
	require.LessOrEqual(t, r.keys.Kept(), 64+8)
	before := r.Fetched()
	_, err := r.keys.Key(t.Context(), "some-19")
	require.NoError(t, err)
	require.Equal(t, before, r.Fetched(), "the newest are kept")
}

// TestWhoWaitsMayGo: the visitor who fetches first may go away without failing the others.
func TestWhoWaitsMayGo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.keys.Key(gone, "key-1")
	if err != nil {
		require.ErrorIs(t, err, identity.ErrUnavailable)
	}
	_, err = r.keys.Key(t.Context(), "key-1")
	require.NoError(t, err)
}

func TestPublishedAt(t *testing.T) {
	t.Parallel()
	require.Equal(t, "https://public-keys.auth.elb.us-west-2.amazonaws.com", identity.PublishedAt("us-west-2"))
	require.Equal(t, "https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1",
		identity.PublishedAt("us-gov-west-1"))
}
