package foundation

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/cmd/probe/report"
)

// Expected lists the outputs that every stack has: the table of docs/outputs.md, which a test compares with this.
var Expected = []string{
	"repositoryUrl", "repositoryArn", "anthropicApiKeyArn", "githubTokenArn", "awsCredentialsArn", "pendingSecrets", "fileSystemId",
	"fileSystemArn", "clientAccessPointId", "clientAccessPointArn", "workspaceSecurityGroupId", "workspaceBucketName", "vpcId", "albArn",
	"albDnsName", "albZoneId", "httpsListenerArn", "albSecurityGroupId", "clusterName", "serviceName", "taskDefinitionArn", "editUrl",
	"rulePriorityBase",
}

// mayBeEmpty are outputs for which "" is an answer.
var mayBeEmpty = []string{"pendingSecrets"}

// outputs looks for every output.
func (c *Checker) outputs(ctx context.Context) {
	var missing, empty []string
	for _, name := range Expected {
		value, ok := c.Outputs[name]
		switch {
		case !ok:
			missing = append(missing, name)
		case (value == nil || value == "") && !slices.Contains(mayBeEmpty, name):
			empty = append(empty, name)
		}
	}
	var faults []report.Fault
	for _, kind := range []struct {
		what  string
		names []string
	}{{"missing", missing}, {"empty", empty}} {
		if len(kind.names) > 0 {
			faults = append(faults, report.Fault{
				Asked: "the stack's outputs", Came: kind.what + ": " + strings.Join(kind.names, ", "),
				Do: "`pulumi up` with this program; stacks that refer to this one need them", Symptom: report.MissingOutput,
			})
		}
	}
	c.measured(ctx, report.Outputs, fmt.Sprintf("%d of %d", len(Expected)-len(missing)-len(empty), len(Expected)), faults...)
}

// hidden is how Pulumi prints an output that is marked secret.
const hidden = "[secret]"

// shapes are credentials by their form, as their issuers document it.
var shapes = map[string]*regexp.Regexp{
	"a Claude API key":       regexp.MustCompile(`sk-ant-[A-Za-z0-9_-]{8,}`),
	"a GitHub token":         regexp.MustCompile(`\b(gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})`),
	"an AWS access key":      regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{16}\b`),
	"an AWS secret key":      regexp.MustCompile(`(?i)secret_?access_?key`),
	"a private key":          regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`),
	"a password in an URL":   regexp.MustCompile(`://[^/\s:@]+:[^/\s:@]+@`),
	"a JSON Web Token":       regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.`),
	"a Slack or Stripe key":  regexp.MustCompile(`\b(xox[abprs]-|[sr]k_live_)[A-Za-z0-9-]{8,}`),
	"a Pulumi access token":  regexp.MustCompile(`\bpul-[a-f0-9]{40}\b`),
	"a generic bearer token": regexp.MustCompile(`(?i)\bbearer [A-Za-z0-9._-]{16,}`),
}

// plainOutputs looks for outputs that hold a secret. What it finds is named, not shown.
func (c *Checker) plainOutputs(ctx context.Context) {
	var faults []report.Fault
	for _, name := range slices.Sorted(maps.Keys(c.Outputs)) {
		value := fmt.Sprint(c.Outputs[name])
		why := ""
		if value == hidden {
			why = "it is marked secret"
		}
		for what, shape := range shapes {
			if shape.MatchString(value) {
				why = "its value has the form of " + what
			}
		}
		if why == "" {
			continue
		}
		faults = append(faults, report.Fault{
			Asked: "the output " + name, Came: why,
			Do: "take it out of the program's outputs, and rotate the secret if it was shown (docs/operations.md, \"Rotate a secret\")",
		})
	}
	measured := fmt.Sprintf("%d outputs, none sensitive", len(c.Outputs))
	if len(faults) > 0 {
		measured = fmt.Sprintf("%d sensitive", len(faults))
	}
	c.measured(ctx, report.PlainOutputs, measured, faults...)
}
