package authz

import (
	"errors"
	"fmt"

	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func (a *Authorizer) role(arn string) (view.Resource, error) {
	for _, role := range a.resources.List(view.TypeRole) {
		if text(role.State, "arn") == arn {
			return role, nil
		}
	}
	return view.Resource{}, fmt.Errorf("role %s: %w", arn, errNoRole)
}

// identityPolicies collects the role's inline policies, as resources of their own and as properties of the role, and
// the managed policies attached to it in either way.
func (a *Authorizer) identityPolicies(roleARN string) ([]*Policy, error) {
	role, err := a.role(roleARN)
	if err != nil {
		return nil, err
	}
	name := text(role.State, "name")
	if boundary := text(role.State, "permissionsBoundary"); boundary != "" {
		return nil, fmt.Errorf("role %s has the permissions boundary %s, which the sandbox cannot evaluate", name, boundary)
	}
	documents := a.inlineDocuments(role, name)
	managed, err := a.managedDocuments(role, name)
	if err != nil {
		return nil, err
	}
	var out []*Policy
	var faults []error
	for _, d := range append(documents, managed...) {
		policy, err := a.parse(d.source, d.document, policies.Identity)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		out = append(out, policy)
	}
	return out, errors.Join(faults...)
}

type policyDocument struct {
	source, document string
}

func (a *Authorizer) inlineDocuments(role view.Resource, name string) []policyDocument {
	var out []policyDocument
	for _, r := range a.resources.List(view.TypeRolePolicy) {
		if owner := text(r.State, "role"); owner == name || owner == role.ID {
			source := fmt.Sprintf("inline policy %q of role %s", text(r.State, "name"), name)
			out = append(out, policyDocument{source, text(r.State, "policy")})
		}
	}
	for _, item := range items(role.State, "inlinePolicies") {
		if !item.IsObject() {
			continue
		}
		policy := item.ObjectValue()
		// The provider keeps one empty block to say "no inline policies but those of the program".
		if document := text(policy, "policy"); document != "" {
			source := fmt.Sprintf("inline policy %q of role %s", text(policy, "name"), name)
			out = append(out, policyDocument{source, document})
		}
	}
	return out
}

func (a *Authorizer) managedDocuments(role view.Resource, name string) ([]policyDocument, error) {
	attached := map[string]bool{}
	for _, r := range a.resources.List(view.TypeAttachment) {
		if owner := text(r.State, "role"); owner == name || owner == role.ID {
			attached[text(r.State, "policyArn")] = true
		}
	}
	for _, item := range items(role.State, "managedPolicyArns") {
		if item.IsString() {
			attached[item.StringValue()] = true
		}
	}
	var out []policyDocument
	var faults []error
	for _, arn := range sortedKeys(attached) {
		document, err := a.managedDocument(arn)
		if err != nil {
			faults = append(faults, fmt.Errorf("role %s: %w", name, err))
			continue
		}
		out = append(out, policyDocument{"managed policy " + arn, document})
	}
	return out, errors.Join(faults...)
}

func (a *Authorizer) managedDocument(arn string) (string, error) {
	if document, ok := awsManaged[arn]; ok {
		return document, nil
	}
	for _, r := range a.resources.List(view.TypePolicy) {
		if text(r.State, "arn") == arn {
			return text(r.State, "policy"), nil
		}
	}
	return "", fmt.Errorf("attached policy %s is neither in the account nor one of the AWS-managed ones that the sandbox knows", arn)
}

// awsManaged holds the AWS-managed policies that a function's role may reasonably carry, from the AWS Managed Policy
// Reference Guide.
var awsManaged = map[string]string{
	"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`,
	"arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole": `{"Version":"2012-10-17","Statement":[
		{"Sid":"AWSLambdaVPCAccessExecutionPermissions","Effect":"Allow","Resource":"*","Action":[
			"logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents","ec2:CreateNetworkInterface",
			"ec2:DescribeNetworkInterfaces","ec2:DescribeSubnets","ec2:DeleteNetworkInterface",
			"ec2:AssignPrivateIpAddresses","ec2:UnassignPrivateIpAddresses"]}]}`,
}
