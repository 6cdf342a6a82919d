// Package tlsca is a certificate authority of this machine's own: it issues the certificates that the sandbox's listeners
// show, in the names and with the validity of the certificates in the account.
package tlsca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Names of the files in the authority's directory.
const (
	certificateName = "ca.pem"
	keyName         = "ca-key.pem"
)

// validity of the authority, which is made anew when less than a month of it is left.
const (
	validity = 2 * 365 * 24 * time.Hour
	renewal  = 30 * 24 * time.Hour
)

// Authority issues certificates. It is safe for concurrent use.
type Authority struct {
	dir         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey

	mu     sync.Mutex
	issued map[string]*tls.Certificate
}

// Open reads the authority kept in a directory, or makes one.
func Open(dir string) (*Authority, error) {
	a := &Authority{dir: dir, issued: map[string]*tls.Certificate{}}
	err := a.load()
	switch {
	case err == nil && time.Until(a.certificate.NotAfter) > renewal:
		return a, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read the sandbox's certificate authority (remove %s to have a new one made): %w", a.Path(), err)
	}
	if err := a.create(); err != nil {
		return nil, fmt.Errorf("make a certificate authority: %w", err)
	}
	return a, nil
}

// Path is the authority's own certificate, for clients to trust.
func (a *Authority) Path() string { return filepath.Join(a.dir, certificateName) }

// Pool trusts the authority and nobody else.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

func (a *Authority) load() error {
	pair, err := tls.LoadX509KeyPair(a.Path(), filepath.Join(a.dir, keyName))
	if err != nil {
		return err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return errors.New("it is not an authority of the sandbox")
	}
	a.certificate, a.key = pair.Leaf, key
	return nil
}

func (a *Authority) create() error {
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "webordinary live-edit sandbox"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(validity),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		return err
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(a.dir, keyName), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600),
		os.WriteFile(a.Path(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
	)
}

// Request is what a certificate is to say.
type Request struct {
	// Names are host names, wildcards or addresses.
	Names []string
	// NotAfter ends the validity; the zero time leaves it to the authority.
	NotAfter time.Time
}

// Issue gives a certificate; the same request gets the same one.
func (a *Authority) Issue(r Request) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := strings.Join(r.Names, ",") + r.NotAfter.String()
	if known := a.issued[id]; known != nil {
		return known, nil
	}
	made, err := a.issue(r)
	if err != nil {
		return nil, fmt.Errorf("issue a certificate for %s: %w", strings.Join(r.Names, ", "), err)
	}
	a.issued[id] = made
	return made, nil
}

func (a *Authority) issue(r Request) (*tls.Certificate, error) {
	if len(r.Names) == 0 {
		return nil, errors.New("it has no names")
	}
	if r.NotAfter.IsZero() || r.NotAfter.After(a.certificate.NotAfter) {
		r.NotAfter = a.certificate.NotAfter
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: r.Names[0]}, NotBefore: a.certificate.NotBefore, NotAfter: r.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if !template.NotAfter.After(template.NotBefore) {
		template.NotBefore = template.NotAfter.Add(-time.Hour)
	}
	for _, name := range r.Names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else if !slices.Contains(template.DNSNames, name) {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.certificate.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	b[0] &= 0x7f           // positive
	return new(big.Int).SetBytes(b[:])
}
