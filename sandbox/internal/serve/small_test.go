package serve_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront"
	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudwatch"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecr"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda/runner"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
	"github.com/webordinary/live-edit/sandbox/internal/serve"
)

const (
	typeCertificate = "aws:acm/certificate:Certificate"
	typeBalancer    = "aws:lb/loadBalancer:LoadBalancer"
)

// backend plays the containers without processes: every port of every task is the same small server.
type backend struct {
	scheduler.Simulated
	server  *httptest.Server
	around  *serve.Surroundings
	closed  bool
	failure error
}

func (b *backend) Address(string, int) (string, bool) { return b.server.Listener.Addr().String(), true }

func (b *backend) Close() error {
	b.closed = true
	b.server.Close()
	return b.failure
}

// small is a server over a small stack that was put into the account by hand.
type small struct {
	t       *testing.T
	store   *view.Memory
	backend *backend
	options serve.Options

	mu     sync.Mutex
	events []serve.Event
}

func newSmall(t *testing.T) *small {
	t.Helper()
	s := &small{t: t, store: &view.Memory{}, backend: &backend{}}
	awstest.Deploy(s.store)
	awstest.Put(s.store, typeCertificate, view.CertificateARN, map[string]any{
		"arn": view.CertificateARN, "domainName": "*.ameliastamps.com", "subjectAlternativeNames": []any{"*.ameliastamps.com"},
	})
	awstest.Set(s.store, "aws:lb/listener:Listener", awstest.ListenerARN, "certificateArn", view.CertificateARN)
	s.policy("ELBSecurityPolicy-TLS13-1-2-2021-06")
	// A thousand seconds here, more than any busy machine takes.
	awstest.Set(s.store, typeBalancer, awstest.BalancerARN, "idleTimeout", 1_000_000)
	s.backend.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "the container")
	}))
	t.Cleanup(s.backend.server.Close)
	s.options = serve.Options{
		Stack: "prod", Outputs: map[string]any{"albArn": awstest.BalancerARN, "editUrl": "https://" + host}, Account: s.store,
		StateDir: t.TempDir(), Speed: 1000, Builder: builder, Timing: scheduler.Timing{Pull: 10 * time.Minute},
		Containers: func(around *serve.Surroundings) (serve.Containers, error) {
			s.backend.around = around
			return s.backend, nil
		},
		Report: func(e serve.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, e)
		},
	}
	return s
}

func (s *small) policy(name string) {
	awstest.Set(s.store, "aws:lb/listener:Listener", awstest.ListenerARN, "sslPolicy", name)
}

func (s *small) start() *serve.Server {
	s.t.Helper()
	server, err := serve.Start(s.t.Context(), s.options)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { assert.NoError(s.t, server.Close()) })
	return server
}

func (s *small) said(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Text == text {
			return true
		}
	}
	return false
}

func fetch(t *testing.T, client *http.Client, url string) (answer, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Proto, response.Header, string(body)}, err
}

// TestTheAccountDecides: rules, targets and their health are the account's, and a move of the waker takes effect at once.
func TestTheAccountDecides(t *testing.T) {
	t.Parallel()
	s := newSmall(t)
	server := s.start()
	got, err := fetch(t, server.Client(), "https://"+host+"/")
	require.NoError(t, err)
	require.Equal(t, "nothing here", got.body)
	got, err = fetch(t, server.Client(), "https://"+host+"/api/x")
	require.NoError(t, err)
	require.Equal(t, http.StatusBadGateway, got.status, "there is no such function")

	awstest.SetDesired(s.store, 1)
	elb := elasticloadbalancingv2.NewFromConfig(server.API().Config(server.API().DeployerCredentials()))
	_, err = elb.SetRulePriorities(t.Context(), &elasticloadbalancingv2.SetRulePrioritiesInput{RulePriorities: []types.RulePriorityPair{
		{RuleArn: aws.String(awstest.RuleARN("waker")), Priority: aws.Int32(190)},
	}})
	require.NoError(t, err)
	got, err = fetch(t, server.Client(), "https://"+host+"/preview/x")
	require.NoError(t, err)
	require.Contains(t, []int{http.StatusServiceUnavailable, http.StatusOK}, got.status, "the container's group, with or without a target")
	require.Eventually(t, func() bool {
		got, err := fetch(t, server.Client(), "https://"+host+"/preview/x")
		return assert.NoError(t, err) && got.body == "the container"
	}, soon, 10*time.Millisecond)
	require.Eventually(t, func() bool { return s.said("edit wants 1 tasks") && s.said("to edit-waker-tg has priority 190") },
		soon, 10*time.Millisecond)
	dimensions := map[string]string{
		"LoadBalancer": "app/edit-alb/50dc6c495c0c9188", "TargetGroup": awstest.PreviewGroup[strings.Index(awstest.PreviewGroup, "targetgroup/"):],
	}
	require.Eventually(t, func() bool {
		_, counted, err := cloudwatch.FindSeries(s.store, "AWS/ApplicationELB", "RequestCount", dimensions)
		return assert.NoError(t, err) && counted
	}, soon, 10*time.Millisecond)
}

