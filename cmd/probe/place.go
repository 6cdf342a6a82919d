package main

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/webordinary/live-edit/cmd/probe/clock"
	"github.com/webordinary/live-edit/cmd/probe/target"
)

// place is where the stack is: on AWS, or served by a sandbox on this machine.
type place struct {
	url, cloudfront string
	speed           float64
	// served is what the sandbox tells; nil on AWS.
	served *served
	roots  *x509.CertPool
}

// served is the file that `go run ./sandbox serve` keeps while it serves a stack.
type served struct {
	Host    string         `json:"host"`
	HTTPS   string         `json:"https"`
	HTTP    string         `json:"http"`
	CA      string         `json:"ca"`
	Speed   float64        `json:"speed"`
	CDNHost string         `json:"cdnHost"`
	Outputs map[string]any `json:"outputs"`
	// AWS is the environment in which an SDK reaches the sandbox's account.
	AWS map[string]string `json:"awsEnvironment"`
}

// find looks up where the stack is.
func find(o *options) (*place, error) {
	if o.sandbox == "" {
		return &place{url: o.url, cloudfront: o.cloudfront, speed: 1}, nil
	}
	path := filepath.Join(o.state, "serve", o.sandbox+".json")
	data, err := os.ReadFile(path) //nolint:gosec // the user names the directory
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("stack %s is not served on this machine: there is no %s; `go run ./sandbox serve --stack %s` serves it",
			o.sandbox, path, o.sandbox)
	}
	if err != nil {
		return nil, fmt.Errorf("find the sandbox's stack: %w", err)
	}
	s := &served{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p := &place{url: "https://" + s.Host, cloudfront: o.cloudfront, speed: s.Speed, served: s, roots: x509.NewCertPool()}
	if p.speed <= 0 {
		p.speed = 1
	}
	pem, err := os.ReadFile(s.CA)
	if err != nil {
		return nil, fmt.Errorf("the sandbox's certificate authority: %w", err)
	}
	if !p.roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("the sandbox's certificate authority: %s holds no certificate", s.CA)
	}
	if p.cloudfront == "" && s.CDNHost != "" {
		p.cloudfront = "https://" + s.CDNHost
	}
	return p, nil
}

// site says how to connect to one of the place's host names.
func (p *place) site(url string, o *options, pace *clock.Clock) target.Options {
	options := target.Options{URL: url, Roots: p.roots, Header: o.header, Pace: pace}
	if p.served != nil {
		options.HTTPS, options.HTTP = p.served.HTTPS, p.served.HTTP
	}
	return options
}
