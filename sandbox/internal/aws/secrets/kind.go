// Package secrets is AWS Secrets Manager in the sandbox.
package secrets

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
	"github.com/webordinary/live-edit/sandbox/internal/aws/kms"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// maxSecretBytes is the quota of a secret value (Secrets Manager user guide).
const maxSecretBytes = 65536

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("secrets", schemaJSON)
	kind.Register(secretKinds())
}

func secretKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeSecret: {
			Unique: []kind.Unique{{
				Paths: []string{"name"}, Code: "ResourceExistsException",
				Message: "The operation failed because the secret %s already exists",
				Adopt:   "import it with ID (it may have been kept by an earlier destroy), or choose another name",
			}},
			Refs:   []kind.Ref{{Path: "kmsKeyId", To: kms.ToKey}},
			Check:  kind.InTurn(checkSecret, checkReplicas, secretPlace.Check),
			Verify: kind.InTurn(verifySecretName, secretPlace.Verify),
			Create: createSecret,
			Delete: deleteSecret,
		},
		view.TypeSecretVersion: {
			Refs:   []kind.Ref{{Path: "secretId", To: toSecret, OnDelete: kind.Cascade}},
			Check:  checkSecretVersion,
			Create: createSecretVersion,
		},
		view.TypeSecretPolicy: {
			Refs: []kind.Ref{{Path: "secretArn", To: toSecret, OnDelete: kind.Cascade}},
			Check: kind.InTurn(func(c *kind.Checker) {
				iam.CheckPolicy(c, "policy", iam.PolicyRule{Kind: policies.Resource, Max: 20480})
			},
				secretPlace.Check),
			Verify: secretPlace.Verify,
			Create: func(c *kind.Call) error { c.ID = c.Str("secretArn"); return nil },
		},
	}
}

func checkSecret(c *kind.Checker) {
	if days, ok := c.Int("recoveryWindowInDays"); ok && days != 0 && (days < 7 || days > 30) {
		c.Fail("recoveryWindowInDays", "expected recoveryWindowInDays to be 0 or in the range (7 - 30), got %d", days)
	}
	iam.CheckPolicy(c, "policy", iam.PolicyRule{Kind: policies.Resource, Max: 20480})
}

// verifySecretName: a deleted secret keeps its name until its window ends.
func verifySecretName(c *kind.Call) {
	name := c.Str("name")
	if !c.Creating() || name == "" {
		return
	}
	for _, r := range c.By(view.RuntimeDeletedSecret, "name", name) {
		until, err := time.Parse(time.RFC3339, props.Str(r.State, "deletionDate"))
		if err == nil && c.Now.Before(until) {
			c.Refuse("name", "InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for "+
				"deletion (%s, until %s); restore that one, or delete with recoveryWindowInDays 0", r.ID, view.Timestamp(until))
		}
	}
}

func createSecret(c *kind.Call) error {
	name := c.Name()
	c.ID = view.ARN("secretsmanager", "secret:"+name+"-"+c.Alphanumeric("suffix", 6))
	c.Default("policy", "")
	c.Default("replicas", []any{})
	return nil
}

func deleteSecret(c *kind.Call) {
	days, _ := props.Int(c.Old.State, "recoveryWindowInDays")
	if days == 0 || c.Err() != nil {
		return
	}
	until := c.Now.AddDate(0, 0, days)
	err := c.Tx.Put(kind.Resource{Type: view.RuntimeDeletedSecret, ID: c.Old.ID, URN: c.Old.URN, State: props.Map{
		"name": props.Of(props.Str(c.Old.State, "name")), "deletionDate": props.Of(until.UTC().Format(time.RFC3339)),
	}})
	if err != nil {
		c.Fault(err)
	}
}

func checkSecretVersion(c *kind.Checker) {
	if s, ok := c.Text("secretString"); ok && len(s) > maxSecretBytes {
		c.Fail("secretString", "InvalidParameterException: the value has %d bytes, at most %d are allowed", len(s), maxSecretBytes)
	}
	if s, ok := c.Text("secretBinary"); ok {
		if _, err := base64.StdEncoding.DecodeString(s); err != nil {
			c.Fail("secretBinary", "\"secretBinary\" must be base64-encoded")
		}
	}
}

// createSecretVersion makes the new version the current one and the current one
// the previous.
func createSecretVersion(c *kind.Call) error {
	secret, ok := toSecret.Find(c.View, c.Str("secretId"))
	if !ok {
		return nil // refused by Refs
	}
	version := strings.ReplaceAll(c.UUID("version"), "-", "") // Terraform's own request token
	version = "terraform-" + version[:26]
	c.ID = c.Str("secretId") + "|" + version
	c.Set("arn", secret.ID)
	c.Set("versionId", version)
	if !props.Has(c.In, "versionStages[*]") {
		c.Set("versionStages", []string{"AWSCURRENT"})
	}
	for _, r := range c.By(view.TypeSecretVersion, "arn", secret.ID) {
		older := r.Copy()
		switch stages := props.Strings(r.State, "versionStages[*]"); {
		case len(stages) == 1 && stages[0] == "AWSCURRENT":
			older.State["versionStages"] = props.Of([]string{"AWSPREVIOUS"})
		case len(stages) == 1 && stages[0] == "AWSPREVIOUS":
			older.State["versionStages"] = props.Of([]string{})
		default:
			continue
		}
		if err := c.Tx.Put(older); err != nil {
			return err
		}
	}
	return nil
}

var (
	toSecret = kind.Target{
		Types: []string{view.TypeSecret}, By: []string{"id", "name"},
		Code: "ResourceNotFoundException", Message: "Secrets Manager can't find the specified secret: %s",
	}
	secretPlace = iam.PolicyPlace{
		Path: "policy", Kind: policies.Resource, Vendor: "secretsmanager",
		Code: iam.MalformedDocument, Principal: "This resource policy contains an unsupported principal",
		BadAction: iam.MalformedDocument, Action: "This resource policy contains an action of another service",
	}
)

func checkReplicas(c *kind.Checker) {
	for i, r := range props.Objects(c.In, "replicas[*]") {
		if region := props.Str(r, "region"); region == view.Region {
			c.Fail(fmt.Sprintf("replicas[%d].region", i), "InvalidParameterException: Invalid replica region: the secret itself is in %s", region)
		}
	}
}
