package infra

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/config"
)

// Names of the stack outputs, the contract between stacks: flat camelCase scalars, listed with the CloudFormation
// exports they replace in docs/outputs.md. Renaming one breaks every stack that refers to it.
const (
	outRepositoryURL            = "repositoryUrl"
	outRepositoryArn            = "repositoryArn"
	outAnthropicAPIKeyArn       = "anthropicApiKeyArn"
	outGitHubTokenArn           = "githubTokenArn"
	outAWSCredentialsArn        = "awsCredentialsArn"
	outPendingSecrets           = "pendingSecrets"
	outFileSystemID             = "fileSystemId"
	outFileSystemArn            = "fileSystemArn"
	outClientAccessPointID      = "clientAccessPointId"
	outClientAccessPointArn     = "clientAccessPointArn"
	outWorkspaceSecurityGroupID = "workspaceSecurityGroupId"
	outWorkspaceBucketName      = "workspaceBucketName"
	outVpcID                    = "vpcId"
	outALBArn                   = "albArn"
	outALBDNSName               = "albDnsName"
	outALBZoneID                = "albZoneId"
	outHTTPSListenerArn         = "httpsListenerArn"
	outALBSecurityGroupID       = "albSecurityGroupId"
	outClusterName              = "clusterName"
	outServiceName              = "serviceName"
	outTaskDefinitionArn        = "taskDefinitionArn"
	outEditURL                  = "editUrl"
	outRulePriorityBase         = "rulePriorityBase"

	// Of stacks with several clients only: what a borrower of the load balancer has to keep clear of, and where data lies that has no editor.
	outEditURLs          = "editUrls"
	outRulePriorityBases = "rulePriorityBases"
	outKeptClients       = "keptClients"
	// Of stacks into which people sign in only: in which way.
	outAuth = "auth"
)

// stackOutputs is everything the stack tells: its users, and the stacks that refer to it. None is secret.
func stackOutputs(cfg *config.Config, base *foundation, service *EditService) pulumi.Map {
	outputs := pulumi.Map{
		outRepositoryURL:            base.Registry.RepositoryURL,
		outRepositoryArn:            base.Registry.RepositoryArn,
		outAnthropicAPIKeyArn:       base.Secrets.AnthropicAPIKeyArn,
		outGitHubTokenArn:           base.Secrets.GitHubTokenArn,
		outAWSCredentialsArn:        base.Secrets.AWSCredentialsArn,
		outPendingSecrets:           pulumi.String(strings.Join(base.Pending, ",")),
		outFileSystemID:             base.Workspace.FileSystemID,
		outFileSystemArn:            base.Workspace.FileSystemArn,
		outClientAccessPointID:      base.Workspace.ClientAccessPointID,
		outClientAccessPointArn:     base.Workspace.ClientAccessPointArn,
		outWorkspaceSecurityGroupID: base.Workspace.SecurityGroupID,
		outWorkspaceBucketName:      base.BucketName,
		outVpcID:                    base.Network.VpcID,
		outALBArn:                   base.LoadBalancer.Arn,
		outALBDNSName:               base.LoadBalancer.DNSName,
		outALBZoneID:                base.LoadBalancer.ZoneID,
		outHTTPSListenerArn:         base.LoadBalancer.HTTPSListenerArn,
		outALBSecurityGroupID:       base.LoadBalancer.SecurityGroupID,
		outClusterName:              service.ClusterName,
		outServiceName:              service.ServiceName,
		outTaskDefinitionArn:        service.TaskDefinitionArn,
		outEditURL:                  pulumi.String("https://" + cfg.Site.FQDN()),
		outRulePriorityBase:         pulumi.Int(cfg.Service.RulePriorityBase),
	}
	if len(cfg.Clients) > 1 {
		var urls, bases []string
		for _, client := range cfg.Clients {
			urls = append(urls, "https://"+client.Site.FQDN())
			bases = append(bases, strconv.Itoa(client.RulePriorityBase))
		}
		outputs[outEditURLs] = pulumi.String(strings.Join(urls, ","))
		outputs[outRulePriorityBases] = pulumi.String(strings.Join(bases, ","))
	}
	if cfg.Auth.On() {
		outputs[outAuth] = pulumi.String(cfg.Auth.Mode)
	}
	if len(cfg.Kept) > 0 {
		outputs[outKeptClients] = whereKept(cfg, base)
	}
	return outputs
}

// whereKept says of the clients whose editor is gone where their data is.
func whereKept(cfg *config.Config, base *foundation) pulumi.StringOutput {
	return pulumi.All(base.Workspace.FileSystemID, base.BucketName).ApplyT(func(values []any) string {
		var lines []string
		for _, client := range cfg.Kept {
			lines = append(lines, fmt.Sprintf("%[1]s: files in /clients/%[1]s of %[2]v, objects in s3://%[3]v/%[1]s/, GitHub token in secret %[4]s",
				client.ID, values[0], values[1], cfg.NamesOf(client).Secret("github-token")))
		}
		return strings.Join(lines, "; ")
	}).(pulumi.StringOutput)
}
