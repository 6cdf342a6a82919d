package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// typed is a documented command as somebody types it, with the placeholders filled in.
type typed struct {
	// run is the command, or several, a line each, that are typed into one shell.
	run string
	// before makes what the command needs to be there.
	before func(*checkout)
	// stdin is what is typed after it.
	stdin string
	// says is part of what it prints, on either stream.
	says string
	// refused says that it has to fail.
	refused bool
	// until is what it prints before it is interrupted with Ctrl-C; empty means that it ends by itself.
	until string
	// then looks at the checkout afterwards.
	then func(*checkout)
}

// operating follows README, docs/operations.md and the troubleshooting table on one stack, with the real CLI.
var operating = []typed{
	{run: `pulumi login`, says: "Logged in"},
	{run: `pulumi stack init prod`, says: "Created stack 'prod'"},
	{run: `pulumi stack select prod`},
	{run: `pulumi stack ls --all`, says: "prod"},
	{run: `pulumi config set --secret anthropicApiKey`, stdin: "sk-ant-documented"},
	{run: `pulumi config set --secret githubToken`, stdin: "ghp_documented"},
	{run: `pulumi config set scalerConcurrency 0`},
	{run: `pulumi config`, says: "scalerConcurrency"},
	{run: `pulumi preview`, says: "webordinary:infra:EditService"},
	{run: `pulumi up`, says: "created"},
	{run: `pulumi preview --expect-no-changes`, says: "unchanged"},
	{run: `pulumi stack output`, says: "editUrl"},
	{run: `pulumi stack output editUrl`, says: "https://edit.ameliastamps.com"},
	{run: `pulumi stack output repositoryUrl`, says: "webordinary/claude-code-astro"},
	{run: `pulumi stack output pendingSecrets`, says: "webordinary/aws-credentials"},
	{run: `pulumi stack output --json > outputs.json`, then: has("outputs.json", `"fileSystemId": "fs-`)},
	{run: `url=$(pulumi stack output repositoryUrl)`},
	{run: `pulumi stack output --json`, says: `"editUrl"`},
	{run: `pulumi stack export`, says: `"deployment"`},
	{run: `pulumi stack export --stack prod | go run ./cmd/cost -hours 10`, says: "| Total |"},
	{run: `pulumi refresh --preview-only`, says: "unchanged"},
	{run: `pulumi refresh`, says: "unchanged"},
	{run: `pulumi up --refresh`, says: "unchanged"},
	{run: `pulumi preview --diff`, says: "unchanged"},
	{run: `pulumi config set -- nameSuffix ''`},
	{
		run: `pulumi config set-all --path --plaintext 'clients[0].id=ameliastamps' --plaintext 'clients[1].id=acme' --plaintext ` +
			`'clients[1].host=edit-acme' --plaintext 'clients[1].user=jane' --plaintext ` +
			`'clients[1].repository=https://github.com/acme/site.git' --plaintext 'clients[1].rulePriority=300'`,
		then: has("Pulumi.prod.yaml", "      id: acme\n"),
	},
	{
		run: `pulumi preview`, refused: true, says: "pulumi config set --stack prod --secret --path githubTokens.acme",
		before: configures("githubTokens: {acme: in plain text}"),
	},
	{
		run: `pulumi config set --stack prod --secret --path githubTokens.acme`, stdin: "ghp_acme",
		before: unconfigures("githubTokens: {acme: in plain text}"),
	},
	{run: `pulumi config set --secret --path githubTokens.acme`, stdin: "ghp_acme", then: has("Pulumi.prod.yaml", "acme:\n      secure: ")},
	{
		run: `pulumi config set-all --path --plaintext 'clients[0].editors[0].email=amelia@example.com' --plaintext ` +
			`'clients[0].editors[0].user=amelia' --plaintext 'clients[1].editors[0].email=jane@example.com' --plaintext 'clients[1].editors[0].user=jane'`,
		then: has("Pulumi.prod.yaml", "- email: jane@example.com\n"),
	},
	{run: `pulumi config set auth cognito`},
	{run: `pulumi up`, says: "edit--acme-service", then: invited("amelia@example.com", "jane@example.com")},
	{run: `pulumi stack init acme`, says: "Created stack 'acme'"},
	{
		run: `pulumi config set-all --path --plaintext nameSuffix=-acme --plaintext client=acme --plaintext 'clients[0]=acme' --plaintext ` +
			`host=edit-acme-next --plaintext user=jane --plaintext repository=https://github.com/acme/site.git --plaintext rulePriorityBase=700 ` +
			`--plaintext sharedStack=prod --plaintext 'shared[0]=registry' --plaintext 'shared[1]=loadBalancer'`,
	},
	{run: `pulumi config set --secret githubToken`, stdin: "ghp_acme", then: has("Pulumi.acme.yaml", "githubToken:\n    secure: ")},
	{run: `pulumi config set --secret anthropicApiKey`, stdin: "sk-ant-acme"},
	{run: `pulumi up`, says: "created", then: answers("webordinary-edit--acme", "edit-acme", "webordinary-edit-acme", "edit-acme-next")},
	{run: `pulumi stack select prod`},
	{
		run: `pulumi config set --path 'clients[1].active' false && pulumi up`, says: "keptClients",
		then: invited("amelia@example.com"),
	},
	{run: `pulumi stack output keptClients`, says: "acme: files in /clients/acme of fs-"},
	{run: `pulumi stack select acme`},
	{run: `pulumi config set host edit-acme && pulumi up`, says: "updated", then: answers("webordinary-edit-acme", "edit-acme")},
	{run: `pulumi destroy`, says: "deleted"}, // a borrower goes before the lender
	{run: `pulumi stack select prod`},
	{run: `pulumi config set --path 'wakeCredentials[0]' cookie:session`},
	{run: `pulumi config set --path 'wakeCredentials[1]' header:Authorization`},
	{
		run: `pulumi preview`, refused: true, says: "pulumi config set --stack prod --path 'clients[2]' VALUE",
		before: configures("clients[2]: third"),
	},
	{run: `pulumi config set --stack prod --path 'clients[2]' third`, before: unconfigures("clients[2]: third")},
	{
		run: `pulumi preview`, refused: true, says: "pulumi config set --stack prod --secret awsCredentials",
		before: configures("awsCredentials: in plain text"),
	},
	{
		run: `pulumi config set --stack prod --secret awsCredentials`, stdin: `{"accessKeyId":"AKIADOCUMENTED","secretAccessKey":"documented"}`,
		before: unconfigures("awsCredentials: in plain text"),
		then:   has("Pulumi.prod.yaml", "awsCredentials:\n    secure: "),
	},
	{run: `pulumi config set maxCapacity 1`},
	{run: `pulumi config set cleanupDryRun true && pulumi up`, says: "updated"},
	{run: `pulumi config set imageTag 1.10`, then: has("Pulumi.prod.yaml", `imageTag: "1.10"`)},
	{run: `pulumi config set imageTag v42 && pulumi up`, says: "replaced"},
	{run: `pulumi config set rulePriorityBase 150 && pulumi up`, refused: true, says: "pulumi config set rulePriorityBase <far>"},
	{run: `pulumi config set rulePriorityBase 500 && pulumi up`, says: "updated"},
	{run: `pulumi config set rulePriorityBase 300 && pulumi up`, says: "updated"},
	{run: `pulumi config set --path 'mountRoleArns[0]' arn:aws:iam::` + sandboxtest.AccountID + `:role/workspace-operator`},
	{run: `pulumi config set refuseOtherRoles false && pulumi up`, says: "updated"},
	{run: `aws lambda get-account-settings --query AccountLimit.ConcurrentExecutions`, says: "1000"},
	{run: `aws service-quotas get-service-quota --service-code fargate --quota-code L-3032A538 --query Quota.Value`, says: "64"},
	// The account has as much already.
	{
		run:     `aws service-quotas request-service-quota-increase --service-code fargate --quota-code L-3032A538 --desired-value 12`,
		refused: true, says: "greater than the current quota value",
	},
	{
		run:     `aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000`,
		refused: true, says: "greater than the current quota value",
	},
	{run: `aws service-quotas get-service-quota --region us-west-2 --service-code lambda --quota-code L-B99A9384`, says: "Concurrent executions"},
	{
		run: `aws service-quotas request-service-quota-increase --region us-west-2 --service-code lambda --quota-code L-B99A9384 ` +
			`--desired-value 2000`,
		says: "PENDING",
	},
	{
		run: `aws acm list-certificates --certificate-statuses ISSUED --includes keyTypes=RSA_2048,EC_prime256v1,EC_secp384r1 ` +
			`--query 'CertificateSummaryList[].[DomainName,SubjectAlternativeNameSummaries]'`,
		says: "*.ameliastamps.com",
	},
	{run: `aws acm request-certificate --domain-name '*.example.com' --validation-method DNS`, says: "CertificateArn"},
	{
		run:  `aws ec2 describe-subnets --filters Name=default-for-az,Values=true --query 'Subnets[].[SubnetId,AvailabilityZone]'`,
		says: "us-west-2b",
	},
	{run: `aws ec2 create-default-vpc`, refused: true, says: "DefaultVpcAlreadyExists"}, // as it does in the account
	{
		run: `read -rs VALUE; printf %s "$VALUE" | aws secretsmanager put-secret-value --secret-id webordinary/anthropic-api-key ` +
			`--secret-string file:///dev/stdin`,
		stdin: "sk-ant-by-hand\n", says: "AWSCURRENT",
	},
	{
		run: `read -rs VALUE; printf %s "$VALUE" | aws secretsmanager put-secret-value --secret-id webordinary/github-token      ` +
			`--secret-string file:///dev/stdin`,
		stdin: "ghp_by_hand\n", says: "AWSCURRENT",
	},
	{run: `aws secretsmanager get-secret-value --secret-id webordinary/github-token --version-stage AWSPREVIOUS`, says: `"ghp_documented"`},
	{run: `aws secretsmanager get-resource-policy --secret-id webordinary/github-token`, says: "ARN"},
	{run: `aws efs describe-mount-targets --file-system-id ` + theFileSystem, says: "subnet-"},
	{run: `aws efs describe-file-system-policy --file-system-id ` + theFileSystem, says: "elasticfilesystem:ClientMount"},
	{run: `aws efs create-access-point --file-system-id ` + theFileSystem + ` --root-directory Path=/`, says: "fsap-", then: notes},
	{run: `aws efs delete-access-point --access-point-id $(cat noted.txt)`},
	{run: `aws iam list-policies --scope Local`, says: "Policies"},
	{run: `aws s3api list-object-versions --bucket webordinary-workspaces-` + sandboxtest.AccountID},
	{
		run: "aws configure list-profiles\nexport AWS_PROFILE=work\naws sts get-caller-identity", says: sandboxtest.AccountID,
		before: writes("aws.config", "[profile work]\nregion = us-west-2\n"),
	},
	{run: `pulumi destroy`, refused: true, says: "protected"},
	{run: `pulumi stack output > kept.txt`, then: has("kept.txt", "fileSystemId")},
	{run: `pulumi config set protect false && pulumi up`, says: "updated"},
	{run: `pulumi config rm --path githubTokens.acme`},
	{run: `pulumi config rm --path 'clients[1]' && pulumi up`, says: "deleted"},
	{run: `pulumi stack init second && pulumi config set -- nameSuffix -second`, then: has("Pulumi.second.yaml", "nameSuffix: -second")},
	{run: `pulumi stack init dev && pulumi up --stack dev`, says: "created"},
	{run: `pulumi config set sharedStack prod --stack dev`, then: has("Pulumi.dev.yaml", "sharedStack: prod")},
	{run: `pulumi config set --stack dev sharedStack prod`, then: has("Pulumi.dev.yaml", "sharedStack: prod")},
	{run: `pulumi config set --stack prod ciRepository webordinary/live-edit`},
	{run: `pulumi config set --stack prod ciStateBucket state-of-pulumi`},
	{run: `pulumi config set --stack prod ciStateKeyArn arn:aws:kms:us-west-2:` + sandboxtest.AccountID +
		`:key/5a6b7c8d-0000-4000-8000-000000000001`},
	{run: `pulumi config set --stack prod ciRepositoryIds 123/456`},
	{run: `pulumi up --stack prod`, says: "created"},
	{run: `pulumi config set --stack dev ciExistingOidcProvider true`},
	{run: `pulumi config set --stack dev ciRepository webordinary/live-edit`},
	{run: `pulumi up --stack dev`, says: "created"},
	{run: `pulumi destroy`}, // dev, which shares prod's parts and goes first
	{run: `pulumi up --stack prod`, says: "unchanged"},
	{run: `pulumi stack select prod`},
	{run: `pulumi destroy`, says: "deleted"},
	{run: `aws ecs list-task-definitions --family-prefix webordinary-edit`, says: "task-definition/webordinary-edit:1"},
	{run: `aws ecs deregister-task-definition --task-definition webordinary-edit:1`, says: "INACTIVE"},
	{run: `pulumi config set --path 'adopt.registry-repository'          webordinary/claude-code-astro`},
	{run: `pulumi config set --plaintext --path 'adopt.secrets-anthropic-api-key'    ` + noted("anthropicApiKeyArn")},
	{run: `pulumi config set --plaintext --path 'adopt.secrets-github-token'         ` + noted("githubTokenArn")},
	{run: `pulumi config set --plaintext --path 'adopt.secrets-aws-credentials'      ` + noted("awsCredentialsArn")},
	{run: `pulumi config set --path 'adopt.workspace-file-system'        ` + noted("fileSystemId")},
	{run: `pulumi config set --path 'adopt.workspace-bucket'             webordinary-workspaces-` + sandboxtest.AccountID},
	{run: `pulumi up`, says: "imported"},
	{run: `pulumi preview --expect-no-changes`, says: "unchanged"},
}

