package pattern

// Relation says how the paths that one pattern matches relate to those of another.
type Relation int

// The five ways in which two sets of paths can relate.
const (
	// Disjoint patterns match no path in common: their order is free.
	Disjoint Relation = iota
	// Equal patterns match the same paths, however they are spelled: the later one is never reached.
	Equal
	// Narrower than the other: every path it matches is matched by the other, and not the reverse.
	Narrower
	// Broader than the other: it would shadow the other if it came first.
	Broader
	// Overlapping patterns share some paths, and each has paths of its own.
	Overlapping
)

// Relate says what p is to q.
func Relate(p, q Pattern) Relation {
	if !overlap(p.glob, q.glob) {
		return Disjoint
	}
	switch within, covers := covers(q.glob, p.glob), covers(p.glob, q.glob); {
	case within && covers:
		return Equal
	case within:
		return Narrower
	case covers:
		return Broader
	default:
		return Overlapping
	}
}

// Covers says whether p matches every path that q matches.
func (p Pattern) Covers(q Pattern) bool { return covers(p.glob, q.glob) }

// overlap says whether some string matches both globs. match[j] holds whether the rest of a from position i and the
// rest of b from position j have a string in common; it is filled from the ends.
func overlap(a, b string) bool {
	match := make([]bool, len(b)+1)
	for i := len(a); i >= 0; i-- {
		next := match // the row of i+1
		match = make([]bool, len(b)+1)
		for j := len(b); j >= 0; j-- {
			switch {
			case i == len(a) && j == len(b):
				match[j] = true
			case i < len(a) && a[i] == '*':
				// The star ends here, or swallows one more token of b: a literal, a `?`, or the reach of a star.
				match[j] = next[j] || j < len(b) && match[j+1]
			case j < len(b) && b[j] == '*':
				match[j] = match[j+1] || i < len(a) && next[j]
			case i < len(a) && j < len(b):
				match[j] = next[j+1] && (a[i] == b[j] || a[i] == '?' || b[j] == '?')
			}
		}
	}
	return match[0]
}

// maxStates bounds the work of covers. Patterns that people write take some dozens.
const maxStates = 1 << 15

// covers says whether outer matches every string that inner matches.
//
// It runs outer, as a set of positions it can be in, over the strings of inner. Whatever inner's wildcards match is
// taken to be one letter that occurs in neither pattern. That is enough: outer can only match such a letter with a
// wildcard, so if it matches a string with these letters it matches the string with any others in their place.
//
// Two patterns that both have several stars and long runs of `?` could take for ever. Beyond maxStates they are said not to
// cover each other, which is the careful answer: a behavior that may be reached is treated as one that is.
func covers(outer, inner string) bool {
	if outer == inner {
		return true
	}
	type state struct {
		rest  int
		reach positions
	}
	start := state{0, positions{}.with(0, outer)}
	seen := map[state]bool{start: true}
	pending := []state{start}
	visit := func(s state) {
		if !seen[s] {
			seen[s] = true
			pending = append(pending, s)
		}
	}
	for len(pending) > 0 {
		if len(seen) > maxStates {
			return false
		}
		s := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		switch {
		case s.rest == len(inner):
			if !s.reach.has(len(outer)) {
				return false
			}
		case inner[s.rest] == '*':
			visit(state{s.rest + 1, s.reach})
			visit(state{s.rest, s.reach.stepAny(outer)})
		case inner[s.rest] == '?':
			visit(state{s.rest + 1, s.reach.stepAny(outer)})
		default:
			visit(state{s.rest + 1, s.reach.step(outer, inner[s.rest])})
		}
	}
	return true
}

// positions is a set of positions in a pattern of at most [MaxLength] characters: a bit for each, and one for the
// end. Longer patterns do not exist at CloudFront; their ends are never reached, so they cover nothing.
type positions [4]uint64

func (p positions) has(i int) bool { return i < 256 && p[i/64]&(1<<(i%64)) != 0 }

// with adds position i, and those after it that need no character because a star may match nothing.
func (p positions) with(i int, glob string) positions {
	for ; i < 256; i++ {
		p[i/64] |= 1 << (i % 64)
		if i >= len(glob) || glob[i] != '*' {
			break
		}
	}
	return p
}

// step is where the set leads after a character that is c.
func (p positions) step(glob string, c byte) positions {
	var after positions
	for i := range len(glob) {
		if !p.has(i) {
			continue
		}
		switch glob[i] {
		case '*':
			after = after.with(i, glob)
		case '?', c:
			after = after.with(i+1, glob)
		}
	}
	return after
}

// stepAny is where the set leads after a character that occurs in no pattern.
func (p positions) stepAny(glob string) positions {
	// '*' is a wildcard in every pattern, so it is never a literal that step could match.
	return p.step(glob, '*')
}
