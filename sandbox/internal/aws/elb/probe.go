package elb

import "fmt"

// ProbeResult is how a health check ended. One that failed has a reason and a description in the load balancer's words
// (TargetHealth in the ELBv2 API reference).
type ProbeResult struct {
	Reason, Description string
}

// The results of health checks.
var (
	// ProbePassed: the expected status.
	ProbePassed = ProbeResult{}
	// ProbeRefused: no connection, or an answer that is no HTTP.
	ProbeRefused = ProbeResult{"Target.FailedHealthChecks", "Health checks failed"}
	// ProbeTimedOut: no answer in time.
	ProbeTimedOut = ProbeResult{"Target.Timeout", "Request timed out"}
)

// ProbeMismatch is an answer with a status that the check does not expect.
func ProbeMismatch(status int) ProbeResult {
	return ProbeResult{"Target.ResponseCodeMismatch", fmt.Sprintf("Health checks failed with these codes: [%d]", status)}
}

// Passed reports whether the check passed.
func (r ProbeResult) Passed() bool { return r == ProbePassed }
