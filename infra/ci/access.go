package ci

import (
	"slices"

	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/policy"
)

// foundationAccess is for what holds data and what everything else stands on.
func (s scope) foundationAccess() []access {
	all := append(s.dataAccess(), s.balancerAccess()...)
	all = append(all, s.networkAccess())
	if s.dedicatedVpc {
		all = append(all, s.vpcAccess())
	}
	return all
}

func (s scope) dataAccess() []access {
	return []access{
		{
			name: "Registry", types: []string{"aws:ecr/repository:Repository", "aws:ecr/lifecyclePolicy:LifecyclePolicy"},
			read: []string{"ecr:DescribeRepositories", "ecr:GetLifecyclePolicy", "ecr:ListTagsForResource"},
			write: []string{
				"ecr:CreateRepository", "ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability", "ecr:PutLifecyclePolicy",
				"ecr:TagResource", "ecr:UntagResource",
				// The workflow image pushes ("IAM permissions for pushing an image" in ECR's guide), reads what the scan has found, and
				// gives what it has pushed another tag.
				"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImageScanFindings",
				"ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
			},
			create: []string{"ecr:GetAuthorizationToken"}, // knows no resource
			on:     []string{s.regional("ecr", "repository/"+s.names.Repository())},
		},
		{
			name: "Secrets", types: []string{"aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretVersion:SecretVersion"},
			read: []string{"secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"},
			write: []string{
				"secretsmanager:CreateSecret",
				"secretsmanager:GetSecretValue", // the provider reads a version back after writing it
				"secretsmanager:PutSecretValue", "secretsmanager:TagResource", "secretsmanager:UntagResource",
				"secretsmanager:UpdateSecret", "secretsmanager:UpdateSecretVersionStage",
			},
			on: []string{s.regional("secretsmanager", "secret:"+s.names.Secret("*")+"-??????")},
		},
		s.fileSystemAccess(),
		{
			name: "Buckets",
			types: []string{
				"aws:s3/bucketV2:BucketV2", "aws:s3/bucketVersioningV2:BucketVersioningV2", "aws:s3/bucketPolicy:BucketPolicy",
				"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
				"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
				"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
			},
			read: []string{
				"s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLocation", "s3:GetBucketLogging",
				"s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy",
				"s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning",
				"s3:GetBucketWebsite", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration",
				"s3:GetReplicationConfiguration", "s3:ListBucket", "s3:ListTagsForResource",
			},
			write: []string{
				"s3:CreateBucket", "s3:DeleteBucketPolicy", "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy",
				"s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration",
				"s3:PutLifecycleConfiguration", "s3:TagResource", "s3:UntagResource",
			},
			on: []string{"arn:aws:s3:::" + s.names.WorkspaceBucket(s.account), "arn:aws:s3:::" + s.names.AuditBucket(s.account)},
		},
	}
}

func (s scope) fileSystemAccess() access {
	return access{
		name: "FileSystems",
		types: []string{
			"aws:efs/fileSystem:FileSystem", "aws:efs/fileSystemPolicy:FileSystemPolicy", "aws:efs/backupPolicy:BackupPolicy",
			"aws:efs/mountTarget:MountTarget", "aws:efs/accessPoint:AccessPoint",
		},
		read: []string{
			"elasticfilesystem:DescribeAccessPoints", "elasticfilesystem:DescribeBackupPolicy",
			"elasticfilesystem:DescribeFileSystemPolicy", "elasticfilesystem:DescribeFileSystems",
			"elasticfilesystem:DescribeLifecycleConfiguration", "elasticfilesystem:DescribeMountTargets",
			"elasticfilesystem:DescribeMountTargetSecurityGroups", "elasticfilesystem:ListTagsForResource",
		},
		create: []string{"elasticfilesystem:CreateFileSystem"},
		write: []string{
			"elasticfilesystem:CreateAccessPoint", "elasticfilesystem:CreateMountTarget", "elasticfilesystem:DeleteAccessPoint",
			"elasticfilesystem:DeleteMountTarget", "elasticfilesystem:ModifyMountTargetSecurityGroups",
			"elasticfilesystem:PutBackupPolicy", "elasticfilesystem:PutFileSystemPolicy",
			"elasticfilesystem:PutLifecycleConfiguration", "elasticfilesystem:TagResource", "elasticfilesystem:UntagResource",
			"elasticfilesystem:UpdateFileSystem", "elasticfilesystem:UpdateFileSystemProtection",
		},
		// File systems have no names in their ARNs.
		on: []string{s.regional("elasticfilesystem", "file-system/*"), s.regional("elasticfilesystem", "access-point/*")},
	}
}