// invited says whom the stack's user pool knows.
func invited(people ...string) func(*checkout) {
	return func(c *checkout) {
		var known []string
		for _, user := range c.account.List("aws:cognito/user:User") {
			known = append(known, user.State["username"].StringValue())
		}
		require.ElementsMatch(c.t, people, known)
	}
}

// answers says which service answers at the hosts of client acme: pairs of a service's name and a host's label. No host beside them has a
// record or a rule.
func answers(pairs ...string) func(*checkout) {
	return func(c *checkout) {
		want := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			want[pairs[i+1]+".ameliastamps.com"] = pairs[i]
		}
		got := map[string]string{}
		for _, service := range c.account.List("aws:ecs/service:Service") {
			for _, host := range hostsOf(c.account, service) {
				if strings.Contains(host, "acme") {
					got[host] = service.State["name"].StringValue()
				}
			}
		}
		require.Equal(c.t, want, got)
		var records []string
		for _, record := range c.account.List("aws:route53/record:Record") {
			if name := record.State["fqdn"].StringValue(); strings.Contains(name, "acme") {
				records = append(records, name)
			}
		}
		require.ElementsMatch(c.t, slices.Collect(maps.Keys(want)), records)
	}
}

// hostsOf are the hosts for which the load balancer has rules that forward to a service.
func hostsOf(acc *sandboxtest.Account, service sandboxtest.Resource) []string {
	groups := map[string]bool{}
	for _, each := range service.State["loadBalancers"].ArrayValue() {
		groups[each.ObjectValue()["targetGroupArn"].StringValue()] = true
	}
	var hosts []string
	for _, rule := range acc.List("aws:lb/listenerRule:ListenerRule") {
		for _, action := range rule.State["actions"].ArrayValue() {
			if group := action.ObjectValue()["targetGroupArn"]; !group.IsString() || !groups[group.StringValue()] {
				continue
			}
			for _, condition := range rule.State["conditions"].ArrayValue() {
				if header := condition.ObjectValue()["hostHeader"]; header.IsObject() {
					for _, host := range header.ObjectValue()["values"].ArrayValue() {
						hosts = append(hosts, host.StringValue())
					}
				}
			}
		}
	}
	return hosts
}

