package elb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

type rulesResult struct {
	Rules []ruleView `xml:"Rules>member"`
}

type ruleView struct {
	RuleARN    string          `xml:"RuleArn"`
	Priority   string          `xml:"Priority"`
	Conditions []conditionView `xml:"Conditions>member"`
	Actions    []actionView    `xml:"Actions>member"`
	IsDefault  bool            `xml:"IsDefault"`

	priority int
}

type valuesView struct {
	Values []string `xml:"Values>member" json:"values"`
}

type conditionView struct {
	Field  string      `xml:"Field"`
	Values []string    `xml:"Values>member"`
	Host   *valuesView `xml:"HostHeaderConfig"`
	Path   *valuesView `xml:"PathPatternConfig"`
	Method *valuesView `xml:"HttpRequestMethodConfig"`
	Header *headerView `xml:"HttpHeaderConfig"`
}

type headerView struct {
	Name   string   `xml:"HttpHeaderName" json:"httpHeaderName"`
	Values []string `xml:"Values>member" json:"values"`
}

// authenticationView is the settings of an action that authenticates, of either type; nobody is told the client's secret.
type authenticationView struct {
	Issuer        string `xml:"Issuer,omitempty" json:"issuer"`
	Authorization string `xml:"AuthorizationEndpoint,omitempty" json:"authorizationEndpoint"`
	Token         string `xml:"TokenEndpoint,omitempty" json:"tokenEndpoint"`
	UserInfo      string `xml:"UserInfoEndpoint,omitempty" json:"userInfoEndpoint"`
	ClientID      string `xml:"ClientId,omitempty" json:"clientId"`
	Pool          string `xml:"UserPoolArn,omitempty" json:"userPoolArn"`
	PoolClient    string `xml:"UserPoolClientId,omitempty" json:"userPoolClientId"`
	PoolDomain    string `xml:"UserPoolDomain,omitempty" json:"userPoolDomain"`
	Cookie        string `xml:"SessionCookieName" json:"sessionCookieName"`
	Scope         string `xml:"Scope" json:"scope"`
	Timeout       int    `xml:"SessionTimeout" json:"sessionTimeout"`
	Otherwise     string `xml:"OnUnauthenticatedRequest" json:"onUnauthenticatedRequest"`
}

// actionView is an action as the account holds it and as the API shows it.
type actionView struct {
	Type           string             `xml:"Type" json:"type"`
	Order          int                `xml:"Order,omitempty" json:"order"`
	TargetGroupARN string             `xml:"TargetGroupArn,omitempty" json:"targetGroupArn"`
	Forward        *forwardView       `xml:"ForwardConfig" json:"-"`
	FixedResponse  *fixedResponseView `xml:"FixedResponseConfig" json:"fixedResponse"`
	Redirect       *redirectView      `xml:"RedirectConfig" json:"redirect"`

	OIDC    *authenticationView `xml:"AuthenticateOidcConfig" json:"authenticateOidc"`
	Cognito *authenticationView `xml:"AuthenticateCognitoConfig" json:"authenticateCognito"`
}

type forwardView struct {
	TargetGroups []weightedGroup `xml:"TargetGroups>member"`
}

type weightedGroup struct {
	ARN    string `xml:"TargetGroupArn"`
	Weight int    `xml:"Weight"`
}

type fixedResponseView struct {
	StatusCode  string `xml:"StatusCode" json:"statusCode"`
	ContentType string `xml:"ContentType" json:"contentType"`
	MessageBody string `xml:"MessageBody" json:"messageBody"`
}

type redirectView struct {
	Protocol   string `xml:"Protocol" json:"protocol"`
	Port       string `xml:"Port" json:"port"`
	Host       string `xml:"Host" json:"host"`
	Path       string `xml:"Path" json:"path"`
	Query      string `xml:"Query" json:"query"`
	StatusCode string `xml:"StatusCode" json:"statusCode"`
}

// viewActions adds the API's longer form of forwarding to one target group.
func viewActions(actions []actionView) []actionView {
	for i := range actions {
		if arn := actions[i].TargetGroupARN; arn != "" {
			actions[i].Forward = &forwardView{TargetGroups: []weightedGroup{{arn, 1}}}
		}
	}
	return actions
}

