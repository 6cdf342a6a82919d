package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"time"
)

// api serves port 8080.
func (d *demo) api() http.Handler {
	mux := http.NewServeMux()
	if d.behind == nil { // the supervisor's, like the checks
		mux.HandleFunc("GET /health", d.health)
	}
	mux.HandleFunc("GET /api/status", d.answer(d.status))
	mux.HandleFunc("POST /api/edits", d.answer(d.postEdit))
	mux.HandleFunc("PUT /api/session/{name}", d.answer(d.putSession))
	mux.HandleFunc("DELETE /api/session/{name}", d.answer(d.deleteSession))
	mux.HandleFunc("/api/request", d.answer(describeRequest))
	if !d.faults[noCheck] && d.behind == nil {
		for method, do := range map[string]func(http.ResponseWriter, *http.Request, string) error{
			"PUT": d.putCheck, "GET": d.getCheck, "DELETE": d.deleteCheck,
		} {
			mux.HandleFunc(method+" /api/check/{name}", d.check(do))
		}
		mux.HandleFunc("PUT /api/check/memory/{name}", d.check(d.putMemory))
		mux.HandleFunc("GET /api/check/memory/{name}", d.check(d.getMemory))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, http.StatusNotFound, "there is no "+r.URL.Path)
	})
	return mux
}

// health touches no file system, and answers before the boot has ended.
func (d *demo) health(w http.ResponseWriter, _ *http.Request) {
	if !d.ready.Load() || d.faults[unhealthy] {
		http.Error(w, "starting", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

// up answers for a process that has not booted yet, or is to hang; ok says that the request may go on.
func (d *demo) up(w http.ResponseWriter, r *http.Request) (ok bool) {
	if !d.ready.Load() {
		w.Header().Set("Retry-After", "2")
		writeError(w, http.StatusServiceUnavailable, "the demo has not booted yet")
		return false
	}
	if d.faults[hang] {
		<-r.Context().Done()
		return false
	}
	return true
}

// answer writes what do returns as JSON.
func (d *demo) answer(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !d.up(w, r) {
			return
		}
		if d.faults[apiErrors] {
			writeError(w, http.StatusInternalServerError, "fault "+string(apiErrors))
			return
		}
		out, err := do(r)
		if err != nil {
			writeError(w, http.StatusBadRequest, err.Error())
			return
		}
		writeJSON(w, http.StatusOK, out)
	}
}

func writeError(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]string{"error": message})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client may be gone
}

// report is what /api/status and the page's socket tell of the process.
type report struct {
	Demo          bool            `json:"demo"`
	Client        string          `json:"client"`
	User          string          `json:"user"`
	UptimeSeconds float64         `json:"uptimeSeconds"` // on the service's clock
	Edits         int             `json:"edits"`
	Starts        int             `json:"starts"`
	AtWork        []string        `json:"atWork"`
	Protected     bool            `json:"protected"`
	Secrets       map[string]bool `json:"secrets"` // which are set; never their values
}

func (d *demo) report() report {
	if d.behind != nil {
		return d.reportBehind()
	}
	d.mu.Lock()
	saved := d.saved
	d.mu.Unlock()
	return report{
		Demo: true, Client: d.client, User: d.user, UptimeSeconds: d.serviceTime().Seconds(), Edits: saved.Edits, Starts: saved.Starts,
		AtWork: d.sessions.atWork(), Protected: d.sessions.isProtected(), Secrets: d.secrets,
	}
}

func (d *demo) status(*http.Request) (any, error) { return d.report(), nil }

// postEdit is the page's button: a person did something.
func (d *demo) postEdit(*http.Request) (any, error) {
	d.edit()
	return d.report(), d.sign("page", 0)
}

// putSession is a sign of life of a session or, with ?job=10m, of a job that runs for that long.
func (d *demo) putSession(r *http.Request) (any, error) {
	var job time.Duration
	if text := r.URL.Query().Get("job"); text != "" {
		var err error
		if job, err = time.ParseDuration(text); err != nil || job < 0 {
			return nil, fmt.Errorf("job is %q; expected a duration such as 10m", text)
		}
	}
	return d.report(), d.sign(r.PathValue("name"), job)
}

// sign is a sign of life of a session, or of its job.
func (d *demo) sign(name string, job time.Duration) error {
	d.sessions.sign(name, job)
	if d.behind == nil {
		return nil
	}
	return d.behind.sign(d, job)
}

func (d *demo) deleteSession(r *http.Request) (any, error) {
	d.sessions.end(r.PathValue("name"))
	if d.behind == nil {
		return d.report(), nil
	}
	return d.report(), d.behind.end(d)
}

// describeRequest shows a request as it arrived behind the load balancer.
func describeRequest(r *http.Request) (any, error) {
	return map[string]any{"method": r.Method, "host": r.Host, "uri": r.RequestURI, "header": r.Header}, nil
}

// checkName and maxCheck are the check endpoint's limits (docs/container-contract.md).
var checkName = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

const (
	maxCheck = 1 << 10
	checkDir = ".check"
)

// check passes on the file's path below the session's directory.
func (d *demo) check(do func(http.ResponseWriter, *http.Request, string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !d.up(w, r) {
			return
		}
		name := r.PathValue("name")
		if !checkName.MatchString(name) {
			writeError(w, http.StatusBadRequest, "a check's name is 1 to 64 letters, digits and hyphens")
			return
		}
		err := do(w, r, path.Join(checkDir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			writeError(w, http.StatusNotFound, "there is no check "+name)
		case err != nil:
			say("check %s: %v", name, err)
			writeError(w, http.StatusInternalServerError, "the workspace: "+err.Error())
		}
	}
}

func (d *demo) putCheck(w http.ResponseWriter, r *http.Request, file string) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCheck))
	if err != nil {
		writeError(w, http.StatusRequestEntityTooLarge, "a check holds up to 1 KB")
		return nil // it has been answered
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.files.MkdirAll(checkDir, 0o750); err != nil {
		return err
	}
	if err := d.replaceFile(file, body); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d *demo) getCheck(w http.ResponseWriter, _ *http.Request, file string) error {
	body, err := d.files.ReadFile(file)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(body) //nolint:gosec // no browser takes it for a page
	return err
}

func (d *demo) deleteCheck(w http.ResponseWriter, _ *http.Request, file string) error {
	if err := d.files.Remove(file); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// maxMemory is how many checks are kept in memory; then they are forgotten, all at once.
const maxMemory = 100

// putMemory keeps a check in this process alone.
func (d *demo) putMemory(w http.ResponseWriter, r *http.Request, name string) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCheck))
	if err != nil {
		writeError(w, http.StatusRequestEntityTooLarge, "a check holds up to 1 KB")
		return nil // it has been answered
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.memory == nil || len(d.memory) >= maxMemory {
		d.memory = map[string][]byte{}
	}
	d.memory[name] = body
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d *demo) getMemory(w http.ResponseWriter, _ *http.Request, name string) error {
	d.mu.Lock()
	body, ok := d.memory[name]
	d.mu.Unlock()
	if !ok {
		return fs.ErrNotExist
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_, err := w.Write(body)
	return err
}
