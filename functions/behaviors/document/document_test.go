package document_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/internal/gen"
)

func parse(t require.TestingT, name, text string) *document.Document {
	parser := document.ParseJSON
	if strings.HasSuffix(name, ".xml") {
		parser = document.ParseXML
	}
	doc, err := parser([]byte(text))
	require.NoError(t, err, name)
	return doc
}

func TestRealShapesKeepTheirBytes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		doc := parse(t, file, string(text))
		require.Equal(t, string(text), string(doc.Bytes()), file)
		require.Equal(t, "1f9c2a57-9a1e-4a7b-8a5e-0e7d6b0c5b11", doc.Config().Text("CallerReference"), file)
		require.Equal(t, "Amelia & friends — “stamps” <site>", doc.Config().Text("Comment"), file)
	}
}

// drawn is a configuration in one of the formats and layouts.
func drawn(t *rapid.T) *document.Document {
	o := gen.Options{Paths: []string{"/a/*", "*.js"}, MaxBehaviors: 3, MaxOrigins: 2, XML: rapid.Bool().Draw(t, "xml")}
	config := gen.Config(t, o)
	if o.XML {
		return parse(t, "x.xml", rapid.SampledFrom(gen.XMLLayouts).Draw(t, "layout").XML(config))
	}
	layout := rapid.SampledFrom(gen.JSONLayouts).Draw(t, "layout")
	if rapid.Bool().Draw(t, "envelope") {
		return parse(t, "x.json", layout.JSON(gen.Object{{Key: "ETag", Value: "E1"}, {Key: "DistributionConfig", Value: config}}))
	}
	return parse(t, "x.json", layout.JSON(config))
}

// Every container of any document takes new content in and gives it back without a trace.
func TestInsertThenRemoveLeavesNoTrace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		doc := drawn(t)
		before := string(doc.Bytes())
		parent := rapid.SampledFrom(containers(doc.Config())).Draw(t, "parent")
		var inserted []*document.Node
		for i := range rapid.IntRange(1, 3).Draw(t, "count") {
			n := document.NewObject(strings.Repeat("N", i+1),
				document.NewText("Text", `a "quoted" & <tagged> value`), document.NewLiteral("Number", "7"),
				document.NewList("Items", document.NewText("Entry", "x"), document.NewText("Entry", "")))
			doc.Insert(parent, rapid.IntRange(0, len(parent.Children())).Draw(t, "at"), n)
			inserted = append(inserted, n)
		}
		during := string(doc.Bytes())
		require.NotEqual(t, before, during)
		again, err := doc.Reread([]byte(during))
		require.NoError(t, err, during)
		require.Equal(t, during, string(again.Bytes()))
		for _, n := range rapid.Permutation(inserted).Draw(t, "removal") {
			doc.Remove(parent, n)
		}
		require.Equal(t, before, string(doc.Bytes()))
	})
}

// containers are the nodes that have children, so that taking the last one away is not part of the question.
func containers(n *document.Node) []*document.Node {
	if len(n.Children()) == 0 {
		return nil
	}
	all := []*document.Node{n}
	for _, child := range n.Children() {
		all = append(all, containers(child)...)
	}
	return all
}

func TestNewContentIsLaidOutLikeItsNeighbours(t *testing.T) {
	t.Parallel()
	item := func() *document.Node {
		return document.NewObject("Item", document.NewText("A", "1"), document.NewList("L", document.NewLiteral("E", "2")))
	}
	tests := map[string]struct{ name, before, after string }{
		"aws cli": {
			"x.json", "{\n    \"L\": [\n        {\n            \"Z\": 0\n        }\n    ]\n}\n",
			"{\n    \"L\": [\n        {\n            \"Z\": 0\n        },\n        {\n            \"A\": \"1\",\n" +
				"            \"L\": [\n                2\n            ]\n        }\n    ]\n}\n",
		},
		"compact":    {"x.json", `{"L":[{"Z":0}]}`, `{"L":[{"Z":0},{"A":"1","L":[2]}]}`},
		"empty list": {"x.json", `{"L":[]}`, `{"L":[{"A":"1","L":[2]}]}`},
		"empty pretty": {
			"x.json", "{\n  \"L\": []\n}",
			"{\n  \"L\": [\n    {\n      \"A\": \"1\",\n      \"L\": [\n        2\n      ]\n    }\n  ]\n}",
		},
		"xml": {
			"x.xml", `<DistributionConfig><L><Item/></L></DistributionConfig>`,
			`<DistributionConfig><L><Item/><Item><A>1</A><L><E>2</E></L></Item></L></DistributionConfig>`,
		},
		"self-closed": {
			"x.xml", `<DistributionConfig><L/></DistributionConfig>`,
			`<DistributionConfig><L><Item><A>1</A><L><E>2</E></L></Item></L></DistributionConfig>`,
		},
		"xml pretty": {
			"x.xml", "<DistributionConfig>\n  <L a='1'/>\n</DistributionConfig>",
			"<DistributionConfig>\n  <L a='1'>\n    <Item>\n      <A>1</A>\n      <L>\n        <E>2</E>\n      </L>\n    </Item>\n" +
				"  </L>\n</DistributionConfig>",
		},
	}
	for name, tt := range tests {
		doc := parse(t, tt.name, tt.before)
		doc.Append(doc.Config().Child("L"), item())
		require.Equal(t, tt.after, string(doc.Bytes()), name)
	}
}

