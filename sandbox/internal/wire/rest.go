package wire

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
)

// Routes say which operation a REST service's method and path name, for instance
// "GET /2015-02-01/file-systems/{id}/policy". What stands at a name in braces is then the exchange's Path.
type Routes map[string]string

// Operation implements Protocol. A request that no route fits is named by its method and path, and refused by that name.
func (routes Routes) Operation(x *Exchange) string {
	path := strings.TrimSuffix(x.Request.URL.Path, "/")
	for route, operation := range routes {
		method, template, _ := strings.Cut(route, " ")
		if found, ok := matchPath(template, path); ok && method == x.Request.Method {
			x.path = found
			return operation
		}
	}
	return x.Request.Method + " " + path
}

// matchPath takes a path apart by a template, segment by segment.
func matchPath(template, path string) (map[string]string, bool) {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return nil, false
	}
	found := map[string]string{}
	for i, segment := range want {
		name, named := strings.CutPrefix(segment, "{")
		switch {
		case named && have[i] != "":
			found[strings.TrimSuffix(name, "}")] = have[i]
		case segment != have[i]:
			return nil, false
		}
	}
	return found, true
}

// Path is the part of the request's path that its route calls by a name.
func (x *Exchange) Path(name string) string { return x.path[name] }

// RESTJSON is AWS REST-JSON: method and path name the operation, answers are JSON, and an error's code is in a header.
type RESTJSON struct{ Routes }

// Names implements Protocol.
func (RESTJSON) Names() ErrorNames { return jsonNames }

// Write implements Protocol. Bytes are an answer as it is.
func (RESTJSON) Write(w http.ResponseWriter, _ *Exchange, result any) {
	if answer, ok := result.([]byte); ok {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer) // the client may be gone
		return
	}
	writeJSON(w, http.StatusOK, result)
}

// WriteError implements Protocol.
func (p RESTJSON) WriteError(w http.ResponseWriter, _ *Exchange, e *Error) {
	rendered := p.Names().Of(e)
	w.Header().Set("X-Amzn-Errortype", rendered.Code)
	writeJSON(w, rendered.Status, map[string]string{"Type": "User", "ErrorCode": rendered.Code, "Message": rendered.Message})
}

// RESTXML is AWS REST-XML: method and path name the operation, answers are XML.
type RESTXML struct {
	Routes
	// Namespace is that of the error documents. Without one an error is a document of its own, as S3's are.
	Namespace string
}

// XMLDocument is an answer that is XML already, without its first line.
type XMLDocument string

// Names implements Protocol.
func (RESTXML) Names() ErrorNames { return xmlNames }

// Write implements Protocol. Bytes are an answer as it is, and nothing is an answer without a body.
func (RESTXML) Write(w http.ResponseWriter, x *Exchange, result any) {
	switch answer := result.(type) {
	case nil:
		if x.Request.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNoContent)
		}
	case []byte: // the server leaves the body of an answer to HEAD out
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer) // the client may be gone
	case XMLDocument:
		w.Header().Set("Content-Type", "text/xml")
		_, _ = w.Write([]byte(xml.Header + string(answer)))
	default:
		WriteXML(w, http.StatusOK, func(e *xml.Encoder) error { return e.Encode(answer) })
	}
}

// WriteError implements Protocol.
func (p RESTXML) WriteError(w http.ResponseWriter, x *Exchange, e *Error) {
	rendered := p.Names().Of(e)
	if p.Namespace != "" {
		writeXMLError(w, x, p.Namespace, rendered)
		return
	}
	WriteXML(w, rendered.Status, func(encoder *xml.Encoder) error {
		return encoder.Encode(struct {
			XMLName   xml.Name `xml:"Error"`
			Code      string   `xml:"Code"`
			Message   string   `xml:"Message"`
			RequestID string   `xml:"RequestId"`
		}{Code: rendered.Code, Message: rendered.Message, RequestID: x.RequestID()})
	})
}
