package infra

import (
	"encoding/json"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/functions/behaviors/spec"
	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/function"
	"github.com/webordinary/live-edit/infra/policy"
)

const edgeBehaviorsToken = "webordinary:infra:EdgeBehaviors"

const (
	// edgePurpose names the function and its role.
	edgePurpose = "edit-behaviors"
	// edgeTimeoutSeconds leaves room for the SDK's retries while CloudFront throttles; an ordinary run takes a second.
	edgeTimeoutSeconds = 120
	// edgeMemoryMB buys enough processor for the TLS handshake and a configuration of some hundred kilobytes.
	edgeMemoryMB = 256
)

// EdgeBehaviorsArgs describes what a CloudFront distribution gets of ours (T02 §6, D12).
type EdgeBehaviorsArgs struct {
	config.Edge
	Names config.Names
	// Owner marks what is ours in the distribution; it differs between stacks.
	Owner string
	// OriginDomain is the host name by which CloudFront reaches the load balancer.
	OriginDomain string
	// Alerts hears of repairs and of failures.
	Alerts *Alerts
	// Alarms creates the alarm on repairs.
	Alarms bool
	// Behind is everything that requests to our behaviors need: there before the behaviors, and gone after them.
	Behind []pulumi.Resource
}

// EdgeBehaviors keeps our origin and cache behaviors on a distribution that another stack owns. No resource of the
// provider can do that, so a function does: an Invocation calls it on create, update and delete, and a schedule once a
// day, because the owner's next deployment of the distribution puts back the owner's own configuration.
//
// Two orders matter. The behaviors come last and go first, so that CloudFront never sends requests to a load balancer
// that is not there. And the schedule comes even later and goes even earlier, so that it cannot put the behaviors back
// between their deletion and the function's.
type EdgeBehaviors struct {
	pulumi.ResourceState

	// Result is what the function answered last: its changes and warnings, as JSON.
	Result pulumi.StringOutput `pulumi:"result"`

	role       *iam.Role
	function   *function.Deployed
	invocation *lambda.Invocation
}

// NewEdgeBehaviors registers the function, the invocation, the schedule and what reports on them.
func NewEdgeBehaviors(
	ctx *pulumi.Context, name string, args *EdgeBehaviorsArgs, opts ...pulumi.ResourceOption,
) (*EdgeBehaviors, error) {
	edge := &EdgeBehaviors{}
	if err := ctx.RegisterComponentResource(edgeBehaviorsToken, name, edge, opts...); err != nil {
		return nil, component.Created(name, err)
	}
	for _, add := range []func(*pulumi.Context, string, *EdgeBehaviorsArgs) error{
		edge.addFunction, edge.addInvocation, edge.addSchedule, edge.addReports,
	} {
		if err := add(ctx, name, args); err != nil {
			return nil, err
		}
	}
	edge.warn(ctx)
	return edge, ctx.RegisterResourceOutputs(edge, pulumi.Map{"result": edge.Result})
}

// input is what the function is asked for.
func (a *EdgeBehaviorsArgs) input() spec.Input {
	in := spec.LiveEdit(a.DistributionID, a.Owner, spec.Origin{ID: a.Names.Origin(), DomainName: a.OriginDomain}).WithDefaults()
	in.Quotas = spec.Quotas{Behaviors: a.BehaviorQuota, Origins: a.OriginQuota}
	in.Rights = a.Rights
	return in
}

// addFunction registers the role and the function, which may do nothing but log until it has a distribution.
func (e *EdgeBehaviors) addFunction(ctx *pulumi.Context, name string, args *EdgeBehaviorsArgs) error {
	input := args.input()
	if err := input.Validate(); err != nil {
		return component.Created(name, err)
	}
	text, err := input.JSON()
	if err != nil {
		return component.Created(name, err)
	}
	if e.role, err = component.NewRole(ctx, name+"-role", &component.RoleArgs{
		Name:        args.Names.Role(edgePurpose),
		Description: "What the function that edits the CloudFront distribution may do",
		Service:     "lambda.amazonaws.com",
	}, component.Child(e)...); err != nil {
		return err
	}
	e.function, err = function.New(ctx, name+"-function", &function.Args{
		Name:        args.Names.Function(edgePurpose),
		Description: "Keeps the live editor's origin and behaviors on a CloudFront distribution of another stack",
		Source:      "behaviors",
		Role:        e.role,
		Permissions: []policy.Statement{{
			Sid:       "ReportFailures", // of scheduled runs; see addReports
			Actions:   []string{"sns:Publish"},
			Resources: policy.Resources(args.Alerts.TopicArn),
		}},
		Environment:    pulumi.StringMap{spec.InputVariable: pulumi.String(text)},
		TimeoutSeconds: edgeTimeoutSeconds,
		MemoryMB:       edgeMemoryMB,
	}, e)
	return err
}

