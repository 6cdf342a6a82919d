package alb_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/awstest"
)

func (e *env) stickGroup(enabled bool) { e.stickiness(enabled, 86400) }

func (e *env) stickiness(enabled bool, seconds int) {
	awstest.Set(e.store, typeGroup, awstest.SocketGroup, "stickiness",
		map[string]any{"enabled": enabled, "type": "lb_cookie", "cookieDuration": seconds})
}

// TestStickinessEnds: a cookie is good for its duration, whatever a client makes of its expiry.
func TestStickinessEnds(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.stickiness(true, 0)
	for i := range 2 {
		e.target(awstest.SocketGroup, fmt.Sprint("task/", i), elb.TargetHealthy, says(fmt.Sprint(i)))
	}
	cookie := "AWSALB=" + cookies(t, e.get("/ws/x"))["AWSALB"].Value
	require.Equal(t, "1", e.send(http.MethodGet, "/ws/x", http.Header{"Cookie": {cookie}}).body)
}

// cookies gives the two stickiness cookies of an answer, by name.
func cookies(t *testing.T, got answer) map[string]*http.Cookie {
	t.Helper()
	out := map[string]*http.Cookie{}
	for _, line := range got.header.Values("Set-Cookie") {
		cookie, err := http.ParseSetCookie(line)
		require.NoError(t, err)
		out[cookie.Name] = cookie
	}
	return out
}

func TestStickiness(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.stickGroup(true)
	for i := range 3 {
		e.target(awstest.SocketGroup, fmt.Sprint("task/", i), elb.TargetHealthy, says(fmt.Sprint(i)))
	}
	first := e.get("/ws/x")
	require.Equal(t, "0", first.body)
	got := cookies(t, first)
	require.Len(t, got, 2)
	require.Equal(t, got["AWSALB"].Value, got["AWSALBCORS"].Value)
	require.Equal(t, "/", got["AWSALB"].Path)
	require.False(t, got["AWSALB"].Expires.IsZero())
	require.Equal(t, http.SameSiteNoneMode, got["AWSALBCORS"].SameSite)
	require.True(t, got["AWSALBCORS"].Secure)
	require.NotContains(t, got["AWSALB"].Value, "task", "it is encrypted")
	for _, name := range []string{"AWSALB", "AWSALBCORS"} {
		for range 4 {
			again := e.send(http.MethodGet, "/ws/x", http.Header{"Cookie": {"other=1; " + name + "=" + got[name].Value}})
			require.Equal(t, "0", again.body)
			require.NotEmpty(t, cookies(t, again)["AWSALB"], "every answer renews it")
		}
	}
	require.Equal(t, "1", e.get("/ws/x").body, "others take turns")
	forged := e.send(http.MethodGet, "/ws/x", http.Header{"Cookie": {"AWSALB=" + strings.Repeat("A", 80)}})
	require.Equal(t, "2", forged.body)

	awstest.Set(e.store, view.RuntimeTarget, awstest.SocketGroup+"|task/0", "state", elb.TargetUnhealthy)
	moved := e.send(http.MethodGet, "/ws/x", http.Header{"Cookie": {"AWSALB=" + got["AWSALB"].Value}})
	require.NotEqual(t, "0", moved.body)
	again := e.send(http.MethodGet, "/ws/x", http.Header{"Cookie": {"AWSALB=" + cookies(t, moved)["AWSALB"].Value}})
	require.Equal(t, moved.body, again.body, "it sticks to the new one")
}

func TestNoStickiness(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.stickGroup(false)
	e.target(awstest.SocketGroup, "task/1", elb.TargetHealthy, says("1"))
	require.Empty(t, e.get("/ws/x").header.Values("Set-Cookie"))
}
