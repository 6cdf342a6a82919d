// Package spec names the environment variables by which a function or a task is told whom to let in, which the program sets and
// functions/identity reads. It imports nothing, so that both can import it.
package spec

// The variables. Without Signer nobody is asked who he is (auth: none).
const (
	Signer  = "AUTH_SIGNER"            // ARN of the load balancer whose word counts
	Issuer  = "AUTH_ISSUER"            // the issuer that it asks
	Client  = "AUTH_CLIENT"            // its client ID there
	Editors = "AUTH_EDITORS_PARAMETER" // name of the Systems Manager parameter with the invited people
	SignOut = "AUTH_SIGN_OUT_URL"      // where the issuer forgets who somebody is; may be empty
	// Keys is where the load balancer's public keys are, if not where AWS publishes them. Only the sandbox sets it.
	Keys = "AUTH_KEYS_URL"
)