// TestSocketsEndWithTheirTarget: the container keeps its side open; the load balancer ends the socket after the deregistration
// delay.
func TestSocketsEndWithTheirTarget(t *testing.T) {
	t.Parallel()
	s := newSmall(t)
	s.backend.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		<-conn.CloseRead(r.Context()).Done()
	})
	server := s.start()
	awstest.SetDesired(s.store, 1)
	var conn *websocket.Conn
	require.Eventually(t, func() bool {
		var err error
		conn, _, err = websocket.Dial(t.Context(), "wss://"+host+"/ws/x", &websocket.DialOptions{HTTPClient: server.Client()})
		return err == nil
	}, soon, 10*time.Millisecond)
	defer func() { _ = conn.CloseNow() }()
	awstest.SetDesired(s.store, 0)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	_, _, err := conn.Read(ctx)
	require.Error(t, err)
	require.NoError(t, ctx.Err(), "the socket is still open")
}

// TestOriginsByName: a distribution's origin is found by the account's DNS records, and its certificate has to fit.
func TestOriginsByName(t *testing.T) {
	t.Parallel()
	s := newSmall(t)
	const balancer = "edit-alb-1.us-west-2.elb.amazonaws.com"
	awstest.Put(s.store, "aws:route53/record:Record", "edit", map[string]any{"fqdn": host, "records": []any{balancer}})
	awstest.Put(s.store, "aws:route53/record:Record", "old", map[string]any{"fqdn": "old.ameliastamps.com", "records": []any{"gone"}})
	server := s.start()
	for origin, want := range map[string]int{
		host: http.StatusOK, "other.ameliastamps.com": http.StatusBadGateway, "old.ameliastamps.com": http.StatusBadGateway,
		balancer: http.StatusBadGateway, // its own name is not in the certificate
	} {
		config := "<DistributionConfig><Enabled>true</Enabled><Aliases><Items><CNAME>" + cdnHost + "</CNAME></Items></Aliases><Origins><Items>" +
			"<Origin><Id>o</Id><DomainName>" + origin + "</DomainName><CustomOriginConfig><OriginReadTimeout>1000000</OriginReadTimeout>" +
			"</CustomOriginConfig></Origin></Items></Origins><DefaultCacheBehavior><TargetOriginId>o</TargetOriginId><AllowedMethods><Items>" +
			"<Method>GET</Method></Items></AllowedMethods></DefaultCacheBehavior></DistributionConfig>"
		_, err := cloudfront.PutDistribution(s.store, distribution, config, time.Now())
		require.NoError(t, err)
		got, err := fetch(t, server.Client(), "https://"+cdnHost+"/"+origin)
		require.NoError(t, err)
		require.Equal(t, want, got.status, origin)
		require.NotEmpty(t, got.header.Get("X-Cache"))
	}
}

