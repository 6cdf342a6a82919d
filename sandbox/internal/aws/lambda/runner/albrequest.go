package runner

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// ServiceELB is the principal that a load balancer invokes functions as.
const ServiceELB = "elasticloadbalancing.amazonaws.com"

// LambdaTarget is a target group with a function behind it.
type LambdaTarget struct {
	GroupARN string
	// MultiValueHeaders is the group's attribute lambda.multi_value_headers.enabled: it decides the form of requests and
	// of responses alike.
	MultiValueHeaders bool
}

// maxALBBody is the limit of a request body and of a response document ("Lambda functions as targets": 1 MB each).
const maxALBBody = 1 << 20

// Refusals of a load balancer before the function is asked, with the status that the client gets.
var (
	// ErrWebSocket is status 400: a Lambda target cannot be upgraded (LambdaWebsocketNotSupported).
	ErrWebSocket = errors.New("a Lambda target group does not support WebSockets")
	// ErrBodyTooLarge is status 413.
	ErrBodyTooLarge = errors.New("the request body is larger than 1 MB")
)

// RequestEvent makes the event that a load balancer sends for a request. Path and query stay as the client sent them, not
// decoded; header names are in lower case, and the X-Forwarded headers are added.
func (t LambdaTarget) RequestEvent(r *http.Request) ([]byte, error) {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return nil, ErrWebSocket
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxALBBody+1))
	if err != nil {
		return nil, fmt.Errorf("read the request body: %w", err)
	}
	if len(body) > maxALBBody {
		return nil, ErrBodyTooLarge
	}
	event := events.ALBTargetGroupRequest{
		HTTPMethod: r.Method, Path: rawPath(r),
		RequestContext: events.ALBTargetGroupRequestContext{ELB: events.ELBContext{TargetGroupArn: t.GroupARN}},
		Body:           string(body),
	}
	if isBinary(r.Header) {
		event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	headers, query := forwardedHeaders(r), rawQuery(r.URL.RawQuery)
	if t.MultiValueHeaders {
		event.MultiValueHeaders, event.MultiValueQueryStringParameters = headers, query
	} else {
		event.Headers, event.QueryStringParameters = lastValues(headers), lastValues(query)
	}
	data, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("encode the load balancer's event: %w", err)
	}
	return data, nil
}

// rawPath is the path as the client sent it. Go's own spelling of it would lose backslashes and broken escapes.
func rawPath(r *http.Request) string {
	if path, _, _ := strings.Cut(r.RequestURI, "?"); strings.HasPrefix(path, "/") {
		return path
	}
	if path := r.URL.EscapedPath(); path != "" {
		return path
	}
	return "/"
}

// forwardedHeaders are the request's headers as a function sees them.
func forwardedHeaders(r *http.Request) map[string][]string {
	out := map[string][]string{"host": {r.Host}}
	for name, values := range r.Header {
		out[strings.ToLower(name)] = values
	}
	client, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		client = r.RemoteAddr
	}
	if before := r.Header.Get("X-Forwarded-For"); before != "" {
		client = before + ", " + client
	}
	proto, port := "https", "443"
	if r.TLS == nil {
		proto, port = "http", "80"
	}
	out["x-forwarded-for"], out["x-forwarded-proto"], out["x-forwarded-port"] = []string{client}, []string{proto}, []string{port}
	if out["x-amzn-trace-id"] == nil {
		id := view.RandomUUID()
		out["x-amzn-trace-id"] = []string{"Root=1-" + id[:8] + "-" + strings.ReplaceAll(id[9:], "-", "")[:24]}
	}
	return out
}

// rawQuery splits a query string without decoding it.
func rawQuery(query string) map[string][]string {
	out := map[string][]string{}
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		out[key] = append(out[key], value)
	}
	return out
}

// lastValues keeps the last of several values, as a load balancer does without multi-value headers.
func lastValues(all map[string][]string) map[string]string {
	out := map[string]string{}
	for key, values := range all {
		if len(values) > 0 {
			out[key] = values[len(values)-1]
		}
	}
	return out
}

// isBinary says whether a body is sent in Base64: when it is encoded, or its type is not one of the few that the load
// balancer takes for text.
func isBinary(header http.Header) bool {
	if header.Get("Content-Encoding") != "" {
		return true
	}
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || kind == "" {
		return header.Get("Content-Type") != ""
	}
	return !strings.HasPrefix(kind, "text/") && kind != "application/json" && kind != "application/javascript" && kind != "application/xml"
}
