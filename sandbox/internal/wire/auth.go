package wire

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// credentials are what the server issued, and to whom.
type credentials struct {
	authz.Caller
	Admin  bool // the deployer, who may do everything
	secret aws.Credentials
	region string // of the present request
}

// signatureAge is how far a request's time may be from the server's (Signature Version 4 documentation: 5 minutes).
const signatureAge = 5 * time.Minute

// globalRegion is where the SDK signs requests to services without regions.
const globalRegion = "us-east-1"

// CredentialsFor issues session credentials of a deployed role, as STS does when a service assumes it. The session name
// is a Lambda function's name or a task's ID, and appears in refusals.
func (s *Server) CredentialsFor(roleARN, session string) aws.Credentials {
	account, role, _ := strings.Cut(roleARN, ":role/")
	name := role[strings.LastIndexByte(role, '/')+1:]
	sessionARN := strings.Replace(account, ":iam:", ":sts:", 1) + ":assumed-role/" + name + "/" + session
	return s.issue(credentials{Caller: authz.Caller{RoleARN: roleARN, SessionARN: sessionARN}})
}

// DeployerCredentials issues credentials of the user who deploys. They may do everything.
func (s *Server) DeployerCredentials() aws.Credentials {
	return s.issue(credentials{Caller: authz.Caller{SessionARN: view.CallerARN}, Admin: true})
}

func (s *Server) issue(c credentials) aws.Credentials {
	var random [48]byte
	_, _ = rand.Read(random[:])
	text := base64.RawStdEncoding.EncodeToString(random[:])
	c.secret = aws.Credentials{
		AccessKeyID:     "ASIA" + strings.ToUpper(hex.EncodeToString(random[:8])),
		SecretAccessKey: text[:40],
		SessionToken:    "IQoJb3JpZ2luX2Vj" + text,
		Source:          "sandbox",
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callers[c.secret.AccessKeyID] = c
	return c.secret
}

// authorization is a parsed Authorization header of Signature Version 4.
type authorization struct {
	accessKey, region, service string
	signedHeaders              []string
}

func parseAuthorization(header string) (authorization, bool) {
	rest, ok := strings.CutPrefix(header, "AWS4-HMAC-SHA256 ")
	if !ok {
		return authorization{}, false
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[key] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	const scopeParts = 5 // access key, date, region, service, "aws4_request"
	if len(scope) != scopeParts || fields["SignedHeaders"] == "" || fields["Signature"] == "" {
		return authorization{}, false
	}
	return authorization{scope[0], scope[2], scope[3], strings.Split(fields["SignedHeaders"], ";")}, true
}

// authenticate finds the service and the caller of a request, and verifies its signature.
func (s *Server) authenticate(x *Exchange) error {
	header := x.Request.Header.Get("Authorization")
	claim, ok := parseAuthorization(header)
	x.service = s.services[claim.service]
	if x.service == nil && ok {
		return NotSupported("the sandbox does not implement service %q", claim.service)
	}
	if !ok {
		return &Error{Kind: MissingToken}
	}
	s.mu.Lock()
	caller, known := s.callers[claim.accessKey]
	s.mu.Unlock()
	if !known || x.Request.Header.Get("X-Amz-Security-Token") != caller.secret.SessionToken {
		return &Error{Kind: UnknownToken}
	}
	x.Caller = caller
	x.Caller.region = claim.region
	x.record.Caller, x.record.Session = caller.RoleARN, caller.SessionARN
	if claim.region != view.Region && claim.region != globalRegion {
		return &Error{Kind: InvalidSignature, Message: fmt.Sprintf("Credential should be scoped to a valid region, not '%s'.", claim.region)}
	}
	return verify(x, claim, caller.secret)
}

// verify signs the request again, with the headers that the client signed, and compares.
func verify(x *Exchange, claim authorization, secret aws.Credentials) error {
	at, err := time.Parse("20060102T150405Z", x.Request.Header.Get("X-Amz-Date"))
	if err != nil {
		return &Error{Kind: InvalidSignature, Message: "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"}
	}
	if age := time.Since(at); age > signatureAge || age < -signatureAge {
		return &Error{Kind: InvalidSignature, Message: fmt.Sprintf("Signature expired: %s is now earlier than %s",
			at.Format("20060102T150405Z"), time.Now().Add(-signatureAge).UTC().Format("20060102T150405Z"))}
	}
	sent := x.Request.URL
	again := &http.Request{
		Method: x.Request.Method, Host: x.Request.Host, Header: http.Header{},
		URL: &url.URL{Scheme: "http", Host: x.Request.Host, Path: sent.Path, RawPath: sent.RawPath, RawQuery: sent.RawQuery},
	}
	for _, name := range claim.signedHeaders {
		if values := x.Request.Header.Values(name); len(values) > 0 {
			again.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	if slices.Contains(claim.signedHeaders, "content-length") {
		again.ContentLength = x.Request.ContentLength
	}
	hash := sha256.Sum256(x.Body)
	once := func(o *v4.SignerOptions) { o.DisableURIPathEscaping = claim.service == "s3" } // which signs paths as they are sent
	err = v4.NewSigner().SignHTTP(x.Request.Context(), secret, again, hex.EncodeToString(hash[:]), claim.service, claim.region, at, once)
	if err != nil {
		return fmt.Errorf("verify the signature: %w", err)
	}
	want, got := again.Header.Get("Authorization"), x.Request.Header.Get("Authorization")
	if subtle.ConstantTimeCompare([]byte(want), []byte(got)) != 1 {
		return &Error{Kind: InvalidSignature}
	}
	return nil
}
