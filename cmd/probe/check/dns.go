package check

import (
	"context"
	"fmt"
	"strings"

	"github.com/webordinary/live-edit/cmd/probe/report"
)

// dns looks the host name up. It returns why nothing else can be measured, or "".
func (s *Suite) dns(ctx context.Context) string {
	if fixed := s.Site.Fixed(); fixed != "" {
		s.Book.Left(report.DNS, "the sandbox's address is used: "+fixed)
		return ""
	}
	s.Progress.Begin("DNS")
	host := s.Site.Host()
	addresses, err := s.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(addresses) == 0 {
		answer := "no address"
		if err != nil {
			answer = err.Error()
		}
		s.measured(ctx, report.DNS, "does not resolve", report.Fault{
			Asked: "the address of " + host, Came: answer,
			Do:      "see that the zone is delegated to Route 53 and that the stack's record is there (`pulumi refresh --preview-only`)",
			Symptom: report.NoAddress,
		})
		return "the host name does not resolve"
	}
	measured := fmt.Sprintf("%d addresses", len(addresses))
	if name, err := s.Resolver.LookupCNAME(ctx, host); err == nil && strings.TrimSuffix(name, ".") != host {
		measured += " of " + strings.TrimSuffix(name, ".")
	}
	s.measured(ctx, report.DNS, measured)
	return ""
}
