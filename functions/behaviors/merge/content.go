package merge

import (
	"slices"
	"strconv"

	"github.com/webordinary/live-edit/functions/behaviors/document"
	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// The members of new content are complete and in the order in which the AWS CLI prints them: an update requires members
// that a creation may leave out (CloudFront Developer Guide, "Required API fields for creating and updating").

// listOf is a list in CloudFront's form.
func listOf(name string, items ...*document.Node) *document.Node {
	l := document.NewObject(name, document.NewLiteral("Quantity", strconv.Itoa(len(items))))
	return withItems(l, items...)
}

// withItems adds Items unless there are none.
func withItems(l *document.Node, items ...*document.Node) *document.Node {
	if len(items) == 0 {
		return l
	}
	return document.NewObject(l.Name(), append(slices.Clone(l.Children()), document.NewList("Items", items...))...)
}

func texts(element string, values []string) []*document.Node {
	nodes := make([]*document.Node, 0, len(values))
	for _, value := range values {
		nodes = append(nodes, document.NewText(element, value))
	}
	return nodes
}

func flag(name string, on bool) *document.Node {
	return document.NewLiteral(name, strconv.FormatBool(on))
}

func number(name string, value int) *document.Node {
	return document.NewLiteral(name, strconv.Itoa(value))
}

// originNode is our origin: reached over HTTPS with TLS 1.2 only, and marked.
func originNode(o spec.Origin, m mark) *document.Node {
	return document.NewObject("Origin",
		document.NewText("Id", o.ID),
		document.NewText("DomainName", o.DomainName),
		document.NewText("OriginPath", ""),
		listOf("CustomHeaders", markHeaderNode(m)),
		document.NewObject("CustomOriginConfig",
			number("HTTPPort", 80),
			number("HTTPSPort", 443),
			document.NewText("OriginProtocolPolicy", "https-only"),
			listOf("OriginSslProtocols", texts("SslProtocol", []string{"TLSv1.2"})...),
			number("OriginReadTimeout", o.ReadTimeoutSeconds),
			number("OriginKeepaliveTimeout", 5), // CloudFront's default
		),
		number("ConnectionAttempts", 3), // CloudFront's defaults
		number("ConnectionTimeout", 10),
		document.NewObject("OriginShield", flag("Enabled", false)),
		document.NewText("OriginAccessControlId", ""),
	)
}

func behaviorNode(b spec.Behavior, originID string) *document.Node {
	methods := listOf("AllowedMethods", texts("Method", b.AllowedMethods)...)
	cached := listOf("CachedMethods", texts("Method", spec.ReadMethods)...)
	nobody := func(name string) *document.Node {
		return document.NewObject(name, flag("Enabled", false), number("Quantity", 0))
	}
	return document.NewObject("CacheBehavior",
		document.NewText("PathPattern", b.PathPattern),
		document.NewText("TargetOriginId", originID),
		nobody("TrustedSigners"),
		nobody("TrustedKeyGroups"),
		document.NewText("ViewerProtocolPolicy", b.ViewerProtocolPolicy),
		document.NewObject(methods.Name(), append(slices.Clone(methods.Children()), cached)...),
		flag("SmoothStreaming", false),
		flag("Compress", b.Compress),
		listOf("LambdaFunctionAssociations"),
		listOf("FunctionAssociations"),
		document.NewText("FieldLevelEncryptionId", ""),
		document.NewText("CachePolicyId", b.CachePolicyID),
		document.NewText("OriginRequestPolicyId", b.OriginRequestPolicyID),
		document.NewObject("GrpcConfig", flag("Enabled", false)),
	)
}
