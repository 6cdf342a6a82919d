package tlsca_test

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/serve/tlsca"
)

func open(t *testing.T, dir string) *tlsca.Authority {
	t.Helper()
	authority, err := tlsca.Open(dir)
	require.NoError(t, err)
	return authority
}

func TestIssue(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	authority := open(t, dir)
	request := tlsca.Request{Names: []string{"*.ameliastamps.com", "localhost", "127.0.0.1", "localhost"}}
	certificate, err := authority.Issue(request)
	require.NoError(t, err)
	for name, valid := range map[string]bool{
		"edit.ameliastamps.com": true, "localhost": true, "127.0.0.1": true, "ameliastamps.com": false, "a.b.ameliastamps.com": false,
	} {
		_, err := certificate.Leaf.Verify(x509.VerifyOptions{Roots: authority.Pool(), DNSName: name})
		require.Equal(t, valid, err == nil, "%s: %v", name, err)
	}
	again, err := authority.Issue(request)
	require.NoError(t, err)
	require.Same(t, certificate, again)
	_, err = authority.Issue(tlsca.Request{})
	require.ErrorContains(t, err, "no names")
}

func TestValidity(t *testing.T) {
	t.Parallel()
	authority := open(t, t.TempDir())
	past := time.Now().Add(-24 * time.Hour).Truncate(time.Second)
	expired, err := authority.Issue(tlsca.Request{Names: []string{"localhost"}, NotAfter: past})
	require.NoError(t, err)
	require.True(t, expired.Leaf.NotAfter.Equal(past))
	require.True(t, expired.Leaf.NotBefore.Before(past), "it was valid once")
	_, err = expired.Leaf.Verify(x509.VerifyOptions{Roots: authority.Pool()})
	var invalid x509.CertificateInvalidError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, x509.Expired, invalid.Reason)
	late, err := authority.Issue(tlsca.Request{Names: []string{"localhost"}, NotAfter: time.Now().AddDate(30, 0, 0)})
	require.NoError(t, err)
	require.True(t, late.Leaf.NotAfter.Before(time.Now().AddDate(3, 0, 0)), "not longer than the authority itself")
	_, err = late.Leaf.Verify(x509.VerifyOptions{Roots: authority.Pool()})
	require.NoError(t, err)
}

// TestTheAuthorityIsKept: what a browser was told to trust stays the same.
func TestTheAuthorityIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := open(t, dir)
	certificate, err := first.Issue(tlsca.Request{Names: []string{"localhost"}})
	require.NoError(t, err)
	second := open(t, dir)
	_, err = certificate.Leaf.Verify(x509.VerifyOptions{Roots: second.Pool()})
	require.NoError(t, err)
	_, err = certificate.Leaf.Verify(x509.VerifyOptions{Roots: open(t, t.TempDir()).Pool()})
	require.Error(t, err, "another one")
	for _, name := range []string{"ca.pem", "ca-key.pem"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	require.NoError(t, os.WriteFile(second.Path(), []byte("damaged"), 0o600))
	_, err = tlsca.Open(dir)
	require.ErrorContains(t, err, "remove "+second.Path())
}