// balancerAccess separates the load balancer, which only its own stack may change, from the rules, which a stack that
// borrows it adds to another's listener.
func (s scope) balancerAccess() []access {
	elb := func(resource string) string { return s.regional("elasticloadbalancing", resource) }
	own, anyStack := s.names.LoadBalancer(), config.Names{}.LoadBalancer()+"*"
	return append(s.certificateAccess(elb("listener/app/"+anyStack+"/*")), []access{
		{
			name: "LoadBalancer", types: []string{"aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"},
			describe: []string{
				"acm:DescribeCertificate", "acm:GetCertificate", "acm:ListCertificates", "acm:ListTagsForCertificate",
				"elasticloadbalancing:DescribeCapacityReservation", "elasticloadbalancing:DescribeListenerAttributes",
				"elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeLoadBalancerAttributes",
				"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeRules",
				"elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetGroupAttributes",
				"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth",
			},
			write: []string{
				"elasticloadbalancing:AddTags", "elasticloadbalancing:CreateListener", "elasticloadbalancing:CreateLoadBalancer",
				"elasticloadbalancing:DeleteListener", "elasticloadbalancing:DeleteLoadBalancer",
				"elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyListenerAttributes",
				"elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:RemoveTags",
				"elasticloadbalancing:SetIpAddressType", "elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets",
			},
			on: []string{elb("loadbalancer/app/" + own + "/*"), elb("listener/app/" + own + "/*")},
		},
		{
			name: "Rules", types: []string{"aws:lb/listenerRule:ListenerRule"},
			write: []string{
				"elasticloadbalancing:AddTags", "elasticloadbalancing:CreateRule", "elasticloadbalancing:DeleteRule",
				"elasticloadbalancing:ModifyRule", "elasticloadbalancing:RemoveTags", "elasticloadbalancing:SetRulePriorities",
			},
			on: []string{elb("listener/app/" + anyStack + "/*"), elb("listener-rule/app/" + anyStack + "/*")},
		},
		{
			name: "TargetGroups",
			types: []string{
				"aws:lb/targetGroup:TargetGroup", "aws:lb/targetGroupAttachment:TargetGroupAttachment",
			},
			write: []string{
				"elasticloadbalancing:AddTags", "elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:DeleteTargetGroup",
				"elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:ModifyTargetGroup",
				"elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:RegisterTargets",
				"elasticloadbalancing:RemoveTags",
			},
			on: s.regionals("elasticloadbalancing", "targetgroup/", s.names.TargetGroup("*"), "/*"),
		},
	}...)
}

// certificateAccess is for clients in zones of their own, also on a borrowed listener.
func (s scope) certificateAccess(listeners string) []access {
	if !s.clients {
		return nil
	}
	return []access{{
		name: "ListenerCertificates", types: []string{"aws:lb/listenerCertificate:ListenerCertificate"},
		describe: []string{"elasticloadbalancing:DescribeListenerCertificates"},
		write:    []string{"elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:RemoveListenerCertificates"},
		on:       []string{listeners},
	}}
}

// networkAccess is for security groups and for the network interfaces of mount targets. Their ARNs hold numbers only, so
// it covers the region's.
func (s scope) networkAccess() access {
	return access{
		name: "SecurityGroups",
		types: []string{
			"aws:ec2/securityGroup:SecurityGroup", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
			"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
		},
		describe: []string{
			"ec2:DescribeAccountAttributes", "ec2:DescribeAvailabilityZones", "ec2:DescribeNetworkInterfaces",
			"ec2:DescribeRouteTables", "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
			"ec2:DescribeVpcAttribute", "ec2:DescribeVpcs",
		},
		write: []string{
			"ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateNetworkInterface",
			"ec2:CreateSecurityGroup", "ec2:CreateTags", "ec2:DeleteNetworkInterface", "ec2:DeleteSecurityGroup", "ec2:DeleteTags",
			"ec2:ModifyNetworkInterfaceAttribute", "ec2:ModifySecurityGroupRules", "ec2:RevokeSecurityGroupEgress",
			"ec2:RevokeSecurityGroupIngress", "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
			"ec2:UpdateSecurityGroupRuleDescriptionsIngress",
		},
		on: []string{
			s.regional("ec2", "network-interface/*"), s.regional("ec2", "security-group/*"),
			s.regional("ec2", "security-group-rule/*"), s.regional("ec2", "subnet/*"), s.regional("ec2", "vpc/*"),
		},
	}
}

