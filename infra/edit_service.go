package infra

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	supervisor "github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
)

const editServiceToken = "webordinary:infra:EditService"

// healthGraceSeconds keep ECS from stopping a task whose container still installs dependencies: health checks count
// only after that. The scaler's patience belongs to it (D21): it gives up a wake that lasts a minute longer, and one that
// fails much earlier (functions/scaler/decide, WakeLimit and FailLimit).
const healthGraceSeconds = 600

// EditServiceArgs describes the Fargate service of the live-edit container.
type EditServiceArgs struct {
	// Service has the client's size and priorities.
	config.Service
	Names  config.Names
	Region string
	// Client is whose editor this is.
	Client config.Client
	// Origins are the pages of other hosts that may use this editor.
	Origins []string
	// Narrow leaves the tasks their client's own room: among several clients they mount its directory only, and reach no other's tasks.
	Narrow bool
	// Neighbour is the service whose security group the tasks share, so that the load balancer's group has the same few rules however many
	// clients there are; nil makes the group.
	Neighbour *EditService
	// TaskRole may mount the workspace; this component gives it the rest of its permissions.
	TaskRole     *iam.Role
	Network      *Network
	Registry     RegistryOutputs
	Secrets      SecretsOutputs
	Workspace    WorkspaceOutputs
	BucketName   pulumi.StringOutput
	LoadBalancer LoadBalancerOutputs
	// Door says who somebody is and may edit; nil where nobody is asked.
	Door *Door
}

// EditService runs the container on Fargate behind three target groups, with no task while nobody edits.
type EditService struct {
	pulumi.ResourceState

	ClusterArn        pulumi.StringOutput `pulumi:"clusterArn"`
	ClusterName       pulumi.StringOutput `pulumi:"clusterName"`
	ServiceArn        pulumi.StringOutput `pulumi:"serviceArn"`
	ServiceName       pulumi.StringOutput `pulumi:"serviceName"`
	TaskDefinitionArn pulumi.StringOutput `pulumi:"taskDefinitionArn"`
	// TargetGroups by kind: api, preview, ws.
	TargetGroups map[string]TargetGroup
	// Service is what schedules, alarms and the waker wait for.
	Service *ecs.Service

	// client is whose editor this is; its tasks write metrics under that name.
	client string

	logGroup        *cloudwatch.LogGroup
	taskGroup       *ec2.SecurityGroup
	peerGroup       *ec2.SecurityGroup
	distance        pulumi.ResourceOption
	executionRole   *iam.Role
	policies, rules []pulumi.Resource
}

