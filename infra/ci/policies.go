package ci

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/policy"
)

// rolePrefix begins the names of this component's roles and policies, behind the project's own prefix.
const rolePrefix = "ci-"

// managedPolicy is one managed policy of a workflow role.
type managedPolicy struct {
	name, description string
	document          policy.Document
}

// scope is what a stack's workflow roles may touch.
type scope struct {
	region, account          string
	editHosts                []string
	names                    config.Names
	clients, dedicatedVpc    bool
	stateBucket, stateKeyArn string
}

func (a *Args) scope() scope {
	return scope{
		region: a.Region, account: a.AccountID, editHosts: a.EditHosts, names: a.Names, clients: a.Clients, dedicatedVpc: a.DedicatedVpc,
		stateBucket: a.StateBucket, stateKeyArn: a.StateKeyArn,
	}
}

// access is what Pulumi's AWS provider calls for some resource types. It follows the provider's sources and the
// service authorization reference of AWS, which says which actions know resources.
type access struct {
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
	only []policy.Condition
}

// previewPolicies read everything of the stack and write nothing. They cannot read a secret's value: a pull request runs
// its own code with this role.
func (s scope) previewPolicies() []managedPolicy {
	var policies []managedPolicy
	for _, group := range s.groups() {
		policies = append(policies, group.readPolicy())
	}
	return append(policies, s.statePolicy([]string{"s3:GetObject"}, []string{"kms:Decrypt"})...)
}

// deployPolicies read and change everything of the stack, but neither these roles nor data: what is retained on destroy
// (D6) cannot be deleted by this role at all.
func (s scope) deployPolicies() []managedPolicy {
	var policies []managedPolicy
	for _, group := range s.groups() {
		policies = append(policies, group.readPolicy(), group.writePolicy())
	}
	return append(policies, s.statePolicy(
		[]string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}, []string{"kms:Decrypt", "kms:Encrypt"})...)
}

// group is a part of the stack small enough for a policy each to read and to change it.
type group struct {
	name, what string
	access     []access
	// further statements of the changing policy.
	further []policy.Statement
}

func (s scope) groups() []group {
	return []group{
		{
			name: "foundation", what: "registry, secrets, file system, buckets, load balancer and network",
			access: s.foundationAccess(),
		},
		{
			name: "service", what: "service, functions, roles, logs and DNS", access: s.serviceAccess(),
			further: []policy.Statement{s.passRoles(), s.linkRoles(), s.keepOutOfCI()},
		},
		{name: "operations", what: "alarms, reports, schedules, budget and audit", access: s.operationsAccess()},
	}
}

// readPolicy is what a refresh calls.
func (g group) readPolicy() managedPolicy {
	var describe []string
	var document policy.Document
	for _, a := range g.access {
		describe = append(describe, a.describe...)
		if len(a.read) > 0 {
			document.Statements = append(document.Statements, policy.Statement{
				Sid: "Read" + a.name, Actions: sorted(a.read), Resources: a.resources(),
			})
		}
	}
	document.Statements = append(document.Statements, policy.Statement{
		Sid: "Describe", Actions: sorted(describe), Resources: policy.AnyResource(),
	})
	return managedPolicy{name: "read-" + g.name, description: "Read " + g.what, document: document}
}

// writePolicy is what a deployment calls besides.
func (g group) writePolicy() managedPolicy {
	var create []string
	var document policy.Document
	for _, a := range g.access {
		create = append(create, a.create...)
		if len(a.write) > 0 {
			document.Statements = append(document.Statements, policy.Statement{
				Sid: "Change" + a.name, Actions: sorted(a.write), Resources: a.resources(), Conditions: a.only,
			})
		}
	}
	document.Statements = append(document.Statements, policy.Statement{
		Sid: "Create", Actions: sorted(create), Resources: policy.AnyResource(),
	})
	document.Statements = append(document.Statements, g.further...)
	return managedPolicy{name: "change-" + g.name, description: "Change " + g.what, document: document}
}

