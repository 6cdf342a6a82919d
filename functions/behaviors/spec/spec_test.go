package spec_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

func liveEdit() spec.Input {
	return spec.LiveEdit("E2QWRUHAPOMQZL", spec.Owner("webordinary-live-edit", "prod"),
		spec.Origin{ID: "alb-origin", DomainName: "edit.ameliastamps.com"})
}

func TestLiveEditIsWhatTheSpecAsksFor(t *testing.T) {
	t.Parallel()
	in := liveEdit()
	require.Equal(t, "webordinary-live-edit/prod", in.Owner)
	type row struct {
		path     string
		methods  []string
		compress bool
	}
	want := []row{
		{"/api/*", []string{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}, true},
		{"/preview/*", []string{"GET", "HEAD"}, false},
		{"/ws/*", []string{"GET", "HEAD", "OPTIONS"}, false},
	}
	var got []row
	for _, b := range in.Behaviors {
		got = append(got, row{b.PathPattern, b.AllowedMethods, b.Compress})
		require.Equal(t, "redirect-to-https", b.ViewerProtocolPolicy)
		require.Equal(t, "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", b.CachePolicyID)
		require.Equal(t, "b689b0a8-53d0-40ab-baf2-68738e2966ac", b.OriginRequestPolicyID)
	}
	require.Equal(t, want, got)
}

func TestInputSurvivesTheWire(t *testing.T) {
	t.Parallel()
	text, err := liveEdit().JSON()
	require.NoError(t, err)
	got, err := spec.Parse([]byte(text))
	require.NoError(t, err)
	require.Equal(t, liveEdit().WithDefaults(), got)
	require.Equal(t, 60, got.Origin.ReadTimeoutSeconds)
	require.Equal(t, spec.Quotas{Behaviors: 25, Origins: 25}, got.Quotas)
	again, err := liveEdit().JSON()
	require.NoError(t, err)
	require.Equal(t, text, again)
}

func TestBadInputNamesTheField(t *testing.T) {
	t.Parallel()
	tests := []struct {
		breakIt func(in *spec.Input)
		want    string
	}{
		{func(in *spec.Input) { in.DistributionID = "" }, `distributionId: "", want a CloudFront distribution ID`},
		{func(in *spec.Input) { in.DistributionID = "e2qwruhapomqzl" }, "distributionId: "},
		{func(in *spec.Input) { in.DistributionID = "arn:aws:cloudfront::1:distribution/E2QWRUHAPOMQZL" }, "distributionId: "},
		{func(in *spec.Input) { in.Owner = "" }, `owner: ""`},
		{func(in *spec.Input) { in.Owner = "a; paths=/x" }, `owner: "a; paths=/x"`},
		{func(in *spec.Input) { in.Origin.ID = "a b" }, `origin.id: "a b"`},
		{func(in *spec.Input) { in.Origin.DomainName = "https://edit.example.com" }, "origin.domainName: "},
		{func(in *spec.Input) { in.Origin.DomainName = "edit" }, "origin.domainName: "},
		{func(in *spec.Input) { in.Origin.DomainName = "Edit.example.com" }, "origin.domainName: "},
		{func(in *spec.Input) { in.Origin.ReadTimeoutSeconds = 181 }, "origin.readTimeoutSeconds: 181"},
		{func(in *spec.Input) { in.Quotas.Behaviors = -1 }, "quotas.behaviors: -1"},
		{func(in *spec.Input) { in.Quotas.Origins = -1 }, "quotas.origins: -1"},
		{func(in *spec.Input) { in.Behaviors = nil }, "behaviors: 0, want at least one"},
		{func(in *spec.Input) { in.Behaviors[1].PathPattern = "/a b" }, `behaviors[1].pathPattern: "/a b" has ' '`},
		{func(in *spec.Input) { in.Behaviors[0].PathPattern = "*" }, `behaviors[0].pathPattern: "*" matches every path`},
		{func(in *spec.Input) { in.Behaviors[2].PathPattern = "api/x/*" }, `behaviors[2].pathPattern: "api/x/*" is never reached`},
		{func(in *spec.Input) { in.Behaviors[2].PathPattern = "api/*" }, `behaviors[0] "/api/*" comes first`},
		{func(in *spec.Input) { in.Behaviors[0].AllowedMethods = []string{"GET", "POST"} }, "behaviors[0].allowedMethods: "},
		{func(in *spec.Input) { in.Behaviors[0].AllowedMethods = []string{"get", "head"} }, "behaviors[0].allowedMethods: "},
		{func(in *spec.Input) { in.Behaviors[0].ViewerProtocolPolicy = "https" }, `behaviors[0].viewerProtocolPolicy: "https"`},
		{func(in *spec.Input) { in.Behaviors[0].CachePolicyID = "no-cache-policy" }, `behaviors[0].cachePolicyId: "no-cache-policy"`},
		{func(in *spec.Input) { in.Behaviors[1].OriginRequestPolicyID = "" }, `behaviors[1].originRequestPolicyId: ""`},
	}
	for _, tt := range tests {
		in := liveEdit().WithDefaults()
		tt.breakIt(&in)
		require.ErrorContains(t, in.Validate(), tt.want)
		text, err := in.JSON()
		require.NoError(t, err)
		_, err = spec.Parse([]byte(text))
		require.ErrorContains(t, err, tt.want, "through the wire")
	}
}

