package document_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/behaviors/document"
)

func config(t require.TestingT, text string) *document.Node {
	doc, err := document.ParseJSON([]byte(text))
	require.NoError(t, err)
	return doc.Config()
}

func TestConfigs(t *testing.T) {
	t.Parallel()
	before := config(t, `{"A":1,"B":{"Quantity":1,"Items":[{"Id":"x","On":false}]},"C":"","D":null,"E":4,"F":5,"G":6,"H":7,"I":[8]}`)
	after := config(t, `{"A":1,"B":{"Quantity":2,"Items":[{"Id":"x","On":true},{"Id":"y","L":["a\nb"]}]},`+
		`"C":"","D":null,"E":4,"F":5,"G":6,"H":7,"I":[9]}`)
	require.Equal(t, strings.TrimPrefix(`
@@ B @@
 A: 1
 B:
-  Quantity: 1
+  Quantity: 2
   Items:
     - Id: x
-      On: false
+      On: true
+    - Id: y
+      L:
+        - a\nb
 C:
 D:
 E: 4
@@ I @@
 G: 6
 H: 7
 I:
-  - 8
+  - 9
`, "\n"), document.Diff(before, after))
	require.Empty(t, document.Diff(before, before))
}

func TestFormatsLookTheSame(t *testing.T) {
	t.Parallel()
	xml, err := document.ParseXML([]byte(`<DistributionConfig>` +
		`<A><Quantity>1</Quantity><Items><X><Id>a</Id></X></Items></A></DistributionConfig>`))
	require.NoError(t, err)
	require.Empty(t, document.Diff(config(t, `{"A":{"Quantity":1,"Items":[{"Id":"a"}]}}`), xml.Config()))
}

// apply follows a difference without its context being enough: it works on differences that show every line.
func apply(t require.TestingT, difference string) (before, after []string) {
	for _, l := range strings.Split(strings.TrimSuffix(difference, "\n"), "\n") {
		switch {
		case strings.HasPrefix(l, "@@"):
		case strings.HasPrefix(l, "-"):
			before = append(before, l[1:])
		case strings.HasPrefix(l, "+"):
			after = append(after, l[1:])
		default:
			require.True(t, strings.HasPrefix(l, " "))
			before, after = append(before, l[1:]), append(after, l[1:])
		}
	}
	return before, after
}

// Both sides of every difference can be read off it.
func TestDifferencesHoldBothSides(t *testing.T) {
	t.Parallel()
	letters := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 4)
	rapid.Check(t, func(t *rapid.T) {
		write := func(values []string) string {
			return `{"L":["` + strings.Join(values, `","`) + `"]}`
		}
		a, b := letters.Draw(t, "a"), letters.Draw(t, "b")
		difference := document.Diff(config(t, write(a)), config(t, write(b)))
		if fmt.Sprint(a) == fmt.Sprint(b) {
			require.Empty(t, difference)
			return
		}
		before, after := apply(t, difference)
		lines := func(values []string) []string {
			all := []string{"L:"}
			for _, v := range values {
				all = append(all, "  - "+v)
			}
			return all
		}
		require.Subset(t, lines(a), before)
		require.Subset(t, lines(b), after)
		require.Equal(t, len(a)-len(before), len(b)-len(after), "as many lines are left out on both sides")
	})
}

func BenchmarkConfigs(b *testing.B) {
	text, err := os.ReadFile("../testdata/24-behaviors.json")
	require.NoError(b, err)
	before := config(b, string(text))
	after := config(b, strings.ReplaceAll(string(text), `"Compress": true`, `"Compress": false`))
	for b.Loop() {
		document.Diff(before, after)
	}
}
