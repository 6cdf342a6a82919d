package cost

import (
	"sort"
	"strconv"
	"strings"
)

// Part says which of the specification's two tasks a cost belongs to, for its two cost goals.
type Part string

// The parts of a bill.
const (
	// Foundation is T00: registry, secrets, file system, bucket, cleanup. Its goal is $25 to $30 with the load balancer.
	Foundation Part = "foundation"
	// LoadBalancer is the foundation's largest piece, shown on its own: stacks can share it.
	LoadBalancer Part = "load balancer"
	// Service is T02, what the live editor adds. Its goal is less than $10 at ten hours.
	Service Part = "service"
)

// Line is one position of the bill.
type Line struct {
	Resource string  `json:"resource"`
	Part     Part    `json:"part"`
	What     string  `json:"what"`
	Quantity float64 `json:"quantity"`
	Price    Price   `json:"price"`
	Assumed  string  `json:"assumed,omitempty"`
}

// Monthly is the line's cost in USD, after what is free every month.
func (l Line) Monthly() float64 { return max(0, l.Quantity-l.Price.Free) * l.Price.USD }

// Estimate is a priced stack.
type Estimate struct {
	Stack string `json:"stack"`
	Usage Usage  `json:"usage"`
	Lines []Line `json:"lines"`
	// Free are the types that cost nothing, with how many there are; Unknown are types without a rule, which make the
	// estimate too low.
	Free    map[string]int `json:"free"`
	Unknown map[string]int `json:"unknown,omitempty"`
}

// Total sums the lines of some parts; none means all.
func (e *Estimate) Total(parts ...Part) float64 {
	sum := 0.0
	for _, line := range e.Lines {
		if len(parts) == 0 {
			sum += line.Monthly()
		}
		for _, part := range parts {
			if line.Part == part {
				sum += line.Monthly()
			}
		}
	}
	return sum
}

// rule prices one resource.
type rule func(*estimator, Resource)

type estimator struct {
	stack    *Stack
	usage    Usage
	estimate *Estimate
	pooled   map[string]*Line
}

// NewEstimate prices every resource of the stack.
func NewEstimate(stack *Stack, usage Usage) (*Estimate, error) {
	if err := usage.Validate(); err != nil {
		return nil, err
	}
	e := &estimator{stack: stack, usage: usage, pooled: map[string]*Line{}, estimate: &Estimate{
		Stack: stack.Name, Usage: usage, Free: map[string]int{}, Unknown: map[string]int{},
	}}
	for _, r := range stack.Resources {
		switch {
		case !r.Custom || strings.HasPrefix(r.Type, "pulumi:"):
		case rules[r.Type] != nil:
			rules[r.Type](e, r)
		case freeTypes[r.Type]:
			e.estimate.Free[r.Type]++
		default:
			e.estimate.Unknown[r.Type]++
		}
	}
	for _, line := range e.pooled {
		e.estimate.Lines = append(e.estimate.Lines, *line)
	}
	sort.Slice(e.estimate.Lines, func(i, j int) bool {
		a, b := e.estimate.Lines[i], e.estimate.Lines[j]
		if a.Part != b.Part {
			return a.Part < b.Part
		}
		return a.Resource+a.What < b.Resource+b.What
	})
	return e.estimate, nil
}

// part finds the part of the bill by the resource's component.
func (e *estimator) part(r Resource) Part {
	switch e.stack.component(r) {
	case "LoadBalancer":
		return LoadBalancer
	case "Registry", "Secrets", "Workspace", "WorkspaceBucket", "Cleanup", "MountRoles", "Network":
		return Foundation
	}
	return Service
}

func (e *estimator) add(r Resource, line Line) {
	line.Resource, line.Part = r.Name(), e.part(r)
	e.estimate.Lines = append(e.estimate.Lines, line)
}

// pool adds to a line whose free allowance counts for all resources of its kind together.
func (e *estimator) pool(name string, line Line) {
	if found := e.pooled[name]; found != nil {
		found.Quantity += line.Quantity
		return
	}
	line.Resource, line.Part = name, Service
	e.pooled[name] = &line
}

// rules price the types that cost something.
var rules = map[string]rule{
	"aws:appautoscaling/policy:Policy": priceTracking,
	"aws:ecr/repository:Repository": func(e *estimator, r Resource) {
		e.add(r, Line{What: "images", Quantity: e.usage.ImagesGB, Price: ImageStorage, Assumed: "10 images of 1 GB"})
	},
	"aws:secretsmanager/secret:Secret": func(e *estimator, r Resource) {
		e.add(r, Line{What: "secret", Quantity: 1, Price: Secret})
	},
	"aws:efs/fileSystem:FileSystem": func(e *estimator, r Resource) {
		e.add(r, Line{What: "active files", Quantity: e.usage.StandardGB, Price: EFSStandard, Assumed: "10 GB used within 30 days"})
		e.add(r, Line{What: "old files", Quantity: e.usage.InfrequentGB, Price: EFSInfrequent, Assumed: "90 GB not used for 30 days"})
	},
	"aws:efs/backupPolicy:BackupPolicy":              priceBackups,
	"aws:s3/bucketV2:BucketV2":                       priceBucket,
	"aws:lb/loadBalancer:LoadBalancer":               priceLoadBalancer,
	"aws:ecs/service:Service":                        priceTasks,
	"aws:lambda/function:Function":                   priceFunction,
	"aws:cloudwatch/logGroup:LogGroup":               priceLogs,
	"aws:cloudwatch/metricAlarm:MetricAlarm":         priceAlarm,
	"aws:cloudwatch/dashboard:Dashboard":             priceDashboard,
	"aws:ec2/natGateway:NatGateway":                  priceNat,
	"aws:ec2/eip:Eip":                                priceAddress,
	"aws:cloudwatch/logMetricFilter:LogMetricFilter": priceMetric,
}