// vpcAccess is for what awsx creates in a dedicated VPC.
func (s scope) vpcAccess() access {
	return access{
		name: "Vpc",
		types: []string{
			"aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route",
			"aws:ec2/routeTableAssociation:RouteTableAssociation", "aws:ec2/internetGateway:InternetGateway",
			"aws:ec2/natGateway:NatGateway", "aws:ec2/eip:Eip",
		},
		describe: []string{
			"ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute", "ec2:DescribeInternetGateways", "ec2:DescribeNatGateways",
			"ec2:DescribeNetworkAcls",
		},
		create: []string{
			"ec2:AllocateAddress", "ec2:AssociateRouteTable", "ec2:AttachInternetGateway", "ec2:CreateInternetGateway",
			"ec2:CreateNatGateway", "ec2:CreateRoute", "ec2:CreateRouteTable", "ec2:CreateSubnet", "ec2:CreateVpc",
			"ec2:DeleteInternetGateway", "ec2:DeleteNatGateway", "ec2:DeleteRoute", "ec2:DeleteRouteTable", "ec2:DeleteSubnet",
			"ec2:DeleteVpc", "ec2:DetachInternetGateway", "ec2:DisassociateAddress", "ec2:DisassociateRouteTable",
			"ec2:ModifySubnetAttribute", "ec2:ModifyVpcAttribute", "ec2:ReleaseAddress", "ec2:ReplaceRoute",
			"ec2:ReplaceRouteTableAssociation", "ec2:CreateTags", "ec2:DeleteTags",
		},
	}
}

// serviceAccess is for what runs.
func (s scope) serviceAccess() []access {
	return append(s.computeAccess(), access{
		name: "Scaling", types: []string{"aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"},
		describe: []string{
			"application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies",
			"application-autoscaling:ListTagsForResource",
		},
		write: []string{
			"application-autoscaling:DeleteScalingPolicy", "application-autoscaling:DeregisterScalableTarget",
			"application-autoscaling:PutScalingPolicy", "application-autoscaling:RegisterScalableTarget",
			"application-autoscaling:TagResource", "application-autoscaling:UntagResource",
		},
		on: []string{s.regional("application-autoscaling", "scalable-target/*")},
	}, access{
		name: "Dns", types: []string{"aws:route53/record:Record"},
		describe: []string{"route53:GetChange", "route53:ListHostedZones", "route53:ListHostedZonesByName"},
		read:     []string{"route53:GetHostedZone", "route53:ListResourceRecordSets", "route53:ListTagsForResource"},
		write:    []string{"route53:ChangeResourceRecordSets"},
		on:       []string{"arn:aws:route53:::hostedzone/*"},
		only: []policy.Condition{
			{
				Operator: "ForAllValues:StringEquals", Key: "route53:ChangeResourceRecordSetsNormalizedRecordNames",
				Values: stringInputs(s.editHosts...),
			},
			{
				Operator: "ForAllValues:StringEquals", Key: "route53:ChangeResourceRecordSetsRecordTypes",
				Values: stringInputs("CNAME"),
			},
		},
	})
}

