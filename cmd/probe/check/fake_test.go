package check_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/cmd/probe/clock"
	"github.com/webordinary/live-edit/functions/scaler/requests"
)

// fakeClock is a time that moves only when somebody sleeps.
type fakeClock struct {
	// passed is called when time has passed.
	passed func()
	// stalls is called with every sleep, and says how much longer it takes.
	stalls func(d time.Duration) time.Duration

	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	if c.stalls != nil {
		d += c.stalls(d)
	}
	c.now = c.now.Add(d)
	c.mu.Unlock()
	if c.passed != nil {
		c.passed()
	}
	return ctx.Err()
}

func (c *fakeClock) Text(d time.Duration) string             { return clock.Short(d) }
func (c *fakeClock) Wall(d time.Duration) time.Duration      { return d }
func (c *fakeClock) Begin(string)                            {}
func (c *fakeClock) Note(string)                             {}
func (c *fakeClock) since(t time.Time) time.Duration         { return c.Now().Sub(t) }
func (c *fakeClock) after(t time.Time, d time.Duration) bool { return !t.IsZero() && c.since(t) >= d }

// Hosts of the fake site.
const (
	host = "edit.example.test"
	edge = "www.example.test"
)

// fake is a small model of a deployed stack by a fake clock: load balancer, waker, container and CloudFront behind one
// listener. Its fields are what tests break.
type fake struct {
	*fakeClock
	https, http *httptest.Server
	authority   *authority
	security    *tls.Config

	// Times of its life: from the wake to the container's answer, from the last use until the waker answers and until no
	// task answers, and from the wake until the container is taken out again; zero of the last means never.
	boot, drain, idle, sickAfter, dropAfter, givesUp time.Duration
	// failing is the class of a wake that fails.
	failing string
	// noRule are path prefixes that no rule serves; noBehaviour are those that CloudFront sends elsewhere.
	noRule, noBehaviour                                                            []string
	defaultBody, redirectTo                                                        string
	countsStatus, countsSockets, loses, noEndpoint, readOnly, mixes, wakesByItself bool
	page                                                                           http.HandlerFunc
	edgePosts, edgeCaches, edgeReplaces, edgeReadsOnly, edgePlain                  bool
	redirectStatus                                                                 int
	// spoils is added to every file by a sleep.
	spoils string
	// boots are the times of later wakes; losesRule takes the API's rule away at the first one, staysReady keeps the waker in
	// front, and apiFails lets the container answer the API with errors.
	boots                           []time.Duration
	losesRule, staysReady, apiFails bool
	edgeKeeps                       time.Duration
	// tasks answer in turn, each with a memory of its own; during the first inStep requests each session meets its own task, as
	// when as many as there are tasks keep pace. noMemory says that there is no check of the memory.
	tasks    int
	inStep   int
	noMemory bool
	// owners, if there are any, answer /api/session in turn, and pass everything on to each other: the checks have one memory.
	owners []string
	asked  int
	memory []map[string]string
	turn   int

	life  sync.Mutex
	woken time.Time
	used  time.Time
	files map[string]string
	tabs  map[*websocket.Conn]time.Time
	kept  map[string]time.Time // errors in CloudFront
	wakes int
}

// authority signs certificates.
type authority struct {
	t           testing.TB
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t}
	a.key = a.newKey()
	a.certificate = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(1000 * day), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.certificate = a.sign(a.certificate, a.key)
	return a
}

const day = 24 * time.Hour

func (a *authority) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	return key
}

func (a *authority) sign(template *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	require.NoError(a.t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(a.t, err)
	return certificate
}

func (a *authority) roots() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(a.certificate)
	return roots
}

// issue makes a server's configuration with a certificate for these hosts.
func (a *authority) issue(until time.Time, hosts ...string) *tls.Config {
	key := a.newKey()
	certificate := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: hosts[0]}, NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, DNSNames: hosts, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, key)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{certificate.Raw}, PrivateKey: key}}, MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
	}
}

func newFake(t testing.TB) *fake {
	t.Helper()
	f := &fake{
		fakeClock: &fakeClock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		boot:      20 * time.Second, drain: 4 * time.Minute, idle: 6*time.Minute + 30*time.Second,
		defaultBody: "Webordinary ALB - No target configured", redirectTo: "https://" + host + ":443",
		redirectStatus: http.StatusMovedPermanently, files: map[string]string{}, tabs: map[*websocket.Conn]time.Time{}, kept: map[string]time.Time{},
	}
	f.authority = newAuthority(t)
	f.security = f.authority.issue(time.Now().Add(100*day), "*.example.test")
	f.https = httptest.NewUnstartedServer(http.HandlerFunc(f.serve))
	f.https.EnableHTTP2 = true
	f.https.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		f.life.Lock()
		defer f.life.Unlock()
		return f.security, nil
	}}
	f.https.Config.ErrorLog = log.New(io.Discard, "", 0) // old TLS versions are refused in every run
	f.https.StartTLS()
	f.http = httptest.NewServer(http.HandlerFunc(f.redirect))
	f.passed = f.live
	t.Cleanup(func() { f.https.CloseClientConnections(); f.https.Close(); f.http.Close() })
	return f
}

