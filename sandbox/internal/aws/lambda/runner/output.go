package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// outputFile takes what a process writes. It is a file and no pipe: what the process has written before its answer is
// there when the answer comes.
type outputFile struct {
	file *os.File
	read int64 // up to where it has been reported
}

func newOutputFile() (*outputFile, error) {
	file, err := os.CreateTemp("", "lambda-output-*")
	if err != nil {
		return nil, fmt.Errorf("open the function's log: %w", err)
	}
	// The open file stays usable without a name, and needs no cleaning up.
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("open the function's log: %w", err), file.Close())
	}
	return &outputFile{file: file}, nil
}

// take returns what has been written since the last call.
func (o *outputFile) take() string {
	data, err := io.ReadAll(io.NewSectionReader(o.file, o.read, 1<<62))
	if err != nil {
		return fmt.Sprintf("[the function's output cannot be read: %v]\n", err)
	}
	o.read += int64(len(data))
	return string(data)
}

// add appends a line of Lambda's own.
func (o *outputFile) add(line string) { _, _ = o.file.WriteString(line) }

// Close implements io.Closer.
func (o *outputFile) Close() error { return o.file.Close() }

// logGroup is what CloudWatch Logs would have of a function.
type logGroup struct{ text strings.Builder }

// report completes a result with its log and delivers it.
func (r *Runtime) report(i *instance, result *Result) {
	var b strings.Builder
	fmt.Fprintf(&b, "START RequestId: %s Version: $LATEST\n", result.RequestID)
	b.WriteString(i.log.take())
	fmt.Fprintf(&b, "END RequestId: %s\n", result.RequestID)
	fmt.Fprintf(&b, "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB",
		result.RequestID, float64(result.Duration)/float64(time.Millisecond), (result.Duration+time.Millisecond-1)/time.Millisecond,
		i.function.MemoryMB, result.MaxMemory>>20)
	if result.Cold {
		fmt.Fprintf(&b, "\tInit Duration: %.2f ms", float64(result.InitDuration)/float64(time.Millisecond))
	}
	b.WriteString("\n")
	result.Log = b.String()
	if result.LogLost != "" {
		return
	}
	if r.options.Log != nil {
		r.options.Log(i.function.Name, result.Log)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	group := r.logs[i.function.Name]
	if group == nil {
		group = &logGroup{}
		r.logs[i.function.Name] = group
	}
	group.text.WriteString(result.Log)
}

// Log is what CloudWatch Logs would show of a function by its name.
func (r *Runtime) Log(function string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if group := r.logs[function]; group != nil {
		return group.text.String()
	}
	return ""
}

// logLoss says why the function's role cannot write its log, which Lambda passes over in silence.
func (r *Runtime) logLoss(f *Function) (string, error) {
	group := "arn:" + view.Partition + ":logs:" + view.Region + ":" + view.AccountID + ":log-group:" + f.LogGroup()
	actions := []string{"logs:CreateLogStream", "logs:PutLogEvents"}
	exists := false
	for _, have := range r.options.Store.List(view.TypeLogGroup) {
		exists = exists || text(have.State, "name") == f.LogGroup()
	}
	if !exists {
		actions = append([]string{"logs:CreateLogGroup"}, actions...)
	}
	for _, action := range actions {
		resource := group + ":log-stream:sandbox"
		if action == "logs:CreateLogGroup" {
			resource = group
		}
		decision, err := r.authorizer.Authorize(authz.Request{
			Caller: authz.Caller{RoleARN: f.RoleARN}, Action: action, Resource: resource,
		})
		if err != nil {
			return "", err
		}
		if !decision.Allowed() {
			return fmt.Sprintf("role %s may not %s on %s: %s", f.RoleARN, action, resource, decision.Reason()), nil
		}
	}
	return "", nil
}
