package alb

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/serve/wildcard"
)

// condition is one condition of a rule; exactly one of its fields is set. A rule applies when all its conditions hold, a
// condition when one of its values does.
type condition struct {
	Host       *values `json:"hostHeader"`
	Path       *values `json:"pathPattern"`
	Method     *values `json:"httpRequestMethod"`
	Source     *values `json:"sourceIp"`
	HTTPHeader *struct {
		Name   string   `json:"httpHeaderName"`
		Values []string `json:"values"`
	} `json:"httpHeader"`
	Query []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"queryStrings"`
}

type values struct {
	Values []string `json:"values"`
}

// holds compares a condition with a request by "Condition types for listener rules": host names, header values and query
// strings without regard to case, paths and methods with it; wildcards in all but methods and addresses.
func (c *condition) holds(r *http.Request) bool {
	switch {
	case c.Host != nil:
		return slices.ContainsFunc(c.Host.Values, func(p string) bool { return wildcard.MatchFold(p, hostname(r.Host)) })
	case c.Path != nil:
		return slices.ContainsFunc(c.Path.Values, func(p string) bool { return wildcard.Match(p, r.URL.EscapedPath()) })
	case c.Method != nil:
		return slices.Contains(c.Method.Values, r.Method)
	case c.Source != nil:
		return slices.ContainsFunc(c.Source.Values, func(cidr string) bool { return within(cidr, r.RemoteAddr) })
	case c.HTTPHeader != nil:
		return slices.ContainsFunc(c.HTTPHeader.Values, func(p string) bool {
			return slices.ContainsFunc(r.Header.Values(c.HTTPHeader.Name), func(v string) bool { return wildcard.MatchFold(p, v) })
		})
	case len(c.Query) > 0:
		return c.queryHolds(r.URL.RawQuery)
	}
	return false
}

// queryHolds compares key and value as they were sent, not decoded; a condition without a key takes any.
func (c *condition) queryHolds(query string) bool {
	for part := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(part, "=")
		for _, want := range c.Query {
			if part != "" && (want.Key == "" || wildcard.MatchFold(want.Key, key)) && wildcard.MatchFold(want.Value, value) {
				return true
			}
		}
	}
	return false
}

func (r *rule) applies(request *http.Request) bool {
	for i := range r.Conditions {
		if !r.Conditions[i].holds(request) {
			return false
		}
	}
	return len(r.Conditions) > 0
}

// hostname is a Host header without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

func within(cidr, address string) bool {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return false
	}
	client, err := netip.ParseAddrPort(address)
	return err == nil && prefix.Contains(client.Addr().Unmap())
}
