package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/stretchr/testify/require"
)

func environment(more map[string]string) func(string) string {
	env := map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
	}
	for name, value := range more {
		env[name] = value
	}
	return func(name string) string { return env[name] }
}

// server counts requests, checks their signature, and answers the way each service does.
func server(t *testing.T, count *atomic.Int32, status int) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count.Add(1)
		status := status
		if !strings.Contains(r.Header.Get("Authorization"), "Credential=AKIDEXAMPLE/") || r.Header.Get("X-Amz-Security-Token") != "token" {
			status = http.StatusForbidden
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"__type":"ThrottlingException"}`)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestEndpointVariables sends each service to its own endpoint, or to the common one.
func TestEndpointVariables(t *testing.T) {
	t.Parallel()
	var common, own atomic.Int32
	clients := newClients("us-west-2", environment(map[string]string{
		"AWS_ENDPOINT_URL": server(t, &common, 200), "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2": server(t, &own, 200),
	}))
	_, err := clients.ECS.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{"x"}})
	require.NoError(t, err)
	require.EqualValues(t, 1, common.Load())
	_, _ = clients.ELB.DescribeRules(t.Context(), &elb.DescribeRulesInput{})
	require.Positive(t, own.Load())
	now := time.Now()
	_, _ = clients.CloudWatch.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
		StartTime: &now, EndTime: &now, MetricDataQueries: []types.MetricDataQuery{},
	})
	require.Greater(t, common.Load(), int32(1))
}

func TestEndpointVariablesCanBeIgnored(t *testing.T) {
	t.Parallel()
	clients := newClients("us-west-2", environment(map[string]string{
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
	}))
	require.Nil(t, clients.ECS.Options().BaseEndpoint)
	require.Nil(t, clients.ELB.Options().BaseEndpoint)
	require.Nil(t, clients.CloudWatch.Options().BaseEndpoint)
}

// TestThrottledCallsAreRetriedAFewTimes and then left to the next tick.
func TestThrottledCallsAreRetriedAFewTimes(t *testing.T) {
	t.Parallel()
	var count atomic.Int32
	clients := newClients("us-west-2", environment(map[string]string{"AWS_ENDPOINT_URL_ECS": server(t, &count, 400)}))
	_, err := clients.ECS.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{"x"}})
	require.ErrorContains(t, err, "ThrottlingException")
	require.EqualValues(t, 3, count.Load())
}

func TestMissingCredentialsAreNamed(t *testing.T) {
	t.Parallel()
	clients := newClients("us-west-2", func(string) string { return "" })
	_, err := clients.ECS.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{"x"}})
	require.ErrorContains(t, err, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
}
