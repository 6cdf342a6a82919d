package account_test

import (
	"maps"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
)

type resourceMap = resource.PropertyMap

// TestGeneratedInputsAreStable takes one resource of the program, gives it
// arbitrary further properties as far as the account accepts them, and demands
// that nothing ever differs afterwards: not the same inputs, not a read, not an
// import, and not the account read again from its journal.
func TestGeneratedInputsAreStable(t *testing.T) {
	t.Parallel()
	names := deployAll(t).order
	rapid.Check(t, func(rt *rapid.T) {
		target := rapid.SampledFrom(names).Draw(rt, "resource")
		p := newProgram(t)
		p.instead = func(typ, name string, in obj) (account.Resource, obj) {
			if name == target {
				return accepted(rt, p, creation{typ, name, in})
			}
			r, complaint := p.try(typ, name, in)
			require.Empty(rt, complaint)
			return r, in
		}
		p.deployUntil(target)
		p.instead = nil
		requireStable(rt, p, target)
	})
}

// creation is a resource about to be made.
type creation struct {
	typ, name string
	in        obj
}

type deployedEnough struct{}

// deployUntil deploys the program up to a resource.
func (p *program) deployUntil(target string) {
	create := p.instead
	p.instead = func(typ, name string, in obj) (account.Resource, obj) {
		if len(p.order) > 0 && p.order[len(p.order)-1] == target {
			panic(deployedEnough{})
		}
		return create(typ, name, in)
	}
	defer func() {
		if r := recover(); r != nil && r != (deployedEnough{}) {
			panic(r)
		}
	}()
	p.deployAll()
}

// accepted adds arbitrary properties and takes back those that are refused.
func accepted(rt *rapid.T, p *program, c creation) (account.Resource, obj) {
	typ, ok := schema.Lookup(c.typ)
	require.True(rt, ok)
	var added []string
	in := maps.Clone(c.in)
	for _, name := range typ.Names() {
		if _, given := in[name]; given || !rapid.Bool().Draw(rt, name) {
			continue
		}
		in[name] = value(rt, name, typ.Inputs[name])
		added = append(added, name)
	}
	for {
		r, complaint := p.try(c.typ, c.name, in)
		if complaint == "" {
			return r, in
		}
		require.NotEmpty(rt, added, "the base itself is refused: %s", complaint)
		drop := rapid.IntRange(0, len(added)-1).Draw(rt, "drop")
		delete(in, added[drop])
		added = append(added[:drop], added[drop+1:]...)
	}
}

// value draws a value of the property's type, often but not always a valid one.
func value(rt *rapid.T, at string, p *schema.Property) any {
	switch {
	case len(p.Values) > 0 && p.Kind == schema.String:
		return rapid.SampledFrom(p.Values).Draw(rt, at)
	case p.Kind == schema.Object:
		return nested(rt, at, p)
	case p.Kind == schema.ObjectList:
		return list{nested(rt, at, p)}
	case p.Kind == schema.StringList:
		elem := *p
		elem.Kind = schema.String
		return list{value(rt, at, &elem)}
	case p.Kind == schema.IntList:
		return list{1, 2}
	}
	switch p.Kind {
	case schema.Int, schema.Float:
		low, high := 1, 100
		if p.Min != nil {
			low = int(*p.Min)
		}
		if p.Max != nil {
			high = int(*p.Max)
		}
		return rapid.IntRange(low, max(low, high)).Draw(rt, at)
	case schema.Bool:
		return rapid.Bool().Draw(rt, at)
	case schema.StringMap:
		return rapid.MapOfN(rapid.StringMatching(`[A-Za-z][A-Za-z.:/-]{1,8}`), rapid.StringMatching(`[ -~]{0,12}`), 1, 3).Draw(rt, at)
	default:
		return rapid.StringMatching(`[a-z][a-z0-9-]{1,12}`).Draw(rt, at)
	}
}

func nested(rt *rapid.T, at string, p *schema.Property) obj {
	out := obj{}
	for _, name := range p.Names() {
		if child := p.Properties[name]; child.Required || rapid.Bool().Draw(rt, at+"."+name) {
			out[name] = value(rt, at+"."+name, child)
		}
	}
	return out
}

func requireStable(rt *rapid.T, p *program, name string) {
	d := p.made[name]
	noDiff := func(what string, old, state, in resourceMap) {
		out, err := p.acc.Diff(account.DiffRequest{URN: d.URN, Type: d.Type, ID: d.ID, OldInputs: old, OldState: state, NewInputs: in})
		require.NoError(rt, err)
		require.Empty(rt, out.Properties, "%s: %s differs", name, what)
	}
	again, err := p.acc.Check(account.CheckRequest{
		URN: d.URN, Type: d.Type, OldInputs: d.Inputs, NewInputs: inputs(d.In),
		DefaultTags: defaultTags,
	})
	require.NoError(rt, err)
	require.Equal(rt, d.Inputs, again.Inputs)
	noDiff("the same inputs", d.Inputs, d.State, again.Inputs)

	read, found, err := p.acc.Read(account.ReadRequest{URN: d.URN, Type: d.Type, ID: d.ID, Inputs: d.Inputs, State: d.State})
	require.NoError(rt, err)
	require.True(rt, found)
	require.Equal(rt, d.State, read.State)
	require.Equal(rt, d.Inputs, read.Inputs)
	noDiff("a read", read.Inputs, read.State, again.Inputs)

	p.reopen()
	reread, _, err := p.acc.Read(account.ReadRequest{URN: d.URN, Type: d.Type, ID: d.ID, Inputs: d.Inputs, State: d.State})
	require.NoError(rt, err)
	if d.Type != tFunction { // an archive's hash is computed when somebody asks
		require.Equal(rt, d.State, reread.State)
	}
	noDiff("the reopened account", reread.Inputs, reread.State, again.Inputs)
}
