package wire

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// Query is AWS Query: a form with Action and numbered lists, answered in XML.
type Query struct {
	Namespace string // of the answers
}

// Operation implements Protocol.
func (Query) Operation(x *Exchange) string {
	values, err := url.ParseQuery(string(x.Body))
	if err != nil {
		return ""
	}
	return values.Get("Action")
}

// Names implements Protocol.
func (Query) Names() ErrorNames { return xmlNames }

type responseMetadata struct {
	RequestID string `xml:"RequestId"`
}

// Write implements Protocol.
func (p Query) Write(w http.ResponseWriter, x *Exchange, result any) {
	name := func(suffix string) xml.Name { return xml.Name{Local: x.Operation + suffix} }
	WriteXML(w, http.StatusOK, func(e *xml.Encoder) error {
		root := xml.StartElement{Name: name("Response"), Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: p.Namespace}}}
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

// WriteError implements Protocol.
func (p Query) WriteError(w http.ResponseWriter, x *Exchange, e *Error) {
	writeXMLError(w, x, p.Namespace, p.Names().Of(e))
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

// writeXMLError writes the error document of the query and REST-XML protocols.
func writeXMLError(w http.ResponseWriter, x *Exchange, namespace string, refusal Rendered) {
	document := errorResponse{Xmlns: namespace, RequestID: x.record.RequestID}
	document.Error.Type, document.Error.Code, document.Error.Message = refusal.fault(), refusal.Code, refusal.Message
	WriteXML(w, refusal.Status, func(e *xml.Encoder) error { return e.Encode(document) })
}

// WriteXML writes an XML document.
func WriteXML(w http.ResponseWriter, status int, encode func(*xml.Encoder) error) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(xml.Header))
	encoder := xml.NewEncoder(w)
	_ = encode(encoder) // the client may be gone
	_ = encoder.Flush()
}

// Parameters are the form of a query request. What a handler does not read is refused in the end.
type Parameters struct {
	values url.Values
}

// QueryOperation makes a handler of a function that first reads its parameters, then calls the returned function.
func QueryOperation(read func(p *Parameters) func(x *Exchange) (any, error)) Handler {
	return func(x *Exchange) (any, error) {
		values, err := url.ParseQuery(string(x.Body))
		if err != nil {
			return nil, Refuse("MalformedQueryString", "The query string contains a syntax error: %v", err)
		}
		values.Del("Action")
		values.Del("Version")
		p := &Parameters{values}
		do := read(p)
		if left := slices.Sorted(maps.Keys(p.values)); len(left) > 0 {
			return nil, NotSupported("the sandbox does not implement parameter %s of %s", left[0], x.Operation)
		}
		return do(x)
	}
}

// Has says whether a parameter is there.
func (p *Parameters) Has(name string) bool { return p.values.Has(name) }

// Text takes a single parameter.
func (p *Parameters) Text(name string) string {
	value := p.values.Get(name)
	p.values.Del(name)
	return value
}

// List takes a numbered list, name.member.1 and so on.
func (p *Parameters) List(name string) []string {
	var out []string
	for _, member := range p.Structures(name, "") {
		out = append(out, member[""])
	}
	return out
}

// Structures takes a numbered list of structures with the given members.
func (p *Parameters) Structures(name string, members ...string) []map[string]string {
	var out []map[string]string
	for i := 1; ; i++ {
		fields := map[string]string{}
		for _, member := range members {
			key := name + ".member." + strconv.Itoa(i)
			if member != "" {
				key += "." + member
			}
			if p.values.Has(key) {
				fields[member] = p.Text(key)
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

// Missing is the refusal of a call without a parameter that it needs.
func Missing(name string) *Error {
	return Refuse("ValidationError", "A required parameter was not supplied: %s", name)
}
