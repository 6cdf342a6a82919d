package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

// app is the program behind a supervisor in these tests: preview, API and sockets of one session, which tell whose they are.
type app struct {
	workspace, user, role string
	edits                 sync.Mutex
	abrupt                bool // it ends with SIGTERM, whatever is under way
}

// runApp is this test's binary as that program.
func runApp(arguments []string) error {
	flags := flag.NewFlagSet("app", flag.ContinueOnError)
	address, sockets := flags.String("listen", "", ""), flags.String("sockets", "", "")
	a := &app{user: os.Getenv("USER_ID"), workspace: os.Getenv("WORKSPACE")}
	flags.StringVar(&a.role, "role", "", "")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if fault, err := os.ReadFile(filepath.Join(a.workspace, "fault-"+a.role)); err == nil {
		if err := a.misbehave(strings.TrimSpace(string(fault)), address, sockets); err != nil {
			return err
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/preview/", a.page)
	mux.HandleFunc("/api/who", a.who)
	mux.HandleFunc("POST /api/edit", a.edit)
	mux.HandleFunc("/api/stream", a.stream)
	mux.HandleFunc("/api/upload", a.upload)
	mux.HandleFunc("/api/echo", echo)
	mux.HandleFunc("/api/busy", a.busy)
	mux.HandleFunc("/api/environment", a.environment)
	mux.HandleFunc("/ws/", a.socket)
	mux.HandleFunc("/api/ws/", a.socket)
	var servers []*http.Server
	for _, where := range []string{*address, *sockets} {
		if where == "" {
			continue
		}
		listener, err := net.Listen("tcp", where)
		if err != nil {
			return err
		}
		server := &http.Server{Handler: a.raw(mux), ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(listener) }()
		servers = append(servers, server)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	if a.abrupt {
		return nil
	}
	a.edits.Lock() // an edit under way ends, and its answer with it; streams don't
	const answer = 200 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), answer)
	defer cancel()
	for _, server := range servers {
		_ = server.Shutdown(ctx)
	}
	return nil
}

// misbehave is what a fault file asks for.
func (a *app) misbehave(fault string, address, sockets *string) error {
	switch fault {
	case "die":
		return fmt.Errorf("told to die")
	case "print":
		go func() {
			for i := 0; ; i++ {
				fmt.Println("line", i, strings.Repeat("x", i%9000))
			}
		}()
	case "ignore-sigterm":
		signal.Ignore(syscall.SIGTERM)
		time.Sleep(time.Hour)
	case "deaf-to-sigterm": // serves, and ignores SIGTERM
		go func() {
			time.Sleep(10 * time.Millisecond)
			signal.Reset(syscall.SIGTERM)
			signal.Ignore(syscall.SIGTERM)
		}()
	case "wrong-port":
		host, _, _ := net.SplitHostPort(*address)
		*address = host + ":0"
	case "no-sockets":
		*sockets = ""
	case "no-sockets-once":
		*sockets = ""
		return os.Remove(filepath.Join(a.workspace, "fault-"+a.role))
	case "escape": // a process that leaves its group and goes on writing
		command := exec.Command("setsid", "sh", "-c", `while :; do date +%s%N > "$WORKSPACE/escaped.tmp" && mv "$WORKSPACE/escaped.tmp" "$WORKSPACE/escaped"; sleep 0.05; done`)
		return command.Start()
	case "abrupt":
		a.abrupt = true
	case "slow":
		time.Sleep(3 * time.Second)
	}
	return nil
}

func (a *app) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, "<html><p id=user>%s</p><p id=pid>%d</p></html>", a.user, os.Getpid())
}

func (a *app) who(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Live-Edit-User", "forged")
	w.Header().Set("X-Webordinary-State", "forged")
	writeAny(w, map[string]any{"user": a.user, "pid": os.Getpid(), "workspace": a.workspace})
}

func writeAny(w http.ResponseWriter, value any) { _ = json.NewEncoder(w).Encode(value) }

// edit appends a line to the session's file, slowly and in two halves, so that a kill in between would show.
func (a *app) edit(w http.ResponseWriter, r *http.Request) {
	a.edits.Lock()
	defer a.edits.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	file, err := os.OpenFile(filepath.Join(a.workspace, "edits"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	pause, _ := time.ParseDuration(r.URL.Query().Get("pause"))
	_, _ = fmt.Fprintf(file, "%s ", body)
	time.Sleep(pause)
	_, _ = fmt.Fprintf(file, "by %s\n", a.user)
	_ = file.Close()
	writeAny(w, map[string]any{"user": a.user, "pid": os.Getpid()})
}

// raw answers before a mux would redirect a path that has to arrive as it is.
func (a *app) raw(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/request") {
			a.request(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (a *app) request(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Trailer", "X-Sum")
	writeAny(w, map[string]any{"method": r.Method, "host": r.Host, "uri": r.RequestURI, "header": r.Header, "size": len(body), "trailer": r.Trailer})
	w.Header().Set("X-Sum", strconv.Itoa(len(body)))
}

// stream sends n parts, with a pause between; kind is what they are.
func (a *app) stream(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	n, _ := strconv.Atoi(query.Get("n"))
	pause, _ := time.ParseDuration(query.Get("pause"))
	part := "part of an answer\n"
	switch query.Get("kind") {
	case "comments":
		w.Header().Set("Content-Type", "text/event-stream")
		part = ": keep-alive\n\n"
	case "events":
		w.Header().Set("Content-Type", "text/event-stream")
		part = "data: something\n\n"
	case "nothing":
		part = ""
	}
	for range n {
		select {
		case <-r.Context().Done():
			_ = os.WriteFile(filepath.Join(a.workspace, "aborted"), nil, 0o600)
			return
		case <-time.After(pause):
		}
		if part != "" {
			_, _ = io.WriteString(w, part)
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// upload refuses before it reads, or reads it all.
func (a *app) upload(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("refuse") != "" {
		http.Error(w, "too much", http.StatusRequestEntityTooLarge)
		return
	}
	n, err := io.Copy(io.Discard, r.Body)
	writeAny(w, map[string]any{"size": n, "expect": r.Header.Get("Expect"), "error": fmt.Sprint(err)})
}

// echo answers while it is still being asked.
func echo(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex()
	for buffer := make([]byte, 100); ; {
		n, err := r.Body.Read(buffer)
		_, _ = w.Write(buffer[:n])
		_ = control.Flush()
		if err != nil {
			return
		}
	}
}

// busy passes on to the supervisor's local port what it is asked.
func (a *app) busy(w http.ResponseWriter, r *http.Request) {
	request, err := http.NewRequest(r.Method, os.Getenv("LIVE_EDIT_BUSY_URL")+"?"+r.URL.RawQuery, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	_ = response.Body.Close()
	w.WriteHeader(response.StatusCode)
}

func (a *app) environment(w http.ResponseWriter, _ *http.Request) { writeAny(w, os.Environ()) }

// socket answers every message with whose process it is, and what was said.
func (a *app) socket(w http.ResponseWriter, r *http.Request) {
	connection, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, Subprotocols: []string{"vite-hmr"}})
	if err != nil {
		return
	}
	defer func() { _ = connection.CloseNow() }()
	for {
		kind, message, err := connection.Read(r.Context())
		if err != nil {
			return
		}
		if connection.Write(r.Context(), kind, fmt.Appendf(nil, "%s %d %s", a.user, os.Getpid(), message)) != nil {
			return
		}
	}
}
