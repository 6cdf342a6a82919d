package gen

import (
	"fmt"
	"strconv"

	"pgregory.net/rapid"
)

// Options shape what is drawn.
type Options struct {
	// Paths are the path patterns of behaviors; a behavior draws one of them, or a random one that begins with k to o.
	Paths []string
	// MaxBehaviors and MaxOrigins bound the lists.
	MaxBehaviors, MaxOrigins int
	// XML leaves out what XML cannot say: null.
	XML bool
}

// source draws the parts of one configuration.
type source struct {
	t *rapid.T
	o Options
}

// Config draws a distribution configuration.
func Config(t *rapid.T, o Options) Object {
	s := source{t, o}
	origins := s.origins()
	ids := make([]string, 0, len(origins))
	for _, origin := range origins {
		ids = append(ids, origin.(Object).Get("Id").(string))
	}
	target := func() string { return rapid.SampledFrom(ids).Draw(t, "target") }
	behaviors := []Value{}
	for _, path := range s.paths() {
		behaviors = append(behaviors, s.behavior(Member{"PathPattern", path}, target()))
	}
	members := []Member{
		{"CallerReference", s.text()},
		{"Comment", s.text()},
		{"Origins", list("Origin", origins)},
		{"DefaultCacheBehavior", s.behavior(Member{"FutureDefault", s.text()}, target())},
		{"Enabled", s.boolean()},
		{"ContinuousDeploymentPolicyId", ""},
	}
	members = append(members, s.maybeEmpty("CacheBehaviors", "CacheBehavior", behaviors)...)
	members = append(members, s.maybeEmpty("OriginGroups", "OriginGroup", s.groups(ids))...)
	members = append(members, s.maybeEmpty("CustomErrorResponses", "CustomErrorResponse", s.errors())...)
	members = append(members, s.unknown("Future")...)
	return Object(rapid.Permutation(members).Draw(t, "order"))
}

func list(item string, values []Value) Object {
	l := Object{{"Quantity", Literal(strconv.Itoa(len(values)))}}
	if len(values) > 0 {
		l = append(l, Member{"Items", Array{item, values}})
	}
	return l
}

// maybeEmpty is a list, in one of the forms that it can have when it is empty.
func (s source) maybeEmpty(name, item string, values []Value) []Member {
	if len(values) > 0 {
		return []Member{{name, list(item, values)}}
	}
	zero := Member{"Quantity", Literal("0")}
	forms := [][]Member{
		{{name, Object{zero}}},
		{{name, Object{zero, {"Items", Array{item, nil}}}}},
		{{name, Object{{"Items", Array{item, nil}}, zero}}},
		{},
	}
	if !s.o.XML {
		forms = append(forms, []Member{{name, nil}}, []Member{{name, Object{zero, {"Items", nil}}}})
	}
	return rapid.SampledFrom(forms).Draw(s.t, name+" form")
}

// text is anything that both formats can hold in a string.
func (s source) text() string {
	return rapid.StringMatching(`[ -~äß€😀"&<>\\]{0,12}`).Draw(s.t, "text")
}

func (s source) boolean() Literal { return Literal(strconv.FormatBool(rapid.Bool().Draw(s.t, "bool"))) }

// unknown are settings that no SDK has heard of.
func (s source) unknown(prefix string) []Member {
	var members []Member
	for i := range rapid.IntRange(0, 2).Draw(s.t, "unknown") {
		values := []Value{
			s.text(), s.boolean(), Literal("1.50"),
			Object{},
			Object{{"Mode", s.text()}, {"Items", Array{"Entry", []Value{s.text(), "x"}}}},
		}
		members = append(members, Member{prefix + strconv.Itoa(i), rapid.SampledFrom(values).Draw(s.t, "value")})
	}
	return members
}

func (s source) origins() []Value {
	count := rapid.IntRange(1, max(1, s.o.MaxOrigins)).Draw(s.t, "origins")
	origins := make([]Value, 0, count)
	for i := range count {
		kinds := []Member{
			{"S3OriginConfig", Object{{"OriginAccessIdentity", ""}}},
			{"VpcOriginConfig", Object{{"VpcOriginId", "vo_1"}}},
			{"CustomOriginConfig", Object{{"HTTPPort", Literal("80")}, {"OriginProtocolPolicy", "match-viewer"}}},
		}
		members := []Member{
			{"Id", fmt.Sprintf("origin-%d", i)},
			{"DomainName", fmt.Sprintf("o%d.example.com", i)},
			rapid.SampledFrom(kinds).Draw(s.t, "kind"),
		}
		members = append(members, s.maybeEmpty("CustomHeaders", "OriginCustomHeader", s.headers())...)
		members = append(members, s.unknown("FutureOrigin")...)
		origins = append(origins, Object(rapid.Permutation(members).Draw(s.t, "origin order")))
	}
	return origins
}

func (s source) headers() []Value {
	var headers []Value
	for i := range rapid.IntRange(0, 2).Draw(s.t, "headers") {
		headers = append(headers, Object{{"HeaderName", fmt.Sprintf("X-Header-%d", i)}, {"HeaderValue", s.text()}})
	}
	return headers
}

func (s source) paths() []string {
	if s.o.MaxBehaviors == 0 {
		return nil
	}
	path := rapid.OneOf(rapid.SampledFrom(s.o.Paths), rapid.StringMatching(`/[k-o]{1,3}(/[a-z*]{1,3})?(\*|\.[a-z]{2})`))
	return rapid.SliceOfNDistinct(path, 0, s.o.MaxBehaviors, rapid.ID).Draw(s.t, "paths")
}

func (s source) behavior(first Member, target string) Object {
	members := []Member{
		first,
		{"TargetOriginId", target},
		{"ViewerProtocolPolicy", "allow-all"},
		{"Compress", s.boolean()},
	}
	caching := [][]Member{
		{{"CachePolicyId", "658327ea-f89d-4fab-a63d-7e88639e58f6"}},
		{{"ForwardedValues", Object{{"QueryString", s.boolean()}}}, {"MinTTL", Literal("0")}},
	}
	members = append(members, rapid.SampledFrom(caching).Draw(s.t, "caching")...)
	members = append(members, s.maybeEmpty("FunctionAssociations", "FunctionAssociation", nil)...)
	members = append(members, s.unknown("FutureBehavior")...)
	return Object(rapid.Permutation(members).Draw(s.t, "behavior order"))
}

func (s source) groups(ids []string) []Value {
	if !rapid.Bool().Draw(s.t, "has group") {
		return nil
	}
	member := Object{{"OriginId", rapid.SampledFrom(ids).Draw(s.t, "member")}}
	return []Value{Object{{"Id", "group"}, {"Members", list("OriginGroupMember", []Value{member, member})}}}
}

func (s source) errors() []Value {
	codes := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"403", "404", "502", "503"}), rapid.ID).Draw(s.t, "codes")
	var rules []Value
	for _, code := range codes {
		rules = append(rules, Object{
			{"ErrorCode", Literal(code)},
			{"ResponsePagePath", rapid.SampledFrom([]string{"", "/index.html"}).Draw(s.t, "page")},
			{"ErrorCachingMinTTL", Literal(rapid.SampledFrom([]string{"0", "10", "300"}).Draw(s.t, "ttl"))},
		})
	}
	return rules
}