func TestLimitsThemselvesAreAllowed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(strings.Repeat("a", 62)+".", 4) + "b"
	for _, change := range []func(in *spec.Input){
		func(in *spec.Input) { in.Origin.ReadTimeoutSeconds = 1 },
		func(in *spec.Input) { in.Origin.ReadTimeoutSeconds = 180 },
		func(in *spec.Input) { in.Quotas = spec.Quotas{Behaviors: 1, Origins: 1} },
		func(in *spec.Input) { in.Origin.DomainName = long },
	} {
		in := liveEdit().WithDefaults()
		change(&in)
		require.NoError(t, in.Validate())
	}
	in := liveEdit().WithDefaults()
	in.Origin.DomainName = "c" + long
	require.ErrorContains(t, in.Validate(), "origin.domainName")
}

func TestAllFaultsAreReportedTogether(t *testing.T) {
	t.Parallel()
	_, err := spec.Parse([]byte(`{}`))
	for _, field := range []string{"distributionId", "owner", "origin.id", "origin.domainName", "behaviors"} {
		require.ErrorContains(t, err, field+": ")
	}
	require.NotContains(t, err.Error(), "quotas", "what has a default is no fault")
}

func TestUnknownAndMistypedFieldsAreNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"distribution":"E2QWRUHAPOMQZL"}`: `unknown field "distribution"`,
		`{"behaviors":{}}`:                  "behaviors",
		`{} {}`:                             "more than one JSON value",
		``:                                  "input: EOF",
	} {
		_, err := spec.Parse([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

func TestDeleteNeedsOnlyWhereAndWhose(t *testing.T) {
	t.Parallel()
	in := spec.Input{DistributionID: "E2QWRUHAPOMQZL", Owner: "p/s"}
	require.NoError(t, in.ValidateForDelete())
	require.ErrorContains(t, spec.Input{Owner: "p/s"}.ValidateForDelete(), "distributionId")
	require.ErrorContains(t, spec.Input{DistributionID: "E2QWRUHAPOMQZL"}.ValidateForDelete(), "owner")
}

func FuzzParse(f *testing.F) {
	text, err := liveEdit().JSON()
	require.NoError(f, err)
	f.Add(text)
	f.Add(strings.ReplaceAll(text, "*", "?"))
	f.Fuzz(func(t *testing.T, text string) {
		in, err := spec.Parse([]byte(text))
		if err != nil {
			return
		}
		require.NoError(t, in.ValidateForDelete(), "what can be created can be deleted")
		wire, err := json.Marshal(in)
		require.NoError(t, err)
		again, err := spec.Parse(wire)
		require.NoError(t, err)
		require.Equal(t, in, again)
	})
}
