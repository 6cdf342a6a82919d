package container

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// agent is the ECS agent's endpoint for all tasks ("Amazon ECS task scale-in protection endpoint" in the developer guide).
// Each task has an address of its own, which nobody can guess from another's.
type agent struct {
	options *Options
	server  *http.Server
	base    string // of the agent and of the metadata

	mu    sync.Mutex
	tasks map[string]guest // by token
}

type guest struct{ task, cluster, roleARN, address string }

func startAgent(options *Options) (*agent, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the ECS agent's endpoint: %w", err)
	}
	a := &agent{options: options, base: "http://" + listener.Addr().String(), tasks: map[string]guest{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/{token}/task-protection/v1/state", a.serve(a.get))
	mux.HandleFunc("PUT /api/{token}/task-protection/v1/state", a.serve(a.put))
	mux.HandleFunc("GET /v4/{token}/task", a.describe)
	a.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = a.server.Serve(listener) }() // until it is closed
	return a, nil
}

func (a *agent) close() error { return a.server.Close() }

// admit gives the addresses for a task's ECS_AGENT_URI and ECS_CONTAINER_METADATA_URI_V4.
func (a *agent) admit(g guest) (agent, metadata string) {
	token := rand.Text()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tasks[token] = g
	return a.base + "/api/" + token, a.base + "/v4/" + token
}

// describe is the part of the task's metadata that a container needs to know itself and to be found ("Amazon ECS task metadata endpoint
// version 4 for tasks on Fargate" in the developer guide).
func (a *agent) describe(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	guest, ok := a.tasks[r.PathValue("token")]
	a.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	type network struct {
		NetworkMode   string
		IPv4Addresses []string
	}
	type container struct{ Networks []network }
	var metadata struct {
		Cluster, TaskARN string
		Containers       []container
	}
	metadata.Cluster, metadata.TaskARN = guest.cluster, guest.task
	metadata.Containers = []container{{Networks: []network{{NetworkMode: "awsvpc", IPv4Addresses: []string{guest.address}}}}}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(metadata) // the container may be gone
}

// dismiss ends a task's access.
func (a *agent) dismiss(taskARN string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for token, guest := range a.tasks {
		if guest.task == taskARN {
			delete(a.tasks, token)
		}
	}
}

// refusal is an error in the API's terms.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

type protection struct {
	ProtectionEnabled bool      `json:"ProtectionEnabled"`
	ExpirationDate    time.Time `json:"ExpirationDate,omitzero"`
	TaskARN           string    `json:"TaskArn"`
}

// serve finds out which task asks and writes the answer in the endpoint's form.
func (a *agent) serve(do func(*http.Request, guest) (protection, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		guest, ok := a.tasks[r.PathValue("token")]
		a.mu.Unlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		result, err := do(r, guest)
		if err == nil {
			_ = json.NewEncoder(w).Encode(map[string]any{"protection": result}) // the client may be gone
			return
		}
		var refused *refusal
		if !errors.As(err, &refused) {
			refused = &refusal{http.StatusInternalServerError, "ServerException", err.Error()}
		}
		w.WriteHeader(refused.status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{
			"Arn": guest.task, "Code": refused.code, "Message": refused.message,
		}})
	}
}

func (a *agent) get(_ *http.Request, g guest) (protection, error) {
	if err := a.allow("ecs:GetTaskProtection", g); err != nil {
		return protection{}, err
	}
	r, ok := a.options.Store.Get(view.RuntimeTask, g.task)
	if !ok {
		return protection{}, &refusal{http.StatusNotFound, "ResourceNotFoundException", "The task does not exist."}
	}
	var task scheduler.Task
	if err := view.Decode(r.State, &task); err != nil {
		return protection{}, err
	}
	out := protection{TaskARN: g.task, ProtectionEnabled: task.Protected(a.options.Now())}
	if out.ProtectionEnabled {
		out.ExpirationDate = task.ProtectedUntil
	}
	return out, nil
}

// Limits of ExpiresInMinutes (UpdateTaskProtection in the API reference).
const (
	defaultMinutes = 120
	mostMinutes    = 2880
)

func (a *agent) put(r *http.Request, g guest) (protection, error) {
	var order struct {
		ProtectionEnabled *bool
		ExpiresInMinutes  *int
	}
	const most = 1 << 10
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, most)).Decode(&order); err != nil || order.ProtectionEnabled == nil {
		return protection{}, invalid("ProtectionEnabled must be specified.")
	}
	if err := a.allow("ecs:UpdateTaskProtection", g); err != nil {
		return protection{}, err
	}
	if !*order.ProtectionEnabled {
		return protection{TaskARN: g.task}, a.options.Protect(g.task, time.Time{})
	}
	minutes := defaultMinutes
	if order.ExpiresInMinutes != nil {
		minutes = *order.ExpiresInMinutes
	}
	if minutes < 1 || minutes > mostMinutes {
		return protection{}, invalid(fmt.Sprintf("ExpiresInMinutes must be between 1 and %d.", mostMinutes))
	}
	until := a.options.Now().Add(time.Duration(minutes) * time.Minute)
	return protection{ProtectionEnabled: true, ExpirationDate: until, TaskARN: g.task}, a.options.Protect(g.task, until)
}

func invalid(message string) error {
	return &refusal{http.StatusBadRequest, "InvalidParameterException", message}
}

// allow asks whether the task role may; the agent acts in its name.
func (a *agent) allow(action string, g guest) error {
	if a.options.Authorizer == nil {
		return nil
	}
	if g.roleARN == "" {
		return &refusal{http.StatusBadRequest, "AccessDeniedException", "The task has no task role: it may not " + action + "."}
	}
	id := g.task[strings.LastIndexByte(g.task, '/')+1:]
	request := authz.Request{
		Caller: authz.Caller{RoleARN: g.roleARN, SessionARN: sessionARN(g.roleARN, id)}, Action: action, Resource: g.task,
		Context: authz.Context{"ecs:cluster": {g.cluster}},
	}
	decision, err := a.options.Authorizer.Authorize(request)
	if err != nil {
		return err
	}
	if !decision.Allowed() {
		return &refusal{http.StatusBadRequest, "AccessDeniedException", decision.Explain(request)}
	}
	return nil
}

// sessionARN is how IAM names a role that a task has assumed.
func sessionARN(roleARN, session string) string {
	base, _, _ := strings.Cut(roleARN, ":role/")
	name := roleARN[strings.LastIndexByte(roleARN, '/')+1:]
	return strings.Replace(base, ":iam:", ":sts:", 1) + ":assumed-role/" + name + "/" + session
}
