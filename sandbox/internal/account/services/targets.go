package services

import "strings"

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

var (
	toVPC = Target{
		Types: []string{typeVPC}, By: []string{"id"}, Generated: true,
		Code: "InvalidVpcID.NotFound", Message: "The vpc ID '%s' does not exist",
		InUseCode: "DependencyViolation", InUse: "The vpc '%s' has dependencies and cannot be deleted",
	}
	toSubnet = Target{
		Types: []string{typeSubnet}, By: []string{"id"}, Generated: true,
		Code: "InvalidSubnetID.NotFound", Message: "The subnet ID '%s' does not exist",
		InUseCode: "DependencyViolation", InUse: "The subnet '%s' has dependencies and cannot be deleted",
	}
	toSecurityGroup = Target{
		Types: []string{typeSecurityGroup}, By: []string{"id"}, Generated: true,
		Code: "InvalidGroup.NotFound", Message: "The security group '%s' does not exist",
		InUseCode: "DependencyViolation", InUse: "resource %s has a dependent object",
	}
	toRouteTable = Target{
		Types: []string{typeRouteTable}, By: []string{"id"}, Generated: true,
		Code: "InvalidRouteTableID.NotFound", Message: "The routeTable ID '%s' does not exist",
		InUseCode: "DependencyViolation", InUse: "The routeTable '%s' has dependencies and cannot be deleted",
	}
	toGateway = Target{
		Types: []string{typeGateway}, By: []string{"id"}, Generated: true,
		Code: "InvalidGatewayID.NotFound", Message: "The gateway ID '%s' does not exist",
	}
	toPrefixList = Target{
		Types: []string{typePrefixList}, By: []string{"id"}, Generated: true,
		Code: "InvalidPrefixListID.NotFound", Message: "The prefix list ID '%s' does not exist",
	}
	toLoadBalancer = Target{
		Types: []string{typeLoadBalancer}, By: []string{"id"}, Generated: true,
		Code: "LoadBalancerNotFound", Message: "Load balancer '%s' not found",
	}
	toListener = Target{
		Types: []string{typeListener}, By: []string{"id"}, Generated: true,
		Code: "ListenerNotFound", Message: "Listener '%s' not found",
	}
	toTargetGroup = Target{
		Types: []string{typeTargetGroup}, By: []string{"id"}, Generated: true,
		Code: "TargetGroupNotFound", Message: "Target group '%s' not found",
		InUseCode: "ResourceInUse", InUse: "Target group '%s' is currently in use by a listener or a rule",
	}
	toCertificate = Target{
		Types: []string{typeCertificate}, By: []string{"arn"}, Generated: true,
		Code: "CertificateNotFound", Message: "Certificate '%s' not found in " + Region + "; request or import it there, or configure " +
			"another ARN",
	}
	toZone = Target{
		Types: []string{typeZone}, By: []string{"zoneId"}, Generated: true,
		Code: "NoSuchHostedZone", Message: "No hosted zone found with ID: %s",
	}
	toRoleName = Target{
		Types: []string{typeRole}, By: []string{"id"},
		Code: "NoSuchEntity", Message: "The role with name %s cannot be found.",
		InUseCode: "DeleteConflict", InUse: "Cannot delete entity, must delete policies of role %s first",
	}
	toRole = Target{
		Types: []string{typeRole}, By: []string{"arn"},
		Code: "NoSuchEntity", Message: "The role %s does not exist in the account.",
	}
	toPolicy = Target{
		Types: []string{typePolicy}, By: []string{"arn"},
		Code: "NoSuchEntity", Message: "Policy %s does not exist or is not attachable.",
		InUseCode: "DeleteConflict", InUse: "Cannot delete a policy attached to entities: %s",
	}
	toCluster = Target{
		Types: []string{typeCluster}, By: []string{"id", "name"},
		Code: "ClusterNotFoundException", Message: "Cluster not found: %s",
		InUseCode: "ClusterContainsServicesException", InUse: "The Cluster %s cannot be deleted while Services are active.",
	}
	toRepository = Target{
		Types: []string{typeRepository}, By: []string{"id"},
		Code: "RepositoryNotFoundException", Message: "The repository with name '%s' does not exist in the registry with id '" + AccountID + "'",
	}
	toSecret = Target{
		Types: []string{typeSecret}, By: []string{"id", "name"},
		Code: "ResourceNotFoundException", Message: "Secrets Manager can't find the specified secret: %s",
	}
	toFileSystem = Target{
		Types: []string{typeFileSystem}, By: []string{"id"}, Generated: true,
		Code: "FileSystemNotFound", Message: "File system '%s' does not exist.",
		InUseCode: "FileSystemInUse", InUse: "File system '%s' has mount targets.",
	}
	toAccessPoint = Target{
		Types: []string{typeAccessPoint}, By: []string{"id"}, Generated: true,
		Code: "AccessPointNotFound", Message: "Access point '%s' does not exist.",
	}
	toAccessPointARN = Target{
		Types: []string{typeAccessPoint}, By: []string{"arn"}, Generated: true,
		Code: "InvalidParameterValueException", Message: "EFS access point %s does not exist.",
	}
	toBucket = Target{
		Types: []string{typeBucket, typeOldBucket}, By: []string{"id"},
		Code: "NoSuchBucket", Message: "The specified bucket does not exist: %s",
	}
	toFunction = Target{
		Types: []string{typeFunction}, By: []string{"id", "arn", "qualifiedArn"},
		Code: "ResourceNotFoundException", Message: "Function not found: %s",
	}
	toEventRule = Target{
		Types: []string{typeEventRule}, By: []string{"id"},
		Code: "ResourceNotFoundException", Message: "Rule %s does not exist on EventBus default.",
		InUseCode: "ValidationException", InUse: "Rule %s can't be deleted since it has targets.",
	}
	toLogGroup = Target{
		Types: []string{typeLogGroup}, By: []string{"id"},
		Code: "ResourceNotFoundException", Message: "The specified log group does not exist: %s",
	}
	toTopic = Target{
		Types: []string{typeTopic}, By: []string{"arn"},
		Code: "NotFound", Message: "Topic does not exist: %s",
	}
	toQueueURL = Target{
		Types: []string{typeQueue}, By: []string{"id"},
		Code: "AWS.SimpleQueueService.NonExistentQueue", Message: "The specified queue does not exist: %s",
	}
	toQueueOrTopic = Target{
		Types: []string{typeQueue, typeTopic}, By: []string{"arn"},
		Code: "InvalidParameterValueException", Message: "The dead letter or destination %s does not exist",
	}
	toQueue = Target{
		Types: []string{typeQueue}, By: []string{"arn"},
		Code: "AWS.SimpleQueueService.NonExistentQueue", Message: "The queue %s does not exist",
	}
	toKey = Target{
		Types: []string{typeKey}, By: []string{"arn", "id"},
		Code: "NotFoundException", Message: "Key '%s' does not exist",
		Skip: func(v string) bool { return strings.HasPrefix(v, "alias/") || strings.Contains(v, ":alias/") },
	}
	// toAlarmAction is what an alarm may notify; actions other than SNS and
	// Lambda (EC2 recovery, Auto Scaling) are not modelled and pass.
	toAlarmAction = Target{
		Types: []string{typeTopic, typeFunction}, By: []string{"arn"},
		Code: "ValidationError", Message: "Invalid action: %s does not exist",
		Skip: func(v string) bool {
			return !strings.HasPrefix(v, "arn:aws:sns:") && !strings.HasPrefix(v, "arn:aws:lambda:")
		},
	}
)
