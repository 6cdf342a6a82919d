package merge_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// spellings of a list without behaviors, in both formats.
var (
	xmlSpellings = []string{
		"", "<CacheBehaviors><Quantity>0</Quantity></CacheBehaviors>", "<CacheBehaviors><Quantity>0</Quantity><Items/></CacheBehaviors>",
		"<CacheBehaviors><Quantity>0</Quantity><Items></Items></CacheBehaviors>", "<CacheBehaviors><Items> </Items><Quantity>0</Quantity></CacheBehaviors>",
		"<CacheBehaviors >\n<Quantity>0</Quantity><Items\t/></CacheBehaviors>",
	}
	jsonSpellings = []string{
		``, `"CacheBehaviors":null,`, `"CacheBehaviors" : {"Quantity":0},`, `"CacheBehaviors": {"Items":[], "Quantity":0},`,
		`"CacheBehaviors":{"Quantity":0,"Items":[ ]},`, `"CacheBehaviors":{"Quantity":0 , "Items" :null},`,
	}
)

func xmlConfig(list string) string {
	return "<DistributionConfig>" + list + "<Origins><Quantity>1</Quantity><Items><Origin><Id>o</Id></Origin></Items></Origins>" +
		"<DefaultCacheBehavior><TargetOriginId>o</TargetOriginId></DefaultCacheBehavior></DistributionConfig>"
}

func jsonConfig(list string) string {
	return `{` + list + `"Origins":{"Quantity":1,"Items":[{"Id":"o"}]},"DefaultCacheBehavior":{"TargetOriginId":"o"}}`
}

// A list that we filled is emptied to what it was.
func TestAnEmptyListIsSpelledAsItWas(t *testing.T) {
	t.Parallel()
	for _, list := range xmlSpellings {
		requireUndone(t, xmlConfig(list))
	}
	for _, list := range jsonSpellings {
		requireUndone(t, jsonConfig(list))
	}
}

// The spelling comes from the mark, which anybody with access to the distribution may have edited. Cleaning up works all
// the same, and puts nothing there but an empty list.
func TestASpellingThatIsNoEmptyListIsNotRestored(t *testing.T) {
	t.Parallel()
	const list = "<CacheBehaviors><Quantity>0</Quantity><Items></Items></CacheBehaviors>"
	added := string(ensure(t, xmlConfig(list), input()).After)
	kept := url.QueryEscape(list)
	require.Contains(t, added, "; empty="+kept)
	plain := xmlConfig("<CacheBehaviors><Quantity>0</Quantity></CacheBehaviors>")
	for _, edited := range []string{
		"%", "nonsense", "<Quantity>0</Quantity>", `"CacheBehaviors":null`, "<CacheBehaviors><Quantity>1</Quantity></CacheBehaviors>",
		"<CacheBehaviors><Quantity>1</Quantity><Items><CacheBehavior/></Items></CacheBehaviors>", list + list, list + "<Enabled>true</Enabled>",
		"<Comment/>", "</DistributionConfig><DistributionConfig>",
	} {
		form := edited
		if form != "%" {
			form = url.QueryEscape(edited)
		}
		removed := remove(t, strings.Replace(added, kept, form, 1))
		require.Equal(t, plain, string(removed.After), edited)
	}
}

// What is too long to be kept is emptied into CloudFront's own form.
func TestALongSpellingIsNotKept(t *testing.T) {
	t.Parallel()
	list := "<CacheBehaviors><!--" + strings.Repeat("-x", 400) + "--><Quantity>0</Quantity><Items/></CacheBehaviors>"
	added := ensure(t, xmlConfig(list), input())
	require.NotContains(t, string(added.After), "; empty=")
	require.Equal(t, strings.Replace(xmlConfig(list), "<Items/>", "", 1), string(remove(t, string(added.After)).After))
}
