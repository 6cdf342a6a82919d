// Package spec names the environment variables by which a function or a task is told whom to let in, which the program sets and
// functions/identity reads, and says what a user may be called. It imports nothing, so that all of them can import it.
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

// UserName is the regular expression of a user's name, which becomes a directory of the workspace and the stem of lease files;
// UserNameForm says it in words.
const (
	UserName     = `^[a-z0-9][a-z0-9-]{0,62}$`
	UserNameForm = "1 to 63 small letters, digits and hyphens, the first one no hyphen"
)
