package cdn

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/serve/wildcard"
)

// distribution is what requests need to know of a DistributionConfig document.
type distribution struct {
	id, domain string
	Enabled    bool            `xml:"Enabled"`
	Aliases    []string        `xml:"Aliases>Items>CNAME"`
	Root       string          `xml:"DefaultRootObject"`
	Origins    []origin        `xml:"Origins>Items>Origin"`
	Default    behavior        `xml:"DefaultCacheBehavior"`
	Behaviors  []behavior      `xml:"CacheBehaviors>Items>CacheBehavior"`
	ErrorPages []errorResponse `xml:"CustomErrorResponses>Items>CustomErrorResponse"`
}

type origin struct {
	ID      string `xml:"Id"`
	Domain  string `xml:"DomainName"`
	Path    string `xml:"OriginPath"`
	Headers []struct {
		Name  string `xml:"HeaderName"`
		Value string `xml:"HeaderValue"`
	} `xml:"CustomHeaders>Items>OriginCustomHeader"`
	// Custom is nil for an S3 bucket.
	Custom *struct {
		Protocol    string `xml:"OriginProtocolPolicy"`
		ReadTimeout int    `xml:"OriginReadTimeout"` // seconds
	} `xml:"CustomOriginConfig"`
}

// behavior is a cache behavior; the default one has no pattern.
type behavior struct {
	Pattern       string   `xml:"PathPattern"`
	Origin        string   `xml:"TargetOriginId"`
	Viewers       string   `xml:"ViewerProtocolPolicy"`
	Methods       []string `xml:"AllowedMethods>Items>Method"`
	CachePolicy   string   `xml:"CachePolicyId"`
	RequestPolicy string   `xml:"OriginRequestPolicyId"`
}

type errorResponse struct {
	Code   int    `xml:"ErrorCode"`
	Page   string `xml:"ResponsePagePath"`
	Status int    `xml:"ResponseCode"`
	TTL    *int   `xml:"ErrorCachingMinTTL"` // seconds
}

// distributions reads all distributions of the account.
func distributions(store view.Store) ([]*distribution, error) {
	var out []*distribution
	for _, r := range store.List(view.RuntimeDistribution) {
		found, _, err := cloudfront.FindDistribution(store, r.ID)
		if err != nil {
			return nil, err
		}
		d := &distribution{id: found.ID, domain: found.DomainName}
		if err := xml.Unmarshal([]byte(found.Config), d); err != nil {
			return nil, fmt.Errorf("distribution %s: %w", found.ID, err)
		}
		out = append(out, d)
	}
	return out, nil
}

// serves says whether a host name leads to the distribution.
func (d *distribution) serves(host string) bool {
	return strings.EqualFold(host, d.domain) || slices.ContainsFunc(d.Aliases, func(alias string) bool {
		if parent, ok := strings.CutPrefix(alias, "*."); ok { // one label, and not none
			label, rest, _ := strings.Cut(host, ".")
			return label != "" && strings.EqualFold(rest, parent)
		}
		return strings.EqualFold(alias, host)
	})
}

// behaviorOf is the first behavior whose pattern matches, else the default one. A leading slash in a pattern changes
// nothing ("Path pattern" in the developer guide).
func (d *distribution) behaviorOf(path string) *behavior {
	for i := range d.Behaviors {
		if wildcard.Match(strings.TrimPrefix(d.Behaviors[i].Pattern, "/"), strings.TrimPrefix(path, "/")) {
			return &d.Behaviors[i]
		}
	}
	return &d.Default
}

func (d *distribution) originOf(b *behavior) (*origin, error) {
	for i := range d.Origins {
		if d.Origins[i].ID == b.Origin {
			return &d.Origins[i], nil
		}
	}
	return nil, fmt.Errorf("distribution %s has no origin %q", d.id, b.Origin)
}

// defaultErrorTTL is how long errors are cached without a setting ("Control how long CloudFront caches errors").
const defaultErrorTTL = 10 * time.Second

// errorPolicy says how an error is answered and how long it is cached.
func (d *distribution) errorPolicy(status int) (page *errorResponse, ttl time.Duration) {
	for i := range d.ErrorPages {
		p := &d.ErrorPages[i]
		if p.Code != status {
			continue
		}
		ttl = defaultErrorTTL
		if p.TTL != nil {
			ttl = time.Duration(*p.TTL) * time.Second
		}
		if p.Page == "" {
			return nil, ttl
		}
		return p, ttl
	}
	// "HTTP 4xx and 5xx status codes that CloudFront caches": others only when the origin says so.
	always := []int{
		http.StatusNotFound, http.StatusRequestURITooLong, http.StatusInternalServerError, http.StatusNotImplemented, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}
	if slices.Contains(always, status) {
		return nil, defaultErrorTTL
	}
	return nil, 0
}
