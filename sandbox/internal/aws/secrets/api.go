package secrets

import (
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
)

// The service answers AWS Secrets Manager, AWS JSON 1.1.
func init() {
	wire.Register(&wire.Service{Name: "secretsmanager", Protocol: wire.JSON{}, Operations: map[string]wire.Handler{
		"GetSecretValue":    wire.JSONOperation(getSecretValue),
		"DescribeSecret":    wire.JSONOperation(describeSecret),
		"GetResourcePolicy": wire.JSONOperation(getResourcePolicy),
		"PutSecretValue":    wire.JSONOperation(putSecretValue),
	}})
}

type secretInput struct {
	SecretID     string `json:"SecretId"`
	VersionID    string `json:"VersionId"`
	VersionStage string `json:"VersionStage"`
}

// findSecret finds a secret by name or ARN and authorises the call on it. For an unknown secret AWS authorises against
// what the client named, so that a caller without permission cannot learn which secrets exist.
func findSecret(x *wire.Exchange, action, id string) (view.Resource, error) {
	for _, r := range x.Store.List(view.TypeSecret) {
		if view.Text(r, "arn") != id && view.Text(r, "name") != id {
			continue
		}
		context := authz.Context{"secretsmanager:SecretId": {id}, "secretsmanager:ResourceTag/Name": {view.Text(r, "name")}}
		return r, x.Allow(action, view.Text(r, "arn"), context)
	}
	arn := id
	if !strings.HasPrefix(id, "arn:") {
		arn = "arn:" + view.Partition + ":secretsmanager:" + view.Region + ":" + view.AccountID + ":secret:" + id
	}
	if err := x.Allow(action, arn, authz.Context{"secretsmanager:SecretId": {id}}); err != nil {
		return view.Resource{}, err
	}
	return view.Resource{}, wire.Refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

// currentVersion finds the version with the staging label.
func currentVersion(x *wire.Exchange, secret view.Resource, stage string) (view.Resource, bool) {
	var found view.Resource
	ok := false
	for _, r := range x.Store.List(view.TypeSecretVersion) {
		id := view.Text(r, "secretId")
		if id != view.Text(secret, "arn") && id != view.Text(secret, "name") {
			continue
		}
		stages := r.State["versionStages"]
		if !stages.IsArray() { // as in a plain store: the one version there is
			found, ok = r, ok || stage == currentStage
			continue
		}
		for _, have := range stages.ArrayValue() {
			if have.IsString() && have.StringValue() == stage {
				return r, true
			}
		}
	}
	return found, ok
}

const currentStage = "AWSCURRENT"

func getSecretValue(x *wire.Exchange, in *secretInput) (any, error) {
	secret, err := findSecret(x, "secretsmanager:GetSecretValue", in.SecretID)
	if err != nil {
		return nil, err
	}
	if in.VersionID != "" {
		return nil, wire.NotSupported("the sandbox does not implement parameter VersionId of GetSecretValue")
	}
	if in.VersionStage == "" {
		in.VersionStage = currentStage
	}
	version, ok := currentVersion(x, secret, in.VersionStage)
	if !ok {
		return nil, wire.Refuse("ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for staging label: %s", in.VersionStage)
	}
	return struct {
		ARN           string   `json:"ARN"`
		Name          string   `json:"Name"`
		VersionID     string   `json:"VersionId"`
		SecretString  string   `json:"SecretString"`
		VersionStages []string `json:"VersionStages"`
	}{
		view.Text(secret, "arn"), view.Text(secret, "name"), view.Text(version, "versionId"), view.Text(version, "secretString"),
		[]string{in.VersionStage},
	}, nil
}

// putSecretValue makes a new version the current one, and the current one the previous.
func putSecretValue(x *wire.Exchange, in *struct {
	SecretID           string `json:"SecretId"`
	ClientRequestToken string `json:"ClientRequestToken"`
	SecretString       string `json:"SecretString"`
},
) (any, error) {
	secret, err := findSecret(x, "secretsmanager:PutSecretValue", in.SecretID)
	if err != nil {
		return nil, err
	}
	version, err := x.Create(view.TypeSecretVersion, map[string]any{"secretId": view.Text(secret, "arn"), "secretString": in.SecretString})
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"ARN": view.Text(secret, "arn"), "Name": view.Text(secret, "name"), "VersionId": view.Text(version, "versionId"),
		"VersionStages": []string{currentStage},
	}, nil
}

func describeSecret(x *wire.Exchange, in *secretInput) (any, error) {
	secret, err := findSecret(x, "secretsmanager:DescribeSecret", in.SecretID)
	if err != nil {
		return nil, err
	}
	out := struct {
		ARN                string              `json:"ARN"`
		Name               string              `json:"Name"`
		Description        string              `json:"Description,omitempty"`
		CreatedDate        wire.Epoch          `json:"CreatedDate,omitzero"`
		VersionIDsToStages map[string][]string `json:"VersionIdsToStages,omitempty"`
	}{ARN: view.Text(secret, "arn"), Name: view.Text(secret, "name"), Description: view.Text(secret, "description")}
	if created, err := time.Parse(time.RFC3339, view.Text(secret, "createdDate")); err == nil {
		out.CreatedDate = wire.Stamp(created)
	}
	if version, ok := currentVersion(x, secret, currentStage); ok {
		out.VersionIDsToStages = map[string][]string{view.Text(version, "versionId"): {currentStage}}
	}
	return out, nil
}

// getResourcePolicy answers without a policy when the secret has none, as AWS does.
func getResourcePolicy(x *wire.Exchange, in *secretInput) (any, error) {
	secret, err := findSecret(x, "secretsmanager:GetResourcePolicy", in.SecretID)
	if err != nil {
		return nil, err
	}
	out := struct {
		ARN    string `json:"ARN"`
		Name   string `json:"Name"`
		Policy string `json:"ResourcePolicy,omitempty"`
	}{view.Text(secret, "arn"), view.Text(secret, "name"), view.Text(secret, "policy")}
	for _, r := range x.Store.List(view.TypeSecretPolicy) {
		if view.Text(r, "secretArn") == out.ARN {
			out.Policy = view.Text(r, "policy")
		}
	}
	return out, nil
}
