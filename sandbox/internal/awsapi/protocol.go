package awsapi

import "net/http"

// protocol is how a service talks on the wire.
type protocol interface {
	// operation names the operation of a request.
	operation(x *exchange) string
	write(w http.ResponseWriter, x *exchange, result any)
	writeError(w http.ResponseWriter, x *exchange, err *Error)
	names() names
}

// jsonNames are the common errors of the JSON services.
var jsonNames = names{
	AccessDenied: {"AccessDeniedException", "", http.StatusBadRequest},
	Throttled:    {"ThrottlingException", "Rate exceeded", http.StatusBadRequest},
	Internal:     {"InternalFailure", "The request processing has failed because of an unknown error.", http.StatusInternalServerError},
	InvalidSignature: {
		"InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS " +
			"Secret Access Key and signing method. Consult the service documentation for details.", http.StatusBadRequest,
	},
	UnknownToken: {"UnrecognizedClientException", "The security token included in the request is invalid.", http.StatusBadRequest},
	MissingToken: {"MissingAuthenticationTokenException", "Missing Authentication Token", http.StatusBadRequest},
}

// xmlNames are those of the query and REST-XML services.
var xmlNames = names{
	AccessDenied: {"AccessDenied", "", http.StatusForbidden},
	Throttled:    {"Throttling", "Rate exceeded", http.StatusBadRequest},
	Internal:     {"InternalFailure", "The request processing has failed because of an unknown error.", http.StatusInternalServerError},
	InvalidSignature: {
		"SignatureDoesNotMatch", jsonNames[InvalidSignature].message, http.StatusForbidden,
	},
	UnknownToken: {"InvalidClientTokenId", "The security token included in the request is invalid.", http.StatusForbidden},
	MissingToken: {"MissingAuthenticationToken", "Request is missing Authentication Token", http.StatusForbidden},
}
