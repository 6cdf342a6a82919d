package infra

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
)

const secretsToken = "webordinary:infra:Secrets"

// secretSpec is one secret of the spec's table (T00 §2).
type secretSpec struct {
	// ConfigKey holds its value, where it is configured at all.
	ConfigKey string
	// Name in Secrets Manager, below webordinary/.
	Name        string
	Description string
}

var secretSpecs = []secretSpec{
	{config.AnthropicAPIKey, "anthropic-api-key", "Claude API key for Claude Code SDK"},
	{config.GitHubToken, "github-token", "GitHub personal access token for repository operations"},
	{config.AWSCredentials, "aws-credentials", "AWS credentials for S3 access"},
}

// SecretsArgs describes the three secrets.
type SecretsArgs struct {
	Names config.Names
	// Values maps configuration keys to values; a secret without one is created empty, to be filled out of band (D5).
	Values map[string]string
	// Further are the naming schemes of the clients beside the first one, and Tokens the values of their GitHub tokens, by ID.
	Further map[string]config.Names
	Tokens  map[string]string
	keeping keeping
}

// SecretsOutputs is what others need of the secrets, this stack's or another's. ARNs are complete, with the six
// characters Secrets Manager appends: partial ARNs match only while they are unique.
type SecretsOutputs struct {
	AnthropicAPIKeyArn, GitHubTokenArn, AWSCredentialsArn pulumi.StringOutput
	// TokenArns are the further clients' GitHub tokens, by ID.
	TokenArns map[string]pulumi.StringOutput
	// Versions are the configured values' versions, for others to wait for.
	Versions []pulumi.Resource
}

// Secrets holds the secrets of the container. Values reach AWS as Pulumi secrets or not through Pulumi at all.
type Secrets struct {
	pulumi.ResourceState

	AnthropicAPIKeyArn pulumi.StringOutput `pulumi:"anthropicApiKeyArn"`
	GitHubTokenArn     pulumi.StringOutput `pulumi:"githubTokenArn"`
	AWSCredentialsArn  pulumi.StringOutput `pulumi:"awsCredentialsArn"`
	// Pending are the names of the secrets that got no value from the configuration.
	Pending []string

	tokens   map[string]pulumi.StringOutput
	versions []pulumi.Resource
}

// NewSecrets registers the secrets, those of further clients as well, and a version for each configured value.
func NewSecrets(ctx *pulumi.Context, name string, args *SecretsArgs, opts ...pulumi.ResourceOption) (*Secrets, error) {
	secrets := &Secrets{tokens: map[string]pulumi.StringOutput{}}
	if err := ctx.RegisterComponentResource(secretsToken, name, secrets, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	arns := map[string]pulumi.StringOutput{}
	for _, spec := range secretSpecs {
		arn, err := secrets.add(ctx, name+"-"+spec.Name, &secretArgs{
			Name: args.Names.Secret(spec.Name), Description: spec.Description, Value: args.Values[spec.ConfigKey], keeping: args.keeping,
		})
		if err != nil {
			return nil, err
		}
		arns[spec.Name] = arn
	}
	for _, id := range slices.Sorted(maps.Keys(args.Further)) {
		arn, err := secrets.add(ctx, config.TokenResource(id), &secretArgs{
			Name:        args.Further[id].Secret("github-token"),
			Description: "GitHub personal access token for the repository of client " + id, Value: args.Tokens[id], keeping: args.keeping,
		})
		if err != nil {
			return nil, err
		}
		secrets.tokens[id] = arn
	}
	secrets.AnthropicAPIKeyArn = arns["anthropic-api-key"]
	secrets.GitHubTokenArn = arns["github-token"]
	secrets.AWSCredentialsArn = arns["aws-credentials"]
	return secrets, ctx.RegisterResourceOutputs(secrets, pulumi.Map{
		"anthropicApiKeyArn": secrets.AnthropicAPIKeyArn,
		"githubTokenArn":     secrets.GitHubTokenArn,
		"awsCredentialsArn":  secrets.AWSCredentialsArn,
		"pending":            pulumi.ToStringArray(secrets.Pending),
	})
}

// secretArgs describes one secret; its value is empty while it has none (the configuration refuses an empty one).
type secretArgs struct {
	Name, Description, Value string
	keeping                  keeping
}

func (s *Secrets) add(ctx *pulumi.Context, name string, args *secretArgs) (pulumi.StringOutput, error) {
	secret, err := secretsmanager.NewSecret(ctx, name, &secretsmanager.SecretArgs{
		Name:        pulumi.String(args.Name),
		Description: pulumi.String(args.Description),
	}, args.keeping.retained(s, name)...)
	if err != nil {
		return pulumi.StringOutput{}, component.Created(name, err)
	}
	if args.Value == "" {
		s.Pending = append(s.Pending, args.Name)
		return secret.Arn, nil
	}
	version, err := secretsmanager.NewSecretVersion(ctx, name+"-version", &secretsmanager.SecretVersionArgs{
		SecretId:     secret.ID(),
		SecretString: pulumi.ToSecret(pulumi.String(args.Value)).(pulumi.StringOutput),
	}, settingOf(s)...) // the SDK marks secretString secret in the state as well
	if err != nil {
		return pulumi.StringOutput{}, component.Created(name+"-version", err)
	}
	s.versions = append(s.versions, version)
	return secret.Arn, nil
}

// Outputs is what other components take.
func (s *Secrets) Outputs() SecretsOutputs {
	return SecretsOutputs{
		AnthropicAPIKeyArn: s.AnthropicAPIKeyArn,
		GitHubTokenArn:     s.GitHubTokenArn,
		AWSCredentialsArn:  s.AWSCredentialsArn,
		TokenArns:          s.tokens,
		Versions:           s.versions,
	}
}
