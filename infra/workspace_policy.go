package infra

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/policy"
)

// mounts are those who may mount the file system, and through which access point.
type mounts struct {
	fileSystemArn pulumi.StringInput
	// everybodys is the access point /clients: the cleanup's, and while one client has the stack its tasks' as well.
	everybodys pulumi.StringInput
	// task is the first client's role; others are the cleanup's and those that the configuration adds.
	task   pulumi.StringInput
	others []pulumi.StringInput
	// tenants have a room each; empty where one client has the stack.
	tenants []Tenant
	rooms   map[string]pulumi.StringInput
	// refuseOthers refuses every other role, by its ARN (D23).
	refuseOthers bool
}

func (w *Workspace) mounts(args *WorkspaceArgs) mounts {
	m := mounts{
		fileSystemArn: w.FileSystemArn, everybodys: w.ClientAccessPointArn, task: args.Roles.Task.Arn,
		others: []pulumi.StringInput{args.Roles.Cleanup.Arn}, tenants: args.Tenants, rooms: map[string]pulumi.StringInput{},
		refuseOthers: args.RefuseOtherRoles,
	}
	for _, arn := range args.ExtraMountRoleArns {
		m.others = append(m.others, pulumi.String(arn))
	}
	for id, room := range w.rooms {
		m.rooms[id] = room.Arn
	}
	return m
}

// policy lets the mount roles in and refuses everybody else. The allow alone would not do: without a refusal, any
// role of the account with a mount permission of its own gets in, with or without an access point.
func (m mounts) policy() policy.Document {
	clientActions := []string{
		"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite", "elasticfilesystem:ClientRootAccess",
	}
	refuse := func(sid string, condition policy.Condition) policy.Statement {
		return policy.Statement{
			Sid: sid, Deny: true, Principal: &policy.Principal{Anyone: true},
			Actions: clientActions, Resources: policy.Resources(m.fileSystemArn), Conditions: []policy.Condition{condition},
		}
	}
	statements := append(m.allowed(),
		refuse("RefuseWithoutTLS", policy.When("Bool", "aws:SecureTransport", pulumi.String("false"))),
		refuse("RefuseWithoutAccessPoint", policy.When("Null", "elasticfilesystem:AccessPointArn", pulumi.String("true"))),
	)
	if m.refuseOthers {
		// A key that is missing, as with anonymous clients, counts as not equal.
		statements = append(statements, refuse("RefuseOtherRoles", policy.Condition{
			Operator: "ArnNotEquals", Key: "aws:PrincipalArn", Values: m.roles(),
		}))
	}
	return policy.Document{Statements: statements}
}

// allowed lets each role in. Among several clients it is through its own access point, in the form of EFS's own example ("Using access
// points in IAM policies"): a client's role may mount by these statements alone, so what none of them allows it is refused, with the switch
// of D23 or without.
func (m mounts) allowed() []policy.Statement {
	allow := func(sid string, roles []pulumi.StringInput, through ...policy.Condition) policy.Statement {
		return policy.Statement{
			Sid:       sid,
			Principal: &policy.Principal{Roles: roles},
			Actions:   []string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"},
			Resources: policy.Resources(m.fileSystemArn),
			Conditions: append([]policy.Condition{
				policy.When("Bool", "elasticfilesystem:AccessedViaMountTarget", pulumi.String("true")),
			}, through...),
		}
	}
	if len(m.tenants) == 0 {
		return []policy.Statement{allow("MountByOurRoles", m.roles())}
	}
	through := func(point pulumi.StringInput) policy.Condition {
		return policy.When("StringEquals", "elasticfilesystem:AccessPointArn", point)
	}
	statements := []policy.Statement{allow("MountEverythingByCleanup", m.others, through(m.everybodys))}
	for _, t := range m.tenants {
		// A statement's name has letters and digits only; no ID has an X.
		sid := "MountBy" + strings.ReplaceAll(t.ID, "-", "X")
		statements = append(statements, allow(sid, []pulumi.StringInput{t.RoleArn}, through(m.rooms[t.ID])))
	}
	return statements
}

// roles are all that some statement lets in.
func (m mounts) roles() []pulumi.StringInput {
	var roles []pulumi.StringInput
	for _, t := range m.tenants {
		roles = append(roles, t.RoleArn)
	}
	if len(m.tenants) == 0 {
		roles = append(roles, m.task)
	}
	return append(roles, m.others...)
}

// fileSystemPolicySize is how many characters a file system's policy may have (EFS user guide, "Resource-based policy examples").
const fileSystemPolicySize = 20_000

var errPolicySize = errors.New("the file system's policy would be too long")

// checkMountPolicy measures the file system's policy with names that are as long as AWS's: before anything is created, and before a
// policy is refused that half of the clients already depend on.
func checkMountPolicy(cfg *config.Config) error {
	if !cfg.Several() {
		return nil
	}
	const account, number = "123456789012", "0123456789abcdef0"
	elastic := func(what string) pulumi.String {
		return pulumi.String("arn:aws:elasticfilesystem:" + cfg.Region + ":" + account + ":" + what + number)
	}
	role := func(names config.Names, purpose string) pulumi.String {
		return pulumi.String("arn:aws:iam::" + account + ":role/" + names.Role(purpose))
	}
	m := mounts{
		fileSystemArn: elastic("file-system/fs-"), everybodys: elastic("access-point/fsap-"), rooms: map[string]pulumi.StringInput{},
		others: []pulumi.StringInput{role(cfg.Names(), cleanupPurpose)}, refuseOthers: cfg.Workspace.RefuseOtherRoles,
	}
	for _, arn := range cfg.Workspace.MountRoleArns {
		m.others = append(m.others, pulumi.String(arn))
	}
	for _, client := range cfg.Clients {
		m.tenants = append(m.tenants, Tenant{ID: client.ID, RoleArn: role(cfg.NamesOf(client), "edit-task")})
		m.rooms[client.ID] = elastic("access-point/fsap-")
	}
	text, err := m.policy().Text()
	if err != nil {
		return fmt.Errorf("measure the file system's policy: %w", err)
	}
	if len(text) > fileSystemPolicySize {
		return fmt.Errorf("%w: clients, mountRoleArns: with %d clients and %d further roles it has %d characters, EFS takes %d; give some "+
			"clients a stack of their own (docs/clients.md), or the roles fewer", errPolicySize, len(m.tenants), len(m.others)-1, len(text),
			fileSystemPolicySize)
	}
	return nil
}
