package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/decide"
	"github.com/webordinary/live-edit/functions/scaler/requests"
	"github.com/webordinary/live-edit/functions/scaler/scalertest"
)

// slowKey marks the invocation for which DescribeServices is slow.
type slowKey struct{}

// TestVisitorWhileAnotherCallIsReading lets a visitor come while a tick, or somebody's look, has read the rule, which says
// asleep, and not yet the service, which says afterwards that a task is wanted. Taken for a stray task, the wake would end
// in a drain, and the visitor be told that the editor is asleep.
func TestVisitorWhileAnotherCallIsReading(t *testing.T) {
	t.Parallel()
	status := requestEvent("/api/", "accept", requests.StatusType)
	ask := requestEvent("/api/", "accept", requests.StatusType, "x-webordinary-wake", "now")
	for name, event := range map[string]string{"tick": tickEvent, "look": status} {
		synctest.Test(t, func(t *testing.T) {
			account := scalertest.New(slowestTiming(), decide.Layout{Base: priorityBase}, time.Now(), 1)
			api := scalertest.NewAPI(account, time.Now, func(ctx context.Context, operation string, before bool) error {
				if before && operation == "DescribeServices" && ctx.Value(slowKey{}) != nil {
					time.Sleep(time.Second)
				}
				time.Sleep(10 * time.Millisecond)
				return nil
			})
			handler := modelHandler(api)
			over := make(chan error)
			go func() {
				_, err := handler.Handle(context.WithValue(t.Context(), slowKey{}, true), []byte(event))
				over <- err
			}()
			time.Sleep(100 * time.Millisecond)
			woken, err := handler.Handle(t.Context(), []byte(ask))
			require.NoError(t, err)
			require.Contains(t, woken.Body, `"state":"waking"`)
			require.NoError(t, <-over)

			looked, err := handler.Handle(t.Context(), []byte(status))
			require.NoError(t, err)
			require.Contains(t, looked.Body, `"state":"waking"`, name)
		})
	}
}