// theFileSystem is the stack's.
const theFileSystem = "$(pulumi stack output fileSystemId)"

// notes keeps the ID of the access point that was made last.
func notes(c *checkout) {
	for _, point := range c.account.List("aws:efs/accessPoint:AccessPoint") {
		if point.URN == "" {
			writes("noted.txt", point.ID)(c)
		}
	}
	require.FileExists(c.t, filepath.Join(c.dir, "noted.txt"))
}

// noted reads an output from what was kept before the stack was destroyed.
func noted(output string) string { return "$(sed -n 's/^ *" + output + "  *//p' kept.txt)" }

// keeping follows docs/ci-setup.md and docs/operations.md: the state in a bucket, and its secrets under a key of KMS.
var keeping = []typed{
	{
		run: `aws s3api create-bucket --bucket state-of-pulumi --region us-west-2 ` +
			`--create-bucket-configuration LocationConstraint=us-west-2`,
		says: "Location",
	},
	{run: `aws s3api put-bucket-versioning --bucket state-of-pulumi --versioning-configuration Status=Enabled`},
	{run: `aws s3api put-public-access-block --bucket state-of-pulumi --public-access-block-configuration ` +
		`BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`},
	{run: `aws kms create-key --description "Secrets of Pulumi stacks" --query KeyMetadata.Arn --output text`, says: ":key/", then: notesKey},
	{run: `aws kms create-alias --alias-name alias/pulumi --target-key-id $(cat key.txt)`},
	{run: `pulumi login s3://state-of-pulumi`, says: "Logged in", before: asks("pulumi logout --all")},
	{
		run:  `pulumi stack init prod --secrets-provider="awskms://alias/pulumi?region=us-west-2"`,
		then: has("Pulumi.prod.yaml", "secretsprovider: awskms://alias/pulumi?region=us-west-2"),
	},
	{run: `pulumi login s3://state-of-pulumi?region=us-west-2`, says: "Logged in", before: asks("pulumi stack rm prod --yes --preserve-config")},
	{
		run:  `pulumi stack init prod --secrets-provider "awskms://alias/pulumi?region=us-west-2"`,
		then: has("Pulumi.prod.yaml", "encryptedkey: "),
	},
	{
		run:  `pulumi stack init dev --secrets-provider "awskms://alias/pulumi?region=us-west-2"`,
		then: has("Pulumi.dev.yaml", "encryptedkey: "),
	},
	{run: `pulumi config set --secret githubToken`, stdin: "ghp_under_kms", then: func(c *checkout) {
		c.types(c.bin, typed{run: "pulumi config get githubToken", says: "ghp_under_kms"})
		c.types(c.bin, typed{
			run: `aws s3api list-object-versions --bucket state-of-pulumi`, says: ".pulumi/stacks/webordinary-live-edit/prod.json",
		})
	}},
}