// TestCertificates: the listener's certificate and TLS policy are the account's, at every handshake.
func TestCertificates(t *testing.T) {
	t.Parallel()
	s := newSmall(t)
	server := s.start()
	state := func(name string, most uint16) (tls.ConnectionState, error) {
		client := server.Client()
		transport, _ := client.Transport.(*http.Transport)
		transport.TLSClientConfig.MaxVersion = most
		settings := transport.TLSClientConfig.Clone()
		settings.ServerName, settings.NextProtos = name, []string{"h2", "http/1.1"}
		conn, err := (&tls.Dialer{Config: settings}).DialContext(t.Context(), "tcp", server.Description().HTTPS)
		if err != nil {
			return tls.ConnectionState{}, err
		}
		defer func() { _ = conn.Close() }()
		secure, _ := conn.(*tls.Conn)
		return secure.ConnectionState(), nil
	}
	for _, name := range []string{host, "edit-dev.ameliastamps.com", "localhost", "127.0.0.1"} {
		got, err := state(name, tls.VersionTLS13)
		require.NoError(t, err, name)
		require.Equal(t, "h2", got.NegotiatedProtocol)
		require.Equal(t, uint16(tls.VersionTLS13), got.Version)
	}
	_, err := state("elsewhere.example", tls.VersionTLS13)
	require.ErrorContains(t, err, "certificate is valid for *.ameliastamps.com")
	got, err := state(host, tls.VersionTLS12)
	require.NoError(t, err)
	require.Equal(t, uint16(tls.VersionTLS12), got.Version)
	s.policy("ELBSecurityPolicy-TLS13-1-3-2021-06")
	_, err = state(host, tls.VersionTLS12)
	require.ErrorContains(t, err, "protocol version")
	s.policy("ELBSecurityPolicy-TLS-1-2-2017-01")
	got, err = state(host, tls.VersionTLS13)
	require.NoError(t, err)
	require.Equal(t, uint16(tls.VersionTLS12), got.Version)

	awstest.Set(s.store, typeCertificate, view.CertificateARN, "notAfter", time.Now().Add(-time.Hour).Format(time.RFC3339))
	_, err = state(host, tls.VersionTLS13)
	require.ErrorContains(t, err, "expired")
	require.NoError(t, s.store.Remove(typeCertificate, view.CertificateARN))
	_, err = state(host, tls.VersionTLS13)
	require.Error(t, err)
	require.True(t, s.said("the listener's certificate "+view.CertificateARN+" is not in the account"))
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*small){
		"speed -1: expected a number above 0":      func(s *small) { s.options.Speed = -1 },
		"speed 1e+06: expected a number above 0":   func(s *small) { s.options.Speed = 1e6 },
		"it has no output albArn":                  func(s *small) { delete(s.options.Outputs, "albArn") },
		"it has no output editUrl":                 func(s *small) { delete(s.options.Outputs, "editUrl") },
		"choose another address with --https":      func(s *small) { s.options.HTTPS = "127.0.0.1:99999" },
		"choose another address with --http":       func(s *small) { s.options.HTTP = "127.0.0.1:99999" },
		"function webordinary-edit-scaler: build":  func(s *small) { s.breakFunction() },
		"the containers: no room":                  func(s *small) { s.options.Containers = noRoom },
		"access point fsap-0123456789abcdef0":      func(s *small) { s.blockDirectory("files") },
		"read the sandbox's certificate authority": func(s *small) { s.writeFile("ca.pem"); s.writeFile("ca-key.pem") },
		"no Go package is known for it":            func(s *small) { s.function("somebody-elses") },
		"the directory for serving: mkdir":         func(s *small) { s.options.StateDir = os.DevNull },
		"secret version ":                          func(s *small) { s.damageSecrets() },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			s := newSmall(t)
			change(s)
			server, err := serve.Start(t.Context(), s.options)
			require.ErrorContains(t, err, want)
			require.Nil(t, server)
			require.NoFileExists(t, serve.DescriptionPath(s.options.StateDir, "prod"))
		})
	}
}

func noRoom(*serve.Surroundings) (serve.Containers, error) { return nil, errors.New("no room") }

func (s *small) function(name string) {
	awstest.Put(s.store, "aws:lambda/function:Function", name, map[string]any{"name": name, "arn": awstest.FunctionARN})
}

// breakFunction deploys the scaler from a module that has none.
func (s *small) breakFunction() {
	s.function("webordinary-edit-scaler")
	s.options.Builder = runner.NewBuilder(s.t.TempDir(), s.t.TempDir())
}

func (s *small) writeFile(name string) {
	dir := filepath.Join(s.options.StateDir, "serve")
	require.NoError(s.t, os.MkdirAll(dir, 0o700))
	require.NoError(s.t, os.WriteFile(filepath.Join(dir, name), []byte("in the way"), 0o600))
}

func (s *small) blockDirectory(name string) { s.writeFile(name) }

func (s *small) damageSecrets() {
	awstest.Put(s.store, "aws:secretsmanager/secretVersion:SecretVersion", awstest.SecretARN+"|1", map[string]any{"secretId": 7})
}

// TestOneServerPerAccount: two would play its life twice.
func TestOneServerPerAccount(t *testing.T) {
	t.Parallel()
	s := newSmall(t)
	server := s.start()
	options := s.options
	options.Stack = "dev"
	_, err := serve.Start(t.Context(), options)
	require.ErrorIs(t, err, serve.ErrBusy)
	require.ErrorContains(t, err, s.options.StateDir)
	require.NoError(t, server.Close())
	require.True(t, s.backend.closed)
	options.Containers = func(*serve.Surroundings) (serve.Containers, error) {
		return &backend{server: httptest.NewServer(http.NotFoundHandler()), failure: errors.New("one would not end")}, nil
	}
	again, err := serve.Start(t.Context(), options)
	require.NoError(t, err)
	require.ErrorContains(t, again.Close(), "one would not end")
}

