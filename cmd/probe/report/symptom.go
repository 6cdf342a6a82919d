package report

// Symptom is the first column of a row of docs/troubleshooting.md, without its markup.
type Symptom string

// The rows that the probe points at. A test looks each up in the document.
const (
	NoAddress       Symptom = "The editors' host name does not resolve, or nothing answers there"
	BadCertificate  Symptom = "The browser warns of the certificate"
	NoRule          Symptom = "Webordinary ALB - No target configured"
	WrongDefault    Symptom = "An unknown host or path gets something else than the default answer"
	NoRedirect      Symptom = "http:// is not redirected"
	CannotStart     Symptom = "Waiting page says the task cannot start: secrets"
	ImageProblem    Symptom = "… image"
	NetworkProblem  Symptom = "… network or file system"
	HealthProblem   Symptom = "… health checks"
	SlowWake        Symptom = "Waking takes more than a minute"
	SocketRefused   Symptom = "503 on /ws/*"
	SocketDrops     Symptom = "Hot reload loses its socket again and again"
	NeverSleeps     Symptom = "It never sleeps"
	SplitSession    Symptom = "A session forgets what it has just done"
	WorkspaceLost   Symptom = "Files are gone after a sleep"
	NoCheckEndpoint Symptom = "The probe cannot measure the workspace"
	BlockedHost     Symptom = `Vite: "Blocked request. This host is not allowed"`
	NotOnCloudFront Symptom = "Behaviours vanished from CloudFront"
	NoEdgeSocket    Symptom = "Hot reload does not connect through the site's own domain"
	EdgeErrorsKept  Symptom = "Through CloudFront errors look like pages, or stay"
	Drift           Symptom = "pulumi preview shows changes nobody made"
	SecretOpen      Symptom = "A secret can be read by another role"
	MissingOutput   Symptom = "pulumi up: missing stack output"
)

// OfClass is the symptom of a failed wake by the class that the status document names.
func OfClass(class string) Symptom {
	switch class {
	case "image":
		return ImageProblem
	case "secret":
		return CannotStart
	case "network", "file-system", "capacity":
		return NetworkProblem
	case "health-check", "exit", "memory", "timeout":
		return HealthProblem
	default:
		return CannotStart
	}
}
