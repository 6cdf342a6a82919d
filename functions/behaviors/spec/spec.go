// Package spec is the contract between the stack and the behaviors function: what the function is asked to add to a
// CloudFront distribution, as JSON that both sides build from the same types. It imports neither AWS nor Pulumi, so
// that both sides can.
package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The managed policies that our behaviors use; the same in every account (CloudFront Developer Guide, "Use managed
// cache policies" and "Use managed origin request policies").
const (
	// CachingDisabled caches nothing but error answers, which CloudFront caches whatever the policy.
	CachingDisabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	// AllViewerExceptHostHeader passes everything the viewer sent except Host, which becomes the origin's own name.
	AllViewerExceptHostHeader = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
)

// The environment and the payloads of the function.
const (
	// InputVariable is the environment variable with the [Input] that a re-merge restores, as JSON. Create, update and
	// delete bring their own.
	InputVariable = "BEHAVIORS_INPUT"
	// RemergeEvent is the payload of the schedule, and of anybody who wants the behaviors restored at once.
	RemergeEvent = `{"action":"remerge"}`
)

// The metrics of a re-merge, in CloudWatch's embedded format.
const (
	MetricNamespace = "Webordinary/Edge"
	// MetricDimension is the only dimension; its value is the function's name.
	MetricDimension = "FunctionName"
	// MetricRepaired counts re-merges that found something missing or changed, and put it back.
	MetricRepaired = "Repaired"
	// MetricWarnings counts the settings of the distribution's owner that get in our way.
	MetricWarnings = "Warnings"
	// MetricRefused counts re-merges that changed nothing because the owner now holds one of our names.
	MetricRefused = "Refused"
)

// Default quotas per distribution, which every account has. AWS has raised its own defaults since, to 75 and 100
// (CloudFront Developer Guide, "Quotas"), and raises them further on request; an account with more than these says so in
// [Quotas].
const (
	DefaultBehaviorQuota = 25
	DefaultOriginQuota   = 25
)

// DefaultReadTimeoutSeconds is how long CloudFront waits for an answer of our origin: the most that needs no raised
// quota in any account, because an API call may be held while the service wakes and then takes its own time.
const DefaultReadTimeoutSeconds = 60

// Input is what the distribution is to hold of ours.
type Input struct {
	// DistributionID names the distribution, such as E2QWRUHAPOMQZL.
	DistributionID string `json:"distributionId"`
	// Owner marks what is ours; it differs between stacks, so that several can add to one distribution.
	Owner string `json:"owner"`
	// Origin is where our behaviors send their requests.
	Origin Origin `json:"origin"`
	// Behaviors are wanted in this order, as far as their order matters.
	Behaviors []Behavior `json:"behaviors"`
	// Quotas are the account's; zero values mean the defaults.
	Quotas Quotas `json:"quotas,omitzero"`
	// Rights are ARNs that the stack grants the function more for, because the distribution holds them; see [Right].
	Rights []string `json:"rights,omitempty"`
}

// Origin is a custom origin reached over HTTPS with TLS 1.2 only.
type Origin struct {
	// ID is the origin's name within the distribution.
	ID string `json:"id"`
	// DomainName is a host name that the origin's certificate covers.
	DomainName string `json:"domainName"`
	// ReadTimeoutSeconds is the response timeout, 1 to 180; 0 means [DefaultReadTimeoutSeconds].
	ReadTimeoutSeconds int `json:"readTimeoutSeconds,omitzero"`
}

// Behavior is one cache behavior.
type Behavior struct {
	// PathPattern is a CloudFront path pattern, such as /api/*.
	PathPattern string `json:"pathPattern"`
	// AllowedMethods is one of the three sets that CloudFront knows.
	AllowedMethods []string `json:"allowedMethods"`
	// Compress lets CloudFront compress answers.
	Compress bool `json:"compress"`
	// ViewerProtocolPolicy is allow-all, https-only or redirect-to-https.
	ViewerProtocolPolicy string `json:"viewerProtocolPolicy"`
	// CachePolicyID and OriginRequestPolicyID are UUIDs of policies.
	CachePolicyID         string `json:"cachePolicyId"`
	OriginRequestPolicyID string `json:"originRequestPolicyId"`
}

// Quotas are the largest numbers of behaviors and origins that the account may have in a distribution.
type Quotas struct {
	Behaviors int `json:"behaviors,omitzero"`
	Origins   int `json:"origins,omitzero"`
}

// The three sets of methods that CloudFront can let through (API reference, "AllowedMethods").
var (
	ReadMethods    = []string{"GET", "HEAD"}
	OptionsMethods = []string{"GET", "HEAD", "OPTIONS"}
	AllMethods     = []string{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}
)

// Owner is the mark of a stack.
func Owner(project, stack string) string { return project + "/" + stack }

// LiveEdit is the live editor's input: the API, the preview, and the web socket that reloads the preview.
func LiveEdit(distributionID, owner string, origin Origin) Input {
	behavior := func(path string, methods []string, compress bool) Behavior {
		return Behavior{
			PathPattern:           path,
			AllowedMethods:        methods,
			Compress:              compress,
			ViewerProtocolPolicy:  "redirect-to-https",
			CachePolicyID:         CachingDisabled,
			OriginRequestPolicyID: AllViewerExceptHostHeader,
		}
	}
	return Input{
		DistributionID: distributionID,
		Owner:          owner,
		Origin:         origin,
		Behaviors: []Behavior{
			behavior("/api/*", AllMethods, true),
			behavior("/preview/*", ReadMethods, false), // not compressed: hot reloading rewrites the HTML
			behavior("/ws/*", OptionsMethods, false),   // else hot reloading cannot pass CloudFront
		},
	}
}

// WithDefaults fills in what may be left out.
func (in Input) WithDefaults() Input {
	if in.Origin.ReadTimeoutSeconds == 0 {
		in.Origin.ReadTimeoutSeconds = DefaultReadTimeoutSeconds
	}
	if in.Quotas.Behaviors == 0 {
		in.Quotas.Behaviors = DefaultBehaviorQuota
	}
	if in.Quotas.Origins == 0 {
		in.Quotas.Origins = DefaultOriginQuota
	}
	return in
}

// JSON is the input as the function takes it. Equal inputs give equal bytes.
func (in Input) JSON() (string, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return "", fmt.Errorf("marshal the input of the behaviors function: %w", err)
	}
	return string(text), nil
}

// Parse reads an input, refusing members it does not know, and validates it. Every fault is named.
func Parse(text []byte) (Input, error) {
	var in Input
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return Input{}, fmt.Errorf("input: %w", err)
	}
	if decoder.More() {
		return Input{}, fmt.Errorf("input: more than one JSON value")
	}
	in = in.WithDefaults()
	return in, in.Validate()
}
