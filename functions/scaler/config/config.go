// Package config reads the function's environment variables, all of them at once and once per process.
package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/webordinary/live-edit/functions/identity"
	authspec "github.com/webordinary/live-edit/functions/identity/spec"
	"github.com/webordinary/live-edit/functions/scaler/requests"
	"github.com/webordinary/live-edit/functions/scaler/spec"
)

// Config is the function's configuration.
type Config struct {
	// Region of the service; AWS_REGION, which Lambda sets.
	Region string
	// Cluster and Service are names or ARNs; CLUSTER_NAME and SERVICE_NAME.
	Cluster, Service string
	// RuleARN is the waker's listener rule; WAKER_RULE_ARN.
	RuleARN string
	// APIGroupARN and PreviewGroupARN are the service's target groups; API_TARGET_GROUP_ARN, PREVIEW_TARGET_GROUP_ARN.
	APIGroupARN, PreviewGroupARN string
	// PriorityBase is the first of the stack's hundred listener-rule priorities; RULE_PRIORITY_BASE.
	PriorityBase int
	// Idle is the time without activity after which the service sleeps; IDLE_MINUTES, 1 to 1440. Below 5 the
	// delay of CloudWatch's metrics sets the pace: no sleep comes sooner than about 6 minutes after the last request.
	Idle time.Duration
	// Credentials, if any, are what a request must bring one of to wake the service; WAKE_CREDENTIALS, a comma-separated
	// list of header:NAME and cookie:NAME, default none.
	Credentials []requests.Credential
	// StandIn is where the published site begins, which the waiting page shows behind its progress; STAND_IN_URL, an address
	// with https (http only for localhost), default none.
	StandIn *url.URL
	// Auth says whose word counts about who sent a request, and where the invited people are listed (functions/identity/spec);
	// nil where nobody is asked.
	Auth *identity.Settings
	// SignInRuleARN is the waker's other rule, which sends people who open a page to sign in; WAKER_SIGN_IN_RULE_ARN, demanded
	// and allowed with Auth only.
	SignInRuleARN string
	// Client is whose editor this is, by which its container writes metrics; CLIENT_ID, default none: the container's part of a wake
	// is then not known.
	Client string
	// Clock is the machine's, but for the sandbox's; SANDBOX_CLOCK, see EnvClock.
	Clock Clock
}

// Fault is a missing or malformed environment variable.
type Fault struct {
	Name, Value string
	// Expected says what would be right.
	Expected string
}

// Error names the variable, its value and what is expected.
func (f *Fault) Error() string {
	if f.Value == "" {
		return fmt.Sprintf("environment variable %s is missing: expected %s", f.Name, f.Expected)
	}
	return fmt.Sprintf("environment variable %s is %q: expected %s", f.Name, f.Value, f.Expected)
}

// Load reads the configuration. Its error joins a *Fault for everything that is wrong.
func Load(getenv func(string) string) (*Config, error) {
	r := &reader{getenv: getenv}
	cfg := &Config{
		Region:          r.text(spec.Region, region, "a region such as us-west-2"),
		Cluster:         r.text(spec.Cluster, ecsName, "the name or ARN of an ECS cluster"),
		Service:         r.text(spec.Service, ecsName, "the name or ARN of an ECS service"),
		RuleARN:         r.text(spec.Rule, ruleARN, "the ARN of a rule of an application load balancer's listener"),
		APIGroupARN:     r.text(spec.APIGroup, groupARN, "the ARN of a target group"),
		PreviewGroupARN: r.text(spec.PreviewGroup, groupARN, "the ARN of a target group"),
		PriorityBase:    r.number(spec.PriorityBase, 1, 49901),
		Idle:            time.Duration(r.number(spec.IdleMinutes, 1, 1440)) * time.Minute,
		Credentials:     r.credentials(spec.Credentials),
		StandIn:         r.address(spec.StandIn),
		Client:          r.client(spec.Client),
		Clock:           r.clock(EnvClock),
	}
	r.auth(cfg)
	if err := errors.Join(r.faults...); err != nil {
		return nil, err
	}
	return cfg, nil
}

var (
	region   = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
	ecsName  = regexp.MustCompile(`^(arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:(cluster|service)/)?[A-Za-z0-9_/-]{1,255}$`)
	ruleARN  = regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener-rule/app(/[A-Za-z0-9-]+){4}$`)
	groupARN = regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup/[A-Za-z0-9-]+/[A-Za-z0-9]+$`)
	// headerName has the letters that the load balancer lets through (D9).
	headerName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	token      = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
)

type reader struct {
	getenv func(string) string
	faults []error
}

func (r *reader) fault(name, value, expected string) {
	r.faults = append(r.faults, &Fault{name, value, expected})
}

func (r *reader) text(name string, form *regexp.Regexp, expected string) string {
	value := r.getenv(name)
	if !form.MatchString(value) {
		r.fault(name, value, expected)
	}
	return value
}

func (r *reader) number(name string, least, most int) int {
	value := r.getenv(name)
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		r.fault(name, value, fmt.Sprintf("a whole number from %d to %d", least, most))
	}
	return n
}

func (r *reader) credentials(name string) []requests.Credential {
	value := r.getenv(name)
	if value == "" {
		return nil
	}
	var credentials []requests.Credential
	for entry := range strings.SplitSeq(value, ",") {
		kind, what, _ := strings.Cut(strings.TrimSpace(entry), ":")
		switch {
		case kind == "header" && headerName.MatchString(what):
			credentials = append(credentials, requests.Credential{Header: what})
		case kind == "cookie" && token.MatchString(what):
			credentials = append(credentials, requests.Credential{Cookie: what})
		default:
			r.fault(name, value, fmt.Sprintf("a comma-separated list of header:NAME and cookie:NAME, a header's name of letters, "+
				"digits and hyphens; %q is neither", entry))
			return nil
		}
	}
	return credentials
}

// clientName is what the program takes for a client's name, and more.
var clientName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func (r *reader) client(name string) string {
	value := r.getenv(name)
	if value != "" && !clientName.MatchString(value) {
		r.fault(name, value, "a client's name of letters, digits, dots, hyphens and underscores, or nothing")
	}
	return value
}

func (r *reader) address(name string) *url.URL {
	value := r.getenv(name)
	if value == "" {
		return nil
	}
	address, err := url.Parse(value)
	local := err == nil && address.Scheme == "http" && (address.Hostname() == "localhost" || address.Hostname() == "127.0.0.1")
	if err != nil || address.Scheme != "https" && !local || address.Host == "" || address.User != nil ||
		address.RawQuery != "" || address.Fragment != "" {
		r.fault(name, value, "an address with https and a host, without query, such as https://www.example.com")
		return nil
	}
	return address
}

func (r *reader) auth(cfg *Config) {
	var err error
	if cfg.Auth, err = identity.Read(r.getenv); err != nil {
		r.faults = append(r.faults, err)
		return
	}
	switch rule := r.getenv(spec.SignInRule); {
	case cfg.Auth != nil:
		cfg.SignInRuleARN = r.text(spec.SignInRule, ruleARN, "the ARN of a rule of an application load balancer's listener")
	case rule != "":
		r.fault(spec.SignInRule, rule, "nothing without "+authspec.Signer)
	}
}

func (r *reader) clock(name string) Clock {
	value := r.getenv(name)
	clock, err := ParseClock(value)
	if err != nil {
		r.fault(name, value, "nothing in AWS, and in the sandbox the same moment on two clocks and a speed: "+err.Error())
	}
	return clock
}
