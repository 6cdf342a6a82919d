package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// probing measures a served stack by its address, as on AWS, in a place where that address leads to it. What takes minutes there, where
// time does not pass faster, is interrupted at work; the whole of it is measured with -sandbox.
var probing = []typed{
	{
		run: `go run ./cmd/probe -wakes 0 -foundation -outputs outputs.json https://edit.ameliastamps.com`, says: " 0 failed",
		before: func(c *checkout) {
			c.types(c.t.TempDir(), typed{run: `go run ./sandbox outputs --stack prod --json > outputs.json`})
		},
	},
	{run: `go run ./cmd/probe -wakes 1 -socket 1 https://edit.ameliastamps.com`, until: "WebSocket stays open"},
	{run: `go run ./cmd/probe -foundation -outputs outputs.json https://edit.ameliastamps.com`, until: "default answer"},
	{run: `go run ./cmd/probe https://edit.ameliastamps.com`, until: "state of the service"},
	{
		run:   `go run ./cmd/probe -header 'Cookie: AWSELBAuthSessionCookie-0=a; AWSELBAuthSessionCookie-1=b' https://edit.ameliastamps.com`,
		until: "default answer",
	},
	{
		run: `curl -fL --retry 6 -X DELETE https://edit.ameliastamps.com` + leftBehind,
		before: func(c *checkout) {
			c.types(c.t.TempDir(), typed{run: `curl -sfL --retry 6 -X PUT -d x https://edit.ameliastamps.com` + leftBehind})
		},
		then: func(c *checkout) {
			c.types(c.t.TempDir(), typed{run: `curl -sfL --retry 6 https://edit.ameliastamps.com` + leftBehind, refused: true})
		},
	},
}

const leftBehind = "/api/check/probe-0a1b2c3d"

// ownAddress is an address of this machine with HTTPS's own port that nobody else has, or a free port where that one is not allowed.
func ownAddress() string {
	pid := os.Getpid()
	address := fmt.Sprintf("127.%d.%d.%d:443", 64+pid>>15&63, pid>>7&255, 1+pid&127)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "127.0.0.1:0"
	}
	_ = listener.Close()
	return address
}

// served reads where a stack is served, and lets what is typed from now on reach the served account.
func (c *checkout) served() *sandboxtest.ServeDescription {
	c.t.Helper()
	served := &sandboxtest.ServeDescription{}
	data, err := os.ReadFile(filepath.Join(c.dir, ".sandbox", "serve", "prod.json"))
	require.NoError(c.t, err)
	require.NoError(c.t, json.Unmarshal(data, served))
	for name, value := range served.AWSEnvironment {
		c.env = append(c.env, name+"="+value)
	}
	return served
}

// probes types it where /etc/hosts names the served stack's address, which takes a mount namespace and port 443.
func (c *checkout) probes(t *testing.T, bin string, served *sandboxtest.ServeDescription) {
	address, port, err := net.SplitHostPort(served.HTTPS)
	require.NoError(t, err)
	hosts := filepath.Join(t.TempDir(), "hosts")
	require.NoError(t, os.WriteFile(hosts, []byte(address+" "+served.Host+"\n127.0.0.1 localhost\n"), 0o600))
	inside := *c
	inside.t = t
	inside.within = []string{"unshare", "--map-root-user", "--mount", "sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, hosts}
	try := append(inside.within, "true")
	if said, err := exec.CommandContext(t.Context(), try[0], try[1:]...).CombinedOutput(); port != "443" || err != nil {
		t.Skipf("no name leads to a served stack here: port %s, %v %s", port, err, said)
	}
	inside.env = append(inside.env, "SSL_CERT_FILE="+served.CA, "CURL_CA_BUNDLE="+served.CA)
	for _, command := range probing {
		inside.types(bin, command)
	}
}
