package requests

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Response is the answer to a load balancer's request (ELB: "Lambda functions as targets").
type Response struct {
	StatusCode        int                 `json:"statusCode"`
	StatusDescription string              `json:"statusDescription"`
	Headers           map[string]string   `json:"headers,omitempty"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders,omitempty"`
	Body              string              `json:"body"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

// Header gives a header of the answer in either form; names are spelled as they were set.
func (r *Response) Header(name string) string {
	if values := r.MultiValueHeaders[name]; len(values) > 0 {
		return values[0]
	}
	return r.Headers[name]
}

const (
	textType = "text/plain; charset=utf-8"
	jsonType = "application/json; charset=utf-8"
	htmlType = "text/html; charset=utf-8"
	// stateHeader lets a client tell the waker's answers from the service's.
	stateHeader = "X-Webordinary-State"
)

// answer builds a response in the form the request's target group speaks.
func (r *Request) answer(status int, body string, headers ...string) *Response {
	headers = append(headers, "Cache-Control", "no-store", "X-Content-Type-Options", "nosniff")
	response := &Response{
		StatusCode: status, StatusDescription: strconv.Itoa(status) + " " + http.StatusText(status), Body: body,
	}
	if r.Method == http.MethodHead {
		response.Body = ""
	}
	if r.multi {
		response.MultiValueHeaders = make(map[string][]string, len(headers)/2)
	} else {
		response.Headers = make(map[string]string, len(headers)/2)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if r.multi {
			response.MultiValueHeaders[headers[i]] = []string{headers[i+1]}
		} else {
			response.Headers[headers[i]] = headers[i+1]
		}
	}
	return response
}

// refused answers a request that is wrong in itself.
func (r *Request) refused(why *refusal) *Response {
	return r.answer(why.status, why.message+"\n", "Content-Type", textType)
}

// allowed methods, in the answer to OPTIONS and to TRACE. Others are held, too.
const allowed = "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"

// unserved answers a method that the load balancer passes to nobody, or a WebSocket handshake.
func (r *Request) unserved() *Response {
	if r.lists("upgrade", "websocket") {
		return r.answer(http.StatusBadRequest, "WebSockets are served under /ws/.\n", "Content-Type", textType)
	}
	return r.answer(http.StatusMethodNotAllowed, "This method is not served.\n", "Content-Type", textType, "Allow", allowed)
}

// quiet answers without waking and without an error that CloudFront would keep.
func (r *Request) quiet() *Response {
	switch r.Method {
	case http.MethodOptions:
		return r.answer(http.StatusNoContent, "", "Allow", allowed)
	case http.MethodHead:
		return r.answer(http.StatusOK, "")
	default:
		return r.answer(http.StatusNoContent, "")
	}
}

// unwanted answers what must not wake the service. CloudFront does not keep a 403 without a max-age.
func (r *Request) unwanted() *Response {
	return r.answer(http.StatusForbidden, "The editor is asleep, and this request does not wake it.\n",
		"Content-Type", textType, "X-Robots-Tag", "noindex, nofollow")
}

// again redirects a request to itself: the service answers next time, or the waker holds it once more.
func (r *Request) again(state string) *Response {
	return r.answer(http.StatusTemporaryRedirect, "", "Location", location(r), stateHeader, state)
}

// conflict answers a page's file that cannot be had now. CloudFront would keep a 503 and show it to the next page.
func (r *Request) conflict(status *Status) *Response {
	return r.answer(http.StatusConflict, "The editor is asleep.\n",
		"Content-Type", textType, stateHeader, status.State, "Retry-After", strconv.Itoa(status.RetryAfterSeconds))
}

// CallRetrySeconds is the Retry-After of an API call that cannot be served: CloudFront keeps the 503 for as long.
const CallRetrySeconds = 10

// unavailable answers an API call that cannot be served now.
func (r *Request) unavailable(status *Status) *Response {
	retry := max(CallRetrySeconds, status.RetryAfterSeconds)
	if status.State != "failing" {
		retry = CallRetrySeconds
	}
	return r.answer(http.StatusServiceUnavailable, status.json(),
		"Content-Type", jsonType, stateHeader, status.State, "Retry-After", strconv.Itoa(retry))
}

// status answers a status request.
func (r *Request) status(status *Status) *Response {
	return r.answer(http.StatusOK, status.json(), "Content-Type", StatusType, "Vary", "Accept", stateHeader, status.State)
}

func (s *Status) json() string {
	data, err := json.Marshal(s)
	if err != nil {
		return `{"state":"unknown"}` // a struct of strings and numbers always marshals
	}
	return string(data)
}
