package infra

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
)
