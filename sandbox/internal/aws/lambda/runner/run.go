package runner

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// run serves one invocation on an instance and gives the instance back when it is ready for the next.
func (r *Runtime) run(i *instance, payload []byte) *Result {
	result := &Result{RequestID: view.RandomUUID(), Cold: i.fresh, LogLost: i.logLost}
	if i.fresh {
		if failure := i.awaitInit(result.RequestID); failure != nil {
			i.kill()
			<-i.exited
			result.InitDuration = time.Since(i.started)
			result.Payload, result.FunctionError = failure, unhandled
			r.report(i, result)
			i.pool.release(i)
			return result
		}
		i.fresh, i.initDuration = false, time.Since(i.started)
		result.InitDuration = i.initDuration
	}
	begin := time.Now()
	deadline := begin.Add(i.function.Timeout())
	result.Payload, result.FunctionError = i.serve(result.RequestID, deadline, payload)
	result.Duration = time.Since(begin)
	result.MaxMemory = i.residentPeak()
	i.settle(deadline)
	r.report(i, result)
	i.pool.release(i)
	return result
}

const unhandled = "Unhandled"

// awaitInit waits until a new process asks for its first event; it returns the error document if it does not come to that.
func (i *instance) awaitInit(requestID string) []byte {
	timer := time.NewTimer(initTimeout)
	defer timer.Stop()
	select {
	case <-i.ready:
		return nil
	case answer := <-i.answer:
		return answer.payload
	case <-i.exited:
		select {
		case answer := <-i.answer: // it reported its error and ended
			return answer.payload
		default:
			return errorDocument("Runtime.ExitError", "RequestId: %s Error: Runtime exited with error: %s", requestID, i.status())
		}
	case <-timer.C:
		return errorDocument("Sandbox.Timedout", "RequestId: %s Error: Task timed out after %.2f seconds", requestID, initTimeout.Seconds())
	}
}

// serve hands the event over and waits for the answer, at most until the deadline.
func (i *instance) serve(requestID string, deadline time.Time, payload []byte) (answer []byte, functionError string) {
	i.mu.Lock()
	i.current = requestID
	i.mu.Unlock()
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case i.events <- event{requestID: requestID, deadline: deadline, payload: payload}:
	case <-i.exited:
		return i.exitError(requestID)
	}
	select {
	case got := <-i.answer:
		if got.failed {
			return got.payload, unhandled
		}
		return got.payload, ""
	case <-i.exited:
		select {
		case got := <-i.answer: // a panic is reported before the process ends
			return got.payload, unhandled
		default:
			return i.exitError(requestID)
		}
	case <-timer.C:
		i.kill()
		<-i.exited
		i.log.add(fmt.Sprintf("%s %s Task timed out after %.2f seconds\n\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
			requestID, i.function.Timeout().Seconds()))
		return errorDocument("Sandbox.Timedout", "RequestId: %s Error: Task timed out after %.2f seconds", requestID,
			i.function.Timeout().Seconds()), unhandled
	}
}

func (i *instance) exitError(requestID string) ([]byte, string) {
	return errorDocument("Runtime.ExitError", "RequestId: %s Error: Runtime exited with error: %s", requestID, i.status()), unhandled
}

// settle waits until the process asks for its next event: only then is an invocation complete. What it still does after
// its answer counts against the same deadline.
func (i *instance) settle(deadline time.Time) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-i.ready:
	case <-i.exited:
	case <-timer.C:
		i.kill()
		<-i.exited
	}
}

// residentPeak reads the process's largest resident set from Linux's /proc, in bytes.
func (i *instance) residentPeak() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", i.command.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64) // else it is 0
			return kilobytes << 10
		}
	}
	return 0
}