func (s scope) computeAccess() []access {
	return []access{
		{
			name: "Ecs", types: []string{"aws:ecs/cluster:Cluster", "aws:ecs/service:Service", "aws:ecs/taskDefinition:TaskDefinition"},
			describe: []string{"ecs:DescribeTaskDefinition"},
			read:     []string{"ecs:DescribeClusters", "ecs:DescribeServices", "ecs:ListTagsForResource"},
			create:   []string{"ecs:CreateCluster", "ecs:DeregisterTaskDefinition", "ecs:RegisterTaskDefinition"},
			write: []string{
				"ecs:CreateService", "ecs:DeleteCluster", "ecs:DeleteService", "ecs:PutClusterCapacityProviders", "ecs:TagResource",
				"ecs:UntagResource", "ecs:UpdateCluster", "ecs:UpdateClusterSettings", "ecs:UpdateService",
			},
			on: slices.Concat(
				s.regionals("ecs", "cluster/", s.names.Cluster(), ""), s.regionals("ecs", "service/", s.names.Cluster(), "/*"),
				s.regionals("ecs", "task-definition/", s.names.Service(), ":*"),
			),
		},
		{
			name: "Roles",
			types: []string{
				"aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
			},
			read: []string{
				"iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole",
				"iam:ListRolePolicies",
			},
			write: roleChanges(),
			on:    s.roles(),
		},
		{
			name:  "Identities",
			types: []string{"aws:iam/policy:Policy", "aws:iam/openIdConnectProvider:OpenIdConnectProvider"},
			read:  []string{"iam:GetOpenIDConnectProvider", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions"},
			on: []string{
				s.global("iam", "oidc-provider/"+githubIssuer), s.global("iam", "policy/"+config.Names{}.Role(rolePrefix)+"*"),
			},
		},
		{
			name: "Logs", types: []string{"aws:cloudwatch/logGroup:LogGroup"},
			describe: []string{"logs:DescribeLogGroups"},
			read:     []string{"logs:ListTagsForResource"},
			write: []string{
				"logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy", "logs:PutRetentionPolicy",
				"logs:TagResource", "logs:UntagResource",
			},
			// With and without the :* that some actions end a group's ARN with.
			on: []string{
				s.regional("logs", "log-group:"+s.names.ServiceLogGroup()+"*"),
				s.regional("logs", "log-group:"+s.names.FunctionLogGroup("*")+"*"),
			},
		},
		s.functionAccess(),
	}
}

func (s scope) functionAccess() access {
	return access{
		name: "Functions",
		types: []string{
			"aws:lambda/function:Function", "aws:lambda/permission:Permission", "aws:lambda/invocation:Invocation",
			"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
		},
		// Every preview holds the account's quotas against what functions and tasks need (D25).
		describe: []string{"servicequotas:GetAWSDefaultServiceQuota", "servicequotas:GetServiceQuota"},
		read: []string{
			"lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConcurrency",
			"lambda:GetFunctionEventInvokeConfig", "lambda:GetPolicy", "lambda:ListTags", "lambda:ListVersionsByFunction",
		},
		write: []string{
			"lambda:AddPermission", "lambda:CreateFunction", "lambda:DeleteFunction", "lambda:DeleteFunctionConcurrency",
			"lambda:DeleteFunctionEventInvokeConfig", "lambda:InvokeFunction", "lambda:PutFunctionConcurrency",
			"lambda:PutFunctionEventInvokeConfig", "lambda:RemovePermission", "lambda:TagResource", "lambda:UntagResource",
			"lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionEventInvokeConfig",
		},
		on: s.regionals("lambda", "function:", s.names.Function("*"), ""),
	}
}

// operationsAccess is for what watches, and for what happens by itself.
func (s scope) operationsAccess() []access {
	return slices.Concat(s.watchingAccess(), s.timingAccess(), s.signInAccess())
}

// signInAccess is the user pool and the lists of who may edit. A pool's ARN has no name in it.
func (s scope) signInAccess() []access {
	return []access{
		{
			name: "UserPools",
			types: []string{
				"aws:cognito/userPool:UserPool", "aws:cognito/userPoolClient:UserPoolClient", "aws:cognito/userPoolDomain:UserPoolDomain",
				"aws:cognito/user:User",
			},
			describe: []string{"cognito-idp:DescribeUserPoolDomain"},
			read: []string{
				"cognito-idp:AdminGetUser", "cognito-idp:DescribeUserPool", "cognito-idp:DescribeUserPoolClient",
				"cognito-idp:GetUserPoolMfaConfig", "cognito-idp:ListTagsForResource",
			},
			create: []string{"cognito-idp:CreateUserPool"},
			write: []string{
				"cognito-idp:AdminCreateUser", "cognito-idp:AdminDeleteUser", "cognito-idp:AdminUpdateUserAttributes",
				"cognito-idp:CreateUserPoolClient", "cognito-idp:CreateUserPoolDomain", "cognito-idp:DeleteUserPool",
				"cognito-idp:DeleteUserPoolClient", "cognito-idp:DeleteUserPoolDomain", "cognito-idp:SetUserPoolMfaConfig",
				"cognito-idp:TagResource", "cognito-idp:UntagResource", "cognito-idp:UpdateUserPool", "cognito-idp:UpdateUserPoolClient",
			},
			on: []string{s.regional("cognito-idp", "userpool/*")},
		},
		{
			name: "Editors", types: []string{"aws:ssm/parameter:Parameter"},
			describe: []string{"ssm:DescribeParameters"},
			read:     []string{"ssm:GetParameter", "ssm:GetParameters", "ssm:ListTagsForResource"},
			write:    []string{"ssm:AddTagsToResource", "ssm:DeleteParameter", "ssm:PutParameter", "ssm:RemoveTagsFromResource"},
			on:       s.regionals("ssm", "parameter/", s.names.Other("edit-editors"), ""),
		},
	}
}

func (s scope) watchingAccess() []access {
	named := s.names.Other("*")
	return []access{
		{
			name: "Alarms", types: []string{"aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/dashboard:Dashboard"},
			describe: []string{"cloudwatch:DescribeAlarms"},
			read:     []string{"cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource"},
			write: []string{
				"cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm",
				"cloudwatch:TagResource", "cloudwatch:UntagResource",
			},
			on: append(s.regionals("cloudwatch", "alarm:", named, ""), s.global("cloudwatch", "dashboard/"+named)),
		},
		{
			name: "Topics",
			types: []string{
				"aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy", "aws:sns/topicSubscription:TopicSubscription",
			},
			describe: []string{"sns:GetSubscriptionAttributes"},
			read:     []string{"sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"},
			create:   []string{"sns:SetSubscriptionAttributes", "sns:Unsubscribe"},
			write: []string{
				"sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource", "sns:UntagResource",
			},
			on: []string{s.regional("sns", named)},
		},
		{
			name: "Budgets", types: []string{"aws:budgets/budget:Budget"},
			read:  []string{"budgets:ListTagsForResource", "budgets:ViewBudget"},
			write: []string{"budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"},
			on:    []string{s.global("budgets", "budget/"+named)},
		},
		{
			name: "Trails", types: []string{"aws:cloudtrail/trail:Trail"},
			describe: []string{"cloudtrail:DescribeTrails"},
			read: []string{
				"cloudtrail:GetEventSelectors", "cloudtrail:GetInsightSelectors", "cloudtrail:GetTrail", "cloudtrail:GetTrailStatus",
				"cloudtrail:ListTags",
			},
			write: []string{
				"cloudtrail:AddTags", "cloudtrail:CreateTrail", "cloudtrail:DeleteTrail", "cloudtrail:PutEventSelectors",
				"cloudtrail:RemoveTags", "cloudtrail:StartLogging", "cloudtrail:StopLogging", "cloudtrail:UpdateTrail",
			},
			on: []string{s.regional("cloudtrail", "trail/"+named)},
		},
	}
}

// timingAccess is for what starts functions and reports, and keeps what failed.
func (s scope) timingAccess() []access {
	named := s.names.Other("*")
	return []access{
		{
			name: "Events", types: []string{"aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"},
			read: []string{"events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"},
			write: []string{
				"events:DeleteRule", "events:DisableRule", "events:EnableRule", "events:PutRule", "events:PutTargets",
				"events:RemoveTargets", "events:TagResource", "events:UntagResource",
			},
			on: s.regionals("events", "rule/", named, ""),
		},
		{
			name: "Schedules", types: []string{"aws:scheduler/schedule:Schedule"},
			read:  []string{"scheduler:GetSchedule"},
			write: []string{"scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:UpdateSchedule"},
			on:    []string{s.regional("scheduler", "schedule/default/"+named)},
		},
		{
			name: "Queues", types: []string{"aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy"},
			read:  []string{"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"},
			write: []string{"sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue"},
			on:    []string{s.regional("sqs", named)},
		},
	}
}
