package authz

import (
	"errors"
	"fmt"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// policyHolder says where the account keeps the policy of one kind of resource.
type policyHolder struct {
	typ   string // Pulumi type of the resource that carries the policy
	owner string // its property that names the resource the policy is for
	body  string // its property that holds the document
	kind  policies.Kind
	// name turns the ARN into what the owner property holds.
	name func(arn string) string
}

// policyHolders lists them by the service part of the ARN.
var policyHolders = map[string][]policyHolder{
	"secretsmanager": {
		{view.TypeSecretPolicy, "secretArn", "policy", policies.Resource, wholeARN},
		{view.TypeSecret, "arn", "policy", policies.Resource, wholeARN},
	},
	"elasticfilesystem": {{view.TypeFileSystemPolicy, "fileSystemId", "policy", policies.Resource, afterSlash}},
	"s3":                {{view.TypeBucketPolicy, "bucket", "policy", policies.Resource, bucketOf}},
	"sns":               {{"aws:sns/topicPolicy:TopicPolicy", "arn", "policy", policies.Resource, wholeARN}},
	"sqs":               {{"aws:sqs/queuePolicy:QueuePolicy", "queueUrl", "policy", policies.Resource, queueURL}},
}

func wholeARN(arn string) string { return arn }

func resourcePart(arn string) string {
	parts := strings.SplitN(arn, ":", policies.ARNParts)
	return parts[len(parts)-1]
}

func afterSlash(arn string) string {
	_, name, _ := strings.Cut(resourcePart(arn), "/")
	return name
}

func bucketOf(arn string) string {
	bucket, _, _ := strings.Cut(resourcePart(arn), "/")
	return bucket
}

func queueURL(arn string) string {
	parts := strings.SplitN(arn, ":", policies.ARNParts)
	if len(parts) < policies.ARNParts {
		return ""
	}
	return fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", parts[3], parts[4], parts[5])
}

// resourcePolicies collects the policies that hang on the resource itself.
func (a *Authorizer) resourcePolicies(arn string) ([]*Policy, error) {
	parts := strings.SplitN(arn, ":", policies.ARNParts)
	if len(parts) < policies.ARNParts {
		return nil, nil
	}
	service := parts[2]
	if service == "lambda" {
		return a.functionPolicy(arn), nil
	}
	var out []*Policy
	var faults []error
	for _, holder := range policyHolders[service] {
		held, err := a.heldPolicies(holder, arn)
		out, faults = append(out, held...), append(faults, err)
	}
	if service == "elasticfilesystem" && len(out) == 0 && len(faults) == 1 && faults[0] == nil {
		policy, err := a.parse("the default policy of file system "+afterSlash(arn), defaultFileSystemPolicy, policies.Resource)
		return []*Policy{policy}, err
	}
	return out, errors.Join(faults...)
}

func (a *Authorizer) heldPolicies(holder policyHolder, arn string) ([]*Policy, error) {
	var out []*Policy
	var faults []error
	for _, r := range a.resources.List(holder.typ) {
		owner, document := property(r, holder.owner), property(r, holder.body)
		if owner != holder.name(arn) || document == "" {
			continue
		}
		policy, err := a.parse("the resource policy of "+arn, document, holder.kind)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		out = append(out, policy)
	}
	return out, errors.Join(faults...)
}

// defaultFileSystemPolicy is what EFS applies to a file system without a policy of its own: everybody who reaches a
// mount target may mount and write (EFS User Guide, "Default EFS file system policy").
const defaultFileSystemPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},
	"Action":["elasticfilesystem:ClientRootAccess","elasticfilesystem:ClientWrite","elasticfilesystem:ClientMount"],
	"Resource":"*","Condition":{"Bool":{"elasticfilesystem:AccessedViaMountTarget":"true"}}}]}`

// functionPolicy builds a function's resource policy from its Permission resources, as Lambda's AddPermission does.
func (a *Authorizer) functionPolicy(arn string) []*Policy {
	name := strings.TrimPrefix(resourcePart(arn), "function:")
	policy := &Policy{source: "the resource policy of function " + name, kind: policies.Resource}
	for _, r := range a.resources.List(view.TypePermission) {
		if function := property(r, "function"); function != name && function != arn {
			continue
		}
		policy.statements = append(policy.statements, permissionStatement(r, arn))
	}
	return []*Policy{policy}
}

func permissionStatement(r view.Resource, arn string) statement {
	principal := property(r, "principal")
	typ := "AWS"
	if strings.HasSuffix(principal, ".amazonaws.com") {
		typ = "Service"
	}
	out := statement{
		label: fmt.Sprintf("statement %q", property(r, "statementId")),
		Statement: policies.Statement{
			Effect: "Allow", Actions: []string{property(r, "action")}, Resources: []string{arn},
			Principals: map[string][]string{typ: {principal}},
		},
	}
	for operator, keys := range map[string][2]string{
		"ArnLike":      {"aws:SourceArn", property(r, "sourceArn")},
		"StringEquals": {"aws:SourceAccount", property(r, "sourceAccount")},
	} {
		if keys[1] != "" {
			out.conditions = append(out.conditions, condition{
				operator: operator, test: comparisons[operator], key: keys[0], values: keys[1:],
			})
		}
	}
	return out
}

func property(r view.Resource, key string) string {
	return text(r.State, key)
}
