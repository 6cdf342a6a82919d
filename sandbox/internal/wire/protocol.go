package wire

import "net/http"

// Protocol is how a service talks on the wire.
type Protocol interface {
	// operation names the operation of a request.
	Operation(x *Exchange) string
	Write(w http.ResponseWriter, x *Exchange, result any)
	WriteError(w http.ResponseWriter, x *Exchange, err *Error)
	Names() ErrorNames
}

// jsonNames are the common errors of the JSON services.
var jsonNames = ErrorNames{
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
var xmlNames = ErrorNames{
	AccessDenied: {"AccessDenied", "", http.StatusForbidden},
	Throttled:    {"Throttling", "Rate exceeded", http.StatusBadRequest},
	Internal:     {"InternalFailure", "The request processing has failed because of an unknown error.", http.StatusInternalServerError},
	InvalidSignature: {
		"SignatureDoesNotMatch", jsonNames[InvalidSignature].Message, http.StatusForbidden,
	},
	UnknownToken: {"InvalidClientTokenId", "The security token included in the request is invalid.", http.StatusForbidden},
	MissingToken: {"MissingAuthenticationToken", "Request is missing Authentication Token", http.StatusForbidden},
}
