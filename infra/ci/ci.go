// Package ci gives the repository's workflows their identities: who may assume them, and what each may read and change.
package ci

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/policy"
)

const typeToken = "webordinary:infra:CI"

const (
	// githubIssuer signs the tokens of GitHub's workflow runs; an account holds one provider for it.
	githubIssuer = "token.actions.githubusercontent.com"
	// stsAudience is what the tokens are for.
	stsAudience = "sts.amazonaws.com"
	// deployBranch is the branch that deploys, and whose drift is looked for at night.
	deployBranch = "main"
	// sessionSeconds is the shortest session IAM offers and twice what a deployment takes.
	sessionSeconds = 3600
)

// Args describes the identities of the repository's workflows.
type Args struct {
	config.CI
	Names             config.Names
	Stack             string
	Region, AccountID string
	// EditHosts are the only names the deploy role may change in the hosted zones.
	EditHosts []string
	// Clients says that there are several, whose names end in two hyphens and an ID.
	Clients bool
	// DedicatedVpc adds what a VPC of one's own needs.
	DedicatedVpc bool
}

// CI is two roles that GitHub's workflow runs assume through OpenID Connect, without a key that could leak: a preview role
// that reads, for pull requests and the nightly look for drift, and a deploy role, for runs that GitHub has let into the
// stack's environment, which is where prod waits for somebody's approval.
//
// Neither role can change the roles and policies of this component: widening them takes an administrator
// (docs/ci-setup.md).
type CI struct {
	pulumi.ResourceState

	PreviewRoleArn pulumi.StringOutput `pulumi:"previewRoleArn"`
	DeployRoleArn  pulumi.StringOutput `pulumi:"deployRoleArn"`

	provider pulumi.StringInput
}

// New registers the identity provider, unless the account has it, and both roles with their policies.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*CI, error) {
	ci := &CI{}
	if err := ctx.RegisterComponentResource(typeToken, name, ci, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	if err := ci.addProvider(ctx, name, args); err != nil {
		return nil, err
	}
	scope := args.scope()
	preview, err := ci.addRole(ctx, name+"-preview", &roleArgs{
		Name:        args.Names.Role(rolePrefix + "preview"),
		Description: "Reads stack " + args.Stack + " for `pulumi preview` on pull requests and the nightly look for drift",
		Subjects:    args.subjects("pull_request", "ref:refs/heads/"+deployBranch),
		Policies:    scope.previewPolicies(),
	})
	if err != nil {
		return nil, err
	}
	deploy, err := ci.addRole(ctx, name+"-deploy", &roleArgs{
		Name:        args.Names.Role(rolePrefix + "deploy"),
		Description: "Deploys stack " + args.Stack + " with `pulumi up`",
		Subjects:    args.subjects("environment:" + args.Stack),
		Policies:    scope.deployPolicies(),
	})
	if err != nil {
		return nil, err
	}
	ci.PreviewRoleArn, ci.DeployRoleArn = preview.Arn, deploy.Arn
	return ci, ctx.RegisterResourceOutputs(ci, pulumi.Map{
		"previewRoleArn": ci.PreviewRoleArn,
		"deployRoleArn":  ci.DeployRoleArn,
	})
}

func (c *CI) addProvider(ctx *pulumi.Context, name string, args *Args) error {
	if args.ExistingOIDCProvider {
		c.provider = pulumi.String(fmt.Sprintf("arn:aws:iam::%s:oidc-provider/%s", args.AccountID, githubIssuer))
		return nil
	}
	provider, err := iam.NewOpenIdConnectProvider(ctx, name+"-provider", &iam.OpenIdConnectProviderArgs{
		Url:           pulumi.String("https://" + githubIssuer),
		ClientIdLists: pulumi.StringArray{pulumi.String(stsAudience)},
	}, component.Child(c)...)
	if err != nil {
		return component.Created(name+"-provider", err)
	}
	c.provider = provider.Arn
	return nil
}

// subjects are the `sub` claims of this repository's runs in the given contexts. With IDs, the immutable form alone:
// whoever takes over a deleted repository's name gets other numbers.
func (a *Args) subjects(contexts ...string) []string {
	repository := a.Repository
	if owner, name, found := strings.Cut(a.Repository, "/"); found && a.RepositoryIDs != "" {
		ownerID, repositoryID, _ := strings.Cut(a.RepositoryIDs, "/")
		repository = fmt.Sprintf("%s@%s/%s@%s", owner, ownerID, name, repositoryID)
	}
	subjects := make([]string, 0, len(contexts))
	for _, context := range contexts {
		subjects = append(subjects, fmt.Sprintf("repo:%s:%s", repository, context))
	}
	return subjects
}

// roleArgs describes a role for workflow runs.
type roleArgs struct {
	Name, Description string
	// Subjects are the exact `sub` claims that may assume the role; never a pattern.
	Subjects []string
	Policies []managedPolicy
}

func (c *CI) addRole(ctx *pulumi.Context, name string, args *roleArgs) (*iam.Role, error) {
	subjects := make([]pulumi.StringInput, 0, len(args.Subjects))
	for _, subject := range args.Subjects {
		subjects = append(subjects, pulumi.String(subject))
	}
	trust := policy.Document{Statements: []policy.Statement{{
		Sid:       "AssumeFromGitHub",
		Principal: &policy.Principal{Federated: c.provider},
		Actions:   []string{"sts:AssumeRoleWithWebIdentity"},
		Conditions: []policy.Condition{
			policy.When("StringEquals", githubIssuer+":aud", pulumi.String(stsAudience)),
			{Operator: "StringEquals", Key: githubIssuer + ":sub", Values: subjects},
		},
	}}}
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Name:               pulumi.String(args.Name),
		Description:        pulumi.String(args.Description),
		AssumeRolePolicy:   trust.JSON(),
		MaxSessionDuration: pulumi.Int(sessionSeconds),
	}, component.Child(c)...)
	if err != nil {
		return nil, component.Created(name+"-role", err)
	}
	for _, p := range args.Policies {
		if err := c.attach(ctx, name+"-"+p.name, role, p); err != nil {
			return nil, err
		}
	}
	return role, nil
}

// attach gives the role one managed policy. A role's inline policies together may have 10,240 characters, which the deploy
// role does not fit into; a managed policy may have 6,144 and a role ten of them.
func (c *CI) attach(ctx *pulumi.Context, name string, role *iam.Role, p managedPolicy) error {
	policy, err := iam.NewPolicy(ctx, name+"-policy", &iam.PolicyArgs{
		Name:        pulumi.Sprintf("%s-%s", role.Name, p.name),
		Description: pulumi.String(p.description),
		Policy:      p.document.JSON(),
	}, component.Child(c)...)
	if err != nil {
		return component.Created(name+"-policy", err)
	}
	_, err = iam.NewRolePolicyAttachment(ctx, name+"-attachment", &iam.RolePolicyAttachmentArgs{
		Role:      role.Name,
		PolicyArn: policy.Arn,
	}, component.Child(c)...)
	return component.Created(name+"-attachment", err)
}
