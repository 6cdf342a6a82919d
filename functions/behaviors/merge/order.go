package merge

import (
	"slices"

	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/pattern"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// ensureBehaviors drops behaviors of ours that are not wanted any more, holds the rest to what was asked for, and adds
// those that are missing, each where it is reached and takes no more than its own.
func (e *edit) ensureBehaviors(in spec.Input) {
	present := e.keepWanted(in.Behaviors)
	for i, live := range present {
		if live != nil {
			e.adjustBehavior(live, e.config.behaviorNode(in.Behaviors[i], in.Origin.ID))
		}
	}
	p := e.placement(in.Behaviors)
	for i, live := range present {
		if live != nil && !p.fits(i, p.gapOf(live)) {
			e.changed("move behavior %s %s", in.Behaviors[i].PathPattern, p.where(i))
			e.config.behaviors.remove(live)
			e.config.behaviors.insert(p.index(i), live)
		}
	}
	for i, b := range in.Behaviors {
		if present[i] == nil {
			e.changed("add behavior %s %s", b.PathPattern, p.where(i))
			present[i] = e.config.behaviorNode(b, in.Origin.ID)
			e.config.behaviors.insert(p.index(i), present[i])
		}
	}
	e.sortOverlapping(p, present)
}

// keepWanted removes what is ours and not wanted, and returns the live node of each wanted behavior, or nil.
func (e *edit) keepWanted(wanted []spec.Behavior) []*document.Node {
	present := make([]*document.Node, len(wanted))
	for _, live := range e.mine.behaviors {
		path := live.Text("PathPattern")
		if at := wantedAt(wanted, path); at >= 0 && present[at] == nil {
			present[at] = live
			continue
		}
		e.changed("remove behavior %s", path)
		e.config.behaviors.remove(live)
	}
	return present
}

// sortOverlapping puts all of ours in the order of the input if two that share paths are the wrong way round.
func (e *edit) sortOverlapping(p *placement, present []*document.Node) {
	items := e.config.behaviors.items
	for later := range present {
		for earlier := range later {
			if p.apart(earlier, later) || items.Index(present[earlier]) < items.Index(present[later]) {
				continue
			}
			e.changed("put behaviors in their order: %s before %s", p.wanted[earlier], p.wanted[later])
			for _, live := range present {
				e.config.behaviors.remove(live)
			}
			for i, live := range present {
				e.config.behaviors.insert(p.index(i), live)
			}
			return
		}
	}
}

// placement finds where each wanted behavior goes among the foreign ones. A gap is the number of foreign behaviors
// before it.
type placement struct {
	behaviors *list
	nodes     []*document.Node
	wanted    []pattern.Pattern
	foreign   []pattern.Pattern
	gaps      []int
}

func (e *edit) placement(wanted []spec.Behavior) *placement {
	p := &placement{behaviors: e.config.behaviors, nodes: e.foreign.nodes}
	for _, b := range wanted {
		p.wanted = append(p.wanted, pattern.New(b.PathPattern))
	}
	for _, n := range p.nodes {
		p.foreign = append(p.foreign, pattern.New(n.Text("PathPattern")))
	}
	for _, w := range p.wanted {
		p.gaps = append(p.gaps, p.gap(w))
	}
	// Of ours that share paths, the earlier one in the input must not come after the later one.
	for later := len(p.gaps) - 1; later >= 0; later-- {
		for earlier := range later {
			if !p.apart(earlier, later) {
				p.gaps[earlier] = min(p.gaps[earlier], p.gaps[later])
			}
		}
	}
	return p
}

// gap is as far back as w can go and still be reached: before the first foreign pattern that matches all its paths,
// and before the first that matches some of them; but never before a foreign pattern that is a part of w and was
// reached so far, because its requests are the owner's.
func (p *placement) gap(w pattern.Pattern) int {
	end, share := len(p.foreign), -1
	for i, f := range p.foreign {
		switch pattern.Relate(f, w) {
		case pattern.Broader, pattern.Equal:
			end = min(end, i)
		case pattern.Narrower:
			if !p.shadowed(i) {
				share = -1 // what came before this one cannot be had
			}
		case pattern.Overlapping:
			if share < 0 {
				share = i
			}
		case pattern.Disjoint:
		}
	}
	if share >= 0 && share < end {
		return share
	}
	return end
}

// shadowed says whether a foreign behavior is never reached because an earlier foreign one takes all its requests.
func (p *placement) shadowed(i int) bool {
	return slices.ContainsFunc(p.foreign[:i], func(f pattern.Pattern) bool { return f.Covers(p.foreign[i]) })
}

// apart says whether two of ours have no path in common.
func (p *placement) apart(i, j int) bool {
	return pattern.Relate(p.wanted[i], p.wanted[j]) == pattern.Disjoint
}

// fits says whether the wanted behavior i does the same in this gap as in its own: whether no foreign pattern with
// paths in common lies between the two.
func (p *placement) fits(i, gap int) bool {
	low, high := min(gap, p.gaps[i]), max(gap, p.gaps[i])
	return !slices.ContainsFunc(p.foreign[low:high], func(f pattern.Pattern) bool {
		return pattern.Relate(f, p.wanted[i]) != pattern.Disjoint
	})
}

// gapOf is the gap that a live behavior of ours is in.
func (p *placement) gapOf(live *document.Node) int {
	at, gap := p.behaviors.items.Index(live), 0
	for _, n := range p.nodes {
		if p.behaviors.items.Index(n) < at {
			gap++
		}
	}
	return gap
}

// index is where in the list the wanted behavior i goes: directly before the foreign one that follows its gap.
func (p *placement) index(i int) int {
	if p.gaps[i] == len(p.nodes) {
		return len(p.behaviors.entries())
	}
	return p.behaviors.items.Index(p.nodes[p.gaps[i]])
}

// where says the same in words.
func (p *placement) where(i int) string {
	if p.gaps[i] == len(p.nodes) {
		return "at the end"
	}
	return "before " + p.foreign[p.gaps[i]].String()
}