func viewRule(r view.Resource) (*ruleView, error) {
	var deployed struct {
		ARN        string              `json:"arn"`
		Priority   int                 `json:"priority"`
		Actions    []actionView        `json:"actions"`
		Conditions []deployedCondition `json:"conditions"`
	}
	if err := view.Decode(r.State, &deployed); err != nil {
		return nil, fmt.Errorf("listener rule %s: %w", r.ID, err)
	}
	answer := &ruleView{
		RuleARN: deployed.ARN, Priority: strconv.Itoa(deployed.Priority), priority: deployed.Priority, Actions: viewActions(deployed.Actions),
	}
	for _, c := range deployed.Conditions {
		condition, ok := c.view()
		if !ok {
			return nil, wire.NotSupported("listener rule %s: the sandbox shows conditions on host, path, method and header only", r.ID)
		}
		answer.Conditions = append(answer.Conditions, condition)
	}
	return answer, nil
}

// deployedCondition is a condition as the account holds it.
type deployedCondition struct {
	Host   *valuesView `json:"hostHeader"`
	Path   *valuesView `json:"pathPattern"`
	Method *valuesView `json:"httpRequestMethod"`
	Header *headerView `json:"httpHeader"`
}

// view gives a condition in the API's form. The values stand twice where they did before there were settings.
func (c *deployedCondition) view() (conditionView, bool) {
	switch {
	case c.Host != nil:
		return conditionView{Field: "host-header", Values: c.Host.Values, Host: c.Host}, true
	case c.Path != nil:
		return conditionView{Field: "path-pattern", Values: c.Path.Values, Path: c.Path}, true
	case c.Method != nil:
		return conditionView{Field: "http-request-method", Method: c.Method}, true
	case c.Header != nil:
		return conditionView{Field: "http-header", Header: c.Header}, true
	}
	return conditionView{}, false
}

// deployedListener is a listener as the account holds it.
type deployedListener struct {
	ARN             string       `json:"arn"`
	LoadBalancerARN string       `json:"loadBalancerArn"`
	Port            int          `json:"port"`
	Protocol        string       `json:"protocol"`
	SSLPolicy       string       `json:"sslPolicy"`
	CertificateARN  string       `json:"certificateArn"`
	Actions         []actionView `json:"defaultActions"`
}

func viewDefaultRule(r view.Resource) (*ruleView, error) {
	var listener deployedListener
	if err := view.Decode(r.State, &listener); err != nil {
		return nil, fmt.Errorf("listener %s: %w", r.ID, err)
	}
	return &ruleView{RuleARN: defaultRuleARN(r.ID), Priority: "default", Actions: viewActions(listener.Actions), IsDefault: true}, nil
}

type listenerView struct {
	ARN             string            `xml:"ListenerArn"`
	LoadBalancerARN string            `xml:"LoadBalancerArn"`
	Port            int               `xml:"Port"`
	Protocol        string            `xml:"Protocol"`
	SSLPolicy       string            `xml:"SslPolicy,omitempty"`
	Certificates    []certificateView `xml:"Certificates>member"`
	DefaultActions  []actionView      `xml:"DefaultActions>member"`
}

type certificateView struct {
	ARN string `xml:"CertificateArn"`
}

func describeListeners(p *wire.Parameters) func(x *wire.Exchange) (any, error) {
	balancer, arns := p.Text("LoadBalancerArn"), p.List("ListenerArns")
	return func(x *wire.Exchange) (any, error) {
		if err := x.Allow("elasticloadbalancing:DescribeListeners", "*", nil); err != nil {
			return nil, err
		}
		var out struct {
			Listeners []listenerView `xml:"Listeners>member"`
		}
		for _, r := range x.Store.List(view.TypeListener) {
			var listener deployedListener
			if err := view.Decode(r.State, &listener); err != nil {
				return nil, fmt.Errorf("listener %s: %w", r.ID, err)
			}
			if (balancer != "" && listener.LoadBalancerARN != balancer) || (len(arns) > 0 && !slices.Contains(arns, listener.ARN)) {
				continue
			}
			answer := listenerView{
				ARN: listener.ARN, LoadBalancerARN: listener.LoadBalancerARN, Port: listener.Port, Protocol: listener.Protocol,
				SSLPolicy: listener.SSLPolicy, DefaultActions: viewActions(listener.Actions),
			}
			if listener.CertificateARN != "" {
				answer.Certificates = []certificateView{{listener.CertificateARN}}
			}
			out.Listeners = append(out.Listeners, answer)
		}
		if len(out.Listeners) < len(arns) {
			return nil, wire.Refuse("ListenerNotFound", "One or more listeners not found")
		}
		return out, nil
	}
}