// NewEditService registers cluster, roles, log group, routing, task definition, service and scaling, in that order.
func NewEditService(
	ctx *pulumi.Context, name string, args *EditServiceArgs, opts ...pulumi.ResourceOption,
) (*EditService, error) {
	service := &EditService{client: args.Client.ID}
	if err := ctx.RegisterComponentResource(editServiceToken, name, service, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	if err := service.addCluster(ctx, name, args); err != nil {
		return nil, err
	}
	if err := service.addNetworkRules(ctx, name, args); err != nil {
		return nil, err
	}
	if err := service.addRouting(ctx, name, args); err != nil {
		return nil, err
	}
	roles, err := service.addRolePolicies(ctx, name, args)
	if err != nil {
		return nil, err
	}
	if err := service.addService(ctx, name, args, roles); err != nil {
		return nil, err
	}
	if err := service.addScaling(ctx, name, args); err != nil {
		return nil, err
	}
	return service, ctx.RegisterResourceOutputs(service, pulumi.Map{
		"clusterArn":        service.ClusterArn,
		"clusterName":       service.ClusterName,
		"serviceArn":        service.ServiceArn,
		"serviceName":       service.ServiceName,
		"taskDefinitionArn": service.TaskDefinitionArn,
	})
}

func (s *EditService) addCluster(ctx *pulumi.Context, name string, args *EditServiceArgs) error {
	cluster, err := ecs.NewCluster(ctx, name+"-cluster", &ecs.ClusterArgs{
		Name: pulumi.String(args.Names.Cluster()),
	}, component.Child(s)...)
	if err != nil {
		return component.Created(name+"-cluster", err)
	}
	s.ClusterArn, s.ClusterName = cluster.Arn, cluster.Name
	s.logGroup, err = component.NewLogGroup(ctx, name+"-log-group", args.Names.ServiceLogGroup(), args.LogRetentionDays, component.Child(s)...)
	return err
}

// addNetworkRules opens exactly the paths a task needs: in from the load balancer on the three ports, between tasks where there may be
// several, out to the file system and to HTTPS (ECR, Secrets Manager, S3, GitHub, npm and the Claude API have no fixed addresses).
func (s *EditService) addNetworkRules(ctx *pulumi.Context, name string, args *EditServiceArgs) error {
	if args.Neighbour != nil {
		s.taskGroup = args.Neighbour.taskGroup
		return s.addPeerRules(ctx, name, args)
	}
	group, err := newSecurityGroup(ctx, name+"-task-security-group", &securityGroupArgs{
		Name:        args.Names.SecurityGroup("task"),
		Description: "Tasks of the live editor",
		VpcID:       args.Network.VpcID,
	}, component.Child(s)...)
	if err != nil {
		return err
	}
	s.taskGroup = group
	apart, err := keepPortsApart(ctx, args.Routes())
	if err != nil {
		return err
	}
	for _, r := range args.Routes() {
		if err := newLink(ctx, name+"-"+r.Kind, &linkArgs{
			Description: "Load balancer to " + args.Names.Service() + " " + r.Kind,
			From:        args.LoadBalancer.SecurityGroupID, To: group.ID().ToStringOutput(), Port: r.Port,
		}, component.Child(s, apart)...); err != nil {
			return err
		}
	}
	if err := newLink(ctx, name+"-workspace", &linkArgs{
		Description: args.Names.Service() + " tasks to the workspace",
		From:        group.ID().ToStringOutput(), To: args.Workspace.SecurityGroupID, Port: nfsPort,
	}, component.Child(s)...); err != nil {
		return err
	}
	if err := s.addPeerRules(ctx, name, args); err != nil {
		return err
	}
	return newEgress(ctx, name+"-https-egress", &ruleArgs{
		Description: "HTTPS to AWS, GitHub, npm and the Claude API", GroupID: group.ID().ToStringOutput(), Port: 443, Cidr: anywhere,
	}, component.Child(s)...)
}

// addPeerRules lets the tasks reach each other's peer port: among several clients in a group of their own, as the tasks of all of them are
// in the first one.
func (s *EditService) addPeerRules(ctx *pulumi.Context, name string, args *EditServiceArgs) error {
	if args.MaxCapacity <= 1 { // one task has nobody to pass requests to
		return nil
	}
	peers := s.taskGroup
	if args.Narrow {
		var err error
		if s.peerGroup, err = newSecurityGroup(ctx, name+"-peer-security-group", &securityGroupArgs{
			Name:        args.Names.SecurityGroup("peers"),
			Description: "Tasks of one client of the live editor, to each other",
			VpcID:       args.Network.VpcID,
		}, component.Child(s)...); err != nil {
			return err
		}
		peers = s.peerGroup
	}
	return newLink(ctx, name+"-peers", &linkArgs{
		Description: args.Names.Service() + " tasks to each other, for sessions that another one owns",
		From:        peers.ID().ToStringOutput(), To: peers.ID().ToStringOutput(), Port: supervisor.PeerPort,
	}, component.Child(s)...)
}

// securityGroups are the tasks'.
func (s *EditService) securityGroups() pulumi.StringArray {
	groups := pulumi.StringArray{s.taskGroup.ID()}
	if s.peerGroup != nil {
		groups = append(groups, s.peerGroup.ID())
	}
	return groups
}

func (s *EditService) addService(ctx *pulumi.Context, name string, args *EditServiceArgs, roles taskRoles) error {
	definition, err := newTaskDefinition(ctx, name+"-task-definition", args, roles, component.Child(s)...)
	if err != nil {
		return err
	}
	s.TaskDefinitionArn = definition.Arn
	service, err := ecs.NewService(ctx, name+"-service", &ecs.ServiceArgs{
		Name:            pulumi.String(args.Names.Service()),
		Cluster:         s.ClusterArn,
		TaskDefinition:  definition.Arn,
		LaunchType:      pulumi.String("FARGATE"),
		PlatformVersion: pulumi.String("LATEST"),
		DesiredCount:    pulumi.Int(0),
		DeploymentCircuitBreaker: &ecs.ServiceDeploymentCircuitBreakerArgs{
			Enable: pulumi.Bool(true), Rollback: pulumi.Bool(true),
		},
		// A deployment starts the new task before it stops the old one: an editor keeps a working session.
		DeploymentMinimumHealthyPercent: pulumi.Int(100),
		DeploymentMaximumPercent:        pulumi.Int(200),
		HealthCheckGracePeriodSeconds:   pulumi.Int(healthGraceSeconds),
		PropagateTags:                   pulumi.String("SERVICE"),
		EnableEcsManagedTags:            pulumi.Bool(true),
		WaitForSteadyState:              pulumi.Bool(false),
		NetworkConfiguration: &ecs.ServiceNetworkConfigurationArgs{
			Subnets:        args.Network.WorkloadSubnetIDs,
			SecurityGroups: s.securityGroups(),
			AssignPublicIp: pulumi.Bool(args.Network.AssignPublicIP),
		},
		LoadBalancers: s.serviceLoadBalancers(args),
	}, component.Child(s, pulumi.DependsOn(s.serviceDependencies(args)), pulumi.IgnoreChanges([]string{"desiredCount"}))...)
	if err != nil {
		return component.Created(name+"-service", err)
	}
	s.Service = service
	s.ServiceName = service.Name
	s.ServiceArn = service.ID().ToStringOutput()
	return nil
}

func (s *EditService) serviceLoadBalancers(args *EditServiceArgs) ecs.ServiceLoadBalancerArray {
	var balancers ecs.ServiceLoadBalancerArray
	for _, r := range args.Routes() {
		balancers = append(balancers, ecs.ServiceLoadBalancerArgs{
			ContainerName:  pulumi.String(containerName),
			ContainerPort:  pulumi.Int(r.Port),
			TargetGroupArn: s.TargetGroups[r.Kind].Arn.ToStringPtrOutput(),
		})
	}
	return balancers
}

// answering is what serves the editors' requests. Whoever comes after it depends on these resources, not on the
// component: that would be a dependency on those children only that the SDK happens to have noticed by then.
func (s *EditService) answering() []pulumi.Resource {
	return append([]pulumi.Resource{s.Service}, s.rules...)
}

// serviceDependencies are what Pulumi cannot infer and a task cannot start without (D11).
func (s *EditService) serviceDependencies(args *EditServiceArgs) []pulumi.Resource {
	dependencies := append([]pulumi.Resource{}, s.rules...)
	dependencies = append(dependencies, s.policies...)
	dependencies = append(dependencies, args.Workspace.Ready...)
	return append(dependencies, args.Secrets.Versions...)
}
