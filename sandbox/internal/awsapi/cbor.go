package awsapi

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// cborProtocol is Smithy RPC v2 with CBOR bodies, which CloudWatch's client speaks; the operation is in the path. Errors
// also carry the query protocol's code, because the service used to speak that.
type cborProtocol struct {
	namespace string // of the error shapes, e.g. "com.amazonaws.cloudwatch"
	// queryCodes are the older codes of modeled errors.
	queryCodes map[string]string
}

func (cborProtocol) operation(x *exchange) string {
	path := x.request.URL.Path
	return path[strings.LastIndexByte(path, '/')+1:]
}

func (cborProtocol) names() names {
	out := names{}
	for kind, wire := range xmlNames {
		wire.status = max(wire.status, http.StatusBadRequest)
		out[kind] = wire
	}
	return out
}

func (cborProtocol) write(w http.ResponseWriter, _ *exchange, result any) {
	writeCBOR(w, http.StatusOK, toCBOR(reflect.ValueOf(result)))
}

func (p cborProtocol) writeError(w http.ResponseWriter, _ *exchange, e *Error) {
	wire := p.names().of(e)
	code := wire.code
	if older, ok := p.queryCodes[code]; ok {
		code = older
	}
	w.Header().Set("x-amzn-query-error", code+";"+wire.fault())
	writeCBOR(w, wire.status, cbor.Map{"__type": cbor.String(p.namespace + "#" + wire.code), "message": cbor.String(wire.message)})
}

func writeCBOR(w http.ResponseWriter, status int, value cbor.Value) {
	w.Header().Set("Content-Type", "application/cbor")
	w.Header().Set("smithy-protocol", "rpc-v2-cbor")
	w.WriteHeader(status)
	_, _ = w.Write(cbor.Encode(value)) // the client may be gone
}

// cborOperation makes a handler of a typed function. A parameter that the input type does not have is refused.
func cborOperation[In any](do func(x *exchange, in *In) (any, error)) handler {
	return func(x *exchange) (any, error) {
		body := x.body
		if x.request.Header.Get("Content-Encoding") == "gzip" { // the client compresses larger PutMetricData bodies
			reader, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				return nil, refuse("SerializationException", "%v", err)
			}
			if body, err = io.ReadAll(io.LimitReader(reader, maxBody)); err != nil {
				return nil, refuse("SerializationException", "%v", err)
			}
		}
		in := new(In)
		if len(body) == 0 {
			return do(x, in)
		}
		value, err := cbor.Decode(body)
		if err != nil {
			return nil, refuse("SerializationException", "%v", err)
		}
		data, err := json.Marshal(fromCBOR(value))
		if err != nil {
			return nil, refuse("SerializationException", "%v", err)
		}
		y := *x
		y.body = data
		result, err := jsonOperation(do)(&y)
		x.record = y.record
		return result, err
	}
}

// fromCBOR turns a CBOR value into what JSON can carry; times become RFC 3339 texts.
func fromCBOR(value cbor.Value) any {
	switch v := value.(type) {
	case cbor.Uint:
		return uint64(v)
	case cbor.NegInt:
		return -int64(v) //nolint:gosec // numbers of this API are small
	case cbor.String:
		return string(v)
	case cbor.Bool:
		return bool(v)
	case cbor.Float32:
		return float64(v)
	case cbor.Float64:
		return float64(v)
	case cbor.List:
		out := make([]any, 0, len(v))
		for _, item := range v {
			out = append(out, fromCBOR(item))
		}
		return out
	case cbor.Map:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = fromCBOR(item)
		}
		return out
	case *cbor.Tag:
		if at, err := cbor.AsTime(v); err == nil {
			return at.UTC().Format(time.RFC3339Nano)
		}
	}
	return nil
}

// toCBOR encodes an answer: structures by the JSON names of their fields, nil pointers and empty lists left out, times as
// tagged seconds.
func toCBOR(value reflect.Value) cbor.Value {
	if at, ok := value.Interface().(time.Time); ok {
		const epochTime = 1 // RFC 8949: tag of a time in seconds since 1970
		return &cbor.Tag{ID: epochTime, Value: cbor.Float64(float64(at.UnixMilli()) / 1000)}
	}
	switch value.Kind() {
	case reflect.Pointer:
		return toCBOR(value.Elem())
	case reflect.String:
		return cbor.String(value.String())
	case reflect.Bool:
		return cbor.Bool(value.Bool())
	case reflect.Int, reflect.Int32, reflect.Int64:
		if n := value.Int(); n < 0 {
			return cbor.NegInt(-n)
		}
		return cbor.Uint(value.Int()) //nolint:gosec // not negative
	case reflect.Float64:
		return cbor.Float64(value.Float())
	case reflect.Slice:
		out := make(cbor.List, 0, value.Len())
		for i := range value.Len() {
			out = append(out, toCBOR(value.Index(i)))
		}
		return out
	case reflect.Struct:
		out := cbor.Map{}
		for i := range value.NumField() {
			name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
			field := value.Field(i)
			if field.Kind() == reflect.Pointer && field.IsNil() {
				continue
			}
			out[name] = toCBOR(field)
		}
		return out
	}
	panic(fmt.Sprintf("no CBOR form for %s", value.Type()))
}
