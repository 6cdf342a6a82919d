package awsapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// jsonProtocol is AWS JSON 1.1: the operation is in X-Amz-Target, both bodies are JSON.
type jsonProtocol struct{}

const jsonType = "application/x-amz-json-1.1"

func (jsonProtocol) operation(x *exchange) string {
	target := x.request.Header.Get("X-Amz-Target")
	return target[strings.LastIndexByte(target, '.')+1:]
}

func (jsonProtocol) names() names { return jsonNames }

func (jsonProtocol) write(w http.ResponseWriter, _ *exchange, result any) {
	writeJSON(w, http.StatusOK, result)
}

func (p jsonProtocol) writeError(w http.ResponseWriter, _ *exchange, e *Error) {
	wire := p.names().of(e)
	writeJSON(w, wire.status, map[string]string{"__type": wire.code, "message": wire.message})
}

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

// jsonOperation makes a handler of a typed function. A parameter that the input type does not have is refused.
func jsonOperation[In any](do func(x *exchange, in *In) (any, error)) handler {
	return func(x *exchange) (any, error) {
		in := new(In)
		decoder := json.NewDecoder(bytes.NewReader(x.body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(in); err != nil {
			if field, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
				return nil, notSupported("the sandbox does not implement parameter %s of %s", field, x.operation)
			}
			return nil, refuse("SerializationException", "%v", err)
		}
		return do(x, in)
	}
}

// epoch is a time as AWS JSON writes it: seconds since 1970 with milliseconds. The zero time is left out with omitzero.
type epoch struct{ time.Time }

// MarshalJSON implements json.Marshaler.
func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(e.UnixMilli())/1000, 'f', -1, 64), nil
}
