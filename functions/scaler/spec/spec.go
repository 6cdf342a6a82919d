// Package spec has what the function asks of the program: environment variables and the rights of its role. It imports nothing, so
// that both can import it.
package spec

// The variables; functions/scaler/config says what their values mean.
const (
	Region       = "AWS_REGION" // Lambda sets it
	Cluster      = "CLUSTER_NAME"
	Service      = "SERVICE_NAME"
	Rule         = "WAKER_RULE_ARN"
	APIGroup     = "API_TARGET_GROUP_ARN"
	PreviewGroup = "PREVIEW_TARGET_GROUP_ARN"
	PriorityBase = "RULE_PRIORITY_BASE"
	IdleMinutes  = "IDLE_MINUTES"
	Credentials  = "WAKE_CREDENTIALS"
	StandIn      = "STAND_IN_URL"
	// SignInRule is set where people sign in, beside the variables of functions/identity/spec.
	SignInRule = "WAKER_SIGN_IN_RULE_ARN"
	Client     = "CLIENT_ID"
)
