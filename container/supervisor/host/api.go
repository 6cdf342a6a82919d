package host

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/relay"
	"github.com/webordinary/live-edit/container/supervisor/who"
)

// isSecure says whether the browser has come with TLS, which ends at the load balancer.
func isSecure(r *http.Request) bool { return r.Header.Get("X-Forwarded-Proto") == "https" }

// choose answers PUT /api/session: a browser chooses its user. It needs no session.
func (h *Host) choose(w http.ResponseWriter, r *http.Request) {
	const most = 4 << 10
	switch r.Method {
	case http.MethodPut:
	case http.MethodDelete:
		http.SetCookie(w, who.Forget(isSecure(r)))
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		w.Header().Set("Allow", "GET, PUT, DELETE")
		fail(w, http.StatusMethodNotAllowed, "expected GET, PUT or DELETE")
		return
	}
	var wish struct {
		User string `json:"user"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, most)).Decode(&wish); err != nil {
		fail(w, http.StatusBadRequest, `the body is no JSON; expected {"user": "ada"}`)
		return
	}
	if !who.Valid(wish.User) {
		fail(w, http.StatusBadRequest, fmt.Sprintf("user is %.70q; expected %s", wish.User, who.Expected))
		return
	}
	http.SetCookie(w, who.Choose(wish.User, isSecure(r)))
	writeJSON(w, map[string]string{"client": h.settings.Client, "user": wish.User})
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(value) // the client may be gone
}

// about is what GET /api/session tells.
type about struct {
	Client   string    `json:"client"`
	User     string    `json:"user"`
	Task     string    `json:"task"`
	Instance string    `json:"instance"`
	Epoch    uint64    `json:"epoch"`
	Since    time.Time `json:"since"`
	State    string    `json:"state"`
	Detail   string    `json:"detail,omitempty"`
	Error    string    `json:"error,omitempty"`
}

// serveOwn answers the part of the API that is the supervisor's own, and says whether it has.
func (s *session) serveOwn(w *relay.Writer, r *http.Request) bool {
	if r.URL.Path == "/api/session" {
		st := s.status()
		out := about{
			Client: s.host.settings.Client, User: s.user, Task: s.host.id.Task, Instance: s.host.id.Instance, Epoch: s.lease.Record().Epoch,
			Since: s.since.UTC(), State: st.State, Detail: st.Detail,
		}
		if st.Error != nil {
			out.Error = st.Error.Message
		}
		writeJSON(w, out)
		return true
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/api/check/")
	if !ok {
		return false
	}
	serve := s.checkFile
	if inMemory, ok := strings.CutPrefix(name, "memory/"); ok {
		name, serve = inMemory, s.checkMemory
	}
	if !checkName.MatchString(name) {
		fail(w, http.StatusBadRequest, "a check's name is 1 to 64 letters, digits and hyphens")
		return true
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCheck))
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, "a check holds up to 1 KB")
		return true
	}
	s.answerCheck(w, r.Method, name, body, serve)
	return true
}

// The limits of the check endpoint (docs/container-contract.md).
var checkName = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

const (
	maxCheck    = 1 << 10
	maxInMemory = 100
	checkDir    = ".check"
	// checkPatience is how long the file system may take.
	checkPatience = 10 * time.Second
)

type checkFunc func(method, name string, body []byte) ([]byte, error)

var errMethod = errors.New("expected GET, PUT or DELETE")

func (s *session) answerCheck(w *relay.Writer, method, name string, body []byte, do checkFunc) {
	var out []byte
	var err error
	if !waitAtMost(checkPatience, func() { out, err = do(method, name, body) }) {
		w.Header().Set("Retry-After", "10")
		fail(w, http.StatusServiceUnavailable, "the workspace does not answer")
		return
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fail(w, http.StatusNotFound, "there is no check "+name)
	case errors.Is(err, errMethod):
		fail(w, http.StatusMethodNotAllowed, err.Error())
	case err != nil:
		s.log.Error("a check failed", "check", name, "error", err)
		fail(w, http.StatusInternalServerError, "the workspace: "+err.Error())
	case method == http.MethodGet:
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(out) // the client may be gone
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *session) checkMemory(method, name string, body []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch method {
	case http.MethodPut:
		if s.memory == nil || len(s.memory) >= maxInMemory {
			s.memory = map[string][]byte{}
		}
		s.memory[name] = body
		return nil, nil
	case http.MethodGet:
		found, ok := s.memory[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return found, nil
	default:
		return nil, errMethod
	}
}

// checkFile keeps a check on the workspace. It is replaced in one step: a kill in between leaves the old content or the new.
func (s *session) checkFile(method, name string, body []byte) (out []byte, err error) {
	const mode, directory = 0o640, 0o750
	if err := os.MkdirAll(path.Join(s.values.Workspace, checkDir), directory); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path.Join(s.values.Workspace, checkDir))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	switch method {
	case http.MethodGet:
		return root.ReadFile(name)
	case http.MethodDelete:
		return nil, root.Remove(name)
	case http.MethodPut:
		if !s.usable() {
			return nil, errEnding
		}
		temporary := ".writing-" + rand.Text()
		if err := root.WriteFile(temporary, body, mode); err != nil {
			return nil, errors.Join(err, root.Remove(temporary))
		}
		return nil, root.Rename(temporary, name)
	default:
		return nil, errMethod
	}
}
