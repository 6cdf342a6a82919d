package config

import "fmt"

// The container's ports in the specification (T02 §1), the defaults of the configuration.
const specAPIPort, specPreviewPort, specWebSocketPort = 8080, 4321, 4322

// RulesPerStack is how many listener-rule priorities a stack reserves from its base: base+10/20/30 and the waker's
// base+1 and base+90.
const RulesPerStack = 100

// Route is one kind of traffic: its target group, its path and its rule.
type Route struct {
	Kind string
	// Key is the configuration key of the port.
	Key string
	// Port of the container; specPort is the specification's, for which the target group has the specification's name.
	Port, specPort int
	Path           string
	// Offset from the stack's rule priority base. WebSockets come first; the waker's rule, which never has them, moves
	// above and below the other two (design of wake and sleep, D4).
	Offset int
	Sticky bool
}

// Routes are the static rules of the service (T02 §3).
func (s Service) Routes() []Route {
	return []Route{
		{Kind: "ws", Key: "webSocketPort", Port: s.WebSocketPort, specPort: specWebSocketPort, Path: "/ws/*", Offset: 10, Sticky: true},
		{Kind: "api", Key: "apiPort", Port: s.APIPort, specPort: specAPIPort, Path: "/api/*", Offset: 20},
		{Kind: "preview", Key: "previewPort", Port: s.PreviewPort, specPort: specPreviewPort, Path: "/preview/*", Offset: 30},
	}
}

// TargetGroup is the name of the route's target group. A port that is not the specification's is in it: a target group can't
// change its port, and while rules still forward to the old one it stands beside the new one, which so needs another name (D22).
func (r Route) TargetGroup(names Names) string {
	if r.Port == r.specPort {
		return names.TargetGroup(r.Kind)
	}
	return names.TargetGroup(fmt.Sprintf("%s-%d", r.Kind, r.Port))
}