func (f *fake) redirect(w http.ResponseWriter, r *http.Request) {
	to, status := f.redirectTo, f.redirectStatus
	if r.Host == edge {
		to, status = "https://"+edge, http.StatusMovedPermanently
	}
	if to == "" || r.Host == edge && f.edgePlain {
		_, _ = w.Write([]byte("plain"))
		return
	}
	w.Header().Set("Server", "awselb/2.0")
	http.Redirect(w, r, to+r.RequestURI, status)
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.live()
	switch r.Host {
	case host:
		f.balance(w, r)
	case edge:
		f.edge(w, r)
	default:
		f.byItself(w, http.StatusOK, f.defaultBody)
	}
}

// byItself is an answer of the load balancer's own.
func (f *fake) byItself(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Server", "awselb/2.0")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if status >= http.StatusBadRequest {
		w.Header().Set("Content-Type", "text/html")
		body = "<html><center><h1>" + body + "</h1></center></html>"
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// live brings the service to the present: tasks stop, and sockets with them.
func (f *fake) live() {
	f.life.Lock()
	defer f.life.Unlock()
	if f.after(f.used, f.idle) && !f.woken.IsZero() && (!f.countsSockets || len(f.tabs) == 0) {
		f.woken, f.used = time.Time{}, time.Time{}
		if f.loses {
			clearAll(f.files)
		}
		for path := range f.files {
			f.files[path] += f.spoils
		}
	}
	if f.givesUp > 0 && f.after(f.woken, f.givesUp) {
		f.woken = time.Time{}
	}
	for tab, opened := range f.tabs {
		if f.woken.IsZero() || f.sick() || f.dropAfter > 0 && f.after(opened, f.dropAfter) {
			delete(f.tabs, tab)
			go func() { _ = tab.Close(websocket.StatusGoingAway, "bye") }()
		}
	}
}

// booting is how long the present wake takes.
func (f *fake) booting() time.Duration {
	f.life.Lock()
	defer f.life.Unlock()
	return f.boot
}

// sick says whether the container is out of service, until it has been replaced.
func (f *fake) sick() bool {
	return f.sickAfter > 0 && f.after(f.woken, f.sickAfter) && !f.after(f.woken, f.sickAfter+90*time.Second)
}

func clearAll[V any](m map[string]V) {
	for key := range m {
		delete(m, key)
	}
}

func has(prefixes []string, path string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// balance routes as the listener does.
func (f *fake) balance(w http.ResponseWriter, r *http.Request) {
	f.life.Lock()
	woken, used, sick, noRule := f.woken, f.used, f.sick(), f.noRule
	f.life.Unlock()
	up := f.after(woken, f.booting()) && f.failing == ""
	draining := up && f.after(used, f.drain) && (!f.countsSockets || len(f.tabs) == 0)
	path := r.URL.Path
	switch {
	case has(noRule, path) || !has([]string{"/api/", "/preview/", "/ws/"}, path):
		f.byItself(w, http.StatusOK, f.defaultBody)
	case strings.HasPrefix(path, "/ws/") && (!up || sick):
		f.byItself(w, http.StatusServiceUnavailable, "503")
	case strings.HasPrefix(path, "/ws/"):
		f.socket(w, r)
	case !up || sick || draining && !f.countsStatus || f.staysReady:
		f.wake(w, r, draining)
	default:
		f.contain(w, r)
	}
}

// wake answers as the scaler function does.
func (f *fake) wake(w http.ResponseWriter, r *http.Request, draining bool) {
	f.life.Lock()
	defer f.life.Unlock()
	if (r.Header.Get("X-Webordinary-Wake") == "now" || r.Method == http.MethodDelete || f.wakesByItself && f.wakes > 0) && f.woken.IsZero() {
		f.woken = f.Now()
		if f.wakes++; f.wakes <= len(f.boots) {
			f.boot = f.boots[f.wakes-1]
		}
		if f.losesRule {
			f.noRule = []string{"/api/"}
		}
	}
	if call := r.Header.Get("Accept") != requests.StatusType; draining && (call || r.Header.Get("X-Webordinary-Wake") == "now") {
		f.used = f.Now()
	}
	status := requests.Status{State: "asleep"}
	if age := f.since(f.woken); !f.woken.IsZero() && !draining {
		status.State, status.Stage = "waking", "asked"
		for _, stage := range []string{"placing", "pulling", "starting", "checking"} {
			if age > f.boot/5 {
				status.Stage, age = stage, age-f.boot/5
			}
		}
		if f.staysReady && f.after(f.woken, f.boot) {
			status.State, status.Stage = "ready", "ready"
		}
		if f.failing != "" && f.after(f.woken, time.Minute) {
			status = requests.Status{State: "failing", Error: &requests.StatusError{Class: f.failing, Message: "It is broken."}}
		}
	}
	w.Header().Set("Content-Type", requests.StatusType)
	w.Header().Set("X-Webordinary-State", status.State)
	_ = json.NewEncoder(w).Encode(status)
}

// contain answers as the container does.
func (f *fake) contain(w http.ResponseWriter, r *http.Request) {
	f.life.Lock()
	defer f.life.Unlock()
	f.used = f.Now()
	w.Header().Set("Content-Type", "text/plain")
	path := r.URL.Path
	switch {
	case strings.HasPrefix(path, "/preview/"):
		if f.page != nil {
			f.page(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>Preview</title>"))
	case f.apiFails:
		http.Error(w, "no", http.StatusInternalServerError)
	case path == "/api/session" && len(f.owners) > 0:
		f.asked++
		_, _ = fmt.Fprintf(w, `{"user": "ada", "instance": %q}`, f.owners[f.asked%len(f.owners)])
	case f.noEndpoint, f.noMemory && strings.Contains(path, "/memory/"):
		http.NotFound(w, r)
	case strings.Contains(path, "/memory/"):
		f.remember(w, r)
	case r.Method == http.MethodPut && f.readOnly:
		http.Error(w, "read-only file system", http.StatusInternalServerError)
	case r.Method == http.MethodPut:
		f.files[path] = readAll(r)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodDelete:
		delete(f.files, path)
		w.WriteHeader(http.StatusNoContent)
	default:
		content, ok := f.files[path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if f.mixes && strings.Contains(path, "session-") {
			content = "another session's"
		}
		_, _ = w.Write([]byte(content))
	}
}

// remember answers the check of a task's memory.
func (f *fake) remember(w http.ResponseWriter, r *http.Request) {
	for len(f.memory) < max(f.tasks, 1) {
		f.memory = append(f.memory, map[string]string{})
	}
	f.turn++
	at := f.turn
	if f.turn <= f.inStep {
		at = int(r.URL.Path[len(r.URL.Path)-1]) // the session's number
	}
	task := f.memory[at%len(f.memory)]
	content, ok := task[r.URL.Path]
	switch {
	case r.Method == http.MethodPut:
		task[r.URL.Path] = readAll(r)
		w.WriteHeader(http.StatusNoContent)
	case !ok:
		http.NotFound(w, r)
	default:
		_, _ = w.Write([]byte(content))
	}
}

func readAll(r *http.Request) string {
	body := make([]byte, 2048)
	n, _ := r.Body.Read(body)
	return string(body[:n])
}

func (f *fake) socket(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") == "" {
		w.WriteHeader(http.StatusUpgradeRequired)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"vite-hmr"}})
	if err != nil {
		return
	}
	f.life.Lock()
	f.tabs[conn] = f.Now()
	f.life.Unlock()
	for {
		if _, _, err := conn.Read(context.Background()); err != nil {
			f.life.Lock()
			delete(f.tabs, conn)
			f.life.Unlock()
			return
		}
	}
}

// edge answers as CloudFront does.
func (f *fake) edge(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	refuse := func(status int, body string) {
		w.Header().Set("Server", "CloudFront")
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
	switch {
	case has(f.noBehaviour, path):
		w.Header().Set("Server", "AmazonS3")
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<title>The site</title>"))
		return
	case strings.HasPrefix(path, "/preview/") && r.Method != http.MethodGet && !f.edgePosts,
		f.edgeReadsOnly && r.Method != http.MethodGet:
		refuse(http.StatusForbidden, "The request could not be satisfied. This distribution is not configured to allow the HTTP request method")
		return
	case strings.HasPrefix(path, "/ws/"):
		f.balance(w, r)
		return
	}
	answer := httptest.NewRecorder()
	f.balance(answer, r)
	f.life.Lock()
	defer f.life.Unlock()
	if kept, ok := f.kept[path]; ok && f.since(kept) < f.edgeKeeps {
		w.Header().Set("Age", "7")
		http.NotFound(w, r)
		return
	}
	if answer.Code == http.StatusNotFound {
		f.kept[path] = f.Now()
		if f.edgeReplaces {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<title>The site</title>"))
			return
		}
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("X-Cache", "Miss from cloudfront")
	if f.edgeCaches && strings.HasPrefix(path, "/preview/") {
		w.Header().Set("X-Cache", "Hit from cloudfront")
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// resolver answers every name with one address, or with an error.
type resolver struct{ err error }

func (r resolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	if r.err != nil {
		return nil, r.err
	}
	return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
}

func (r resolver) LookupCNAME(context.Context, string) (string, error) {
	return "webordinary-edit-alb-1.us-west-2.elb.amazonaws.com.", nil
}
