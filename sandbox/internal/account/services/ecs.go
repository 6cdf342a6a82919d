package services

import (
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/lists"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

func init() { Register(ecsKinds()) }

func ecsKinds() map[string]*Kind {
	return map[string]*Kind{
		typeCluster: {
			Unique: []Unique{{
				// CreateCluster with a name that exists answers with the existing
				// cluster; two stacks would then share and later delete it.
				Paths: []string{"name"}, Code: "ClusterAlreadyExists", Message: "A cluster with the name '%s' exists",
				Adopt: "import it with the ID if it is meant, or choose another name",
			}},
			Check:  checkECSName,
			Create: createCluster,
			Delete: deleteCluster,
			ImportID: func(v View, id string) string {
				if r, ok := toCluster.Find(v, id); ok {
					return r.ID
				}
				return id
			},
		},
		"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": {
			Refs:   []Ref{{Path: "clusterName", To: toCluster, OnDelete: Cascade}},
			Create: func(c *Call) error { c.ID = c.Str("clusterName"); return nil },
		},
		typeTaskDef: taskDefinitionKind(),
		typeService: serviceKind(),
	}
}

var ecsName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

func checkECSName(c *Checker) {
	if name, ok := c.Text("name"); ok && !ecsName.MatchString(name) {
		c.Fail("name", "%q must have 1 to 255 characters: letters, numbers, underscores and hyphens", name)
	}
}

func createCluster(c *Call) error {
	c.ID = ARN("ecs", "cluster/"+c.Name())
	c.Set("arn", c.ID)
	c.Default("settings", []any{map[string]any{"name": "containerInsights", "value": "disabled"}})
	return nil
}

func deleteCluster(c *Call) {
	running := 0
	for _, t := range c.By(RuntimeTask, "clusterArn", c.Old.ID) {
		if props.Str(t.State, "lastStatus") != "STOPPED" {
			running++
		}
	}
	if running > 0 {
		c.Refuse("", "ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active: %d of them; stop them first",
			running)
	}
}

func serviceKind() *Kind {
	return &Kind{
		Refs: []Ref{
			{Path: "cluster", To: toCluster, OnDelete: Block},
			{Path: "networkConfiguration.subnets[*]", To: toSubnet, OnDelete: Block},
			{Path: "networkConfiguration.securityGroups[*]", To: toSecurityGroup, OnDelete: Block},
			{Path: "loadBalancers[*].targetGroupArn", To: toTargetGroup},
		},
		Unique: []Unique{{
			Paths: []string{"cluster", "name"}, Code: "InvalidParameterException",
			Message: "Creation of service was not idempotent: a service named %s exists in the cluster",
		}},
		Check:  inTurn(checkService, checkServiceLimits),
		Verify: verifyService,
		Create: createService,
		Update: func(c *Call) error { c.Default("triggers", map[string]any{}); return nil },
		ImportID: func(v View, id string) string {
			if _, ok := v.Get(typeService, id); ok {
				return id
			}
			return ARN("ecs", "service/"+id) // imported as cluster/service
		},
	}
}

func checkService(c *Checker) {
	checkECSName(c)
	launch, known := c.Text("launchType")
	if known && c.Set("capacityProviderStrategies") {
		c.Fail("launchType", "InvalidParameterException: Specifying both a launch type and capacity provider strategy is not supported. "+
			"Remove one and try again")
	}
	if launch == "FARGATE" && !c.Set("networkConfiguration") {
		c.Fail("networkConfiguration", "InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified")
	}
	balancers := props.Objects(c.In, "loadBalancers[*]")
	if len(balancers) > 5 {
		c.Fail("loadBalancers", "InvalidParameterException: a service can have 5 target groups, this one has %d", len(balancers))
	}
	if c.Set("healthCheckGracePeriodSeconds") && !c.Set("loadBalancers") {
		c.Fail("healthCheckGracePeriodSeconds", "InvalidParameterException: Health check grace period is only valid for services configured "+
			"to use load balancers")
	}
	if v, ok := c.Text("platformVersion"); ok && v != "" && launch == "EC2" {
		c.Fail("platformVersion", "InvalidParameterException: The platform version must be null when specifying an EC2 launch type, got %q", v)
	}
	checkDeploymentPercents(c)
}

func checkDeploymentPercents(c *Checker) {
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

func verifyService(c *Call) {
	if c.Touches("networkConfiguration") {
		c.serviceNetwork()
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
		c.serviceFits(def)
	}
	if c.Touches("loadBalancers") {
		c.serviceTargets(def)
	}
}

func (c *Call) serviceNetwork() {
	vpc := ""
	for _, id := range props.Strings(c.In, "networkConfiguration.subnets[*]") {
		subnet, ok := c.Get(typeSubnet, id)
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
	c.groupsInVPC("networkConfiguration.securityGroups[*]", vpc)
}

func (c *Call) serviceFits(def Resource) {
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
func (c *Call) serviceTargets(def Resource) {
	containers := containersOf(def)
	awsvpc := props.Str(def.State, "networkMode") == "awsvpc"
	for _, f := range props.All(c.In, "loadBalancers[*]") {
		if !f.Value.IsObject() {
			continue
		}
		lb := f.Value.ObjectValue()
		c.containerPort(f.Path, lb, containers)
		group, ok := c.Get(typeTargetGroup, props.Str(lb, "targetGroupArn"))
		if !ok {
			continue
		}
		if typ := props.Str(group.State, "targetType"); awsvpc && typ != "ip" {
			c.Refuse(f.Path+".targetGroupArn", "InvalidParameterException", "The provided target group %s has target type %s, "+
				"which is incompatible with the awsvpc network mode specified in the task definition", group.ID, typ)
		}
		if !c.DryRun && len(loadBalancersOf(c.View, group.ID)) == 0 {
			c.Refuse(f.Path+".targetGroupArn", "InvalidParameterException", "The target group with targetGroupArn %s does not have an "+
				"associated load balancer; create a listener rule that forwards to it first (dependsOn)", group.ID)
		}
	}
}

func (c *Call) containerPort(at string, lb props.Map, containers []containerPorts) {
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

func createService(c *Call) error {
	cluster, ok := toCluster.Find(c.View, orDefault(c.Str("cluster")))
	if !ok {
		c.Refuse("cluster", "ClusterNotFoundException", "Cluster not found: %s", orDefault(c.Str("cluster")))
		return nil
	}
	_, name, _ := strings.Cut(cluster.ID, ":cluster/")
	c.ID = ARN("ecs", "service/"+name+"/"+c.Name())
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

var (
	toCluster = Target{
		Types: []string{typeCluster}, By: []string{"id", "name"},
		Code: "ClusterNotFoundException", Message: "Cluster not found: %s",
		InUseCode: "ClusterContainsServicesException", InUse: "The Cluster %s cannot be deleted while Services are active.",
	}
)

// checkServiceLimits: the quotas of AwsVpcConfiguration, and what Fargate lacks.
func checkServiceLimits(c *Checker) {
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