// asks types something that the documentation does not, to come to where it goes on.
func asks(command string) func(*checkout) {
	return func(c *checkout) { c.types(c.bin, typed{run: command}) }
}

// notesKey keeps the key's ARN.
func notesKey(c *checkout) {
	for _, key := range c.account.List("aws:kms/key:Key") {
		if key.URN == "" {
			writes("key.txt", key.State["arn"].StringValue())(c)
		}
	}
	require.FileExists(c.t, filepath.Join(c.dir, "key.txt"))
}

// TestKeepingStateAsDocumented logs in to a bucket of the simulated account.
func TestKeepingStateAsDocumented(t *testing.T) {
	t.Parallel()
	project := newCheckout(t)
	project.serveAPI()
	project.env = slices.DeleteFunc(project.env, func(entry string) bool {
		return strings.HasPrefix(entry, "PULUMI_BACKEND_URL=") || strings.HasPrefix(entry, "PULUMI_CONFIG_PASSPHRASE=")
	})
	project.bin = project.pulumiTools()
	for _, command := range keeping {
		project.types(project.bin, command)
	}
}

// merging follows docs/operations-edge.md on another stack's distribution.
var merging = []typed{
	{run: `aws cloudfront get-distribution-config --id E2QWRUHAPOMQZL > config.json`, then: has("config.json", `"ETag"`)},
	{run: `go run ./functions/behaviors -config config.json -action create -origin-domain edit.example.com -plan`, says: "+"},
	{run: `go run ./functions/behaviors -config config.json -plan`, says: "+"},
	{run: `go run ./functions/behaviors -distribution E2QWRUHAPOMQZL -plan`, says: "+"},
	{run: `go run ./functions/behaviors -distribution E2QWRUHAPOMQZL -apply`},
	{run: `go run ./functions/behaviors -distribution E2QWRUHAPOMQZL -action delete -plan`, says: "-"},
	{run: `go run ./functions/behaviors -distribution E2QWRUHAPOMQZL -action delete -apply`},
}

