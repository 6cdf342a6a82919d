package infra

import (
	"fmt"
	"slices"
	"sort"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/config"
)

// ciRolePrefix begins the names of this component's roles and policies, behind the project's own prefix.
const ciRolePrefix = "ci-"

// ciPolicy is one managed policy of a workflow role.
type ciPolicy struct {
	name, description string
	document          PolicyDocument
}

// ciScope is what a stack's workflow roles may touch.
type ciScope struct {
	region, account, editHost string
	names                     config.Names
	dedicatedVpc              bool
	stateBucket, stateKeyArn  string
}

func (a *CIArgs) scope() ciScope {
	return ciScope{
		region: a.Region, account: a.AccountID, editHost: a.EditHost, names: a.Names, dedicatedVpc: a.DedicatedVpc,
		stateBucket: a.StateBucket, stateKeyArn: a.StateKeyArn,
	}
}

// ciAccess is what Pulumi's AWS provider calls for some resource types. It follows the provider's sources and the
// service authorization reference of AWS, which says which actions know resources.
type ciAccess struct {
	// name is the statement's Sid, behind Read or Change.
	name string
	// types are the Pulumi types this is for; a test finds a type of the program that no entry names.
	types []string
	// describe reads, and create writes, where AWS knows no resource or none that has a name yet.
	describe, create []string
	// read and write act on the resources in on.
	read, write []string
	on          []string
	// only narrows write.
	only []Condition
}

// previewPolicies read everything of the stack and write nothing. They cannot read a secret's value: a pull request runs
// its own code with this role.
func (s ciScope) previewPolicies() []ciPolicy {
	var policies []ciPolicy
	for _, group := range s.groups() {
		policies = append(policies, group.readPolicy())
	}
	return append(policies, s.statePolicy([]string{"s3:GetObject"}, []string{"kms:Decrypt"})...)
}

// deployPolicies read and change everything of the stack, but neither these roles nor data: what is retained on destroy
// (D6) cannot be deleted by this role at all.
func (s ciScope) deployPolicies() []ciPolicy {
	var policies []ciPolicy
	for _, group := range s.groups() {
		policies = append(policies, group.readPolicy(), group.writePolicy())
	}
	return append(policies, s.statePolicy(
		[]string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}, []string{"kms:Decrypt", "kms:Encrypt"})...)
}

// ciGroup is a part of the stack small enough for a policy each to read and to change it.
type ciGroup struct {
	name, what string
	access     []ciAccess
	// further statements of the changing policy.
	further []Statement
}

func (s ciScope) groups() []ciGroup {
	return []ciGroup{
		{
			name: "foundation", what: "registry, secrets, file system, buckets, load balancer and network",
			access: s.foundationAccess(),
		},
		{
			name: "service", what: "service, functions, roles, logs and DNS", access: s.serviceAccess(),
			further: []Statement{s.passRoles(), s.linkRoles(), s.keepOutOfCI()},
		},
		{name: "operations", what: "alarms, reports, schedules, budget and audit", access: s.operationsAccess()},
	}
}

// readPolicy is what a refresh calls.
func (g ciGroup) readPolicy() ciPolicy {
	var describe []string
	var document PolicyDocument
	for _, a := range g.access {
		describe = append(describe, a.describe...)
		if len(a.read) > 0 {
			document.Statements = append(document.Statements, Statement{
				Sid: "Read" + a.name, Actions: sorted(a.read), Resources: a.resources(),
			})
		}
	}
	document.Statements = append(document.Statements, Statement{
		Sid: "Describe", Actions: sorted(describe), Resources: anyResource(),
	})
	return ciPolicy{name: "read-" + g.name, description: "Read " + g.what, document: document}
}

// writePolicy is what a deployment calls besides.
func (g ciGroup) writePolicy() ciPolicy {
	var create []string
	var document PolicyDocument
	for _, a := range g.access {
		create = append(create, a.create...)
		if len(a.write) > 0 {
			document.Statements = append(document.Statements, Statement{
				Sid: "Change" + a.name, Actions: sorted(a.write), Resources: a.resources(), Conditions: a.only,
			})
		}
	}
	document.Statements = append(document.Statements, Statement{Sid: "Create", Actions: sorted(create), Resources: anyResource()})
	document.Statements = append(document.Statements, g.further...)
	return ciPolicy{name: "change-" + g.name, description: "Change " + g.what, document: document}
}

