package merge

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/behaviors/document"
)

// foreignOf reads what is not ours in a configuration where nothing is ours.
func foreignOf(t *testing.T, text string) foreign {
	t.Helper()
	doc, err := document.ParseJSON([]byte(text))
	require.NoError(t, err)
	c, err := readConfig(doc)
	require.NoError(t, err)
	return c.foreign(owned{})
}

// The guard sees every difference in what is not ours, and none in white space around entries or in counts.
func TestTheGuardSeesEveryForeignDifference(t *testing.T) {
	t.Parallel()
	const a, b = `{"PathPattern":"/a","X":1}`, `{"PathPattern":"/b"}`
	config := func(comment, origin, behaviors string) string {
		return `{"Comment":` + comment + `,"Origins":{"Quantity":1,"Items":[{"Id":` + origin + `}]},"CacheBehaviors":` + behaviors + `}`
	}
	two := func(x, y string) string { return `{"Quantity":2,"Items":[` + x + `,` + y + `]}` }
	before := foreignOf(t, config(`"c"`, `"o"`, two(a, b)))
	require.NoError(t, before.unchangedIn(foreignOf(t, config(`"c"`, `"o"`, ` { "Items": [ `+a+` , `+b+`], "Quantity": 2 }`))))
	for name, after := range map[string]string{
		"order":    config(`"c"`, `"o"`, two(b, a)),
		"content":  config(`"c"`, `"o"`, two(`{"PathPattern":"/a","X":1.0}`, b)),
		"loss":     config(`"c"`, `"o"`, `{"Quantity":1,"Items":[`+a+`]}`),
		"loss all": config(`"c"`, `"o"`, `null`),
		"gain":     config(`"c"`, `"o"`, `{"Quantity":3,"Items":[`+a+`,`+b+`,`+b+`]}`),
		"member":   config(`"C"`, `"o"`, two(a, b)),
		"escape":   config(`"\u0063"`, `"o"`, two(a, b)),
		"origin":   config(`"c"`, `"O"`, two(a, b)),
	} {
		require.ErrorIs(t, before.unchangedIn(foreignOf(t, after)), errTouchesForeign, name)
	}
}

// Whatever goes wrong in the editing, no plan is handed out.
func TestAPlanThatTouchesWhatIsForeignIsWithheld(t *testing.T) {
	t.Parallel()
	const text = `{"Comment":"c","Origins":{"Quantity":1,"Items":[{"Id":"o"}]}}`
	for name, blunder := range map[string]func(e *edit){
		"a member": func(e *edit) {
			e.doc.Replace(e.config.root, e.config.root.Child("Comment"), document.NewText("Comment", "d"))
		},
		"an origin": func(e *edit) {
			e.config.origins.remove(e.config.origins.entries()[0])
			e.config.origins.settle(emptyPlain)
		},
		"a count":   func(e *edit) { e.doc.SetCount(e.config.origins.quantity, 2) },
		"the whole": func(e *edit) { e.doc.Remove(e.config.root, e.config.origins.holder) },
	} {
		doc, err := document.ParseJSON([]byte(text))
		require.NoError(t, err)
		e, err := begin(doc, Owners{"p/s"}, nil)
		require.NoError(t, err)
		blunder(e)
		e.changed("blunder")
		plan, err := e.finish(nil)
		require.ErrorContains(t, err, "nothing written", name)
		require.Zero(t, plan)
	}
}
