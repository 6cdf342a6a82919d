package main

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/cmd/probe/report"
	"github.com/webordinary/live-edit/functions/scaler/requests"
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

// TestAStackIntoWhichPeopleSignIn is measured with the session of somebody who is invited, and not measured, with the reason, without one.
func TestAStackIntoWhichPeopleSignIn(t *testing.T) {
	t.Parallel()
	s := newStageOf(t, signedIn)
	s.serve(s.options())
	stranger := s.run("-wakes", "1", "-socket", "0.5")
	require.Empty(t, verdicts(stranger, report.Fail), told(t, stranger))
	require.Equal(t, report.ExitUnmeasured, stranger.ExitCode())
	require.Subset(t, verdicts(stranger, report.NotMeasured), []string{report.Deployed, report.Starts, report.API, report.Preview, report.Socket})
	require.Contains(t, told(t, stranger), "people sign in here, and the probe has not")

	session := "Cookie: " + s.signIn("probe@example.com")
	const list = "/webordinary-edit-editors"
	invite := s.set(typeParameter, list, "value", `[{"email":"somebody@example.com","user":"somebody"}]`)
	uninvited := s.run("-wakes", "1", "-header", session)
	require.Empty(t, verdicts(uninvited, report.Fail), told(t, uninvited))
	require.Contains(t, told(t, uninvited), "of somebody who is not invited here")
	invite()
	s.tellsItsState(session)

	found := s.run("-socket", "0.5", "-header", session)
	text := told(t, found)
	require.Empty(t, verdicts(found, report.Fail), text)
	for _, measured := range []string{report.WakeTime, report.API, report.Preview, report.Socket, report.Sessions, report.Sleeps, report.Workspace} {
		assert.Contains(t, verdicts(found, report.Pass), measured, text)
	}
	assert.Equal(t, report.ExitPass, found.ExitCode(), text)
	require.Len(t, found.Wakes, 2)
}

// tellsItsState waits until the waker has read who is invited.
func (s *stage) tellsItsState(session string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "https://edit.ameliastamps.com/api/status", nil)
		require.NoError(s.t, err)
		request.Header.Set("Accept", requests.StatusType)
		request.Header.Set("Cookie", strings.TrimPrefix(session, "Cookie: "))
		response, err := s.server.Client().Do(request)
		require.NoError(s.t, err)
		require.NoError(s.t, response.Body.Close())
		return response.StatusCode == http.StatusOK
	}, time.Minute, 50*time.Millisecond)
}

// signIn goes the way of a browser, and gives the session's cookies as somebody copies them.
func (s *stage) signIn(email string) string {
	s.t.Helper()
	client := s.server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	client.Jar = jar
	opens := func(client *http.Client, method, address string, form url.Values) string {
		s.t.Helper()
		request, err := http.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader(form.Encode()))
		require.NoError(s.t, err)
		request.Header.Set("Accept", "text/html")
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := client.Do(request)
		require.NoError(s.t, err)
		require.NoError(s.t, response.Body.Close())
		require.Equal(s.t, http.StatusFound, response.StatusCode, address)
		return response.Header.Get("Location")
	}
	const page = "https://edit.ameliastamps.com/preview/"
	issuer := &http.Client{CheckRedirect: client.CheckRedirect}
	back := opens(issuer, http.MethodPost, opens(client, http.MethodGet, page, nil), url.Values{"email": {email}})
	require.Equal(s.t, page, opens(client, http.MethodGet, back, nil))
	at, err := url.Parse(page)
	require.NoError(s.t, err)
	var cookies []string
	for _, cookie := range jar.Cookies(at) {
		cookies = append(cookies, cookie.String())
	}
	require.NotEmpty(s.t, cookies)
	return strings.Join(cookies, "; ")
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
