package runner

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// routes are the Lambda Runtime API ("Using the Lambda runtime API for custom runtimes").
func (i *instance) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", i.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", i.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", i.invocationError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", i.initError)
	return mux
}

// next hands out the next event; it waits for one as long as the process lives.
func (i *instance) next(w http.ResponseWriter, r *http.Request) {
	select {
	case i.ready <- struct{}{}:
	default: // asked twice for the same event
	}
	select {
	case <-i.begun.Done():
	case <-r.Context().Done():
	case event := <-i.events:
		header := w.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Lambda-Runtime-Aws-Request-Id", event.requestID)
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(event.deadline.UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", i.function.ARN)
		header.Set("Lambda-Runtime-Trace-Id", "Root=1-"+event.requestID[:8]+"-"+event.requestID[24:]+"000000000000;Sampled=0")
		_, _ = w.Write(event.payload) // the process may be gone; its exit is noticed elsewhere
	}
}

func (i *instance) response(w http.ResponseWriter, r *http.Request) {
	body, ok := i.read(w, r)
	if !ok {
		return
	}
	if len(body) > maxPayload {
		i.answer <- answer{failed: true, payload: errorDocument("Function.ResponseSizeTooLarge",
			"Response payload size exceeded maximum allowed payload size (%d bytes).", maxPayload)}
		http.Error(w, `{"errorType":"RequestEntityTooLarge"}`, http.StatusRequestEntityTooLarge)
		return
	}
	// A streamed answer that breaks off says so in its trailer.
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		i.answer <- answer{failed: true, payload: errorDocument(kind, "the streamed response broke off")}
	} else {
		i.answer <- answer{payload: body}
	}
	accept(w)
}

func (i *instance) invocationError(w http.ResponseWriter, r *http.Request) {
	if body, ok := i.read(w, r); ok {
		i.answer <- answer{payload: body, failed: true}
		accept(w)
	}
}

func (i *instance) initError(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload))
	if err != nil {
		return
	}
	select {
	case i.answer <- answer{payload: body, failed: true, duringInit: true}:
	default: // only the first counts
	}
	accept(w)
}

// read takes the body of an answer to the invocation under way, once.
func (i *instance) read(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	i.mu.Lock()
	expected := i.current != "" && i.current == r.PathValue("id")
	if expected {
		i.current = ""
	}
	i.mu.Unlock()
	if !expected {
		http.Error(w, `{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}`, http.StatusBadRequest)
		return nil, false
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
	if err != nil {
		i.answer <- answer{failed: true, payload: errorDocument("Runtime.TruncatedResponse", "%v", err)}
		return nil, false
	}
	return body, true
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = fmt.Fprint(w, `{"status":"OK"}`) // the process may be gone
}