// statePolicy lets the role use the bucket and key of the Pulumi state; nothing with Pulumi Cloud.
func (s ciScope) statePolicy(objectActions, keyActions []string) []ciPolicy {
	var statements []Statement
	if s.stateBucket != "" {
		bucket := "arn:aws:s3:::" + s.stateBucket
		statements = append(statements,
			Statement{Sid: "ListTheState", Actions: []string{"s3:ListBucket"}, Resources: resources(pulumi.String(bucket))},
			Statement{Sid: "UseTheState", Actions: objectActions, Resources: resources(pulumi.String(bucket + "/*"))})
	}
	if s.stateKeyArn != "" {
		statements = append(statements,
			Statement{Sid: "UseTheSecretsKey", Actions: keyActions, Resources: resources(pulumi.String(s.stateKeyArn))})
	}
	if len(statements) == 0 {
		return nil
	}
	return []ciPolicy{{
		name: "state", description: "The bucket and key of the Pulumi state", document: PolicyDocument{Statements: statements},
	}}
}

// passRoles hands the stack's roles to the services that run with them.
func (s ciScope) passRoles() Statement {
	return Statement{
		Sid: "HandRolesToServices", Actions: []string{"iam:PassRole"}, Resources: s.arns(s.role("*")),
		Conditions: []Condition{{Operator: "StringEquals", Key: "iam:PassedToService", Values: stringInputs(
			"ecs-tasks.amazonaws.com", "lambda.amazonaws.com", "scheduler.amazonaws.com",
		)}},
	}
}

// linkRoles lets services create their own roles the first time an account uses them.
func (s ciScope) linkRoles() Statement {
	return Statement{
		Sid: "CreateServiceLinkedRoles", Actions: []string{"iam:CreateServiceLinkedRole"},
		Resources: s.arns(s.global("iam", "role/aws-service-role/*")),
		Conditions: []Condition{{Operator: "StringEquals", Key: "iam:AWSServiceName", Values: stringInputs(
			"backup.amazonaws.com", "ecs.amazonaws.com", "ecs.application-autoscaling.amazonaws.com",
			"elasticfilesystem.amazonaws.com", "elasticloadbalancing.amazonaws.com",
		)}},
	}
}

// keepOutOfCI refuses every change to these roles, which the stack's role names would otherwise include.
func (s ciScope) keepOutOfCI() Statement {
	return Statement{
		Sid: "NeverChangeTheseRoles", Deny: true, Actions: append(roleChanges(), "iam:PassRole"),
		Resources: s.arns(s.global("iam", "role/"+config.Names{}.Role(ciRolePrefix)+"*")),
	}
}

// roleChanges are the writes the program does on roles. Attaching managed policies is not among them.
func roleChanges() []string {
	return []string{
		"iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole",
		"iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
	}
}

func (a ciAccess) resources() []pulumi.StringInput { return stringInputs(a.on...) }

func (s ciScope) arns(arns ...string) []pulumi.StringInput { return stringInputs(arns...) }

// regional is an ARN in the stack's region and account; global one of a service without regions.
func (s ciScope) regional(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, s.region, s.account, resource)
}

func (s ciScope) global(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s::%s:%s", service, s.account, resource)
}

// role is a role of the stack; the purpose may be a pattern.
func (s ciScope) role(purpose string) string { return s.global("iam", "role/"+s.names.Role(purpose)) }

func stringInputs(values ...string) []pulumi.StringInput {
	inputs := make([]pulumi.StringInput, 0, len(values))
	for _, value := range values {
		inputs = append(inputs, pulumi.String(value))
	}
	return inputs
}

func sorted(actions []string) []string {
	list := slices.Clone(actions)
	sort.Strings(list)
	return slices.Compact(list)
}
