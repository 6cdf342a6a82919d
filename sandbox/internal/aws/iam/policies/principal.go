package policies

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/jsontext"
)

var (
	awsPrincipal       = regexp.MustCompile(`^(\*|\d{12}|arn:aws[a-z-]*:(iam|sts)::\d{12}:.+|AIDA\w+|AROA\w+)$`)
	servicePrincipal   = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com|amazon\.com)$`)
	federatedPrincipal = regexp.MustCompile(`^(arn:aws[a-z-]*:iam::\d{12}:(oidc-provider|saml-provider)/.+|[a-z0-9.-]+\.[a-z]+)$`)
)

var principalPatterns = map[string]*regexp.Regexp{
	"AWS": awsPrincipal, "Service": servicePrincipal, "Federated": federatedPrincipal, "CanonicalUser": regexp.MustCompile(`^.+$`),
}

func parsePrincipals(r rawStatement, kind Kind) (map[string][]string, error) {
	has := len(r.Principal) > 0 || len(r.NotPrincipal) > 0
	if kind == Identity {
		if has {
			return nil, says("Policy document should not specify a principal")
		}
		return nil, nil
	}
	if !has {
		return nil, says("Missing required field Principal")
	}
	raw := r.Principal
	if len(raw) == 0 {
		raw = r.NotPrincipal
	}
	if strings.TrimSpace(string(raw)) == `"*"` {
		return map[string][]string{"AWS": {"*"}}, nil
	}
	var byType map[string]words
	if err := jsontext.Strict(string(raw), &byType); err != nil {
		return nil, says("Invalid principal in policy: %w", err)
	}
	if len(byType) == 0 {
		return nil, says("Missing required field Principal cannot be empty")
	}
	return checkPrincipals(byType)
}

func checkPrincipals(byType map[string]words) (map[string][]string, error) {
	out := map[string][]string{}
	var faults []error
	for _, typ := range slices.Sorted(maps.Keys(byType)) {
		pattern := principalPatterns[typ]
		if pattern == nil {
			faults = append(faults, says("Invalid principal in policy: %q is not one of AWS, Service, Federated, CanonicalUser", typ))
			continue
		}
		if len(byType[typ]) == 0 {
			faults = append(faults, says("Invalid principal in policy: %q is empty", typ))
		}
		for _, v := range byType[typ] {
			if !pattern.MatchString(v) {
				faults = append(faults, says("Invalid principal in policy: %q:%q", strings.ToUpper(typ), v))
			}
		}
		out[typ] = byType[typ]
	}
	return out, errors.Join(faults...)
}

// TrustsService reports whether the policy lets the AWS service assume the role.
func (p *Policy) TrustsService(service string) bool {
	for _, s := range p.Statements {
		if s.Effect == "Allow" && slices.Contains(s.Principals["Service"], service) && s.CoversAction("sts:AssumeRole") {
			return true
		}
	}
	return false
}

// Allows reports whether an Allow statement of an identity policy covers action
// on resource. Conditions count as met and Deny statements as absent: this is the
// check that services make when a role is handed to them, not an authorisation.
func (p *Policy) Allows(action, resource string) bool {
	for _, s := range p.Statements {
		if s.Effect == "Allow" && s.CoversAction(action) && s.CoversResource(resource) {
			return true
		}
	}
	return false
}
