package merge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// refuseEnsure lists everything that would make us change what is not ours, or that CloudFront would not accept.
func (e *edit) refuseEnsure(in spec.Input) error {
	var reasons []string
	reasons = append(reasons, e.takenOrigin(in.Origin.ID)...)
	reasons = append(reasons, e.takenPaths(in.Behaviors)...)
	reasons = append(reasons, e.foreignUsers(e.leftover(in.Origin.ID))...)
	reasons = append(reasons, e.overQuota(in)...)
	if len(reasons) > 0 {
		return &Refusal{reasons}
	}
	return nil
}

// takenOrigin says who holds our origin's name: origins and origin groups share their names.
func (e *edit) takenOrigin(id string) []string {
	for _, group := range e.config.groups.entries() {
		if group.Text("Id") == id {
			return []string{fmt.Sprintf("an origin group is already called %s", id)}
		}
	}
	for _, origin := range e.config.origins.entries() {
		if origin.Text("Id") != id || slices.Contains(e.mine.origins, origin) {
			continue
		}
		holder := "without an owner mark"
		if m, ok := markOf(origin); ok {
			holder = "marked as owned by " + m.owner
		}
		return []string{fmt.Sprintf("origin %s already exists (%s, %s); "+
			"remove it there or use another origin id", id, origin.Text("DomainName"), holder)}
	}
	return nil
}

// takenPaths names the foreign behaviors for exactly our paths.
func (e *edit) takenPaths(wanted []spec.Behavior) []string {
	var reasons []string
	for _, b := range e.foreign.nodes {
		if path := b.Text("PathPattern"); wantedAt(wanted, path) >= 0 {
			reasons = append(reasons, fmt.Sprintf("a behavior for %s already exists and sends its requests to %s",
				path, b.Text("TargetOriginId")))
		}
	}
	return reasons
}

// leftover are the origins of ours that would go because they have another name than the wanted one.
func (e *edit) leftover(keep string) []*document.Node {
	return slices.DeleteFunc(slices.Clone(e.mine.origins), func(n *document.Node) bool { return n.Text("Id") == keep })
}

// foreignUsers names what is not ours and would be left without its origin if these went.
func (e *edit) foreignUsers(origins []*document.Node) []string {
	uses := func(id string) bool {
		return slices.ContainsFunc(origins, func(n *document.Node) bool { return n.Text("Id") == id })
	}
	var reasons []string
	note := func(what, id string) {
		if uses(id) {
			reasons = append(reasons, fmt.Sprintf("%s sends its requests to our origin %s; change it first", what, id))
		}
	}
	for _, b := range e.foreign.nodes {
		note("the owner's behavior "+b.Text("PathPattern"), b.Text("TargetOriginId"))
	}
	note("the default behavior", e.config.root.Child("DefaultCacheBehavior").Text("TargetOriginId"))
	for _, group := range e.config.groups.entries() {
		members := group.Child("Members").Child("Items")
		if members == nil {
			continue
		}
		for _, member := range members.Children() {
			note("origin group "+group.Text("Id"), member.Text("OriginId"))
		}
	}
	return reasons
}

// overQuota says which quota the merge would pass. A distribution that is over it without growing is left alone: its
// account has more than the input knows.
func (e *edit) overQuota(in spec.Input) []string {
	var reasons []string
	check := func(what, name string, before, after, quota int) {
		if after > quota && after > before {
			reasons = append(reasons, fmt.Sprintf("%[1]d %[2]ss would be more than the quota of %[3]d; if the account has a higher one "+
				"(Service Quotas, CloudFront), set distribution%[4]sQuota in the stack's configuration or -%[5]s-quota on the command "+
				"line, else remove some", after, what, quota, name, strings.ToLower(name)))
		}
	}
	origins := len(e.config.origins.entries())
	check("origin", "Origin", origins, origins-len(e.mine.origins)+1, in.Quotas.Origins)
	behaviors := len(e.config.behaviors.entries())
	check("cache behavior", "Behavior", behaviors, len(e.foreign.nodes)+len(in.Behaviors), in.Quotas.Behaviors)
	return reasons
}

// removeOrigins removes our origins except the one to keep.
func (e *edit) removeOrigins(keep string) {
	for _, origin := range e.leftover(keep) {
		e.changed("remove origin %s (%s)", origin.Text("Id"), origin.Text("DomainName"))
		e.config.origins.remove(origin)
	}
}
