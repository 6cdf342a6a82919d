package infra

import (
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
	Values  map[string]string
	keeping keeping
}

// SecretsOutputs is what others need of the secrets, this stack's or another's. ARNs are complete, with the six
// characters Secrets Manager appends: partial ARNs match only while they are unique.
type SecretsOutputs struct {
	AnthropicAPIKeyArn, GitHubTokenArn, AWSCredentialsArn pulumi.StringOutput
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

	versions []pulumi.Resource
}

// NewSecrets registers the secrets, and a version for each configured value.
func NewSecrets(ctx *pulumi.Context, name string, args *SecretsArgs, opts ...pulumi.ResourceOption) (*Secrets, error) {
	secrets := &Secrets{}
	if err := ctx.RegisterComponentResource(secretsToken, name, secrets, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	arns := map[string]pulumi.StringOutput{}
	for _, spec := range secretSpecs {
		arn, err := secrets.add(ctx, name+"-"+spec.Name, spec, args)
		if err != nil {
			return nil, err
		}
		arns[spec.Name] = arn
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

func (s *Secrets) add(ctx *pulumi.Context, name string, spec secretSpec, args *SecretsArgs) (pulumi.StringOutput, error) {
	fullName := args.Names.Secret(spec.Name)
	secret, err := secretsmanager.NewSecret(ctx, name, &secretsmanager.SecretArgs{
		Name:        pulumi.String(fullName),
		Description: pulumi.String(spec.Description),
	}, args.keeping.retained(s, name)...)
	if err != nil {
		return pulumi.StringOutput{}, component.Created(name, err)
	}
	value, ok := args.Values[spec.ConfigKey]
	if !ok {
		s.Pending = append(s.Pending, fullName)
		return secret.Arn, nil
	}
	version, err := secretsmanager.NewSecretVersion(ctx, name+"-version", &secretsmanager.SecretVersionArgs{
		SecretId:     secret.ID(),
		SecretString: pulumi.ToSecret(pulumi.String(value)).(pulumi.StringOutput),
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
		Versions:           s.versions,
	}
}
