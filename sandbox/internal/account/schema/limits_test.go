package schema

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// offersValues is how the provider's documentation introduces a closed list.
var offersValues = regexp.MustCompile("(?i)(valid|supported|possible|allowed) (values|options|types|entries)|two possible values|" +
	"\\b(must be|can be|either|one of)( one of)?:? `")

// openDocs are the properties of which the documentation speaks in such words and
// which are no closed list of texts, with the reason.
var openDocs = map[string]string{
	"aws:appautoscaling/policy:Policy targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.metrics.expression": "either, or",
	"aws:cloudwatch/eventRule:EventRule eventPattern":                                                        "either, or",
	"aws:cloudwatch/eventRule:EventRule scheduleExpression":                                                  "a kind's rule checks it",
	"aws:cloudwatch/eventTarget:EventTarget ecsTarget.orderedPlacementStrategies.field":                      "any attribute",
	"aws:cloudwatch/eventTarget:EventTarget runCommandTargets.key":                                           "any tag",
	"aws:cloudwatch/metricAlarm:MetricAlarm metricQueries.metric.period":                                     "any multiple of 60",
	"aws:cloudwatch/metricAlarm:MetricAlarm metricQueries.period":                                            "any multiple of 60",
	"aws:cloudwatch/metricAlarm:MetricAlarm period":                                                          "a kind's rule checks it",
	"aws:ec2/routeTableAssociation:RouteTableAssociation routeTableId":                                       "either, or",
	"aws:ec2/securityGroup:SecurityGroup egress.protocol":                                                    "a kind's rule checks it",
	"aws:ec2/securityGroup:SecurityGroup ingress.protocol":                                                   "a kind's rule checks it",
	"aws:ec2/vpcEndpoint:VpcEndpoint resourceConfigurationArn":                                               "either, or",
	"aws:ec2/vpcEndpoint:VpcEndpoint serviceName":                                                            "a kind's rule checks it",
	"aws:ec2/vpcEndpoint:VpcEndpoint serviceNetworkArn":                                                      "either, or",
	"aws:ecs/service:Service orderedPlacementStrategies.field":                                               "any attribute",
	"aws:ecs/service:Service serviceConnectConfiguration.logConfiguration.secretOptions.valueFrom":           "an ARN",
	"aws:lambda/function:Function imageUri":                                                                  "either, or",
	"aws:lambda/function:Function s3Bucket":                                                                  "either, or",
	"aws:lambda/function:Function sourceCodeHash":                                                            "either, or",
	"aws:lb/listener:Listener defaultActions.fixedResponse.statusCode":                                       "a kind's rule checks it",
	"aws:lb/listener:Listener routingHttpResponseAccessControlAllowHeadersHeaderValue":                       "any header",
	"aws:lb/listener:Listener routingHttpResponseAccessControlAllowMethodsHeaderValue":                       "a text with several",
	"aws:lb/listener:Listener routingHttpResponseAccessControlExposeHeadersHeaderValue":                      "any header",
	"aws:lb/listener:Listener routingHttpResponseAccessControlMaxAgeHeaderValue":                             "a number as text",
	"aws:lb/listener:Listener routingHttpResponseXFrameOptionsHeaderValue":                                   "ALLOW-FROM takes an address",
	"aws:lb/listenerRule:ListenerRule actions.fixedResponse.statusCode":                                      "a kind's rule checks it",
	"aws:lb/targetGroup:TargetGroup healthCheck.matcher":                                                     "a kind's rule checks it",
	"aws:lb/targetGroup:TargetGroup healthCheck.port":                                                        "a kind's rule checks it",
	"aws:lb/targetGroup:TargetGroup targetGroupHealth.dnsFailover.minimumHealthyTargetsCount":                "off, or a number",
	"aws:lb/targetGroup:TargetGroup targetGroupHealth.dnsFailover.minimumHealthyTargetsPercentage":           "off, or a number",
	"aws:lb/targetGroup:TargetGroup targetGroupHealth.unhealthyStateRouting.minimumHealthyTargetsCount":      "up to the number of targets",
	"aws:lb/targetGroup:TargetGroup targetGroupHealth.unhealthyStateRouting.minimumHealthyTargetsPercentage": "off, or a number",
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2 rules.prefix":                      "either, or",
	"aws:s3/bucketV2:BucketV2 objectLockConfiguration.objectLockEnabled":                                     "an output",
	"aws:secretsmanager/secret:Secret recoveryWindowInDays":                                                  "a kind's rule checks it",
	"aws:secretsmanager/secret:Secret replicas.status":                                                       "an output",
}

