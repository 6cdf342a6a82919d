package runner

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// albResponse is a function's response with its fields undecided: null is not the same as absent.
type albResponse struct {
	StatusCode        json.RawMessage `json:"statusCode"`
	StatusDescription json.RawMessage `json:"statusDescription"`
	Headers           json.RawMessage `json:"headers"`
	MultiValueHeaders json.RawMessage `json:"multiValueHeaders"`
	Body              json.RawMessage `json:"body"`
	IsBase64Encoded   bool            `json:"isBase64Encoded"`
}

// Response is a function's response as the load balancer passes it on.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// ParseResponse reads a function's response by the load balancer's rules: a status code is required, a field that is there
// must have its type and must not be null, and only the form of headers that the target group has set counts; the other one
// is ignored. An error means that the client gets status 502.
func (t LambdaTarget) ParseResponse(payload []byte) (*Response, error) {
	if len(payload) > maxALBBody {
		return nil, fmt.Errorf("the response has %d bytes, at most 1 MB is allowed", len(payload))
	}
	var raw albResponse
	if err := json.Unmarshal(payload, &raw); err != nil {
		return nil, fmt.Errorf("the response is no response document: %w", err)
	}
	out := &Response{Header: http.Header{}}
	status, err := strconv.Atoi(string(bytes.Trim(raw.StatusCode, `"`)))
	if err != nil || status < 100 || status > 599 {
		return nil, fmt.Errorf("statusCode %s is not an HTTP status", raw.StatusCode)
	}
	out.Status = status
	var description, body string
	if err := errors.Join(field("statusDescription", raw.StatusDescription, &description), field("body", raw.Body, &body)); err != nil {
		return nil, err
	}
	if err := t.headers(&raw, out.Header); err != nil {
		return nil, err
	}
	out.Body = []byte(body)
	if raw.IsBase64Encoded {
		if out.Body, err = base64.StdEncoding.DecodeString(body); err != nil {
			return nil, fmt.Errorf("body is not Base64, though isBase64Encoded says so: %w", err)
		}
	}
	return out, nil
}

// field decodes a field that may be absent but not null.
func field(name string, raw json.RawMessage, into any) error {
	if raw == nil {
		return nil
	}
	if string(raw) == "null" {
		return fmt.Errorf("%s is null", name)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (t LambdaTarget) headers(raw *albResponse, into http.Header) error {
	if t.MultiValueHeaders {
		var headers map[string][]string
		if err := field("multiValueHeaders", raw.MultiValueHeaders, &headers); err != nil {
			return err
		}
		for name, values := range headers {
			for _, value := range values {
				into.Add(name, value)
			}
		}
		return nil
	}
	var headers map[string]string
	if err := field("headers", raw.Headers, &headers); err != nil {
		return err
	}
	for name, value := range headers {
		into.Set(name, value)
	}
	return nil
}

// write passes the response on. The load balancer computes the length itself and drops hop-by-hop headers.
func (r *Response) write(w http.ResponseWriter, head bool) {
	for name, values := range r.Header {
		switch http.CanonicalHeaderKey(name) {
		case "Connection", "Transfer-Encoding", "Content-Length", "Upgrade", "Keep-Alive":
		default:
			w.Header()[http.CanonicalHeaderKey(name)] = values
		}
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/octet-stream") // the load balancer's default; browsers download it
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(r.Body)))
	w.WriteHeader(r.Status)
	if !head {
		_, _ = w.Write(r.Body) // the client may be gone
	}
}

// Handler serves HTTP requests by a function behind a Lambda target group, as a load balancer does: 400 for a WebSocket, 413
// for a body over 1 MB, 502 when the function fails, is throttled or answers malformed. Report, if not nil, is told about
// every invocation and what went wrong with it.
func (r *Runtime) Handler(target LambdaTarget, function string, report func(*Result, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		payload, err := target.RequestEvent(request)
		switch {
		case errors.Is(err, ErrWebSocket):
			plain(w, http.StatusBadRequest)
			return
		case errors.Is(err, ErrBodyTooLarge):
			plain(w, http.StatusRequestEntityTooLarge)
			return
		case err != nil:
			plain(w, http.StatusBadRequest)
			return
		}
		// The function runs on when the client goes away.
		result, err := r.Invoke(context.WithoutCancel(request.Context()), Invocation{
			Function: function, Payload: payload, Service: ServiceELB, SourceARN: target.GroupARN,
		})
		var response *Response
		if err == nil {
			if err = result.Err(); err == nil {
				response, err = target.ParseResponse(result.Payload)
			}
		}
		if report != nil {
			report(result, err)
		}
		if err != nil {
			plain(w, http.StatusBadGateway)
			return
		}
		response.write(w, request.Method == http.MethodHead)
	})
}

// plain answers like the load balancer itself.
func plain(w http.ResponseWriter, status int) {
	text := fmt.Sprintf("%d %s", status, http.StatusText(status))
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Server", "awselb/2.0")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<html>\r\n<head><title>%[1]s</title></head>\r\n<body>\r\n<center><h1>%[1]s</h1></center>\r\n"+
		"</body>\r\n</html>\r\n", text)
}