// configures puts a line into the stack file by hand, and unconfigures takes it away.
func configures(line string) func(*checkout) {
	return edits("Pulumi.prod.yaml", "\nconfig:\n", "\nconfig:\n  "+line+"\n")
}

func unconfigures(line string) func(*checkout) { return edits("Pulumi.prod.yaml", "  "+line+"\n", "") }

func edits(name, was, is string) func(*checkout) {
	return func(c *checkout) {
		path := filepath.Join(c.dir, name)
		data, err := os.ReadFile(path)
		require.NoError(c.t, err)
		require.Contains(c.t, string(data), was)
		require.NoError(c.t, os.WriteFile(path, []byte(strings.Replace(string(data), was, is, 1)), 0o600))
	}
}

// writes makes a file.
func writes(name, text string) func(*checkout) {
	return func(c *checkout) { require.NoError(c.t, os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600)) }
}

// has says that a file of the checkout holds a text.
func has(name, text string) func(*checkout) {
	return func(c *checkout) {
		data, err := os.ReadFile(filepath.Join(c.dir, name))
		require.NoError(c.t, err)
		require.Contains(c.t, string(data), text)
	}
}

// TestOperatingAsDocumented types what the documentation says, in its order, on one stack.
func TestOperatingAsDocumented(t *testing.T) {
	t.Parallel()
	project := newCheckout(t)
	project.serveAPI()
	project.env = append(project.env, "AWS_CONFIG_FILE="+filepath.Join(project.dir, "aws.config"))
	bin := project.pulumiTools()
	foreign(t, project.account, "aws:iam/role:Role", props{
		"name":             "workspace-operator",
		"assumeRolePolicy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
	})
	for _, command := range operating {
		project.types(bin, command)
	}
}

