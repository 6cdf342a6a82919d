package awsapi

import (
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
)

// secretsService answers AWS Secrets Manager, AWS JSON 1.1.
func secretsService() *service {
	return &service{name: "secretsmanager", protocol: jsonProtocol{}, operations: map[string]handler{
		"GetSecretValue":    jsonOperation(getSecretValue),
		"DescribeSecret":    jsonOperation(describeSecret),
		"GetResourcePolicy": jsonOperation(getResourcePolicy),
	}}
}

type secretInput struct {
	SecretID     string `json:"SecretId"`
	VersionID    string `json:"VersionId"`
	VersionStage string `json:"VersionStage"`
}

// findSecret finds a secret by name or ARN and authorises the call on it. For an unknown secret AWS authorises against
// what the client named, so that a caller without permission cannot learn which secrets exist.
func (x *exchange) findSecret(action, id string) (view.Resource, error) {
	for _, r := range x.server.options.Store.List(view.TypeSecret) {
		if property(r, "arn") != id && property(r, "name") != id {
			continue
		}
		context := authz.Context{"secretsmanager:SecretId": {id}, "secretsmanager:ResourceTag/Name": {property(r, "name")}}
		return r, x.allow(action, property(r, "arn"), context)
	}
	arn := id
	if !strings.HasPrefix(id, "arn:") {
		arn = "arn:" + view.Partition + ":secretsmanager:" + view.Region + ":" + view.AccountID + ":secret:" + id
	}
	if err := x.allow(action, arn, authz.Context{"secretsmanager:SecretId": {id}}); err != nil {
		return view.Resource{}, err
	}
	return view.Resource{}, refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

// currentVersion finds the version with the staging label.
func (x *exchange) currentVersion(secret view.Resource, stage string) (view.Resource, bool) {
	var found view.Resource
	ok := false
	for _, r := range x.server.options.Store.List(view.TypeSecretVersion) {
		id := property(r, "secretId")
		if id != property(secret, "arn") && id != property(secret, "name") {
			continue
		}
		stages := r.State["versionStages"]
		if !stages.IsArray() || len(stages.ArrayValue()) == 0 {
			found, ok = r, ok || stage == currentStage // a version without labels is the current one
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

func getSecretValue(x *exchange, in *secretInput) (any, error) {
	secret, err := x.findSecret("secretsmanager:GetSecretValue", in.SecretID)
	if err != nil {
		return nil, err
	}
	if in.VersionID != "" {
		return nil, notSupported("the sandbox does not implement parameter VersionId of GetSecretValue")
	}
	if in.VersionStage == "" {
		in.VersionStage = currentStage
	}
	version, ok := x.currentVersion(secret, in.VersionStage)
	if !ok {
		return nil, refuse("ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for staging label: %s", in.VersionStage)
	}
	return struct {
		ARN           string   `json:"ARN"`
		Name          string   `json:"Name"`
		VersionID     string   `json:"VersionId"`
		SecretString  string   `json:"SecretString"`
		VersionStages []string `json:"VersionStages"`
	}{
		property(secret, "arn"), property(secret, "name"), property(version, "versionId"), property(version, "secretString"),
		[]string{in.VersionStage},
	}, nil
}

func describeSecret(x *exchange, in *secretInput) (any, error) {
	secret, err := x.findSecret("secretsmanager:DescribeSecret", in.SecretID)
	if err != nil {
		return nil, err
	}
	out := struct {
		ARN                string              `json:"ARN"`
		Name               string              `json:"Name"`
		Description        string              `json:"Description,omitempty"`
		CreatedDate        epoch               `json:"CreatedDate,omitzero"`
		VersionIDsToStages map[string][]string `json:"VersionIdsToStages,omitempty"`
	}{ARN: property(secret, "arn"), Name: property(secret, "name"), Description: property(secret, "description")}
	if created, err := time.Parse(time.RFC3339, property(secret, "createdDate")); err == nil {
		out.CreatedDate = stamp(created)
	}
	if version, ok := x.currentVersion(secret, currentStage); ok {
		out.VersionIDsToStages = map[string][]string{property(version, "versionId"): {currentStage}}
	}
	return out, nil
}

// getResourcePolicy answers without a policy when the secret has none, as AWS does.
func getResourcePolicy(x *exchange, in *secretInput) (any, error) {
	secret, err := x.findSecret("secretsmanager:GetResourcePolicy", in.SecretID)
	if err != nil {
		return nil, err
	}
	out := struct {
		ARN    string `json:"ARN"`
		Name   string `json:"Name"`
		Policy string `json:"ResourcePolicy,omitempty"`
	}{property(secret, "arn"), property(secret, "name"), property(secret, "policy")}
	for _, r := range x.server.options.Store.List(view.TypeSecretPolicy) {
		if property(r, "secretArn") == out.ARN {
			out.Policy = property(r, "policy")
		}
	}
	return out, nil
}
