// Package ecs is Amazon ECS in the sandbox.
package ecs

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/lists"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ec2"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("ecs", schemaJSON)
	kind.Register(ecsKinds())
}

func ecsKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeCluster: {
			Unique: []kind.Unique{{
				// CreateCluster with a name that exists answers with the existing
				// cluster; two stacks would then share and later delete it.
				Paths: []string{"name"}, Code: "ClusterAlreadyExists", Message: "A cluster with the name '%s' exists",
				Adopt: "import it with the ID if it is meant, or choose another name",
			}},
			Create: createCluster,
			Delete: deleteCluster,
			ImportID: func(v kind.View, id string) string {
				if r, ok := toCluster.Find(v, id); ok {
					return r.ID
				}
				return id
			},
		},
		view.TypeTaskDef: taskDefinitionKind(),
		view.TypeService: serviceKind(),
	}
}

func createCluster(c *kind.Call) error {
	c.ID = view.ARN("ecs", "cluster/"+c.Name())
	c.Set("arn", c.ID)
	c.Default("settings", []any{map[string]any{"name": "containerInsights", "value": "disabled"}})
	return nil
}

// deleteCluster is refused while tasks run, and passingly where all of them are being stopped already.
func deleteCluster(c *kind.Call) {
	running, stopping := 0, 0
	for _, t := range c.By(view.RuntimeTask, "clusterArn", c.Old.ID) {
		switch {
		case props.Str(t.State, "lastStatus") == "STOPPED":
		case props.Str(t.State, "desiredStatus") == "STOPPED":
			stopping++
		default:
			running++
		}
	}
	if running+stopping == 0 {
		return
	}
	c.Refuse("", "ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active: %d of them; stop them first",
		running+stopping)
	if running == 0 {
		c.Fault(kind.ErrPasses)
	}
}

func serviceKind() *kind.Kind {
	return &kind.Kind{
		Refs: []kind.Ref{
			{Path: "cluster", To: toCluster, OnDelete: kind.Block},
			{Path: "networkConfiguration.subnets[*]", To: ec2.ToSubnet, OnDelete: kind.Block},
			{Path: "networkConfiguration.securityGroups[*]", To: ec2.ToSecurityGroup, OnDelete: kind.Block},
			{Path: "loadBalancers[*].targetGroupArn", To: elb.ToTargetGroup},
		},
		Unique: []kind.Unique{{
			Paths: []string{"cluster", "name"}, Code: "InvalidParameterException",
			Message: "Creation of service was not idempotent: a service named %s exists in the cluster",
		}},
		Check:  kind.InTurn(checkService, checkServiceLimits),
		Verify: verifyService,
		Create: createService,
		Update: func(c *kind.Call) error { c.Default("triggers", map[string]any{}); return nil },
		ImportID: func(v kind.View, id string) string {
			if _, ok := v.Get(view.TypeService, id); ok {
				return id
			}
			return view.ARN("ecs", "service/"+id) // imported as cluster/service
		},
	}
}

func checkService(c *kind.Checker) {
	balancers := props.Objects(c.In, "loadBalancers[*]")
	if len(balancers) > 5 {
		c.Fail("loadBalancers", "InvalidParameterException: a service can have 5 target groups, this one has %d", len(balancers))
	}
	checkDeploymentPercents(c)
}

func checkDeploymentPercents(c *kind.Checker) {
	highest, hasMax := c.Int("deploymentMaximumPercent")
	lowest, hasMin := c.Int("deploymentMinimumHealthyPercent")
	if !hasMax || !hasMin {
		return
	}
	if highest < lowest {
		c.Fail("deploymentMaximumPercent", "InvalidParameterException: deployment maximumPercent %d is lower than minimumHealthyPercent %d",
			highest, lowest)
	}
	if highest == 100 && lowest == 100 {
		c.Fail("deploymentMaximumPercent", "InvalidParameterException: with both deployment percentages at 100 no task can ever be replaced")
	}
}

func verifyService(c *kind.Call) {
	if c.Touches("networkConfiguration") {
		serviceNetwork(c)
	}
	// The task definition is made in the same run as often as not.
	def, ok := findTaskDefinition(c.View, c.Str("taskDefinition"))
	if !ok {
		if name := c.Str("taskDefinition"); name != "" && !c.DryRun && c.Touches("taskDefinition") {
			c.Refuse("taskDefinition", "ClientException", "%s", taskDefinitionProblem(c.View, name))
		}
		return
	}
	if c.Touches("taskDefinition", "loadBalancers", "launchType") {
		serviceFits(c, def)
	}
	if c.Touches("loadBalancers") {
		serviceTargets(c, def)
	}
}

func serviceNetwork(c *kind.Call) {
	vpc := ""
	for _, id := range props.Strings(c.In, "networkConfiguration.subnets[*]") {
		subnet, ok := c.Get(view.TypeSubnet, id)
		if !ok {
			continue
		}
		in := props.Str(subnet.State, "vpcId")
		if vpc != "" && in != vpc {
			c.Refuse("networkConfiguration.subnets", "InvalidParameterException", "All subnets must belong to one VPC: %s is in %s, others in %s",
				id, in, vpc)
		}
		vpc = in
	}
	ec2.GroupsInVPC(c, "networkConfiguration.securityGroups[*]", vpc)
}

