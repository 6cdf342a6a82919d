package cloudfront

import (
	"encoding/xml"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// Default quotas per distribution ("Quotas" in the CloudFront developer guide, 2023).
const (
	mostBehaviors = 25
	mostOrigins   = 25
)

// distributionConfig is what CloudFront's rules look at in a configuration.
type distributionConfig struct {
	XMLName         xml.Name          `xml:"DistributionConfig"`
	CallerReference string            `xml:"CallerReference"`
	Comment         *string           `xml:"Comment"`
	Enabled         *bool             `xml:"Enabled"`
	Origins         counted[origin]   `xml:"Origins"`
	OriginGroups    counted[origin]   `xml:"OriginGroups"`
	Default         *behavior         `xml:"DefaultCacheBehavior"`
	Behaviors       counted[behavior] `xml:"CacheBehaviors"`
	Logging         struct {
		Enabled bool   `xml:"Enabled"`
		Bucket  string `xml:"Bucket"`
	} `xml:"Logging"`
	WebACLID       string `xml:"WebACLId"`
	ConnectionMode string `xml:"ConnectionMode"`
}

// counted is CloudFront's form of a list: a Quantity that must be the number of the Items.
type counted[T any] struct {
	Quantity *int `xml:"Quantity"`
	Items    struct {
		Entries []T `xml:",any"`
	} `xml:"Items"`
}

func (c counted[T]) consistent() bool {
	if c.Quantity == nil {
		return len(c.Items.Entries) == 0
	}
	return *c.Quantity == len(c.Items.Entries)
}

type origin struct {
	ID         string `xml:"Id"`
	DomainName string `xml:"DomainName"`
}

type behavior struct {
	PathPattern     string          `xml:"PathPattern"`
	TargetOriginID  string          `xml:"TargetOriginId"`
	ViewerProtocol  string          `xml:"ViewerProtocolPolicy"`
	CachePolicyID   string          `xml:"CachePolicyId"`
	ForwardedValues *struct{}       `xml:"ForwardedValues"`
	AllowedMethods  *allowedMethods `xml:"AllowedMethods"`
	Lambdas         []string        `xml:"LambdaFunctionAssociations>Items>LambdaFunctionAssociation>LambdaFunctionARN"`
	standardOnly
}

// standardOnly are the members that the API reference calls "only supported by standard distributions".
type standardOnly struct {
	SmoothStreaming *struct{} `xml:"SmoothStreaming"`
	TrustedSigners  *struct{} `xml:"TrustedSigners"`
	MinTTL          *struct{} `xml:"MinTTL"`
	DefaultTTL      *struct{} `xml:"DefaultTTL"`
	MaxTTL          *struct{} `xml:"MaxTTL"`
}

type allowedMethods struct {
	Quantity *int          `xml:"Quantity"`
	Items    methodList    `xml:"Items"`
	Cached   *cachedMethod `xml:"CachedMethods"`
}

type cachedMethod struct {
	Quantity *int       `xml:"Quantity"`
	Items    methodList `xml:"Items"`
}

type methodList struct {
	Methods []string `xml:"Method"`
}

// checkUpdate applies the rules of UpdateDistribution that a merge into a configuration can break.
// It returns the configuration as read.
func checkUpdate(old, updated string) (*distributionConfig, error) {
	var before, after distributionConfig
	if err := xml.Unmarshal([]byte(updated), &after); err != nil {
		return nil, wire.Refuse("MalformedXML", "The XML document is malformed: %v", err)
	}
	if err := xml.Unmarshal([]byte(old), &before); err != nil {
		return nil, wire.NotSupported("the stored distribution config is malformed: %v", err)
	}
	return &after, checkUpdated(&before, &after)
}

func checkUpdated(before, after *distributionConfig) error {
	switch {
	case after.CallerReference == "" || after.Default == nil || after.Comment == nil || after.Enabled == nil || after.Origins.Quantity == nil:
		return wire.Refuse("MissingArgument", "CallerReference, Comment, DefaultCacheBehavior, Enabled and Origins are required.")
	case after.CallerReference != before.CallerReference:
		return wire.Refuse("IllegalUpdate", "The update contains modifications that are not allowed: CallerReference cannot be changed.")
	case !after.Origins.consistent() || !after.Behaviors.consistent() || !after.OriginGroups.consistent():
		return wire.Refuse("InconsistentQuantities", "The value of Quantity and the size of Items don't match.")
	case len(after.Origins.Items.Entries) == 0:
		return wire.Refuse("InvalidArgument", "A distribution needs at least one origin.")
	case len(after.Origins.Items.Entries) > mostOrigins:
		return wire.Refuse("TooManyOrigins", "Your request contains more origins than are allowed per distribution.")
	case len(after.Behaviors.Items.Entries) > mostBehaviors:
		return wire.Refuse("TooManyCacheBehaviors", "Your request contains more cache behaviors than are allowed per distribution.")
	}
	return errors.Join(checkOrigins(after), checkBehaviors(after), checkTenants(after))
}

// all are the default behavior and the others.
func (c *distributionConfig) all() []behavior {
	return append([]behavior{*c.Default}, c.Behaviors.Items.Entries...)
}

// checkTenants applies what multi-tenant distributions do not take (CloudFront Developer Guide, "Unsupported features").
func checkTenants(config *distributionConfig) error {
	if config.ConnectionMode != "tenant-only" {
		return nil
	}
	for _, b := range config.all() {
		if b.standardOnly != (standardOnly{}) {
			return wire.Refuse("InvalidArgument", "The parameter SmoothStreaming, TrustedSigners or a TTL of the cache behavior %q is not "+
				"supported for multi-tenant distributions.", b.PathPattern)
		}
	}
	return nil
}

// checkRights asks for what the settings of a configuration want of the caller besides cloudfront:UpdateDistribution. AWS tells of
// it by different codes: logging and Lambda@Edge by AccessDenied, a web ACL by its own.
func checkRights(x *wire.Exchange, config *distributionConfig) error {
	if config.Logging.Enabled {
		bucket := "arn:" + view.Partition + ":s3:::" + config.Logging.Bucket[:max(0, strings.LastIndex(config.Logging.Bucket, ".s3"))]
		for _, action := range []string{"s3:GetBucketAcl", "s3:PutBucketAcl"} {
			if err := x.Allow(action, bucket, nil); err != nil {
				return err
			}
		}
	}
	for _, b := range config.all() {
		for _, function := range b.Lambdas {
			for _, action := range []string{"lambda:GetFunction", "lambda:EnableReplication"} {
				if err := x.Allow(action, function, nil); err != nil {
					return err
				}
			}
		}
	}
	return checkWebACL(x, config.WebACLID)
}

func checkWebACL(x *wire.Exchange, id string) error {
	action, arn := "wafv2:GetWebACL", id
	switch {
	case id == "":
		return nil
	case !strings.HasPrefix(id, "arn:"):
		action, arn = "waf:GetWebACL", "arn:"+view.Partition+":waf::"+view.AccountID+":webacl/"+id
	}
	if x.Allow(action, arn, nil) != nil {
		return wire.Refuse("InvalidWebACLId", "Unable to verify read permissions on Web ACL. Please retry the request.")
	}
	return nil
}

func checkOrigins(config *distributionConfig) error {
	seen := map[string]bool{}
	for _, o := range config.Origins.Items.Entries {
		switch {
		case o.ID == "" || o.DomainName == "":
			return wire.Refuse("MissingArgument", "An origin needs Id and DomainName.")
		case seen[o.ID]:
			return wire.Refuse("InvalidArgument", "The parameter Origin Id has a duplicate value: %s.", o.ID)
		}
		seen[o.ID] = true
	}
	return nil
}

// patternText is what a path pattern may hold ("Path pattern" in the developer guide).
var patternText = regexp.MustCompile(`^[A-Za-z0-9_\-.*$/~"'@:+&?]{1,255}$`)

func checkBehaviors(config *distributionConfig) error {
	targets := map[string]bool{}
	for _, o := range slices.Concat(config.Origins.Items.Entries, config.OriginGroups.Items.Entries) {
		targets[o.ID] = true
	}
	seen := map[string]bool{}
	for i, b := range config.all() {
		switch {
		case i > 0 && !patternText.MatchString(b.PathPattern):
			return wire.Refuse("InvalidArgument", "The parameter PathPattern is not valid: %q.", b.PathPattern)
		case i > 0 && seen[b.PathPattern]:
			return wire.Refuse("InvalidArgument", "The parameter PathPattern has a duplicate value: %s.", b.PathPattern)
		case !targets[b.TargetOriginID]:
			return &wire.Error{
				Code: "NoSuchOrigin", Status: http.StatusNotFound,
				Message: "One or more of your origins or origin groups do not exist.",
			}
		case !slices.Contains([]string{"allow-all", "https-only", "redirect-to-https"}, b.ViewerProtocol):
			return wire.Refuse("InvalidArgument", "The parameter ViewerProtocolPolicy is not valid: %q.", b.ViewerProtocol)
		case (b.CachePolicyID == "") == (b.ForwardedValues == nil):
			return wire.Refuse("InvalidArgument", "Exactly one of CachePolicyId and ForwardedValues must be specified.")
		}
		if err := checkMethods(b.AllowedMethods); err != nil {
			return err
		}
		seen[b.PathPattern] = i > 0
	}
	return nil
}

// methodSets are the only combinations that CloudFront accepts, sorted.
var methodSets = []string{"GET HEAD", "GET HEAD OPTIONS", "DELETE GET HEAD OPTIONS PATCH POST PUT"}

func checkMethods(allowed *allowedMethods) error {
	if allowed == nil {
		return nil
	}
	if allowed.Quantity == nil || *allowed.Quantity != len(allowed.Items.Methods) {
		return wire.Refuse("InconsistentQuantities", "The value of Quantity and the size of Items don't match.")
	}
	set := func(methods []string) string { return strings.Join(slices.Sorted(slices.Values(methods)), " ") }
	if !slices.Contains(methodSets, set(allowed.Items.Methods)) {
		return wire.Refuse("InvalidArgument", "The parameter AllowedMethods is not valid: %s.", set(allowed.Items.Methods))
	}
	if cached := allowed.Cached; cached != nil && !slices.Contains(methodSets[:2], set(cached.Items.Methods)) {
		return wire.Refuse("InvalidArgument", "The parameter CachedMethods is not valid: %s.", set(cached.Items.Methods))
	}
	return nil
}
