package serve

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront/cdn"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// openCDN makes the stand-in for the account's distributions.
func (s *Server) openCDN() {
	s.cdn = cdn.New(cdn.Options{
		Store: s.options.Account, Clock: s.clock, Origins: cdn.Origins{Resolve: s.resolve, Roots: s.authority.Pool()},
		Report: s.reportEdge,
	})
}

// byHost sends requests for a distribution's names to the CDN and all others to the load balancer, as DNS would.
func (s *Server) byHost(balancer http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		edge, err := s.cdn.Serves(r.Host)
		s.complain(err)
		if edge {
			s.cdn.ServeHTTP(w, r)
			return
		}
		balancer.ServeHTTP(w, r)
	})
}

// resolve follows the account's DNS records: a name leads here if it is the load balancer's own, or a CNAME of it.
func (s *Server) resolve(host string) (https, http string, ok bool) {
	var balancer struct {
		Name string `json:"dnsName"`
	}
	r, found := s.options.Account.Get(view.TypeLoadBalancer, s.options.output(outputBalancer))
	if !found || view.Decode(r.State, &balancer) != nil {
		return "", "", false
	}
	if host == balancer.Name {
		return s.options.HTTPS, s.options.HTTP, true
	}
	for _, r := range s.options.Account.List(view.TypeRecord) {
		var record struct {
			Name   string   `json:"fqdn"`
			Values []string `json:"records"`
		}
		if err := view.Decode(r.State, &record); err == nil && record.Name == host && slices.Contains(record.Values, balancer.Name) {
			return s.options.HTTPS, s.options.HTTP, true
		}
	}
	return "", "", false
}

func (s *Server) reportEdge(x cdn.Exchange) {
	text := fmt.Sprintf("%d %s %s%s by CloudFront, %s from %s", x.Status, x.Method, x.Host, x.Path, x.Result, x.Origin)
	if x.Problem != "" {
		text += ": " + x.Problem
	}
	s.options.Report(Event{At: x.At, Kind: "request", Text: text})
}