// TestWhatContainersGet: a directory for every access point, and the scheduler's protection.
func TestWhatContainersGet(t *testing.T) {
	t.Parallel()
	s := newSmall(t)
	awstest.Set(s.store, "aws:efs/accessPoint:AccessPoint", awstest.AccessPoint, "rootDirectory", map[string]any{"path": "/../clients"})
	s.start()
	around := s.backend.around
	require.Len(t, around.Mounts, 1)
	for _, dir := range around.Mounts {
		require.Equal(t, filepath.Join(s.options.StateDir, "serve", "files", awstest.FileSystem, "clients"), dir)
		require.DirExists(t, dir)
	}
	require.ErrorContains(t, around.Protect("task/none", time.Now()), "no such task")
	require.InDelta(t, 1000, around.Clock.Speed, 0)
}

// TestDemoData: what is there is left alone.
func TestDemoData(t *testing.T) {
	t.Parallel()
	s := newSmall(t)
	s.start()
	images, err := ecr.Images(s.store, awstest.Repository)
	require.NoError(t, err)
	require.Len(t, images, 1)
	require.Equal(t, []string{"v1"}, images[0].Tags)
	require.True(t, s.said("pushed a demo image as "+awstest.Repository+":v1: the registry had none of that tag"))
	require.Len(t, s.store.List("aws:secretsmanager/secretVersion:SecretVersion"), 1, "it has a value")

	own := newSmall(t)
	image := ecr.Image{Repository: awstest.Repository, Tags: []string{"v1"}, PushedAt: time.Now().Truncate(time.Second), SizeBytes: 7}
	require.NoError(t, ecr.PushImage(own.store, image))
	own.start()
	images, err = ecr.Images(own.store, awstest.Repository)
	require.NoError(t, err)
	require.Len(t, images, 1)
	require.EqualValues(t, 7, images[0].SizeBytes, "an image of one's own is not written over")

	bare := newSmall(t)
	bare.options.KeepEmpty = true
	bare.start()
	require.Empty(t, bare.store.List(view.RuntimeImage))
}

// TestTheClockGoesOn: a session begins after everything that the account remembers, and its tasks are forgotten.
func TestTheClockGoesOn(t *testing.T) {
	t.Parallel()
	s := newSmall(t)
	future := time.Now().Add(48 * time.Hour).Truncate(time.Second)
	awstest.Put(s.store, view.RuntimeSeries, "x", map[string]any{"points": []any{
		map[string]any{"at": future.Format(time.RFC3339), "visibleAt": future.Format(time.RFC3339)},
	}})
	awstest.Put(s.store, view.RuntimeTask, "task/old", map[string]any{"arn": "task/old", "lastStatus": scheduler.Running, "createdAt": future.Format(time.RFC3339)})
	s.options.Speed = 0.001
	server := s.start()
	require.False(t, server.Clock().Now().Before(future))
	require.Empty(t, s.store.List(view.RuntimeTask))

	fresh := newSmall(t)
	fresh.options.Speed = 0.001
	require.WithinDuration(t, time.Now(), fresh.start().Clock().Now(), time.Hour)
}

func TestTheEndpointIsForEverybody(t *testing.T) {
	t.Parallel()
	s := newSmall(t)
	server := s.start()
	d, err := serve.Describe(s.options.StateDir, "prod")
	require.NoError(t, err)
	require.Equal(t, server.Description(), *d)
	require.Equal(t, d.AWSEndpoint, d.AWSEnvironment["AWS_ENDPOINT_URL"])
	require.NotEmpty(t, d.AWSEnvironment["AWS_SESSION_TOKEN"])
	info, err := os.Stat(serve.DescriptionPath(s.options.StateDir, "prod"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds credentials")
	conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", d.HTTP)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, os.WriteFile(serve.DescriptionPath(s.options.StateDir, "prod"), []byte(`{"pid": 2147483647}`), 0o600))
	_, err = serve.Describe(s.options.StateDir, "prod")
	require.ErrorIs(t, err, serve.ErrNotServed, "left behind by a process that was killed")
	require.NoError(t, os.WriteFile(serve.DescriptionPath(s.options.StateDir, "prod"), []byte("{"), 0o600))
	_, err = serve.Describe(s.options.StateDir, "prod")
	require.ErrorContains(t, err, "prod.json")
}