func serviceFits(c *kind.Call, def kind.Resource) {
	launch := c.Str("launchType")
	compat := props.Strings(def.State, "requiresCompatibilities[*]")
	if launch != "" && len(compat) > 0 && !slices.Contains(compat, launch) {
		c.Refuse("launchType", "InvalidParameterException",
			"The task definition %s does not support launch_type %s: its requiresCompatibilities is %q", def.ID, launch, compat)
	}
	if props.Str(def.State, "networkMode") == "awsvpc" && !props.Has(c.In, "networkConfiguration") {
		c.Refuse("networkConfiguration", "InvalidParameterException",
			"Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
}

// serviceTargets checks each target group: on a load balancer, of the right type,
// and for a port that the container has.
func serviceTargets(c *kind.Call, def kind.Resource) {
	containers := containersOf(def)
	awsvpc := props.Str(def.State, "networkMode") == "awsvpc"
	for _, f := range props.All(c.In, "loadBalancers[*]") {
		if !f.Value.IsObject() {
			continue
		}
		lb := f.Value.ObjectValue()
		containerPort(c, f.Path, lb, containers)
		group, ok := c.Get(view.TypeTargetGroup, props.Str(lb, "targetGroupArn"))
		if !ok {
			continue
		}
		if typ := props.Str(group.State, "targetType"); awsvpc && typ != "ip" {
			c.Refuse(f.Path+".targetGroupArn", "InvalidParameterException", "The provided target group %s has target type %s, "+
				"which is incompatible with the awsvpc network mode specified in the task definition", group.ID, typ)
		}
		if !c.DryRun && len(elb.LoadBalancersOf(c.View, group.ID)) == 0 {
			c.Refuse(f.Path+".targetGroupArn", "InvalidParameterException", "The target group with targetGroupArn %s does not have an "+
				"associated load balancer; create a listener rule that forwards to it first (dependsOn)", group.ID)
		}
	}
}

func containerPort(c *kind.Call, at string, lb props.Map, containers []containerPorts) {
	name := props.Str(lb, "containerName")
	port, ok := props.Int(lb, "containerPort")
	if name == "" || !ok {
		return
	}
	for _, d := range containers {
		if d.name != name {
			continue
		}
		if !slices.Contains(d.ports, port) {
			c.Refuse(at+".containerPort", "InvalidParameterException", "The container %s did not have a container port %d defined; it has %v",
				name, port, d.ports)
		}
		return
	}
	c.Refuse(at+".containerName", "InvalidParameterException", "The container %s does not exist in the task definition.", name)
}

func createService(c *kind.Call) error {
	cluster, ok := toCluster.Find(c.View, orDefault(c.Str("cluster")))
	if !ok {
		c.Refuse("cluster", "ClusterNotFoundException", "Cluster not found: %s", orDefault(c.Str("cluster")))
		return nil
	}
	_, name, _ := strings.Cut(cluster.ID, ":cluster/")
	c.ID = view.ARN("ecs", "service/"+name+"/"+c.Name())
	c.Default("cluster", cluster.ID)
	c.Default("desiredCount", 0)
	c.Default("iamRole", "/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")
	c.Default("availabilityZoneRebalancing", "DISABLED")
	c.Default("triggers", map[string]any{})
	if !props.Has(c.State, "capacityProviderStrategies[*]") {
		c.Default("launchType", "EC2")
	}
	if props.Str(c.State, "launchType") == "FARGATE" {
		c.Default("platformVersion", "LATEST")
	} else {
		c.Default("platformVersion", "")
	}
	return nil
}

func orDefault(cluster string) string {
	if cluster == "" {
		return "default"
	}
	return cluster
}

var toCluster = kind.Target{
	Types: []string{view.TypeCluster}, By: []string{"id", "name"},
	Code: "ClusterNotFoundException", Message: "Cluster not found: %s",
	InUseCode: "ClusterContainsServicesException", InUse: "The Cluster %s cannot be deleted while Services are active.",
}

// checkServiceLimits: the quotas of AwsVpcConfiguration, and what Fargate lacks.
func checkServiceLimits(c *kind.Checker) {
	if v, ok := c.Text("platformVersion"); ok && v != "" && !lists.Has("ecs.PlatformVersion", v) {
		c.Fail("platformVersion", "PlatformUnknownException: The specified platform does not exist: %q; %s", v,
			lists.Expect("ecs.PlatformVersion", v))
	}
	for path, most := range map[string]int{"networkConfiguration.subnets": 16, "networkConfiguration.securityGroups": 5} {
		if n := len(props.All(c.In, props.Path(path+"[*]"))); n > most {
			c.Fail(path, "InvalidParameterException: a service can have %d of them, this one has %d", most, n)
		}
	}
	launch, _ := c.Text("launchType")
	if strategy, ok := c.Text("schedulingStrategy"); ok && strategy == "DAEMON" && launch == "FARGATE" {
		c.Fail("schedulingStrategy", "InvalidParameterException: The daemon scheduling strategy (DAEMON) is not supported by Fargate tasks; "+
			"leave it out")
	}
	for _, path := range []string{"placementConstraints", "orderedPlacementStrategies"} {
		if launch == "FARGATE" && len(props.All(c.In, props.Path(path+"[*]"))) > 0 {
			c.Fail(path, "InvalidParameterException: placement constraints and strategies are not supported with Fargate; leave them out")
		}
	}
}
