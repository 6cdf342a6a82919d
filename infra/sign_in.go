package infra

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cognito"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/functions/identity"
	"github.com/webordinary/live-edit/functions/identity/spec"
	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/policy"
)

const signInToken = "webordinary:infra:SignIn"

const (
	// callbackPath is where the load balancer takes a visitor back from the issuer (ELB: "Authenticate users using an Application Load
	// Balancer").
	callbackPath = "/oauth2/idpresponse"
	// signInScope has the issuer tell the address; with openid alone it tells a number.
	signInScope = "openid email"
	secondsHour = 3600
)

// anonymous is what a rule does with somebody who has not signed in: send him to do so, or deny with 401.
type anonymous string

const (
	toSignIn anonymous = "authenticate"
	denied   anonymous = "deny"
)

// SignInArgs describes who asks whom who somebody is (D44).
type SignInArgs struct {
	config.Auth
	// ClientSecret is the load balancer's at the issuer of config.AuthOIDC.
	ClientSecret string
	Names        config.Names
	Region       string
	AccountID    string
	// Clients are those whose people sign in.
	Clients      []config.Client
	LoadBalancer LoadBalancerOutputs
	keeping      keeping
}

// SignIn is what the load balancer's rules do before they let anybody through, and a user pool where the stack has one.
type SignIn struct {
	pulumi.ResourceState

	// issuer and client are what the load balancer says of itself when it vouches for somebody.
	issuer, client pulumi.StringOutput
	signer         pulumi.StringOutput
	// signOut gives where a visitor of a host ends the session at the issuer; nil where that is not known.
	signOut func(host string) pulumi.StringOutput
	action  func(anonymous) lb.ListenerRuleActionArgs
}