// What is taken out and put in elsewhere keeps its own spelling.
func TestAMovedNodeKeepsItsBytes(t *testing.T) {
	t.Parallel()
	doc := parse(t, "x.json", `{"L":[{"a" :"\u0041",  "b":[ 1.0 ]},2]}`)
	l := doc.Config().Child("L")
	moved := l.Children()[0]
	doc.Remove(l, moved)
	doc.Append(l, moved)
	require.Equal(t, `{"L":[2,{"a" :"\u0041",  "b":[ 1.0 ]}]}`, string(doc.Bytes()))
}

func TestReplaceAndSetCount(t *testing.T) {
	t.Parallel()
	doc := parse(t, "x.json", `{ "Q" : 1 , "S": "a" }`)
	doc.SetCount(doc.Config().Child("Q"), 1)
	require.Equal(t, `{ "Q" : 1 , "S": "a" }`, string(doc.Bytes()))
	doc.SetCount(doc.Config().Child("Q"), 12)
	doc.Replace(doc.Config(), doc.Config().Child("S"), document.NewText("S", "b\u2028<"))
	require.Equal(t, `{ "Q" : 12 , "S": "b\u2028<" }`, string(doc.Bytes()))

	doc = parse(t, "x.xml", `<DistributionConfig><Q>1</Q> <S/></DistributionConfig>`)
	doc.SetCount(doc.Config().Child("Q"), 0)
	doc.Replace(doc.Config(), doc.Config().Child("S"), document.NewText("S", "a<&\r"))
	require.Equal(t, `<DistributionConfig><Q>0</Q> <S>a&lt;&amp;&#xD;</S></DistributionConfig>`, string(doc.Bytes()))
}

func TestFaultyDocumentsAreRefused(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":`, 150) + "1" + strings.Repeat("}", 150)
	for text, want := range map[string]string{
		``:                               "not JSON",
		`{"A":1}x`:                       "not JSON",
		`[]`:                             "want a JSON object",
		`"a"`:                            "want a JSON object",
		`{"DistributionConfig":[]}`:      "DistributionConfig is not an object",
		`{"Distribution":{}}`:            "whole Distribution",
		`{"A":{"B":1,"B":2}}`:            `member "B" occurs twice`,
		deep:                             "more than 100 levels",
		"\xef\xbb\xbf" + `{"A":1}`:       "byte order mark",
		"\xff\xfe{\x00}\x00":             "byte order mark",
		"\xfe\xff\x00{\x00}":             "byte order mark",
		`{"A":1,"DistributionConfig":{}`: "not JSON",
	} {
		_, err := document.ParseJSON([]byte(text))
		require.ErrorContains(t, err, want, "%.60s", text)
	}
	wrap := func(inner string) string { return "<DistributionConfig>" + inner + "</DistributionConfig>" }
	for text, want := range map[string]string{
		``:                                   "no DistributionConfig element",
		`<Distribution/>`:                    "element Distribution",
		wrap("") + wrap(""):                  "want one DistributionConfig",
		wrap("<A>"):                          "not the XML",
		wrap("x<A/>"):                        `has text "x" beside its elements`,
		"x" + wrap(""):                       `text "x" outside`,
		`<!DOCTYPE a>` + wrap(""):            "directive",
		wrap(`<!ELEMENT a>`):                 "directive",
		wrap(`&unknown;`):                    "not the XML",
		wrap(strings.Repeat("<a>", 150)):     "more than 100 levels",
		`<DistributionConfig><A></B></A>`:    "not the XML",
		`<?xml version="1.0" encoding="x"?>`: "not the XML",
	} {
		_, err := document.ParseXML([]byte(text))
		require.ErrorContains(t, err, want, "%.60s", text)
	}
}

func TestNodeLooksThroughWhatIsNotThere(t *testing.T) {
	t.Parallel()
	doc := parse(t, "x.json", `{"A":[1],"B":null,"C":"c"}`)
	require.Nil(t, doc.Config().Child("Z").Child("Y"))
	require.Nil(t, doc.Config().Child("A").Child(""), "an item is not a member without a name")
	require.Empty(t, doc.Config().Text("A"))
	require.Equal(t, document.Null, doc.Config().Child("B").Kind())
	require.Equal(t, `"C":"c"`, doc.Spelled(doc.Config().Child("C")))
}

func fuzzRoundTrip(f *testing.F, pattern string, parse func([]byte) (*document.Document, error), small ...string) {
	for _, text := range small {
		f.Add([]byte(text))
	}
	files, err := filepath.Glob(pattern)
	require.NoError(f, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := parse(text)
		if err != nil {
			return
		}
		require.Equal(t, string(text), string(doc.Bytes()))
		doc.Append(doc.Config(), document.NewText("Added", "x"))
		_, err = doc.Reread(doc.Bytes())
		if doc.Config().Index(doc.Config().Child("Added")) == len(doc.Config().Children())-1 {
			require.NoError(t, err)
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	fuzzRoundTrip(f, "../testdata/*.json", document.ParseJSON,
		`{ "A" : [ 1 , null,"\u00e9" ] , "DistributionConfig":{"B":{} , "C":[]}}`)
}

func FuzzParseXML(f *testing.F) {
	fuzzRoundTrip(f, "../testdata/*.xml", document.ParseXML,
		`<?xml version="1.0"?><DistributionConfig xmlns="u"> <A b='1'/><!--c--><B>&amp;<![CDATA[<]]></B></DistributionConfig>`,
		"<u:DistributionConfig\n\txmlns:u='v \"w\"'\n/>")
}
