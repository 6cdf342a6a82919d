// Package report holds what a probe found against the criteria of the specification, and prints it.
package report

import (
	"fmt"
	"time"

	"github.com/webordinary/live-edit/cmd/probe/clock"
	"github.com/webordinary/live-edit/infra/config/defaults"
)

// Identifiers of the criteria: what -accept takes, and the field id of the JSON report.
const (
	DNS           = "dns"
	TLS           = "tls"
	Redirect      = "redirect"
	DefaultAnswer = "default-answer"
	Deployed      = "deployed"
	Starts        = "starts"
	WakeTime      = "wake-time"
	StaysHealthy  = "stays-healthy"
	API           = "api"
	Preview       = "preview"
	Socket        = "socket"
	Sessions      = "sessions"
	Workspace     = "workspace"
	Sleeps        = "sleeps"
	CloudFront    = "cloudfront"
	EdgeErrors    = "cloudfront-errors"
	Cost          = "cost"
	Registry      = "registry"
	Image         = "image"
	Secrets       = "secrets"
	Readers       = "secret-readers"
	FileSystem    = "file-system"
	Outputs       = "outputs"
	PlainOutputs  = "outputs-plain"
	Tags          = "tags"
	NoHardcoded   = "no-hardcoded-secrets"
	Retained      = "retained"
	Cleanup       = "cleanup"
)

// Limits are the figures that verdicts are made by.
type Limits struct {
	// Wake is what a wake from zero may take (T02, acceptance criterion 3: less than 30 s).
	Wake time.Duration
	// Idle is how long nobody may use the service before it sleeps (T02 §4: 5 minutes), and Tolerance what may come on
	// top: the three ticks of the scaler that docs/decisions.md and the scaler's policy document.
	Idle, Tolerance time.Duration
	// CertificateDays is how long the certificate must still be valid. ACM renews 60 days before the end (ACM guide,
	// "Managed certificate renewal"); one that is this close to its end was not renewed.
	CertificateDays int
	// Socket is how long the WebSocket has to stay open, and Sessions how many people edit at once (T02, testing plan 6).
	Socket   time.Duration
	Sessions int
	// ErrorCaching is how long CloudFront may keep an error: its own default for ErrorCachingMinTTL, 10 s.
	ErrorCaching time.Duration
}

// DefaultLimits are the specification's.
func DefaultLimits() Limits {
	return Limits{
		Wake: 30 * time.Second, Idle: defaults.AutoShutdownMinutes * time.Minute, Tolerance: 3 * time.Minute, CertificateDays: 14,
		Socket: 3 * time.Minute, Sessions: 3, ErrorCaching: 10 * time.Second,
	}
}

// Criterion is one line of the specification that a deployed stack is held against.
type Criterion struct {
	ID string `json:"id"`
	// Text is the criterion, Source where it stands: T00 is the foundation's specification, T02 the service's.
	Text   string `json:"criterion"`
	Source string `json:"source"`
	// Limit is what passes.
	Limit string `json:"limit"`
	// elsewhere says who holds a criterion that no probe can measure.
	elsewhere string
}

// Criteria lists every acceptance criterion of both specifications, and what of their text a user would notice, in the
// order of the table.
func Criteria(l *Limits) []Criterion {
	sleep := fmt.Sprintf("%s (%s and three ticks)", clock.Short(l.Idle+l.Tolerance), clock.Short(l.Idle))
	return []Criterion{
		{ID: DNS, Text: "The editors' host name resolves", Source: "T02 acceptance 8", Limit: "an address"},
		{
			ID: TLS, Text: "HTTPS with the wildcard certificate", Source: "T00 acceptance 4, T02 §7",
			Limit: fmt.Sprintf("trusted, %d days, TLS 1.2+", l.CertificateDays),
		},
		{ID: Redirect, Text: "HTTP is redirected to HTTPS", Source: "T00 §4", Limit: "301 to the same page"},
		{ID: DefaultAnswer, Text: "Default answer of the load balancer", Source: "T00 §4", Limit: "200 and the text of T00"},
		{ID: Deployed, Text: "The service is deployed", Source: "T02 acceptance 1", Limit: "tells its state"},
		{ID: Starts, Text: "Container starts, passes health checks", Source: "T02 acceptance 2", Limit: "every wake"},
		{ID: WakeTime, Text: "Wakes from zero", Source: "T02 acceptance 3", Limit: "p95 < " + clock.Short(l.Wake)},
		{ID: StaysHealthy, Text: "Stays in service while it is used", Source: "T02 acceptance 2, §3", Limit: "every request served"},
		{ID: API, Text: "/api/* reaches the API", Source: "T02 §3", Limit: "the container answers"},
		{ID: Preview, Text: "/preview/* reaches the dev server", Source: "T02 §3", Limit: "200, a page"},
		{ID: Socket, Text: "WebSocket connections are maintained", Source: "T02 acceptance 4", Limit: "open for " + clock.Short(l.Socket)},
		{
			ID: Sessions, Text: "Concurrent sessions without interference", Source: "T02 testing plan 6",
			Limit: fmt.Sprintf("%d at once, no error", l.Sessions),
		},
		{ID: Sleeps, Text: "Sleeps when idle, whatever tabs are open", Source: "T02 §4", Limit: sleep},
		{ID: Workspace, Text: "The workspace survives a sleep", Source: "T02 acceptance 5", Limit: "same content"},
		{ID: CloudFront, Text: "CloudFront routes to the load balancer", Source: "T02 acceptance 7, §6", Limit: "same answers"},
		{
			ID: EdgeErrors, Text: "CloudFront passes errors on", Source: "docs/operations-edge.md",
			Limit: "unchanged, kept " + clock.Short(l.ErrorCaching),
		},
		{
			ID: Cost, Text: "Costs less than $10 a month at 10 hours", Source: "T02 acceptance 6", Limit: "$10",
			elsewhere: "a bill is no measurement of minutes: `make cost STACK=prod`, docs/cost.md",
		},
		{ID: Registry, Text: "ECR repository with lifecycle policy", Source: "T00 acceptance 1, checklist 1", Limit: "keeps the newest images"},
		{ID: Image, Text: "The configured image can be pulled", Source: "T00 checklist 2", Limit: "the tag is there"},
		{ID: Secrets, Text: "Secrets are in Secrets Manager", Source: "T00 acceptance 2", Limit: "3, two with a value"},
		{ID: Readers, Text: "Only the right roles read secrets", Source: "T00 checklist 3, security 2", Limit: "execution and task role"},
		{ID: FileSystem, Text: "EFS file system with lifecycle policies", Source: "T00 acceptance 3", Limit: "encrypted, 30 days to IA"},
		{ID: Outputs, Text: "Stack outputs are available", Source: "T00 acceptance 6, checklist 5", Limit: "all of docs/outputs.md"},
		{ID: PlainOutputs, Text: "No sensitive data in outputs", Source: "T00 checklist 6", Limit: "none"},
		{ID: Tags, Text: "All resources are tagged", Source: "T00 acceptance 5", elsewhere: "the program's tests hold it"},
		{ID: NoHardcoded, Text: "No secrets in code", Source: "T00 acceptance 7", elsewhere: "the program's tests hold it"},
		{ID: Retained, Text: "Data survives the stack's deletion", Source: "T00 acceptance 8", elsewhere: "the program's tests hold it"},
		{ID: Cleanup, Text: "EFS cleanup is scheduled", Source: "T00 acceptance 9", elsewhere: "the program's tests hold it; alarms watch it"},
	}
}

// DefaultText is the listener's default answer (T00 §4).
const DefaultText = "Webordinary ALB - No target configured"
