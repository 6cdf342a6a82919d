package wire

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

// CBOR is Smithy RPC v2 with CBOR bodies, which CloudWatch's client speaks; the operation is in the path. Errors
// also carry the query protocol's code, because the service used to speak that.
type CBOR struct {
	Namespace string // of the error shapes, e.g. "com.amazonaws.cloudwatch"
	// queryCodes are the older codes of modeled errors.
	QueryCodes map[string]string
}

// Operation implements Protocol.
func (CBOR) Operation(x *Exchange) string {
	path := x.Request.URL.Path
	return path[strings.LastIndexByte(path, '/')+1:]
}

// Names implements Protocol.
func (CBOR) Names() ErrorNames {
	out := ErrorNames{}
	for kind, wire := range xmlNames {
		wire.Status = max(wire.Status, http.StatusBadRequest)
		out[kind] = wire
	}
	return out
}

// Write implements Protocol.
func (CBOR) Write(w http.ResponseWriter, _ *Exchange, result any) {
	writeCBOR(w, http.StatusOK, toCBOR(reflect.ValueOf(result)))
}

// WriteError implements Protocol.
func (p CBOR) WriteError(w http.ResponseWriter, _ *Exchange, e *Error) {
	wire := p.Names().Of(e)
	code := wire.Code
	if older, ok := p.QueryCodes[code]; ok {
		code = older
	}
	w.Header().Set("x-amzn-query-error", code+";"+wire.fault())
	writeCBOR(w, wire.Status, cbor.Map{"__type": cbor.String(p.Namespace + "#" + wire.Code), "message": cbor.String(wire.Message)})
}

func writeCBOR(w http.ResponseWriter, status int, value cbor.Value) {
	w.Header().Set("Content-Type", "application/cbor")
	w.Header().Set("smithy-protocol", "rpc-v2-cbor")
	w.WriteHeader(status)
	_, _ = w.Write(cbor.Encode(value)) // the client may be gone
}

// CBOROperation makes a handler of a typed function. A parameter that the input type does not have is refused.
func CBOROperation[In any](do func(x *Exchange, in *In) (any, error)) Handler {
	return func(x *Exchange) (any, error) {
		body := x.Body
		if x.Request.Header.Get("Content-Encoding") == "gzip" { // the client compresses larger PutMetricData bodies
			reader, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				return nil, Refuse("SerializationException", "%v", err)
			}
			if body, err = io.ReadAll(io.LimitReader(reader, maxBody)); err != nil {
				return nil, Refuse("SerializationException", "%v", err)
			}
		}
		in := new(In)
		if len(body) == 0 {
			return do(x, in)
		}
		value, err := cbor.Decode(body)
		if err != nil {
			return nil, Refuse("SerializationException", "%v", err)
		}
		data, err := json.Marshal(fromCBOR(value))
		if err != nil {
			return nil, Refuse("SerializationException", "%v", err)
		}
		y := *x
		y.Body = data
		result, err := JSONOperation(do)(&y)
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