// statePolicy lets the role use the bucket and key of the Pulumi state; nothing with Pulumi Cloud.
func (s scope) statePolicy(objectActions, keyActions []string) []managedPolicy {
	var statements []policy.Statement
	if s.stateBucket != "" {
		bucket := "arn:aws:s3:::" + s.stateBucket
		statements = append(statements,
			policy.Statement{Sid: "ListTheState", Actions: []string{"s3:ListBucket"}, Resources: policy.Resources(pulumi.String(bucket))},
			policy.Statement{Sid: "UseTheState", Actions: objectActions, Resources: policy.Resources(pulumi.String(bucket + "/*"))})
	}
	if s.stateKeyArn != "" {
		statements = append(statements,
			policy.Statement{Sid: "UseTheSecretsKey", Actions: keyActions, Resources: policy.Resources(pulumi.String(s.stateKeyArn))})
	}
	if len(statements) == 0 {
		return nil
	}
	return []managedPolicy{{
		name: "state", description: "The bucket and key of the Pulumi state", document: policy.Document{Statements: statements},
	}}
}

// passRoles hands the stack's roles to the services that run with them.
func (s scope) passRoles() policy.Statement {
	return policy.Statement{
		Sid: "HandRolesToServices", Actions: []string{"iam:PassRole"}, Resources: s.arns(s.roles()...),
		Conditions: []policy.Condition{{Operator: "StringEquals", Key: "iam:PassedToService", Values: stringInputs(
			"ecs-tasks.amazonaws.com", "lambda.amazonaws.com", "scheduler.amazonaws.com",
		)}},
	}
}

// linkRoles lets services create their own roles the first time an account uses them.
func (s scope) linkRoles() policy.Statement {
	return policy.Statement{
		Sid: "CreateServiceLinkedRoles", Actions: []string{"iam:CreateServiceLinkedRole"},
		Resources: s.arns(s.global("iam", "role/aws-service-role/*")),
		Conditions: []policy.Condition{{Operator: "StringEquals", Key: "iam:AWSServiceName", Values: stringInputs(
			"backup.amazonaws.com", "ecs.amazonaws.com", "ecs.application-autoscaling.amazonaws.com",
			"elasticfilesystem.amazonaws.com", "elasticloadbalancing.amazonaws.com",
		)}},
	}
}

// keepOutOfCI refuses every change to these roles, which the stack's role names would otherwise include.
func (s scope) keepOutOfCI() policy.Statement {
	return policy.Statement{
		Sid: "NeverChangeTheseRoles", Deny: true, Actions: append(roleChanges(), "iam:PassRole"),
		Resources: s.arns(s.global("iam", "role/"+config.Names{}.Role(rolePrefix)+"*")),
	}
}

// roleChanges are the writes the program does on roles. Attaching managed policies is not among them.
func roleChanges() []string {
	return []string{
		"iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole",
		"iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
	}
}

func (a access) resources() []pulumi.StringInput { return stringInputs(a.on...) }

func (s scope) arns(arns ...string) []pulumi.StringInput { return stringInputs(arns...) }

// regional is an ARN in the stack's region and account; global one of a service without regions.
func (s scope) regional(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, s.region, s.account, resource)
}

func (s scope) global(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s::%s:%s", service, s.account, resource)
}

// each completes a name with those of further clients, which end in two hyphens and an ID; a pattern that ends in an asterisk has them.
func (s scope) each(name string) []string {
	if !s.clients || strings.HasSuffix(name, "*") {
		return []string{name}
	}
	return []string{name, name + "--*"}
}

// regionals are the ARNs of a name with those of further clients; what stands behind the name is of no client.
func (s scope) regionals(service, before, name, behind string) []string {
	var arns []string
	for _, each := range s.each(name) {
		arns = append(arns, s.regional(service, before+each+behind))
	}
	return arns
}

// roles are the stack's roles.
func (s scope) roles() []string {
	var arns []string
	for _, name := range s.each(s.names.Role("*")) {
		arns = append(arns, s.global("iam", "role/"+name))
	}
	return arns
}

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
