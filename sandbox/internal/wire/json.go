package wire

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// JSON is AWS JSON 1.1: the operation is in X-Amz-Target, both bodies are JSON.
type JSON struct{}

const jsonType = "application/x-amz-json-1.1"

// Operation implements Protocol.
func (JSON) Operation(x *Exchange) string {
	target := x.Request.Header.Get("X-Amz-Target")
	return target[strings.LastIndexByte(target, '.')+1:]
}

// Names implements Protocol.
func (JSON) Names() ErrorNames { return jsonNames }

// Write implements Protocol.
func (JSON) Write(w http.ResponseWriter, _ *Exchange, result any) {
	writeJSON(w, http.StatusOK, result)
}

// WriteError implements Protocol.
func (p JSON) WriteError(w http.ResponseWriter, _ *Exchange, e *Error) {
	wire := p.Names().Of(e)
	writeJSON(w, wire.Status, map[string]string{"__type": wire.Code, "message": wire.Message})
}

// writeJSON writes a JSON answer.
func writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotImplemented)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	_, _ = w.Write(data) // the client may be gone
}

// JSONOperation makes a handler of a typed function. A parameter that the input type does not have is refused.
func JSONOperation[In any](do func(x *Exchange, in *In) (any, error)) Handler {
	return func(x *Exchange) (any, error) {
		in := new(In)
		decoder := json.NewDecoder(bytes.NewReader(x.Body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(in); err != nil {
			if field, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
				return nil, NotSupported("the sandbox does not implement parameter %s of %s", field, x.Operation)
			}
			return nil, Refuse("SerializationException", "%v", err)
		}
		return do(x, in)
	}
}

// Epoch is a time as AWS JSON writes it: seconds since 1970 with milliseconds. The zero time is left out with omitzero.
type Epoch struct{ time.Time }

// MarshalJSON implements json.Marshaler.
func (e Epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(e.UnixMilli())/1000, 'f', -1, 64), nil
}

// Stamp puts a time into an answer.
func Stamp(t time.Time) Epoch { return Epoch{t} }