// TestMergingAsDocumented plans and applies our behaviours with the command, through CloudFront's API.
func TestMergingAsDocumented(t *testing.T) {
	t.Parallel()
	const id = "E2QWRUHAPOMQZL"
	account, err := sandboxtest.OpenAccount(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, account.Close()) })
	original, err := os.ReadFile("../functions/behaviors/testdata/s3-spa.xml")
	require.NoError(t, err)
	_, err = sandboxtest.PutDistribution(account, id, string(original), time.Now())
	require.NoError(t, err)
	before, _, err := sandboxtest.FindDistribution(account, id)
	require.NoError(t, err)
	shell := &checkout{t: t, ctx: t.Context(), dir: t.TempDir(), env: ofNoMake(), account: account}
	shell.serveAPI()
	bin := shell.tools()
	for _, command := range merging {
		shell.types(bin, command)
		now, _, err := sandboxtest.FindDistribution(account, id)
		require.NoError(t, err)
		if strings.Contains(command.run, "config.json") { // a file, which is compared with nothing
			continue
		}
		ours := strings.Contains(now.Config, "X-Webordinary-Owner")
		require.Equal(t, strings.HasSuffix(command.run, "L -apply") || strings.HasSuffix(command.run, "delete -plan"), ours, command.run)
		if strings.HasSuffix(command.run, "delete -apply") {
			require.Equal(t, before.Config, now.Config, "byte for byte as it was before us")
		}
	}
}
