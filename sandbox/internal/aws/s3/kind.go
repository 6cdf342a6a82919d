// Package s3 is Amazon S3 in the sandbox.
package s3

import (
	_ "embed"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("s3", schemaJSON)
	kind.Register(s3Kinds())
}

func s3Kinds() map[string]*kind.Kind {
	out := map[string]*kind.Kind{view.TypeBucket: {
		Unique: []kind.Unique{{
			Paths: []string{"bucket"}, Code: "BucketAlreadyOwnedByYou",
			Message: "Your previous request to create the named bucket succeeded and you already own it: %s",
			Adopt:   "import it with ID (it may have been kept by an earlier destroy), or choose another name",
		}},
		Check:  kind.InTurn(checkBucket, bucketPlace.Check),
		Verify: kind.InTurn(verifyBucketPolicy, bucketPlace.Verify),
		Create: createBucket,
		Delete: deleteBucket,
	}}
	for _, typ := range []string{
		"aws:s3/bucketVersioningV2:BucketVersioningV2",
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", view.TypeBucketPolicy,
	} {
		out[typ] = bucketPart()
	}
	out[view.TypeBucketPolicy].Check = kind.InTurn(func(c *kind.Checker) {
		iam.CheckPolicy(c, "policy", iam.PolicyRule{Kind: policies.Resource, Max: 20480})
	}, bucketPlace.Check)
	out[view.TypeBucketPolicy].Verify = kind.InTurn(verifyBucketPolicy, bucketPlace.Verify)
	out["aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"].Check = kind.InTurn(checkBucketLifecycle, checkTransitions)
	return out
}

// bucketPart is a configuration of a bucket that is a resource of its own.
func bucketPart() *kind.Kind {
	return &kind.Kind{
		Refs:       []kind.Ref{{Path: "bucket", To: ToBucket, OnDelete: kind.Cascade}},
		Overwrites: true,
		Create: func(c *kind.Call) error {
			c.ID = c.Str("bucket")
			switch {
			case strings.HasSuffix(c.Type, ":BucketLifecycleConfigurationV2"):
				c.Default("expectedBucketOwner", "")
				c.Default("transitionDefaultMinimumObjectSize", "all_storage_classes_128K")
			case strings.HasSuffix(c.Type, ":BucketVersioningV2"):
				c.FillObject("versioningConfiguration", map[string]any{"mfaDelete": ""})
			}
			return nil
		},
	}
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// checkBucket applies the S3 user guide's "Bucket naming rules".
func checkBucket(c *kind.Checker) {
	name, ok := c.Text("bucket")
	if !ok {
		return
	}
	_, notIP := netip.ParseAddr(name)
	switch {
	case !bucketName.MatchString(name):
		c.Fail("bucket", "InvalidBucketName: %q must have 3 to 63 lower-case letters, numbers, dots and hyphens, and begin and end with a "+
			"letter or number", name)
	case strings.Contains(name, ".."), strings.Contains(name, ".-"), strings.Contains(name, "-."):
		c.Fail("bucket", "InvalidBucketName: %q has two dots, or a dot beside a hyphen", name)
	case notIP == nil:
		c.Fail("bucket", "InvalidBucketName: %q must not look like an IP address", name)
	case strings.HasPrefix(name, "xn--"), strings.HasPrefix(name, "sthree-"), strings.HasPrefix(name, "amzn-s3-demo-"):
		c.Fail("bucket", "InvalidBucketName: the prefix of %q is reserved", name)
	case strings.HasSuffix(name, "-s3alias"), strings.HasSuffix(name, "--ol-s3"), strings.HasSuffix(name, "--x-s3"):
		c.Fail("bucket", "InvalidBucketName: the suffix of %q is reserved", name)
	}
}

func createBucket(c *kind.Call) error {
	c.ID = c.Str("bucket")
	if c.ID == "" {
		c.ID = c.Str("bucketPrefix") + c.Hex("name", 26)
		c.Set("bucket", c.ID)
	}
	c.Default("requestPayer", "BucketOwner")
	c.Default("objectLockEnabled", false)
	return nil
}

func deleteBucket(c *kind.Call) {
	objects := c.By(view.RuntimeObject, "bucket", c.Old.ID)
	if len(objects) == 0 {
		return
	}
	if !props.Bool(c.Old.State, "forceDestroy") {
		c.Refuse("", "BucketNotEmpty", "The bucket %s you tried to delete is not empty: it has %d objects; empty it or set forceDestroy",
			c.Old.ID, len(objects))
		return
	}
	for _, o := range objects {
		c.Tx.Remove(o.Type, o.ID)
	}
}

// verifyBucketPolicy: a bucket's policy may only speak of that bucket.
func verifyBucketPolicy(c *kind.Call) {
	bucket := c.Str("bucket")
	p, err := policies.Parse(c.Str("policy"), policies.Resource)
	if c.Str("policy") == "" || err != nil || bucket == "" {
		return
	}
	for _, s := range p.Statements {
		for _, r := range append(s.Resources, s.NotResources...) {
			if r != "arn:aws:s3:::"+bucket && !strings.HasPrefix(r, "arn:aws:s3:::"+bucket+"/") {
				c.Refuse("policy", "MalformedPolicy", "Policy has invalid resource: %s is not in bucket %s", r, bucket)
			}
		}
	}
}

func checkBucketLifecycle(c *kind.Checker) {
	seen := map[string]bool{}
	for _, f := range props.All(c.In, "rules[*]") {
		if !f.Value.IsObject() {
			continue
		}
		rule := f.Value.ObjectValue()
		id := props.Str(rule, "id")
		if seen[id] && id != "" {
			c.Fail(f.Path+".id", "InvalidArgument: Rule ID must be unique. Found same ID for more than one rule: %q", id)
		}
		seen[id] = true
	}
}

var (
	// ToBucket is a reference to a bucket.
	ToBucket = kind.Target{
		Types: []string{view.TypeBucket}, By: []string{"id"},
		Code: "NoSuchBucket", Message: "The specified bucket does not exist: %s",
	}
	bucketPlace = iam.PolicyPlace{
		Path: "policy", Kind: policies.Resource, Vendor: "s3",
		Code: "MalformedPolicy", Principal: "Invalid principal in policy",
		BadAction: "MalformedPolicy", Action: "Policy has invalid action",
	}
)

// checkTransitions: S3 user guide, "Lifecycle and other bucket configurations".
func checkTransitions(c *kind.Checker) {
	for i, rule := range props.Objects(c.In, "rules[*]") {
		at := fmt.Sprintf("rules[%d]", i)
		if e, ok := props.Get(rule, "expiration"); ok && e.IsObject() {
			days, hasDays := props.Int(e.ObjectValue(), "days")
			if hasDays && days < 1 && !props.Has(e.ObjectValue(), "date") && !props.Bool(e.ObjectValue(), "expiredObjectDeleteMarker") {
				c.Fail(at+".expiration.days", "InvalidArgument: 'Days' for Expiration action must be a positive integer, got %d", days)
			}
		}
		for j, t := range props.Objects(rule, "transitions[*]") {
			days, ok := props.Int(t, "days")
			class := props.Str(t, "storageClass")
			if ok && days < 30 && (class == "STANDARD_IA" || class == "ONEZONE_IA") {
				c.Fail(fmt.Sprintf("%s.transitions[%d].days", at, j), "InvalidArgument: 'Days' in Transition action must be greater than or equal to "+
					"30 for storageClass '%s', got %d", class, days)
			}
		}
	}
}
