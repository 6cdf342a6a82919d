package infra

import (
	"maps"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/functions/scaler/spec"
	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/function"
	"github.com/webordinary/live-edit/infra/policy"
)

const scalerToken = "webordinary:infra:Scaler"

const (
	// scalerPurpose names the function and its role.
	scalerPurpose = "edit-scaler"
	// scalerTimeoutSeconds bounds every hold: the function holds an API call for at most 20 s, and CloudFront waits 30 s
	// for an answer.
	scalerTimeoutSeconds = 28
	// scalerMemoryMB buys a share of a processor that starts the function in well under a second.
	scalerMemoryMB = 256
	// wakerOffset is the waker's place while the service sleeps: above the three static rules, so that it gets their
	// requests. The function moves it below them, to base+90, once a task can serve (D4).
	wakerOffset = 1
	// signInOffset is the place of the waker's other rule meanwhile, where people sign in (functions/scaler/decide).
	signInOffset = 0
)

// ScalerArgs describes what wakes the service and puts it to sleep (T02 §4, D4).
type ScalerArgs struct {
	config.Scaler
	Names   config.Names
	Service *EditService
	// Listener gets the waker's rule, for Host only.
	ListenerArn pulumi.StringInput
	Host        string
	// RulePriorityBase is the stack's first rule priority; IdleMinutes is how long the service waits before it sleeps.
	RulePriorityBase, IdleMinutes int
	Alerts                        *Alerts
	// Door says who somebody is and may edit; nil where nobody is asked.
	Door *Door
	// Alarms creates the alarms on errors and throttles.
	Alarms bool
}

// Scaler is the function that owns the step between no task and one: a listener rule sends it the requests that no
// task can serve, and a schedule calls it every minute.
type Scaler struct {
	pulumi.ResourceState

	FunctionName pulumi.StringOutput `pulumi:"functionName"`
	WakerRuleArn pulumi.StringOutput `pulumi:"wakerRuleArn"`

	group    *lb.TargetGroup
	rule     *lb.ListenerRule
	signIn   *lb.ListenerRule // nil where nobody is asked who he is
	function *function.Deployed
}

