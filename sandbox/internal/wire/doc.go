// Package wire is the account's API front: an HTTP server on the loopback interface that answers the AWS SDK for Go in
// AWS's own wire formats, for exactly the operations that this project and its documentation call. Each service
// registers its own, from its folder in sandbox/internal/aws. A client needs nothing but AWS_ENDPOINT_URL (or a
// BaseEndpoint) and credentials that the server issued.
//
// Every request is authenticated by its Signature Version 4 and then authorised by the policies of the caller's deployed
// role, so that a permission missing in the program fails here as it does in AWS, with AWS's own message. Calls are
// logged, and faults can be injected per operation.
//
// An operation, parameter or filter that the server does not know is refused with status 501 and the code
// SandboxNotSupported; it is never ignored.
package wire
