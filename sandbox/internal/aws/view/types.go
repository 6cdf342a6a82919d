package view

// Type tokens of resources.
const (
	TypeVPC                   = "aws:ec2/vpc:Vpc"
	TypeSubnet                = "aws:ec2/subnet:Subnet"
	TypeSecurityGroup         = "aws:ec2/securityGroup:SecurityGroup"
	TypeIngressRule           = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	TypeEgressRule            = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	TypeGateway               = "aws:ec2/internetGateway:InternetGateway"
	TypeRouteTable            = "aws:ec2/routeTable:RouteTable"
	TypePrefixList            = "aws:ec2/managedPrefixList:ManagedPrefixList"
	TypeLoadBalancer          = "aws:lb/loadBalancer:LoadBalancer"
	TypeListener              = "aws:lb/listener:Listener"
	TypeListenerRule          = "aws:lb/listenerRule:ListenerRule"
	TypeTargetGroup           = "aws:lb/targetGroup:TargetGroup"
	TypeCertificate           = "aws:acm/certificate:Certificate"
	TypeZone                  = "aws:route53/zone:Zone"
	TypeRole                  = "aws:iam/role:Role"
	TypeRolePolicy            = "aws:iam/rolePolicy:RolePolicy"
	TypeAttachment            = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	TypePolicy                = "aws:iam/policy:Policy"
	TypeCluster               = "aws:ecs/cluster:Cluster"
	TypeTaskDef               = "aws:ecs/taskDefinition:TaskDefinition"
	TypeService               = "aws:ecs/service:Service"
	TypeRepository            = "aws:ecr/repository:Repository"
	TypeSecret                = "aws:secretsmanager/secret:Secret"
	TypeFileSystem            = "aws:efs/fileSystem:FileSystem"
	TypeAccessPoint           = "aws:efs/accessPoint:AccessPoint"
	TypeMountTarget           = "aws:efs/mountTarget:MountTarget"
	TypeBucket                = "aws:s3/bucketV2:BucketV2"
	TypeBucketPolicy          = "aws:s3/bucketPolicy:BucketPolicy"
	TypeFunction              = "aws:lambda/function:Function"
	TypePermission            = "aws:lambda/permission:Permission"
	TypeEventRule             = "aws:cloudwatch/eventRule:EventRule"
	TypeLogGroup              = "aws:cloudwatch/logGroup:LogGroup"
	TypeScalable              = "aws:appautoscaling/target:Target"
	TypeTopic                 = "aws:sns/topic:Topic"
	TypeQueue                 = "aws:sqs/queue:Queue"
	TypeKey                   = "aws:kms/key:Key"
	TypeInvocation            = "aws:lambda/invocation:Invocation"
	TypeInvokeConfig          = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
	TypeEventTarget           = "aws:cloudwatch/eventTarget:EventTarget"
	TypeNAT                   = "aws:ec2/natGateway:NatGateway"
	TypeEIP                   = "aws:ec2/eip:Eip"
	TypeEndpoint              = "aws:ec2/vpcEndpoint:VpcEndpoint"
	TypeRecord                = "aws:route53/record:Record"
	TypeMetricFilter          = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
	TypeSecretVersion         = "aws:secretsmanager/secretVersion:SecretVersion"
	TypeScalingPolicy         = "aws:appautoscaling/policy:Policy"
	TypeLifecyclePolicy       = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
	TypeFileSystemPolicy      = "aws:efs/fileSystemPolicy:FileSystemPolicy"
	TypeTargetGroupAttachment = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
	TypeListenerCertificate   = "aws:lb/listenerCertificate:ListenerCertificate"
	TypeSecretPolicy          = "aws:secretsmanager/secretPolicy:SecretPolicy"
	TypeServiceQuota          = "aws:servicequotas/serviceQuota:ServiceQuota"
	TypeParameter             = "aws:ssm/parameter:Parameter"
	TypeUserPool              = "aws:cognito/userPool:UserPool"
	TypeUserPoolDomain        = "aws:cognito/userPoolDomain:UserPoolDomain"
	TypeUserPoolClient        = "aws:cognito/userPoolClient:UserPoolClient"
	TypeUser                  = "aws:cognito/user:User"
)

// Facts beside the resources: those of the API front decide whether something can be deleted.
const (
	// RuntimeTask is a task; state.clusterArn and state.lastStatus count.
	RuntimeTask = "runtime:ecs/task"
	// RuntimeImage is an image; state.repositoryName counts.
	RuntimeImage = "runtime:ecr/image"
	// RuntimeInactiveTaskDefinition is a task definition that was deregistered; its state is the definition's.
	RuntimeInactiveTaskDefinition = "runtime:ecs/inactiveTaskDefinition"
	// RuntimeObject is an S3 object; state.bucket counts.
	RuntimeObject = "runtime:s3/object"
	// RuntimeDeletedSecret is a secret in its recovery window.
	RuntimeDeletedSecret = "runtime:secretsmanager/deletedSecret"
	// RuntimeInterface are the network interfaces that a deleted function leaves behind; state.role, state.securityGroupIds and
	// state.subnetIds count.
	RuntimeInterface     = "runtime:ec2/networkInterface"
	RuntimeDistribution  = "runtime:cloudfront/distribution"
	RuntimeSeries        = "runtime:cloudwatch/series"
	RuntimeServiceStatus = "runtime:ecs/serviceStatus"
	RuntimeTarget        = "runtime:elasticloadbalancingv2/target"
)