// NewScaler registers the waker's target group and rule, the function, and what calls it.
func NewScaler(ctx *pulumi.Context, name string, args *ScalerArgs, opts ...pulumi.ResourceOption) (*Scaler, error) {
	scaler := &Scaler{}
	if err := ctx.RegisterComponentResource(scalerToken, name, scaler, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	for _, add := range []func(*pulumi.Context, string, *ScalerArgs) error{
		scaler.addRule, scaler.addFunction, scaler.addTarget, scaler.addSchedule, scaler.addAlarms,
	} {
		if err := add(ctx, name, args); err != nil {
			return nil, err
		}
	}
	return scaler, ctx.RegisterResourceOutputs(scaler, pulumi.Map{
		"functionName": scaler.FunctionName,
		"wakerRuleArn": scaler.WakerRuleArn,
	})
}

// addRule registers the rule, which exists before the function so that the function can be told its ARN. WebSocket paths
// are not in it: a load balancer refuses upgrades to a function, and a forgotten tab must not wake anything.
func (s *Scaler) addRule(ctx *pulumi.Context, name string, args *ScalerArgs) error {
	group, err := lb.NewTargetGroup(ctx, name+"-tg", &lb.TargetGroupArgs{
		Name:       pulumi.String(args.Names.TargetGroup("waker")),
		TargetType: pulumi.String("lambda"),
		// Without it, of several cookies or equal query parameters only the last one arrives.
		LambdaMultiValueHeadersEnabled: pulumi.Bool(true),
	}, component.Child(s)...)
	if err != nil {
		return component.Created(name+"-tg", err)
	}
	s.group = group
	s.rule, err = newForwardRule(ctx, name+"-waker-rule", &forwardRuleArgs{
		ListenerArn:    args.ListenerArn,
		Priority:       args.RulePriorityBase + wakerOffset,
		Host:           args.Host,
		Paths:          []string{"/api/*", "/preview/*"},
		TargetGroupArn: group.Arn, Door: args.Door, Anonymous: denied,
	}, component.Child(s, pulumi.IgnoreChanges([]string{"priority"}))...)
	if err != nil {
		return err
	}
	s.WakerRuleArn = s.rule.Arn
	if args.Door == nil {
		return nil
	}
	// The other rule, in front of it wherever it is: the function moves both at once.
	s.signIn, err = newForwardRule(ctx, name+"-waker-sign-in-rule", &forwardRuleArgs{
		ListenerArn:    args.ListenerArn,
		Priority:       args.RulePriorityBase + signInOffset,
		Host:           args.Host,
		Paths:          []string{"/preview/*"},
		TargetGroupArn: group.Arn, Door: args.Door, Anonymous: toSignIn,
	}, component.Child(s, pulumi.IgnoreChanges([]string{"priority"}))...)
	return err
}

func (s *Scaler) addFunction(ctx *pulumi.Context, name string, args *ScalerArgs) error {
	role, err := component.NewRole(ctx, name+"-role", &component.RoleArgs{
		Name:        args.Names.Role(scalerPurpose),
		Description: "What the function that wakes the live editor and puts it to sleep may do",
		Service:     "lambda.amazonaws.com",
	}, component.Child(s)...)
	if err != nil {
		return err
	}
	s.function, err = s.newFunction(ctx, name, args, role)
	if err != nil {
		return err
	}
	s.FunctionName = s.function.Function.Name
	return nil
}

func (s *Scaler) newFunction(ctx *pulumi.Context, name string, args *ScalerArgs, role *iam.Role) (*function.Deployed, error) {
	return function.New(ctx, name+"-function", &function.Args{
		Name:                args.Names.Function(scalerPurpose),
		Description:         "Wakes the live editor on the first request and puts it to sleep when nobody edits",
		Source:              "scaler",
		Role:                role,
		Permissions:         append(s.permissions(args.Service), args.Door.read()...),
		Environment:         s.environment(args),
		TimeoutSeconds:      scalerTimeoutSeconds,
		MemoryMB:            scalerMemoryMB,
		ReservedConcurrency: args.reserved(),
		// Outside the VPC: it calls AWS only, and has no route there from a subnet without NAT.
	}, s)
}

// environment is the function's configuration (functions/scaler/config).
func (s *Scaler) environment(args *ScalerArgs) pulumi.StringMap {
	environment := pulumi.StringMap{
		spec.Cluster:      args.Service.ClusterName,
		spec.Service:      args.Service.ServiceName,
		spec.Rule:         s.WakerRuleArn,
		spec.APIGroup:     args.Service.TargetGroups["api"].Arn,
		spec.PreviewGroup: args.Service.TargetGroups["preview"].Arn,
		spec.PriorityBase: pulumi.String(strconv.Itoa(args.RulePriorityBase)),
		spec.IdleMinutes:  pulumi.String(strconv.Itoa(args.IdleMinutes)),
		spec.Client:       pulumi.String(args.Service.client),
	}
	if args.StandInURL != "" {
		environment[spec.StandIn] = pulumi.String(args.StandInURL)
	}
	if len(args.WakeCredentials) > 0 {
		environment[spec.Credentials] = pulumi.String(strings.Join(args.WakeCredentials, ","))
	}
	if args.Door != nil {
		environment[spec.SignInRule] = s.signIn.Arn
		maps.Copy(environment, args.Door.environment())
	}
	return environment
}

// rules are the ones that the function moves.
func (s *Scaler) rules() []pulumi.StringInput {
	if s.signIn == nil {
		return policy.Resources(s.WakerRuleArn)
	}
	return policy.Resources(s.WakerRuleArn, s.signIn.Arn)
}

// reserved is the concurrency that belongs to the waker alone: its holds cannot use up the account's, and nothing else in
// the account can keep a visitor from waking the service.
func (a *ScalerArgs) reserved() *int {
	if a.Concurrency == 0 {
		return nil
	}
	return &a.Concurrency
}

// permissions are the rights that the function asks for (functions/scaler/spec says what for), each on its own resources.
func (s *Scaler) permissions(service *EditService) []policy.Statement {
	var statements []policy.Statement
	for _, right := range spec.Rights() {
		statement := policy.Statement{Sid: right.Sid, Actions: right.Actions}
		switch right.On {
		case spec.TheService:
			statement.Resources = policy.Resources(service.ServiceArn)
		case spec.ItsTasks:
			statement.Resources = policy.Resources(service.tasksArn())
		case spec.TheWakersRules:
			statement.Resources = s.rules()
		case spec.AnyOfItsCluster: // AWS takes no resource for it, but a condition
			statement.Resources = policy.AnyResource()
			statement.Conditions = []policy.Condition{policy.When("ArnEquals", "ecs:cluster", service.ClusterArn)}
		case spec.Anything:
			statement.Resources = policy.AnyResource()
		}
		statements = append(statements, statement)
	}
	return statements
}

// addTarget lets the load balancer, for this target group only, invoke the function.
func (s *Scaler) addTarget(ctx *pulumi.Context, name string, _ *ScalerArgs) error {
	permission, err := lambda.NewPermission(ctx, name+"-waker-permission", &lambda.PermissionArgs{
		Action:    pulumi.String("lambda:InvokeFunction"),
		Function:  s.function.Function.Name,
		Principal: pulumi.String("elasticloadbalancing.amazonaws.com"),
		SourceArn: s.group.Arn,
	}, component.Child(s)...)
	if err != nil {
		return component.Created(name+"-waker-permission", err)
	}
	_, err = lb.NewTargetGroupAttachment(ctx, name+"-waker-target", &lb.TargetGroupAttachmentArgs{
		TargetGroupArn: s.group.Arn,
		TargetId:       s.function.Function.Arn,
	}, component.Child(s, pulumi.DependsOn([]pulumi.Resource{permission}))...)
	return component.Created(name+"-waker-target", err)
}

// addSchedule has the function look every minute, which is what heals whatever an invocation left undone.
func (s *Scaler) addSchedule(ctx *pulumi.Context, name string, args *ScalerArgs) error {
	return newSchedule(ctx, name, &scheduleArgs{
		Name:        args.Names.Other("edit-scaler-tick"),
		Description: "Looks every minute whether the live editor should sleep, and repairs what was left undone",
		Expression:  "rate(1 minute)",
		Function:    s.function.Function,
	}, component.Child(s)...)
}

func (s *Scaler) addAlarms(ctx *pulumi.Context, name string, args *ScalerArgs) error {
	if !args.Alarms {
		return nil
	}
	alarm := alarmArgs{
		Namespace: "AWS/Lambda", Dimensions: pulumi.StringMap{"FunctionName": s.FunctionName},
		Statistic: "Sum", Comparison: "GreaterThanOrEqualToThreshold", MissingData: "notBreaching",
	}
	failing := alarm
	failing.Name = args.Names.Other("edit-scaler-errors")
	failing.Description = "The scaler failed in five of ten minutes: the live editor may not wake, or may not sleep and keep costing money."
	// A new role is not known everywhere for some minutes (IAM user guide, "Changes that I make are not always immediately
	// visible"), and the first ticks may be refused: three failed minutes alone are no alarm.
	failing.MetricName, failing.Threshold = "Errors", 1
	failing.PeriodSeconds, failing.Periods, failing.Breaching = 60, 10, 5
	throttled := alarm
	throttled.Name = args.Names.Other("edit-scaler-throttles")
	throttled.Description = "The scaler is throttled: more requests at once than scalerConcurrency, and those that should wake the " +
		"editor get 502."
	throttled.MetricName, throttled.Threshold, throttled.PeriodSeconds, throttled.Periods = "Throttles", 3, 300, 1
	if err := args.Alerts.newAlarm(ctx, name+"-edit-scaler-errors-alarm", &failing, component.Child(s)...); err != nil {
		return err
	}
	return args.Alerts.newAlarm(ctx, name+"-edit-scaler-throttles-alarm", &throttled, component.Child(s)...)
}
