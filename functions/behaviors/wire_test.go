package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cloudFront answers with one distribution and keeps what is written to it.
func cloudFront(t *testing.T, config string) *string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", "E1")
		if r.Method == http.MethodPut {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			config = string(body)
			return
		}
		_, _ = io.WriteString(w, config)
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_CLOUDFRONT", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_REGION", "us-west-2")
	t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "webordinary-edit-behaviors")
	return &config
}

// The environment is the re-merge's alone: without it everything else works, above all cleaning up.
func TestFunctionWithABrokenEnvironment(t *testing.T) {
	original, err := os.ReadFile("testdata/s3-spa.xml")
	require.NoError(t, err)
	config := cloudFront(t, string(original))
	t.Setenv("BEHAVIORS_INPUT", `{"owner":"a b"}`)
	handle, err := newFunction(t.Context())
	require.NoError(t, err)

	call := func(action string) error {
		_, err := handle(t.Context(), json.RawMessage(`{"distributionId":"E2QWRUHAPOMQZL","owner":"p/s",`+
			`"origin":{"id":"o","domainName":"o.example.com"},"behaviors":[{"pathPattern":"/api/*","allowedMethods":["GET","HEAD"],`+
			`"compress":true,"viewerProtocolPolicy":"https-only","cachePolicyId":"4135ea2d-6df8-44a3-9df3-4b5a84be39ad",`+
			`"originRequestPolicyId":"b689b0a8-53d0-40ab-baf2-68738e2966ac"}],"tf":{"action":"`+action+`","prev_input":null}}`))
		return err
	}
	require.NoError(t, call("create"))
	require.Contains(t, *config, "<PathPattern>/api/*</PathPattern><TargetOriginId>o</TargetOriginId>")
	require.NoError(t, call("delete"))
	require.Equal(t, string(original), *config)

	_, err = handle(t.Context(), json.RawMessage(`{"action":"remerge"}`))
	require.ErrorContains(t, err, "BEHAVIORS_INPUT: distributionId")
	require.ErrorContains(t, err, `owner: "a b"`)
}

// A call that has less time left than an answer needs says so at once.
func TestFunctionAnswersBeforeItsTimeIsUp(t *testing.T) {
	cloudFront(t, "<DistributionConfig/>")
	handle, err := newFunction(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), answerMargin)
	defer cancel()
	_, err = handle(ctx, json.RawMessage(`{"distributionId":"E2QWRUHAPOMQZL","owner":"p/s","tf":{"action":"delete"}}`))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, ctx.Err(), "there is still time to answer")
}

func TestSleepAndJitter(t *testing.T) {
	t.Parallel()
	require.NoError(t, sleep(t.Context(), time.Nanosecond))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, sleep(ctx, time.Hour), context.Canceled)
	for range 100 {
		require.Less(t, jitter(time.Second), time.Second)
	}
}
