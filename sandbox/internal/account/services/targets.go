package services

// Type tokens that more than one file needs.
const (
	typeVPC           = "aws:ec2/vpc:Vpc"
	typeSubnet        = "aws:ec2/subnet:Subnet"
	typeSecurityGroup = "aws:ec2/securityGroup:SecurityGroup"
	typeIngressRule   = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	typeEgressRule    = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	typeGateway       = "aws:ec2/internetGateway:InternetGateway"
	typeRouteTable    = "aws:ec2/routeTable:RouteTable"
	typePrefixList    = "aws:ec2/managedPrefixList:ManagedPrefixList"
	typeLoadBalancer  = "aws:lb/loadBalancer:LoadBalancer"
	typeListener      = "aws:lb/listener:Listener"
	typeListenerRule  = "aws:lb/listenerRule:ListenerRule"
	typeTargetGroup   = "aws:lb/targetGroup:TargetGroup"
	typeCertificate   = "aws:acm/certificate:Certificate"
	typeZone          = "aws:route53/zone:Zone"
	typeRole          = "aws:iam/role:Role"
	typeRolePolicy    = "aws:iam/rolePolicy:RolePolicy"
	typeAttachment    = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	typePolicy        = "aws:iam/policy:Policy"
	typeCluster       = "aws:ecs/cluster:Cluster"
	typeTaskDef       = "aws:ecs/taskDefinition:TaskDefinition"
	typeService       = "aws:ecs/service:Service"
	typeRepository    = "aws:ecr/repository:Repository"
	typeSecret        = "aws:secretsmanager/secret:Secret"
	typeFileSystem    = "aws:efs/fileSystem:FileSystem"
	typeAccessPoint   = "aws:efs/accessPoint:AccessPoint"
	typeMountTarget   = "aws:efs/mountTarget:MountTarget"
	typeBucket        = "aws:s3/bucketV2:BucketV2"
	typeOldBucket     = "aws:s3/bucket:Bucket"
	typeBucketPolicy  = "aws:s3/bucketPolicy:BucketPolicy"
	typeFunction      = "aws:lambda/function:Function"
	typePermission    = "aws:lambda/permission:Permission"
	typeEventRule     = "aws:cloudwatch/eventRule:EventRule"
	typeLogGroup      = "aws:cloudwatch/logGroup:LogGroup"
	typeScalable      = "aws:appautoscaling/target:Target"
	typeTopic         = "aws:sns/topic:Topic"
	typeQueue         = "aws:sqs/queue:Queue"
	typeKey           = "aws:kms/key:Key"
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
)

const (
	typeInvocation   = "aws:lambda/invocation:Invocation"
	typeInvokeConfig = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
	typeEventTarget  = "aws:cloudwatch/eventTarget:EventTarget"
)

const (
	typeNAT  = "aws:ec2/natGateway:NatGateway"
	typeEIP  = "aws:ec2/eip:Eip"
	endpoint = "aws:ec2/vpcEndpoint:VpcEndpoint"
)

const typeRecord = "aws:route53/record:Record"

const typeMetricFilter = "aws:cloudwatch/logMetricFilter:LogMetricFilter"

// runtimeInterface are the network interfaces that a deleted function leaves behind; state.role, state.securityGroupIds and
// state.subnetIds count.
const runtimeInterface = "runtime:ec2/networkInterface"

const typeSecretVersion = "aws:secretsmanager/secretVersion:SecretVersion"
