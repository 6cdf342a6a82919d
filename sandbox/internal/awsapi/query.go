package awsapi

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// queryProtocol is AWS Query: a form with Action and numbered lists, answered in XML.
type queryProtocol struct {
	namespace string // of the answers
}

func (queryProtocol) operation(x *exchange) string {
	values, err := url.ParseQuery(string(x.body))
	if err != nil {
		return ""
	}
	return values.Get("Action")
}

func (queryProtocol) names() names { return xmlNames }

type responseMetadata struct {
	RequestID string `xml:"RequestId"`
}

func (p queryProtocol) write(w http.ResponseWriter, x *exchange, result any) {
	name := func(suffix string) xml.Name { return xml.Name{Local: x.operation + suffix} }
	writeXML(w, http.StatusOK, func(e *xml.Encoder) error {
		root := xml.StartElement{Name: name("Response"), Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: p.namespace}}}
		if err := e.EncodeToken(root); err != nil {
			return err
		}
		if err := e.EncodeElement(result, xml.StartElement{Name: name("Result")}); err != nil {
			return err
		}
		if err := e.EncodeElement(responseMetadata{x.record.RequestID}, xml.StartElement{Name: xml.Name{Local: "ResponseMetadata"}}); err != nil {
			return err
		}
		return e.EncodeToken(root.End())
	})
}

func (p queryProtocol) writeError(w http.ResponseWriter, x *exchange, e *Error) {
	writeXMLError(w, x, p.namespace, p.names().of(e))
}

// errorResponse is the error document of the query and REST-XML protocols.
type errorResponse struct {
	XMLName xml.Name `xml:"ErrorResponse"`
	Xmlns   string   `xml:"xmlns,attr"`
	Error   struct {
		Type    string `xml:"Type"`
		Code    string `xml:"Code"`
		Message string `xml:"Message"`
	} `xml:"Error"`
	RequestID string `xml:"RequestId"`
}

func writeXMLError(w http.ResponseWriter, x *exchange, namespace string, wire wire) {
	document := errorResponse{Xmlns: namespace, RequestID: x.record.RequestID}
	document.Error.Type, document.Error.Code, document.Error.Message = wire.fault(), wire.code, wire.message
	writeXML(w, wire.status, func(e *xml.Encoder) error { return e.Encode(document) })
}

func writeXML(w http.ResponseWriter, status int, encode func(*xml.Encoder) error) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(xml.Header))
	encoder := xml.NewEncoder(w)
	_ = encode(encoder) // the client may be gone
	_ = encoder.Flush()
}

// parameters are the form of a query request. What a handler does not read is refused in the end.
type parameters struct {
	values url.Values
}

// queryOperation makes a handler of a function that first reads its parameters, then calls the returned function.
func queryOperation(read func(p *parameters) func(x *exchange) (any, error)) handler {
	return func(x *exchange) (any, error) {
		values, err := url.ParseQuery(string(x.body))
		if err != nil {
			return nil, refuse("MalformedQueryString", "The query string contains a syntax error: %v", err)
		}
		values.Del("Action")
		values.Del("Version")
		p := &parameters{values}
		do := read(p)
		if left := slices.Sorted(maps.Keys(p.values)); len(left) > 0 {
			return nil, notSupported("the sandbox does not implement parameter %s of %s", left[0], x.operation)
		}
		return do(x)
	}
}

// text takes a single parameter.
func (p *parameters) text(name string) string {
	value := p.values.Get(name)
	p.values.Del(name)
	return value
}

// list takes a numbered list, name.member.1 and so on.
func (p *parameters) list(name string) []string {
	var out []string
	for _, member := range p.structures(name, "") {
		out = append(out, member[""])
	}
	return out
}

// structures takes a numbered list of structures with the given members.
func (p *parameters) structures(name string, members ...string) []map[string]string {
	var out []map[string]string
	for i := 1; ; i++ {
		fields := map[string]string{}
		for _, member := range members {
			key := name + ".member." + strconv.Itoa(i)
			if member != "" {
				key += "." + member
			}
			if p.values.Has(key) {
				fields[member] = p.text(key)
			}
		}
		if len(fields) == 0 {
			// An empty list is sent as "name=".
			if p.values.Get(name) == "" {
				p.values.Del(name)
			}
			return out
		}
		out = append(out, fields)
	}
}

func missing(name string) *Error {
	return refuse("ValidationError", "A required parameter was not supplied: %s", name)
}
