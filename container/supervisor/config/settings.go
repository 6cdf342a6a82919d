// Package config reads what a supervisor is told: the task's environment, and the file that the image brings. Every fault of both is
// reported at once, with where it is, its value and what is expected.
package config

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/who"
	"github.com/webordinary/live-edit/functions/identity"
)

// Ports of the container (docs/container-contract.md), and the one by which its tasks reach each other.
const (
	APIPort     = 8080
	PreviewPort = 4321
	SocketPort  = 4322
	PeerPort    = 8079
)

// DefaultFile is where an image keeps its file.
const DefaultFile = "/etc/live-edit.json"

// Settings are what the task's environment says.
type Settings struct {
	Workspace  string // WORKSPACE_PATH
	Client     string // CLIENT_ID
	User       string // USER_ID: whose session it is when nobody says who they are
	Repository string // DEFAULT_REPO
	PublicHost string // PUBLIC_HOST
	// Origins are pages elsewhere that may use the API and the sockets, beside those of the image's file (PUBLIC_ORIGINS).
	Origins []string
	// SessionsPerTask is how many sessions a task takes while another task has fewer.
	SessionsPerTask int
	// Unpack says that what a step makes is unpacked to the task's disk (DEPENDENCIES=task).
	Unpack bool
	// Agent is the ECS agent's address (ECS_AGENT_URI) and Metadata the task's metadata (ECS_CONTAINER_METADATA_URI_V4); empty outside ECS.
	Agent, Metadata string
	// File is the path of the image's file (LIVE_EDIT_CONFIG).
	File string
	// Listen is the address to listen on (LIVE_EDIT_LISTEN); empty for all of them, as in a task. Several supervisors on one machine have
	// one each.
	Listen string
	// Speed is how many times faster than the clock on the wall the service's minutes run (LIVE_EDIT_SPEED); 1 in a task.
	Speed float64
	// Auth says whose word counts about who sent a request (AUTH_SIGNER and others, functions/identity/spec); nil where nobody is asked.
	Auth *identity.Settings
}

// Wall gives the machine's time for minutes of the service. Seconds of leases and latencies are never passed through it.
func (s *Settings) Wall(service time.Duration) time.Duration {
	return max(time.Duration(float64(service)/s.Speed), 10*time.Millisecond)
}

// Directory is a user's workspace.
func (s *Settings) Directory(user string) string { return filepath.Join(s.Workspace, s.Client, user) }

// State is the directory beside the users' where leases and what tasks know of each other lie. No user can have its name.
func (s *Settings) State() string { return filepath.Join(s.Workspace, s.Client, ".live-edit") }

// Packs is where packs of what steps make lie: all of the client's sessions share them. The cleanup passes by what begins with a dot.
func (s *Settings) Packs() string { return filepath.Join(s.State(), "packs") }

// Host is where this task's own processes listen, which nobody but the supervisor talks to.
func (s *Settings) Host() string {
	if s.Listen == "" {
		return "127.0.0.1"
	}
	return s.Listen
}

// ReadSettings reads the environment.
func ReadSettings(getenv func(string) string) (*Settings, error) {
	s := &Settings{
		Workspace: getenv("WORKSPACE_PATH"), Client: getenv("CLIENT_ID"), User: getenv("USER_ID"), Repository: getenv("DEFAULT_REPO"),
		PublicHost: getenv("PUBLIC_HOST"), Agent: strings.TrimSuffix(getenv("ECS_AGENT_URI"), "/"),
		Metadata: getenv("ECS_CONTAINER_METADATA_URI_V4"), File: getenv("LIVE_EDIT_CONFIG"), Listen: getenv("LIVE_EDIT_LISTEN"),
		SessionsPerTask: 1, Speed: 1,
	}
	var faults []error
	wrong := func(name, want string) {
		faults = append(faults, fmt.Errorf("environment variable %s is %.100q; expected %s", name, getenv(name), want))
	}
	if s.File == "" {
		s.File = DefaultFile
	}
	if !filepath.IsAbs(s.Workspace) {
		wrong("WORKSPACE_PATH", "an absolute path, such as /workspace")
	}
	for _, name := range []string{"CLIENT_ID", "USER_ID"} {
		if !who.Valid(getenv(name)) {
			wrong(name, who.Expected)
		}
	}
	if text := getenv("PUBLIC_ORIGINS"); text != "" {
		s.Origins = strings.Split(text, ",")
	}
	if slices.ContainsFunc(s.Origins, func(origin string) bool { return !isOrigin(origin) }) {
		wrong("PUBLIC_ORIGINS", "nothing, or "+anOrigin+", with commas between")
	}
	if s.Listen != "" && net.ParseIP(s.Listen) == nil {
		wrong("LIVE_EDIT_LISTEN", "nothing, or an IP address without a port")
	}
	var err error
	if s.Auth, err = identity.Read(getenv); err != nil {
		faults = append(faults, err)
	}
	if text := getenv("SESSIONS_PER_TASK"); text != "" {
		if s.SessionsPerTask, err = strconv.Atoi(text); err != nil || s.SessionsPerTask < 1 || s.SessionsPerTask > mostSessions {
			wrong("SESSIONS_PER_TASK", fmt.Sprintf("a number from 1 to %d", mostSessions))
		}
	}
	switch text := getenv("DEPENDENCIES"); text {
	case "", "workspace":
	case "task":
		s.Unpack = true
	default:
		wrong("DEPENDENCIES", "task, workspace or nothing")
	}
	if text := getenv("LIVE_EDIT_SPEED"); text != "" {
		if s.Speed, err = strconv.ParseFloat(text, 64); err != nil || !(s.Speed >= 1 && s.Speed <= 10000) {
			wrong("LIVE_EDIT_SPEED", "a number from 1 to 10000; a task's definition leaves it out")
		}
	}
	return s, errors.Join(faults...)
}

// mostSessions bounds what a task may be told to take.
const mostSessions = 100
