package infra

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/config"
)

// Some things of a deployed stack cannot change in one update, whatever the order of its steps (D22). Hooks of the engine
// see the old and the new value before anything is done, in a preview as well, and refuse with what does it instead.

// errLasting marks a change that a deployed stack cannot make in one update.
var errLasting = errors.New("a deployed stack cannot change this in one update")

// beforeUpdate returns the option that has check look at a resource before the engine updates it, in previews too.
func beforeUpdate(ctx *pulumi.Context, name string, check pulumi.ResourceHookFunction) (pulumi.ResourceOption, error) {
	hook, err := ctx.RegisterResourceHook(name, check, &pulumi.ResourceHookOptions{OnDryRun: true})
	if err != nil {
		return nil, fmt.Errorf("register the hook %s: %w", name, err)
	}
	return pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeUpdate: []*pulumi.ResourceHook{hook}}), nil
}

// comeBack is how a stack goes and comes back with another setting, on the data that the first one left.
const comeBack = `
To do it all the same, with an outage but without losing data (docs/operations.md, "Change what a deployed stack cannot"):
  1. set %[1]s back to what is deployed
  2. pulumi stack output > kept.txt
  3. pulumi config set protect false && pulumi up
  4. pulumi destroy        (keeps registry, secrets, file system and bucket)
  5. set %[1]s to what it should be, and the adopt table from kept.txt
  6. pulumi up, and then pulumi config set protect true && pulumi up where it was on`

// vpcInput is the network component's input that keeps in the state which VPC the stack is in.
const vpcInput = "vpc"

// vpc says in words which VPC this configuration is about.
func (n NetworkArgs) vpc() string {
	if n.Dedicated {
		return "a dedicated VPC " + n.CidrBlock + " in " + n.Region
	}
	return "the default VPC in " + n.Region
}

// keepVpc refuses to move a deployed stack to another VPC, or to another region, which is the same: a load balancer, a target
// group, a security group and the mount targets of one file system each live and die in one VPC, and most of their names can't be
// had twice.
func keepVpc(ctx *pulumi.Context, network *NetworkArgs) (pulumi.ResourceOption, error) {
	return beforeUpdate(ctx, "keep-the-vpc", func(args *pulumi.ResourceHookArgs) error {
		was := textOf(args.OldInputs, vpcInput)
		if was == "" { // deployed by a program that did not keep it
			was = guessVpc(ctx, network, textOf(args.OldOutputs, "vpcId"))
		}
		if was == network.vpc() {
			return nil
		}
		const keys = "dedicatedVpc, vpcCidr or aws:region"
		return fmt.Errorf("%w: %s: the stack is in %s, the configuration says %s.%s",
			errLasting, keys, was, network.vpc(), fmt.Sprintf(comeBack, keys))
	})
}

// guessVpc says what it can of the VPC with an ID. Whether a dedicated one has the configured range it can't tell, and believes.
func guessVpc(ctx *pulumi.Context, network *NetworkArgs, id string) string {
	isDefault := true
	found, err := ec2.LookupVpc(ctx, &ec2.LookupVpcArgs{Default: &isDefault})
	inDefault := err == nil && found.Id == id
	if id == "" || inDefault != network.Dedicated { // nothing yet; or as configured
		return network.vpc()
	}
	return id
}

// keepSuffix refuses another nameSuffix for a deployed stack. Every name would change, and with the names registry, secrets
// and bucket would be new and empty.
func keepSuffix(ctx *pulumi.Context, names config.Names) (pulumi.ResourceOption, error) {
	const purpose = "edit-task"
	return beforeUpdate(ctx, "keep-the-names", func(args *pulumi.ResourceHookArgs) error {
		was := textOf(args.OldOutputs, "taskRoleArn")
		was = was[strings.LastIndex(was, "/")+1:]
		suffix, ours := strings.CutPrefix(was, config.NewNames("").Role(purpose))
		if !ours || suffix == names.Suffix() {
			return nil
		}
		return fmt.Errorf("%w: nameSuffix: the stack's names end in %q, the configuration says %q. With their names registry, secrets "+
			"and workspace bucket would be new and empty, while the old ones stay behind.\nDeploy a stack of its own instead, and move to it "+
			"what it should have (docs/operations.md, \"Change what a deployed stack cannot\"):\n"+
			"  1. pulumi config set -- nameSuffix %q\n"+
			"  2. pulumi stack init <new> && pulumi config set -- nameSuffix %q   # with a host and a rulePriorityBase of its own; then pulumi up",
			errLasting, suffix, names.Suffix(), suffix, names.Suffix())
	})
}

// keepDistance refuses a rule priority less than a stack's hundred away from the old one: the stack's rules are updated in no
// order, and would meet each other's old priorities, of which a listener has each once.
func keepDistance(ctx *pulumi.Context) (pulumi.ResourceOption, error) {
	return beforeUpdate(ctx, "keep-the-priorities-apart", func(args *pulumi.ResourceHookArgs) error {
		was, now := args.OldInputs["priority"], args.NewInputs["priority"]
		if !was.IsNumber() || !now.IsNumber() {
			return nil
		}
		distance := int(now.NumberValue() - was.NumberValue())
		if distance == 0 || distance <= -config.RulesPerStack || distance >= config.RulesPerStack {
			return nil
		}
		return fmt.Errorf("%w: rulePriorityBase: it moves by %d, and the stack's rules would meet each other's old priorities. Go there in "+
			"two steps, by way of a free base at least %d away from both:\n"+
			"  pulumi config set rulePriorityBase <far> && pulumi up\n  pulumi config set rulePriorityBase <wanted> && pulumi up",
			errLasting, distance, config.RulesPerStack)
	})
}

// keepPortsApart refuses to give a route's port to another route in the same update: the rules of a security group are updated in no
// order, and a group has each rule once.
func keepPortsApart(ctx *pulumi.Context, routes []config.Route) (pulumi.ResourceOption, error) {
	return beforeUpdate(ctx, "keep-the-ports-apart", func(args *pulumi.ResourceHookArgs) error {
		was, now := args.OldInputs["fromPort"], args.NewInputs["fromPort"]
		if !was.IsNumber() || !now.IsNumber() || was.NumberValue() == now.NumberValue() {
			return nil
		}
		for _, r := range routes {
			if r.Port != int(was.NumberValue()) {
				continue
			}
			return fmt.Errorf("%w: apiPort, previewPort or webSocketPort: %s becomes %d, which another of them has until then, and a security "+
				"group's rules can't meet there. Go by way of a free port:\n"+
				"  pulumi config set %s <free> && pulumi up\n  pulumi config set %s %d && pulumi up", errLasting, r.Key, r.Port, r.Key, r.Key, r.Port)
		}
		return nil
	})
}

// textOf is a known text among properties, or nothing.
func textOf(properties resource.PropertyMap, key resource.PropertyKey) string {
	value := properties[key]
	if value.IsSecret() {
		value = value.SecretValue().Element
	}
	if !value.IsString() {
		return ""
	}
	return value.StringValue()
}
