// Package peer is how the tasks of one client's service reach each other: who there is, how much each has to do, and requests passed on to
// the task that owns their session.
package peer

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/container/supervisor/lease"
	"github.com/webordinary/live-edit/container/supervisor/relay"
)

// HeaderPrefix begins the headers of this protocol. None passes from a client to a process or from a process to a client.
const HeaderPrefix = "Live-Edit-"

const (
	headerToken   = HeaderPrefix + "Token"
	headerVersion = HeaderPrefix + "Version"
	headerAsk     = HeaderPrefix + "Ask" // a question of the protocol's own: load, owner or start
	headerUser    = HeaderPrefix + "User"
	headerPort    = HeaderPrefix + "Port"   // of the container, at which the request arrived
	headerStart   = HeaderPrefix + "Start"  // take the session if nobody owns it
	headerExpect  = HeaderPrefix + "Expect" // the client itself has sent Expect
	// headerNotOwner marks the answer of a task that doesn't own the session; its value is the owner's address, as far as it knows.
	headerNotOwner = HeaderPrefix + "Not-Owner"
)

// Strip removes the protocol's headers.
func Strip(header http.Header) {
	for name := range header {
		if strings.HasPrefix(name, HeaderPrefix) {
			delete(header, name)
		}
	}
}

// Passed is a request that another task has passed on.
type Passed struct {
	User  string
	Port  int
	Start bool
}

// Load is what a task has to do.
type Load struct {
	Version  int      `json:"version"`
	Task     string   `json:"task"`
	Instance string   `json:"instance"`
	Sessions []string `json:"sessions"`
	// Going says that the task is about to end and takes no session.
	Going bool `json:"going,omitempty"`
	// NoFiles says that the task's file system does not answer, so that it takes no session. Tasks of before do not say it.
	NoFiles bool `json:"noFiles,omitempty"`
}

// Server answers the peer port.
type Server struct {
	Token string
	Load  func() Load
	// Owns says whether this task owns a user's session at this moment.
	Owns func(user string) bool
	// Start takes a session if nobody owns it, in the background.
	Start func(user string)
	// Serve answers a request that was passed on; it never passes it on itself.
	Serve func(*relay.Writer, *http.Request, Passed)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get(headerToken)), []byte(s.Token)) != 1 {
		http.Error(w, "this port is for tasks of the service", http.StatusForbidden)
		return
	}
	marked := &relay.Writer{ResponseWriter: w}
	marked.Mark(headerVersion, strconv.Itoa(lease.Version)) // tells a task of the service from whoever has its address next
	w = marked
	user := r.Header.Get(headerUser)
	switch ask := r.Header.Get(headerAsk); ask {
	case "":
		s.pass(w, r, user)
	case "load":
		writeJSON(w, s.Load())
	case "owner":
		if !s.Owns(user) {
			NotOwner(w, "")
			return
		}
		w.WriteHeader(http.StatusNoContent)
	case "start":
		s.Start(user)
		w.WriteHeader(http.StatusAccepted)
	default:
		message := fmt.Sprintf("this task, of version %d, does not know the question %.50q", lease.Version, ask)
		http.Error(w, message, http.StatusNotImplemented)
	}
}

func (s *Server) pass(w http.ResponseWriter, r *http.Request, user string) {
	port, err := strconv.Atoi(r.Header.Get(headerPort))
	if err != nil {
		http.Error(w, "a request that is passed on names its port", http.StatusBadRequest)
		return
	}
	passed := Passed{User: user, Port: port, Start: r.Header.Get(headerStart) != ""}
	if r.Header.Get(headerExpect) == "" {
		r.Header.Del("Expect") // the peer's own: see Client.Pass
	}
	Strip(r.Header)
	out, again := relay.Wrap(w, r)
	out.Mark(headerVersion, strconv.Itoa(lease.Version))
	s.Serve(out, again, passed)
}

// NotOwner answers that the session is another task's, at an address if it is known.
func NotOwner(w http.ResponseWriter, address string) {
	w.Header().Set(headerNotOwner, address)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusMisdirectedRequest)
}