// TestDocumentedListsAreClosed: whatever the provider documents as one of a few
// values is refused when it is another, so that a new property, or a type that is
// added, brings its list along.
func TestDocumentedListsAreClosed(t *testing.T) {
	t.Parallel()
	open := map[string]bool{}
	for _, tok := range Tokens() {
		typ, _ := Lookup(tok)
		pkg := strings.Split(strings.Split(tok, ":")[1], "/")[0]
		p := loadSDK(t, pkg)
		w := docWalk{sdk: p, docs: loadDocs(t, pkg), open: open, token: tok}
		w.walk(lowerFirst(p.constructors[tok])+"Args", "", typ.Inputs)
	}
	for at := range open {
		if openDocs[at] == "" {
			t.Errorf("%s: the documentation lists its values; give it a list in the limits of its schema.json, or a reason in openDocs", at)
		}
	}
	for at := range openDocs {
		if !open[at] {
			t.Errorf("%s is in openDocs and needs no more", at)
		}
	}
}

type docWalk struct {
	sdk   *sdkPackage
	docs  map[string]map[string]string
	open  map[string]bool
	token string
}

func (w docWalk) walk(structName, at string, properties map[string]*Property) {
	fields := w.sdk.fields(structName)
	for name, p := range properties {
		if p.Properties != nil {
			w.walk(fields[name].object, at+name+".", p.Properties)
			continue
		}
		limited := len(p.Values) > 0 || p.Min != nil || p.Max != nil
		text := p.Kind == String || p.Kind == StringList || p.Kind == Int || p.Kind == IntList
		if text && !limited && offersValues.MatchString(w.docs[structName][name]) {
			w.open[w.token+" "+at+name] = true
		}
	}
}

// loadDocs reads the comments of the structs that loadSDK reads.
func loadDocs(t *testing.T, pkg string) map[string]map[string]string {
	t.Helper()
	root, err := sdkDir()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(root, "go", "aws", pkg, "*.go"))
	require.NoError(t, err)
	out := map[string]map[string]string{}
	for _, file := range files {
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		probe := &sdkPackage{constructors: map[string]string{}, required: map[string][]string{}}
		if !probe.noteConstructor(string(src)) && !strings.HasPrefix(filepath.Base(file), "pulumiTypes") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.SkipObjectResolution|parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			ts, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if st, ok := ts.Type.(*ast.StructType); ok {
				out[ts.Name.Name] = docsOf(st)
			}
			return false
		})
	}
	return out
}

func docsOf(st *ast.StructType) map[string]string {
	out := map[string]string{}
	for _, f := range st.Fields.List {
		if f.Tag == nil {
			continue
		}
		if tag, err := strconv.Unquote(f.Tag.Value); err == nil {
			out[reflect.StructTag(tag).Get("pulumi")] = f.Doc.Text()
		}
	}
	return out
}

func TestLimitsOfNoProperty(t *testing.T) {
	t.Parallel()
	base := `{"a":{"inputs":{"x":{"type":"string"},"y":{"type":"int"},"z":{"type":"string","values":["1"]}}}}`
	patches := func(limits string) map[string][]byte {
		return map[string][]byte{"s": []byte(`{"a":{"limits":` + limits + `}}`)}
	}
	for limits, want := range map[string]string{
		`{"w":"ecs.UlimitName"}`: `the type has no "w"`,
		`{"x":{"min":1}}`:        "bounds are for numbers, this is a string",
		`{"z":"ecs.UlimitName"}`: "lists its values already",
		`{"x":1}`:                "limits",
	} {
		d, err := load([]byte(base), patches(limits))
		require.NoError(t, err)
		_, err = d.decode("a")
		require.ErrorContains(t, err, want)
	}
	d, err := load([]byte(base), patches(`{"x":"ecs.UlimitName","y":{"max":2}}`))
	require.NoError(t, err)
	typ, err := d.decode("a")
	require.NoError(t, err)
	require.Contains(t, typ.Inputs["x"].Values, "nofile")
	require.InDelta(t, 2, *typ.Inputs["y"].Max, 0)
}

func TestEveryLimitHasItsProperty(t *testing.T) {
	t.Parallel()
	d, err := load(upstreamJSON, services)
	require.NoError(t, err)
	for token := range d.patch {
		_, err := d.decode(token)
		require.NoError(t, err, token)
	}
}