type balancerView struct {
	ARN      string `xml:"LoadBalancerArn"`
	Name     string `xml:"LoadBalancerName"`
	DNSName  string `xml:"DNSName"`
	VPCID    string `xml:"VpcId"`
	Scheme   string `xml:"Scheme"`
	Type     string `xml:"Type"`
	State    string `xml:"State>Code"`
	ZoneID   string `xml:"CanonicalHostedZoneId"`
	IPFamily string `xml:"IpAddressType"`
}

func describeLoadBalancers(p *wire.Parameters) func(x *wire.Exchange) (any, error) {
	arns, names := p.List("LoadBalancerArns"), p.List("Names")
	return func(x *wire.Exchange) (any, error) {
		if err := x.Allow("elasticloadbalancing:DescribeLoadBalancers", "*", nil); err != nil {
			return nil, err
		}
		var out struct {
			Balancers []balancerView `xml:"LoadBalancers>member"`
		}
		for _, r := range x.Store.List(view.TypeLoadBalancer) {
			if !wanted(arns, view.Text(r, "arn")) || !wanted(names, view.Text(r, "name")) {
				continue
			}
			answer := balancerView{
				ARN: view.Text(r, "arn"), Name: view.Text(r, "name"), DNSName: view.Text(r, "dnsName"), VPCID: view.Text(r, "vpcId"),
				Scheme: "internet-facing", Type: "application", State: "active", ZoneID: view.Text(r, "zoneId"), IPFamily: "ipv4",
			}
			if internal := r.State["internal"]; internal.IsBool() && internal.BoolValue() {
				answer.Scheme = "internal"
			}
			out.Balancers = append(out.Balancers, answer)
		}
		if len(out.Balancers) < len(arns) || len(out.Balancers) < len(names) {
			return nil, wire.Refuse("LoadBalancerNotFound", "One or more load balancers not found")
		}
		return out, nil
	}
}

func wanted(only []string, value string) bool { return len(only) == 0 || slices.Contains(only, value) }

type groupView struct {
	ARN                string   `xml:"TargetGroupArn"`
	Name               string   `xml:"TargetGroupName"`
	Protocol           string   `xml:"Protocol,omitempty"`
	Port               int      `xml:"Port,omitempty"`
	VPCID              string   `xml:"VpcId,omitempty"`
	TargetType         string   `xml:"TargetType"`
	HealthCheckEnabled bool     `xml:"HealthCheckEnabled"`
	HealthCheckPath    string   `xml:"HealthCheckPath,omitempty"`
	HealthCheckPort    string   `xml:"HealthCheckPort,omitempty"`
	Interval           int      `xml:"HealthCheckIntervalSeconds"`
	Timeout            int      `xml:"HealthCheckTimeoutSeconds"`
	HealthyThreshold   int      `xml:"HealthyThresholdCount"`
	UnhealthyThreshold int      `xml:"UnhealthyThresholdCount"`
	LoadBalancerARNs   []string `xml:"LoadBalancerArns>member"`
}

func describeTargetGroups(p *wire.Parameters) func(x *wire.Exchange) (any, error) {
	arns, names := p.List("TargetGroupArns"), p.List("Names")
	return func(x *wire.Exchange) (any, error) {
		if err := x.Allow("elasticloadbalancing:DescribeTargetGroups", "*", nil); err != nil {
			return nil, err
		}
		groups, err := TargetGroups(x.Store)
		if err != nil {
			return nil, err
		}
		var out struct {
			Groups []groupView `xml:"TargetGroups>member"`
		}
		for _, g := range groups {
			if !wanted(arns, g.ARN) || !wanted(names, g.Name) {
				continue
			}
			check := g.HealthCheck
			out.Groups = append(out.Groups, groupView{
				ARN: g.ARN, Name: g.Name, Protocol: g.Protocol, Port: g.Port, VPCID: g.VPCID, TargetType: g.TargetType,
				HealthCheckEnabled: g.Checked(), HealthCheckPath: check.Path, HealthCheckPort: check.Port, Interval: check.Interval,
				Timeout: check.Timeout, HealthyThreshold: check.HealthyThreshold, UnhealthyThreshold: check.UnhealthyThreshold,
				LoadBalancerARNs: g.LoadBalancerARNs,
			})
		}
		if len(out.Groups) < len(arns) || len(out.Groups) < len(names) {
			return nil, wire.Refuse("TargetGroupNotFound", "One or more target groups not found")
		}
		slices.SortFunc(out.Groups, func(a, b groupView) int { return strings.Compare(a.ARN, b.ARN) })
		return out, nil
	}
}
