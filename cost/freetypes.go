package cost

// freeTypes cost nothing by themselves, or less than a cent under any use of this program. A type that is neither here
// nor in rules is reported as unknown, so that a new resource cannot slip through unpriced.
var freeTypes = map[string]bool{
	"aws:appautoscaling/target:Target":                                     true,
	"aws:budgets/budget:Budget":                                            true, // without actions
	"aws:cloudtrail/trail:Trail":                                           true, // first copy of management events
	"aws:cloudwatch/eventRule:EventRule":                                   true,
	"aws:cloudwatch/eventTarget:EventTarget":                               true,
	"aws:cognito/user:User":                                                true, // 10,000 monthly active users free
	"aws:cognito/userPool:UserPool":                                        true,
	"aws:cognito/userPoolClient:UserPoolClient":                            true,
	"aws:cognito/userPoolDomain:UserPoolDomain":                            true, // Amazon's own, not a custom one
	"aws:ec2/internetGateway:InternetGateway":                              true,
	"aws:ec2/route:Route":                                                  true,
	"aws:ec2/routeTable:RouteTable":                                        true,
	"aws:ec2/routeTableAssociation:RouteTableAssociation":                  true,
	"aws:ec2/securityGroup:SecurityGroup":                                  true,
	"aws:ec2/subnet:Subnet":                                                true,
	"aws:ec2/vpc:Vpc":                                                      true,
	"aws:ecr/lifecyclePolicy:LifecyclePolicy":                              true,
	"aws:ecs/cluster:Cluster":                                              true, // without Container Insights
	"aws:ecs/taskDefinition:TaskDefinition":                                true,
	"aws:efs/accessPoint:AccessPoint":                                      true,
	"aws:efs/fileSystemPolicy:FileSystemPolicy":                            true,
	"aws:efs/mountTarget:MountTarget":                                      true,
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider":                  true,
	"aws:iam/policy:Policy":                                                true,
	"aws:iam/role:Role":                                                    true,
	"aws:iam/rolePolicy:RolePolicy":                                        true,
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":                    true,
	"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig":       true,
	"aws:lambda/invocation:Invocation":                                     true,
	"aws:lambda/permission:Permission":                                     true,
	"aws:lb/listenerCertificate:ListenerCertificate":                       true,
	"aws:lb/listener:Listener":                                             true,
	"aws:lb/listenerRule:ListenerRule":                                     true, // part of the capacity units
	"aws:lb/targetGroup:TargetGroup":                                       true,
	"aws:lb/targetGroupAttachment:TargetGroupAttachment":                   true,
	"aws:route53/record:Record":                                            true, // the zone is not ours
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": true,
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls":               true,
	"aws:s3/bucketPolicy:BucketPolicy":                                     true,
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":               true,
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": true,
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               true,
	"aws:scheduler/schedule:Schedule":                                                            true, // 14 million calls free
	"aws:secretsmanager/secretVersion:SecretVersion":                                             true,
	"aws:sns/topic:Topic":                                                                        true, // 1,000 e-mails free
	"aws:sns/topicPolicy:TopicPolicy":                                                            true,
	"aws:sns/topicSubscription:TopicSubscription":                                                true,
	"aws:ssm/parameter:Parameter":                                                                true, // standard tier
	"aws:sqs/queue:Queue":                                                                        true, // a million requests free
	"aws:sqs/queuePolicy:QueuePolicy":                                                            true,
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":                                    true,
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":                                  true,
}
