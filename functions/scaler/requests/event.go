package requests

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ErrUnknownEvent is returned for an event that is neither a load balancer's request nor a schedule's tick.
var ErrUnknownEvent = errors.New("unknown event")

// Event is one invocation: a Tick, or a Request.
type Event struct {
	Tick    bool
	Request *Request
}

// wireEvent has the fields of both kinds of event that matter here (ELB: "Lambda functions as targets"; EventBridge:
// "Scheduled Event"). Of the request's body only counts that there is one: a 307 makes the client send it again.
type wireEvent struct {
	RequestContext struct {
		ELB *struct{} `json:"elb"`
	} `json:"requestContext"`
	HTTPMethod  string              `json:"httpMethod"`
	Path        string              `json:"path"`
	Query       orderedQuery        `json:"queryStringParameters"`
	MultiQuery  orderedQuery        `json:"multiValueQueryStringParameters"`
	Headers     map[string]string   `json:"headers"`
	MultiHeader map[string][]string `json:"multiValueHeaders"`
	Body        presence            `json:"body"`
	Source      string              `json:"source"`
	DetailType  string              `json:"detail-type"`
}

// ParseEvent reads an invocation's payload.
func ParseEvent(payload []byte) (Event, error) {
	var wire wireEvent
	if err := json.Unmarshal(payload, &wire); err != nil {
		return Event{}, fmt.Errorf("%w: not an event of a load balancer or a schedule: %w", ErrUnknownEvent, err)
	}
	if wire.RequestContext.ELB != nil {
		return Event{Request: wire.request()}, nil
	}
	scheduled := wire.Source == "aws.events" || wire.Source == "aws.scheduler"
	if scheduled && wire.DetailType == "Scheduled Event" {
		return Event{Tick: true}, nil
	}
	return Event{}, fmt.Errorf("%w: expected requestContext.elb, or source aws.events or aws.scheduler with detail-type "+
		"\"Scheduled Event\"; got source %q with detail-type %q", ErrUnknownEvent, clip(wire.Source), clip(wire.DetailType))
}

// clip keeps somebody else's text short in our messages.
func clip(s string) string {
	const most = 60
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// Request is an HTTP request as the load balancer saw it.
type Request struct {
	Method string
	// Path as it was sent, undecoded.
	Path string
	// RawQuery as it was sent, undecoded and in its order, without the question mark.
	RawQuery string
	// multi says that the target group speaks multi-value headers, so the answer has to.
	multi bool
	// header lines by lower-case name.
	header map[string][]string
	// hasBody says that something was sent.
	hasBody bool
}

// Header gives a header's value, several joined by commas as HTTP allows; empty if absent. The name is in lower case.
func (r *Request) Header(name string) string { return strings.Join(r.header[name], ", ") }

// presence is whether a text is there and not empty.
type presence bool

// UnmarshalJSON looks at the text's length only: it may be 1 MB.
func (p *presence) UnmarshalJSON(data []byte) error {
	*p = len(data) > len(`""`) && data[0] == '"'
	return nil
}

func (w *wireEvent) request() *Request {
	r := &Request{
		Method: w.HTTPMethod, Path: w.Path, multi: w.MultiHeader != nil,
		header: make(map[string][]string, len(w.Headers)+len(w.MultiHeader)), hasBody: bool(w.Body),
	}
	for name, value := range w.Headers {
		r.header[strings.ToLower(name)] = []string{value}
	}
	for name, values := range w.MultiHeader {
		r.header[strings.ToLower(name)] = values
	}
	r.RawQuery = w.Query.encode()
	if w.MultiQuery != nil {
		r.RawQuery = w.MultiQuery.encode()
	}
	return r
}

// orderedQuery are query parameters in the order of the event, which is that of the request.
type orderedQuery []parameter

type parameter struct{ name, value string }

// UnmarshalJSON reads an object of strings or of lists of strings. A map would lose the order.
func (q *orderedQuery) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return errors.New("query parameters are not an object")
	}
	*q = orderedQuery{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return fmt.Errorf("query parameters: %w", err)
		}
		name, _ := token.(string)
		var values oneOrMany
		if err := decoder.Decode(&values); err != nil {
			return fmt.Errorf("query parameter %q: %w", clip(name), err)
		}
		for _, value := range values {
			*q = append(*q, parameter{name, value})
		}
	}
	return nil
}

type oneOrMany []string

func (o *oneOrMany) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		*o = oneOrMany{""}
		return nil
	}
	if len(data) > 0 && data[0] == '"' {
		var one string
		if err := json.Unmarshal(data, &one); err != nil {
			return fmt.Errorf("value: %w", err)
		}
		*o = oneOrMany{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(data, &many); err != nil {
		return fmt.Errorf("values: %w", err)
	}
	*o = many
	return nil
}

// encode joins the parameters as they were sent. The load balancer does not tell `?raw` from `?raw=`; the former is what
// Vite's own URLs look like.
func (q orderedQuery) encode() string {
	var b strings.Builder
	for i, p := range q {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name)
		if p.value != "" {
			b.WriteByte('=')
			b.WriteString(p.value)
		}
	}
	return b.String()
}