// addInvocation registers the permission for the distribution and the invocation.
//
// Both carry the distribution's ID in their logical names. Should it change, Pulumi creates the new pair first and then
// deletes the old one in the reverse order: the old invocation, which cleans the former distribution up, while the old
// permission still lets it.
func (e *EdgeBehaviors) addInvocation(ctx *pulumi.Context, name string, args *EdgeBehaviorsArgs) error {
	text, err := args.input().JSON()
	if err != nil {
		return component.Created(name, err)
	}
	pair := name + "-" + args.DistributionID
	access, err := component.NewRolePolicy(ctx, pair+"-policy", e.role, policy.Document{Statements: append([]policy.Statement{{
		Sid:       "EditDistribution",
		Actions:   []string{"cloudfront:GetDistributionConfig", "cloudfront:UpdateDistribution"},
		Resources: policy.Resources(e.distributionArn(args.DistributionID)),
	}}, ownerRights(args.Rights)...)}, component.Child(e)...)
	if err != nil {
		return err
	}
	// No triggers: they would replace the invocation, and so take the behaviors off and put them on again. The function's
	// name is given as text, not as its output, since an output that is unknown in a preview would do the same.
	e.invocation, err = lambda.NewInvocation(ctx, pair, &lambda.InvocationArgs{
		FunctionName:   pulumi.String(args.Names.Function(edgePurpose)),
		LifecycleScope: pulumi.String("CRUD"),
		Input:          pulumi.String(text),
	}, component.Child(e,
		pulumi.DeleteBeforeReplace(true), // the other order would delete what it has just created
		pulumi.DependsOn(append([]pulumi.Resource{access, e.function.Policy, e.function.Function}, args.Behind...)))...)
	if err != nil {
		return component.Created(pair, err)
	}
	e.Result = e.invocation.Result
	return nil
}

// ownerRights are what CloudFront asks for because of settings of the distribution's owner: an update submits the whole
// configuration, with the log bucket, web ACL and edge functions in it (D35). One statement each, on exactly that resource.
func ownerRights(arns []string) []policy.Statement {
	statements := make([]policy.Statement, 0, len(arns))
	for i, arn := range arns {
		right, _ := spec.RightOn(arn) // the configuration's validation has refused all others
		statements = append(statements, policy.Statement{
			Sid: "OwnerSetting" + strconv.Itoa(i+1), Actions: right.Actions, Resources: policy.Resources(pulumi.String(arn)),
		})
	}
	return statements
}

// distributionArn is built from the role's own ARN, which knows the partition and the account.
func (e *EdgeBehaviors) distributionArn(id string) pulumi.StringOutput {
	return pulumi.Sprintf("arn:%s:cloudfront::%s:distribution/%s", arnPart(e.role.Arn, 1), arnPart(e.role.Arn, 4), id)
}

// warn repeats the function's warnings at every deployment: they are about settings of the distribution's owner, who
// alone can change them.
func (e *EdgeBehaviors) warn(ctx *pulumi.Context) {
	e.Result.ApplyT(func(text string) error {
		for _, warning := range edgeWarnings(text) {
			if err := ctx.Log.Warn("CloudFront: "+warning, &pulumi.LogArgs{Resource: e}); err != nil {
				return err
			}
		}
		return nil
	})
}

// edgeWarnings reads the function's answer. One that is not the function's, such as the sandbox's where nothing runs, has
// no warnings.
func edgeWarnings(answer string) []string {
	var result struct{ Warnings []string }
	_ = json.Unmarshal([]byte(answer), &result)
	return result.Warnings
}
