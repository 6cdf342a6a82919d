package alb

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// attributes are the load balancer's, as far as they concern requests.
type attributes struct {
	IdleTimeout         int    `json:"idleTimeout"` // seconds
	DropInvalidHeaders  bool   `json:"dropInvalidHeaderFields"`
	ForwardedForMode    string `json:"xffHeaderProcessingMode"` // append, preserve or remove
	ForwardedClientPort bool   `json:"enableXffClientPort"`
}

// Listener is a deployed listener.
type Listener struct {
	ARN            string   `json:"arn"`
	Balancer       string   `json:"loadBalancerArn"`
	Port           int      `json:"port"`
	Protocol       string   `json:"protocol"`
	TLSPolicy      string   `json:"sslPolicy"`
	CertificateARN string   `json:"certificateArn"`
	Default        []action `json:"defaultActions"`
}

type rule struct {
	ARN        string      `json:"arn"`
	Listener   string      `json:"listenerArn"`
	Priority   int         `json:"priority"`
	Conditions []condition `json:"conditions"`
	Actions    []action    `json:"actions"`
}

type action struct {
	Type  string `json:"type"`
	Order int    `json:"order"`
	// TargetGroup is a forward action's only group; Forward has several, or settings.
	TargetGroup string   `json:"targetGroupArn"`
	Forward     *forward `json:"forward"`
	Fixed       *struct {
		ContentType string `json:"contentType"`
		Body        string `json:"messageBody"`
		Status      string `json:"statusCode"`
	} `json:"fixedResponse"`
	Redirect *redirect `json:"redirect"`
	// Cognito and OIDC are those of an authenticate action.
	Cognito *authentication `json:"authenticateCognito"`
	OIDC    *authentication `json:"authenticateOidc"`
}

type forward struct {
	Groups []struct {
		ARN    string `json:"arn"`
		Weight *int   `json:"weight"`
	} `json:"targetGroups"`
}

type redirect struct {
	Protocol string `json:"protocol"`
	Host     string `json:"host"`
	Port     string `json:"port"`
	Path     string `json:"path"`
	Query    string `json:"query"`
	Status   string `json:"statusCode"`
}

// group is a target group: what the scheduler knows of it, and its stickiness.
type group struct {
	*elb.TargetGroup
	Stickiness stickiness
}

type stickiness struct {
	Enabled  bool   `json:"enabled"`
	Type     string `json:"type"`
	Duration int    `json:"cookieDuration"` // seconds
}

// Listeners reads the load balancer's listeners by port.
func Listeners(store view.Store, balancer string) (map[int]*Listener, error) {
	out := map[int]*Listener{}
	for _, r := range store.List(view.TypeListener) {
		l := &Listener{}
		if err := view.Decode(r.State, l); err != nil {
			return nil, fmt.Errorf("listener %s: %w", r.ID, err)
		}
		l.ARN = r.ID
		if l.Balancer == balancer {
			out[l.Port] = l
		}
	}
	return out, nil
}

// rulesOf reads a listener's rules in the order of their priorities.
func rulesOf(store view.Store, listener string) ([]*rule, error) {
	var out []*rule
	for _, r := range store.List(view.TypeListenerRule) {
		found := &rule{}
		if err := view.Decode(r.State, found); err != nil {
			return nil, fmt.Errorf("listener rule %s: %w", r.ID, err)
		}
		if found.ARN = r.ID; found.Listener == listener {
			out = append(out, found)
		}
	}
	slices.SortFunc(out, func(a, b *rule) int { return cmp.Compare(a.Priority, b.Priority) })
	return out, nil
}

func attributesOf(store view.Store, balancer string) (attributes, error) {
	a := attributes{}
	r, ok := store.Get(view.TypeLoadBalancer, balancer)
	if !ok {
		return a, fmt.Errorf("load balancer %s is not in the account", balancer)
	}
	if err := view.Decode(r.State, &a); err != nil {
		return a, fmt.Errorf("load balancer %s: %w", balancer, err)
	}
	if a.IdleTimeout == 0 {
		a.IdleTimeout = 60 // ELB's default
	}
	return a, nil
}

func groupOf(store view.Store, arn string) (*group, error) {
	groups, err := elb.TargetGroups(store)
	if err != nil {
		return nil, err
	}
	found := groups[arn]
	if found == nil {
		return nil, fmt.Errorf("target group %s is not in the account", arn)
	}
	out := &group{TargetGroup: found}
	r, ok := store.Get(view.TypeTargetGroup, arn)
	if !ok {
		return out, nil
	}
	var own struct {
		Stickiness stickiness `json:"stickiness"`
	}
	if err := view.Decode(r.State, &own); err != nil {
		return nil, fmt.Errorf("target group %s: %w", arn, err)
	}
	out.Stickiness = own.Stickiness
	return out, nil
}

// functionOf gives the ARN of the function behind a Lambda target group; "" when none is registered.
func functionOf(store view.Store, groupARN string) (string, error) {
	for _, r := range store.List(view.TypeTargetGroupAttachment) {
		var attachment struct {
			Group  string `json:"targetGroupArn"`
			Target string `json:"targetId"`
		}
		if err := view.Decode(r.State, &attachment); err != nil {
			return "", fmt.Errorf("target group attachment %s: %w", r.ID, err)
		}
		if attachment.Group == groupARN {
			return attachment.Target, nil
		}
	}
	return "", nil
}
