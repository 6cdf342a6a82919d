package alb_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

// TestMetrics: what the scaler and the alarms go by.
func TestMetrics(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	w := scheduler.New(e.store, scheduler.Options{})
	e.get("/")      // fixed response: no target
	e.get("/ws/x")  // 503
	e.get("/api/x") // the waker
	e.wake()        // and now the container
	e.get("/api/x") // 503
	e.target(awstest.APIGroup, "task/1", elb.TargetHealthy, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	for _, path := range []string{"/api/a", "/api/b", "/api/missing"} {
		e.get(path)
	}
	e.last(7) // the load balancer counts an exchange when it is over, which its client may know first
	for _, metric := range []struct {
		name, group string
		want        float64
	}{
		{"RequestCount", awstest.APIGroup, 3},
		{"RequestCount", awstest.WakerGroup, 1},
		{"RequestCount", awstest.SocketGroup, 0},
		{"RequestCount", "", 4},
		{"HTTPCode_Target_2XX_Count", awstest.APIGroup, 2},
		{"HTTPCode_Target_4XX_Count", awstest.APIGroup, 1},
		{"HTTPCode_Target_2XX_Count", awstest.WakerGroup, 1},
		{"HTTPCode_Target_2XX_Count", "", 3},
		{"HTTPCode_ELB_5XX_Count", "", 2},
		{"HTTPCode_ELB_503_Count", "", 2},
		{"HTTPCode_ELB_4XX_Count", "", 0},
		{"HTTPCode_ELB_2XX_Count", "", 0},
	} {
		require.InDelta(t, metric.want, e.point(w, metric.name, metric.group), 0, "%s %s", metric.name, metric.group)
	}
	e.get("/api/a")
	e.last(8)
	require.InDelta(t, 4, e.point(w, "RequestCount", awstest.APIGroup), 0, "later requests are added")
}

// TestFailuresOfTheFunctionAreTheBalancers: 502 counts as the load balancer's own error.
func TestFailuresOfTheFunctionAreTheBalancers(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	w := scheduler.New(e.store, scheduler.Options{})
	e.failure = errors.New("it fails")
	e.function = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	e.get("/api/x")
	e.last(1)
	require.InDelta(t, 1, e.point(w, "HTTPCode_ELB_502_Count", ""), 0)
	require.Zero(t, e.point(w, "HTTPCode_Target_5XX_Count", awstest.WakerGroup))
}

// TestMetricsOfAGroupThatIsGone: nothing is lost in silence.
func TestMetricsOfAGroupThatIsGone(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.get("/api/x")
	e.last(1)
	require.NoError(t, e.store.Remove(typeGroup, awstest.WakerGroup))
	require.ErrorContains(t, e.balancer.Flush(e.store, 0), "does not exist")
}
