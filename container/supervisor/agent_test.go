package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// agent stands for the ECS agent's endpoint, of every task of a service.
type agent struct {
	server *httptest.Server

	mu     sync.Mutex
	orders map[string][]order // by the task's address
}

type order struct {
	at      time.Time
	on      bool
	minutes int
}

func newAgent(t testing.TB) *agent {
	a := &agent{orders: map[string][]order{}}
	a.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		var said struct {
			ProtectionEnabled bool
			ExpiresInMinutes  int
		}
		if r.Method != http.MethodPut || rest != "task-protection/v1/state" || json.NewDecoder(r.Body).Decode(&said) != nil {
			http.Error(w, "unexpected "+r.Method+" "+r.URL.Path, http.StatusBadRequest)
			return
		}
		a.mu.Lock()
		a.orders[name] = append(a.orders[name], order{time.Now(), said.ProtectionEnabled, said.ExpiresInMinutes})
		a.mu.Unlock()
		writeAny(w, map[string]any{"protection": map[string]any{"ProtectionEnabled": said.ProtectionEnabled}})
	}))
	t.Cleanup(a.server.Close)
	return a
}

func (a *agent) uri(name string) string { return a.server.URL + "/" + name }

// last is what a task has last said, and how often it has said anything.
func (a *agent) last(name string) (order, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.orders[name]
	if len(all) == 0 {
		return order{}, 0
	}
	return all[len(all)-1], len(all)
}

// protected says whether a task is protected, as ECS would, where a minute of the service takes as long as is said.
func (a *agent) protected(name string, minute time.Duration) bool {
	order, n := a.last(name)
	return n > 0 && order.on && time.Since(order.at) < time.Duration(order.minutes)*minute
}
