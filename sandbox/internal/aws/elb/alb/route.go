package alb

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// errRefused is a request that the load balancer does not accept.
var errRefused = errors.New("refused")

// serve finds the listener and its rule and does what the rule's action says.
func (x *exchange) serve(port int) error {
	store := x.balancer.options.Store
	listeners, err := Listeners(store, x.balancer.options.ARN)
	if err != nil {
		return err
	}
	if x.listener = listeners[port]; x.listener == nil {
		// Nobody listens: in AWS the connection is refused.
		x.record.Problem = fmt.Sprintf("the load balancer has no listener on port %d", port)
		x.finish()
		panic(http.ErrAbortHandler)
	}
	if x.attributes, err = attributesOf(store, x.balancer.options.ARN); err != nil {
		return err
	}
	if status := x.inspect(); status != 0 {
		x.fail(status, fmt.Errorf("%w: %s", errRefused, statusText(status)))
		return nil
	}
	rules, err := rulesOf(store, x.listener.ARN)
	if err != nil {
		return err
	}
	if x.request.URL.Path == callbackPath && slices.ContainsFunc(rules, func(r *rule) bool { return r.authenticates() != nil }) {
		return x.comeBack(rules) // before any rule is looked at
	}
	for _, r := range rules {
		if r.applies(x.request) {
			x.record.Priority, x.rule = r.Priority, r.ARN
			return x.act(r.Actions)
		}
	}
	return x.act(x.listener.Default)
}

// act carries out the last action, which is the one that answers; those before it authenticate.
func (x *exchange) act(actions []action) error {
	if len(actions) == 0 {
		return errors.New("the rule has no action")
	}
	ordered := slices.SortedStableFunc(slices.Values(actions), func(a, b action) int { return cmp.Compare(a.Order, b.Order) })
	if first := &ordered[0]; strings.HasPrefix(first.Type, "authenticate-") {
		if passed, err := x.authenticate(first); err != nil || !passed {
			return err
		}
	}
	a := &ordered[len(ordered)-1]
	switch {
	case a.Type == "fixed-response" && a.Fixed != nil:
		x.writer.own = true
		return a.fixed(x.writer)
	case a.Type == "redirect" && a.Redirect != nil:
		x.writer.own = true
		return a.redirect(x.writer, x)
	case a.Type == "forward":
		arn, err := a.chooseGroup()
		if err != nil {
			return err
		}
		return x.forward(arn)
	}
	return fmt.Errorf("the sandbox does not implement %s actions", a.Type)
}

// chooseGroup picks one of a forward action's groups by their weights.
func (a *action) chooseGroup() (string, error) {
	if a.Forward == nil || len(a.Forward.Groups) == 0 {
		if a.TargetGroup == "" {
			return "", errors.New("the forward action names no target group")
		}
		return a.TargetGroup, nil
	}
	weight := func(i int) int {
		if w := a.Forward.Groups[i].Weight; w != nil {
			return *w
		}
		return 1
	}
	total := 0
	for i := range a.Forward.Groups {
		total += weight(i)
	}
	if total == 0 {
		return "", errors.New("all target groups of the forward action have weight 0")
	}
	draw := rand.IntN(total) //nolint:gosec // load balancing, nothing secret
	for i, g := range a.Forward.Groups {
		if draw -= weight(i); draw < 0 {
			return g.ARN, nil
		}
	}
	return "", errors.New("no target group was chosen")
}
