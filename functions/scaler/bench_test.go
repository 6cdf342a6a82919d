package main_test

import (
	"archive/zip"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// build compiles the function as infra does, for a platform.
func build(b *testing.B, arch string) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "bootstrap")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc",
		"-ldflags", "-s -w -buildid=", "-o", binary, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if arch != "" {
		cmd.Env = append(cmd.Env, "GOOS=linux", "GOARCH="+arch)
	}
	output, err := cmd.CombinedOutput()
	require.NoError(b, err, "%s", output)
	return binary
}

// BenchmarkPackage reports the size of the deployment package, which Lambda loads at a cold start.
func BenchmarkPackage(b *testing.B) {
	binary := build(b, "arm64")
	data, err := os.ReadFile(binary)
	require.NoError(b, err)
	for b.Loop() {
		packed := &counter{}
		archive := zip.NewWriter(packed)
		archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
			return flate.NewWriter(w, flate.BestCompression)
		})
		entry, err := archive.Create("bootstrap")
		require.NoError(b, err)
		_, err = entry.Write(data)
		require.NoError(b, err)
		require.NoError(b, archive.Close())
		b.ReportMetric(float64(packed.n)/1e6, "MB-zip")
		b.ReportMetric(float64(len(data))/1e6, "MB-binary")
	}
}

type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	return len(p), nil
}

// runtimeAPI is a Lambda Runtime API that gives a process one event, and notes when the answer came.
type runtimeAPI struct {
	event  string
	answer chan string
	given  bool
}

func (r *runtimeAPI) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodPost {
		body, _ := io.ReadAll(request.Body)
		w.WriteHeader(http.StatusAccepted)
		r.answer <- string(body)
		return
	}
	if r.given {
		<-request.Context().Done()
		return
	}
	r.given = true
	w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
	w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(29*time.Second).UnixMilli()))
	_, _ = io.WriteString(w, r.event)
}

const wakerRule = "arn:aws:elasticloadbalancing:us-west-2:123456789012:listener-rule/app/a/b/c/d"

// awsStub answers the calls of a look at a sleeping service.
func awsStub(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch target := r.Header.Get("X-Amz-Target"); {
	case strings.HasSuffix(target, ".DescribeServices"):
		_, _ = io.WriteString(w, `{"services":[{"status":"ACTIVE","desiredCount":0,"runningCount":0,"pendingCount":0}]}`)
	case strings.HasSuffix(target, ".ListTasks"):
		_, _ = io.WriteString(w, `{"taskArns":[]}`)
	case strings.Contains(string(body), "Action=DescribeRules"):
		_, _ = io.WriteString(w, `<DescribeRulesResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><DescribeRulesResult>`+
			`<Rules><member><RuleArn>`+wakerRule+`</RuleArn><Priority>101</Priority></member></Rules></DescribeRulesResult></DescribeRulesResponse>`)
	default:
		http.Error(w, "unexpected "+target, http.StatusNotImplemented)
	}
}

// BenchmarkColdStart measures the real binary from the start of its process to its first answer, a status that takes three
// AWS calls, and the memory it takes.
func BenchmarkColdStart(b *testing.B) {
	binary := build(b, "")
	aws := httptest.NewServer(http.HandlerFunc(awsStub))
	defer aws.Close()
	event, err := json.Marshal(map[string]any{
		"requestContext": map[string]any{"elb": map[string]any{}}, "httpMethod": "GET", "path": "/preview/",
		"multiValueHeaders": map[string][]string{"accept": {"application/vnd.webordinary.wake+json"}, "user-agent": {"Mozilla/5.0"}},
	})
	require.NoError(b, err)
	startOnce(b, binary, aws.URL, string(event)) // loads the binary into memory
	b.ResetTimer()
	var peak int64
	for b.Loop() {
		peak = max(peak, startOnce(b, binary, aws.URL, string(event)))
	}
	b.ReportMetric(float64(peak)/1e6, "MB-peak")
}

// startOnce starts the binary, waits for its answer to the event with the timer running, and returns its peak memory.
func startOnce(b *testing.B, binary, endpoint, event string) int64 {
	b.Helper()
	b.StopTimer()
	defer b.StartTimer()
	api := &runtimeAPI{event: event, answer: make(chan string, 1)}
	server := httptest.NewServer(api)
	defer server.Close()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = environment(strings.TrimPrefix(server.URL, "http://"), endpoint)
	b.StartTimer()
	require.NoError(b, cmd.Start())
	answer := <-api.answer
	b.StopTimer()
	require.Contains(b, answer, `\"state\":\"asleep\"`)
	peak := peakMemory(b, cmd.Process.Pid)
	cancel()
	_ = cmd.Wait()
	return peak
}

// peakMemory is a process's largest resident set so far, as Linux tells it; 0 elsewhere.
func peakMemory(b *testing.B, pid int) int64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes int64
	_, err = fmt.Sscan(rest, &kilobytes)
	require.NoError(b, err)
	return kilobytes << 10
}

func environment(runtime, endpoint string) []string {
	const elb = "arn:aws:elasticloadbalancing:us-west-2:123456789012:"
	return []string{
		"AWS_LAMBDA_RUNTIME_API=" + runtime, "AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=us-west-2",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "CLUSTER_NAME=cluster", "SERVICE_NAME=edit",
		"WAKER_RULE_ARN=" + wakerRule, "API_TARGET_GROUP_ARN=" + elb + "targetgroup/edit-api-tg/1",
		"PREVIEW_TARGET_GROUP_ARN=" + elb + "targetgroup/edit-preview-tg/2", "RULE_PRIORITY_BASE=100", "IDLE_MINUTES=5",
	}
}