func priceBackups(e *estimator, r Resource) {
	policy, _ := r.Inputs["backupPolicy"].(map[string]any)
	if policy["status"] == "ENABLED" {
		e.add(r, Line{
			What: "backups", Quantity: e.usage.StandardGB + e.usage.InfrequentGB, Price: BackupEFS,
			Assumed: "one full copy; the specification's table has no backups, `backups: false` turns them off",
		})
	}
}

func priceBucket(e *estimator, r Resource) {
	e.add(r, Line{What: "objects", Quantity: e.usage.BucketGB, Price: BucketStorage, Assumed: "1 GB with old versions"})
}

func priceLoadBalancer(e *estimator, r Resource) {
	subnets := float64(len(r.list("subnets")))
	e.add(r, Line{What: "hours", Quantity: hoursPerMonth, Price: LoadBalancerHour, Assumed: "used or not"})
	e.add(r, Line{What: "public addresses", Quantity: subnets * hoursPerMonth, Price: PublicIPv4, Assumed: "one in each subnet"})
	e.add(r, Line{What: "capacity", Quantity: e.usage.LCUs * e.usage.BilledHours(), Price: LoadBalancerLCU, Assumed: "0.1 LCU while awake"})
}

// priceTasks prices the running time of one task; more editors share it until target tracking starts another.
func priceTasks(e *estimator, r Resource) {
	definition := e.definition()
	cpu, _ := strconv.ParseFloat(definition.text("cpu"), 64)
	memory, _ := strconv.ParseFloat(definition.text("memory"), 64)
	vcpu, gb := FargateVCPU, FargateGB
	if platform, ok := definition.Inputs["runtimePlatform"].(map[string]any); ok && platform["cpuArchitecture"] == "ARM64" {
		vcpu, gb = FargateARMVCPU, FargateARMGB
	}
	hours := e.usage.BilledHours()
	assumed := strconv.FormatFloat(hours, 'f', 1, 64) + " billed hours with wakes and idle tails"
	e.add(r, Line{What: "vCPU", Quantity: cpu / 1024 * hours, Price: vcpu, Assumed: assumed})
	e.add(r, Line{What: "memory", Quantity: memory / 1024 * hours, Price: gb, Assumed: assumed})
	network, _ := r.Inputs["networkConfiguration"].(map[string]any)
	if network["assignPublicIp"] == true {
		e.add(r, Line{What: "public address", Quantity: hours, Price: PublicIPv4, Assumed: "while a task runs"})
	}
}

func (e *estimator) definition() Resource {
	for _, r := range e.stack.ofType("aws:ecs/taskDefinition:TaskDefinition") {
		return r
	}
	return Resource{}
}

// priceFunction prices the minute's tick of the scaler; the others run once a day or at a deployment.
func priceFunction(e *estimator, r Resource) {
	runs, millis := 30.0, 10_000.0
	if e.stack.component(r) == "Scaler" {
		runs, millis = hoursPerMonth*60, e.usage.TickMillis
	}
	memory, _ := strconv.ParseFloat(r.text("memorySize"), 64)
	e.pool("functions (run time)", Line{
		What: "GB-seconds", Quantity: runs * millis / 1000 * memory / 1024, Price: FunctionGBs, Assumed: "a tick of 0.3 s every minute",
	})
	e.pool("functions (requests)", Line{What: "requests", Quantity: runs, Price: FunctionRequest})
}

func priceLogs(e *estimator, _ Resource) {
	groups := float64(len(e.stack.ofType("aws:cloudwatch/logGroup:LogGroup")))
	e.pool("logs", Line{What: "ingestion", Quantity: e.usage.LogGB / groups, Price: LogIngestion, Assumed: "0.2 GB a month in all groups"})
}

func priceAlarm(e *estimator, _ Resource) {
	e.pool("alarms", Line{What: "alarms", Quantity: 1, Price: Alarm, Assumed: "the account has no others"})
}

// priceTracking prices the two alarms, high and low, that AWS makes for each target-tracking policy and bills like others.
func priceTracking(e *estimator, _ Resource) {
	e.pool("alarms", Line{What: "alarms", Quantity: 2, Price: Alarm, Assumed: "the account has no others"})
}

func priceDashboard(e *estimator, _ Resource) {
	e.pool("dashboards", Line{What: "dashboards", Quantity: 1, Price: Dashboard, Assumed: "the account has no others"})
}

func priceMetric(e *estimator, _ Resource) {
	e.pool("custom metrics", Line{What: "metrics", Quantity: 1, Price: CustomMetric, Assumed: "the account has no others"})
}

func priceNat(e *estimator, r Resource) {
	e.add(r, Line{What: "hours", Quantity: hoursPerMonth, Price: NatGatewayHour})
	e.add(r, Line{What: "traffic", Quantity: e.usage.NatGB, Price: NatGatewayGB, Assumed: "20 GB of image pulls and npm"})
}

func priceAddress(e *estimator, r Resource) {
	e.add(r, Line{What: "public address", Quantity: hoursPerMonth, Price: PublicIPv4})
}