// NewSignIn registers a user pool where one is asked for. Somebody signs in: without that there is no such component.
func NewSignIn(ctx *pulumi.Context, name string, args *SignInArgs, opts ...pulumi.ResourceOption) (*SignIn, error) {
	signIn := &SignIn{signer: args.LoadBalancer.Arn}
	if err := ctx.RegisterComponentResource(signInToken, name, signIn, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	if args.Mode == config.AuthOIDC {
		signIn.useIssuer(args)
	} else if err := signIn.addPool(ctx, name, args); err != nil {
		return nil, err
	}
	return signIn, ctx.RegisterResourceOutputs(signIn, pulumi.Map{"issuer": signIn.issuer})
}

func (s *SignIn) useIssuer(args *SignInArgs) {
	oidc := args.OIDC
	s.issuer, s.client = pulumi.String(oidc.Issuer).ToStringOutput(), pulumi.String(oidc.ClientID).ToStringOutput()
	if oidc.SignOut != "" {
		s.signOut = func(string) pulumi.StringOutput { return pulumi.String(oidc.SignOut).ToStringOutput() }
	}
	secret := pulumi.ToSecret(pulumi.String(args.ClientSecret)).(pulumi.StringOutput) //nolint:forcetypeassert // of a string
	s.action = func(otherwise anonymous) lb.ListenerRuleActionArgs {
		return lb.ListenerRuleActionArgs{
			Type: pulumi.String("authenticate-oidc"),
			AuthenticateOidc: &lb.ListenerRuleActionAuthenticateOidcArgs{
				Issuer: pulumi.String(oidc.Issuer), AuthorizationEndpoint: pulumi.String(oidc.Authorization),
				TokenEndpoint: pulumi.String(oidc.Token), UserInfoEndpoint: pulumi.String(oidc.UserInfo),
				ClientId: pulumi.String(oidc.ClientID), ClientSecret: secret, Scope: pulumi.String(signInScope),
				SessionTimeout: pulumi.Int(args.SessionHours * secondsHour), OnUnauthenticatedRequest: pulumi.String(otherwise),
			},
		}
	}
}

// addPool makes a user pool into which nobody gets by himself, and invites the editors of all clients into it: which client's site
// somebody may edit is for the client's list to say.
func (s *SignIn) addPool(ctx *pulumi.Context, name string, args *SignInArgs) error {
	pool, err := s.newPool(ctx, name, args)
	if err != nil {
		return err
	}
	// A domain's name is unique in a region of AWS, of all accounts.
	domain, err := cognito.NewUserPoolDomain(ctx, name+"-domain", &cognito.UserPoolDomainArgs{
		Domain: pulumi.String(args.Names.Other("edit") + "-" + args.AccountID), UserPoolId: pool.ID(),
	}, component.Child(s)...)
	if err != nil {
		return component.Created(name+"-domain", err)
	}
	client, err := s.newPoolClient(ctx, name, args, pool)
	if err != nil {
		return err
	}
	if err := s.invite(ctx, name, args, pool); err != nil {
		return err
	}
	site := pulumi.Sprintf("https://%s.auth.%s.amazoncognito.com", domain.Domain, args.Region)
	s.issuer = pulumi.Sprintf("https://cognito-idp.%s.amazonaws.com/%s", args.Region, pool.ID())
	s.client = client.ID().ToStringOutput()
	s.signOut = func(host string) pulumi.StringOutput {
		return pulumi.Sprintf("%s/logout?client_id=%s&logout_uri=%s", site, client.ID(), afterSignOut(host))
	}
	s.action = func(otherwise anonymous) lb.ListenerRuleActionArgs {
		return lb.ListenerRuleActionArgs{
			Type: pulumi.String("authenticate-cognito"),
			AuthenticateCognito: &lb.ListenerRuleActionAuthenticateCognitoArgs{
				UserPoolArn: pool.Arn, UserPoolClientId: client.ID(), UserPoolDomain: domain.Domain, Scope: pulumi.String(signInScope),
				SessionTimeout: pulumi.Int(args.SessionHours * secondsHour), OnUnauthenticatedRequest: pulumi.String(otherwise),
			},
		}
	}
	return nil
}

// afterSignOut is where somebody is who has signed out: before the page to sign in again.
func afterSignOut(host string) string { return "https://" + host + "/preview/" }

func (s *SignIn) newPool(ctx *pulumi.Context, name string, args *SignInArgs) (*cognito.UserPool, error) {
	deletion := "INACTIVE"
	if args.keeping.protect {
		deletion = "ACTIVE"
	}
	pool := &cognito.UserPoolArgs{
		Name:               pulumi.String(args.Names.Other("edit-editors")),
		UsernameAttributes: pulumi.ToStringArray([]string{"email"}),
		// Ann@example.com and ann@example.com are one person.
		UsernameConfiguration:  &cognito.UserPoolUsernameConfigurationArgs{CaseSensitive: pulumi.Bool(false)},
		AutoVerifiedAttributes: pulumi.ToStringArray([]string{"email"}),
		AdminCreateUserConfig:  &cognito.UserPoolAdminCreateUserConfigArgs{AllowAdminCreateUserOnly: pulumi.Bool(true)},
		AccountRecoverySetting: &cognito.UserPoolAccountRecoverySettingArgs{
			RecoveryMechanisms: cognito.UserPoolAccountRecoverySettingRecoveryMechanismArray{
				cognito.UserPoolAccountRecoverySettingRecoveryMechanismArgs{Name: pulumi.String("verified_email"), Priority: pulumi.Int(1)},
			},
		},
		MfaConfiguration:   pulumi.String(map[string]string{"off": "OFF", "optional": "OPTIONAL", "on": "ON"}[args.MFA]),
		DeletionProtection: pulumi.String(deletion),
	}
	if args.MFA != "off" {
		pool.SoftwareTokenMfaConfiguration = &cognito.UserPoolSoftwareTokenMfaConfigurationArgs{Enabled: pulumi.Bool(true)}
	}
	made, err := cognito.NewUserPool(ctx, name+"-pool", pool, args.keeping.protected(s)...)
	return made, component.Created(name+"-pool", err)
}

func (s *SignIn) newPoolClient(
	ctx *pulumi.Context, name string, args *SignInArgs, pool *cognito.UserPool,
) (*cognito.UserPoolClient, error) {
	var callbacks, logouts []string
	for _, client := range args.Clients {
		callbacks = append(callbacks, "https://"+client.Site.FQDN()+callbackPath)
		logouts = append(logouts, afterSignOut(client.Site.FQDN()))
	}
	client, err := cognito.NewUserPoolClient(ctx, name+"-client", &cognito.UserPoolClientArgs{
		Name: pulumi.String(args.Names.Other("edit-load-balancer")), UserPoolId: pool.ID(), GenerateSecret: pulumi.Bool(true),
		AllowedOauthFlows: pulumi.ToStringArray([]string{"code"}), AllowedOauthFlowsUserPoolClient: pulumi.Bool(true),
		AllowedOauthScopes: pulumi.ToStringArray([]string{"email", "openid"}), CallbackUrls: pulumi.ToStringArray(callbacks),
		LogoutUrls: pulumi.ToStringArray(logouts), SupportedIdentityProviders: pulumi.ToStringArray([]string{"COGNITO"}),
		// Does not tell a stranger who is invited.
		PreventUserExistenceErrors: pulumi.String("ENABLED"),
	}, component.Child(s)...)
	return client, component.Created(name+"-client", err)
}

// invite makes an account for each editor, by whose first mail she sets a password. Somebody who edits several clients' sites has one.
func (s *SignIn) invite(ctx *pulumi.Context, name string, args *SignInArgs, pool *cognito.UserPool) error {
	people := map[string]bool{}
	for _, client := range args.Clients {
		for _, editor := range client.Editors {
			people[editor.Email] = true
		}
	}
	for _, email := range slices.Sorted(maps.Keys(people)) {
		_, err := cognito.NewUser(ctx, name+"-"+email, &cognito.UserArgs{
			UserPoolId: pool.ID(), Username: pulumi.String(email),
			Attributes: pulumi.StringMap{"email": pulumi.String(email), "email_verified": pulumi.String("true")},
		}, component.Child(s)...)
		if err != nil {
			return component.Created(name+"-"+email, err)
		}
	}
	return nil
}

// Door is what stands before one client's editor; nil where nobody is asked who he is.
type Door struct {
	signIn *SignIn
	// editors lists who may edit.
	editors *ssm.Parameter
	host    string
}

// newDoor lists a client's invited people where the waker and the tasks read it every minute, so that inviting and removing somebody
// deploys neither.
func (s *SignIn) newDoor(ctx *pulumi.Context, name string, names config.Names, client config.Client) (*Door, error) {
	if s == nil {
		return nil, nil
	}
	editors := make([]identity.Editor, 0, len(client.Editors))
	for _, editor := range client.Editors {
		editors = append(editors, identity.Editor(editor))
	}
	list, err := identity.FormatEditors(editors)
	if err != nil {
		return nil, fmt.Errorf("editors of client %s: %w", client.ID, err)
	}
	parameter, err := ssm.NewParameter(ctx, name, &ssm.ParameterArgs{
		Name:        pulumi.String("/" + names.Other("edit-editors")),
		Description: pulumi.String("Who may edit, read by the waker and the tasks within a minute"),
		Type:        pulumi.String("String"),
		Value:       pulumi.String(list),
	}, component.Child(s)...)
	return &Door{signIn: s, editors: parameter, host: client.Site.FQDN()}, component.Created(name, err)
}

// actions are a rule's: what it does, after it has asked who it is for.
func (d *Door) actions(otherwise anonymous, then lb.ListenerRuleActionArgs) lb.ListenerRuleActionArray {
	if d == nil {
		return lb.ListenerRuleActionArray{then}
	}
	return lb.ListenerRuleActionArray{d.signIn.action(otherwise), then}
}

// environment tells a function or a task whose word counts, and where the client's people are listed.
func (d *Door) environment() pulumi.StringMap {
	if d == nil {
		return nil
	}
	environment := pulumi.StringMap{
		spec.Signer: d.signIn.signer, spec.Issuer: d.signIn.issuer, spec.Client: d.signIn.client, spec.Editors: d.editors.Name,
	}
	if d.signIn.signOut != nil {
		environment[spec.SignOut] = d.signIn.signOut(d.host)
	}
	return environment
}

// read lets a role read the client's list, and no other's.
func (d *Door) read() []policy.Statement {
	if d == nil {
		return nil
	}
	return []policy.Statement{{
		Sid: "SeeWhoMayEdit", Actions: []string{"ssm:GetParameter"}, Resources: policy.Resources(d.editors.Arn),
	}}
}
