package infra

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/config"
	"github.com/webordinary/live-edit/infra/stackfile"
	"github.com/webordinary/live-edit/tools/stacks"
)

// lentOutputs are the outputs in which the parts of another stack arrive.
var lentOutputs = map[string][]string{
	config.PartRegistry: {outRepositoryURL, outRepositoryArn},
	config.PartSecrets:  {outAnthropicAPIKeyArn, outGitHubTokenArn, outAWSCredentialsArn},
	config.PartWorkspace: {
		outFileSystemID, outFileSystemArn, outClientAccessPointID, outClientAccessPointArn, outWorkspaceSecurityGroupID, outVpcID,
		outWorkspaceBucketName,
	},
	config.PartLoadBalancer: {
		outALBArn, outALBDNSName, outALBZoneID, outHTTPSListenerArn, outALBSecurityGroupID, outVpcID, outEditURL, outRulePriorityBase,
	},
}

// readStackOutputs is the engine's own function that stack references are made of. Called before any of them is, it lets the
// program say what is wrong: a reference that cannot be read ends the program with the engine's words alone.
const readStackOutputs = "pulumi:pulumi:readStackOutputs"

type stackOutputsArgs struct {
	Name string `pulumi:"name"`
}

type stackOutputsResult struct {
	Outputs map[string]any `pulumi:"outputs"`
}

// checkSharedStack reads the configured stack's outputs and reports, as a [*config.Error], a stack that there is not, that cannot
// be read, that is not deployed, or that lacks what it is to lend.
func checkSharedStack(ctx *pulumi.Context, cfg *config.Config) error {
	if len(cfg.Sharing.Parts) == 0 {
		return nil
	}
	name := qualifiedStackName(ctx, cfg.Sharing.Stack)
	var lender stackOutputsResult
	expected := ""
	// Raw, as an output may be a secret. Which there are, and of what type, is none.
	switch _, err := ctx.InvokePackageRaw(readStackOutputs, &stackOutputsArgs{Name: name}, &lender, ""); {
	case err != nil && strings.Contains(err.Error(), "unknown stack"):
		expected = otherStack(ctx, cfg, fmt.Sprintf("a stack that there is; unknown stack %q", name))
	case err != nil:
		expected = otherStack(ctx, cfg, fmt.Sprintf("a stack that can be read; of %q the engine says: %s", name, engineSays(err)))
	case len(lender.Outputs) == 0:
		expected = fmt.Sprintf("a deployed stack; %q is none yet, or was destroyed. Deploy it first: `pulumi up --stack %s`",
			name, shortName(name))
	default:
		expected = lacking(cfg, name, lender.Outputs)
	}
	if expected == "" {
		return configError(cfg, checkLender(cfg, name, lender.Outputs))
	}
	return configError(cfg, []config.Fault{{Key: "sharedStack", Value: cfg.Sharing.Stack, Expected: expected}})
}

// engineSays is an error of the engine's without the call's name that it puts before it.
func engineSays(err error) string {
	text := err.Error()
	if _, after, ok := strings.Cut(text, "returned an error: "); ok {
		return after
	}
	return text
}

// otherStack ends a message about a stack that cannot be had with the one that may be meant.
func otherStack(ctx *pulumi.Context, cfg *config.Config, message string) string {
	wanted := shortName(cfg.Sharing.Stack)
	known, _ := stacks.Names(stackfile.Directory(ctx)) // its only error is a malformed pattern
	known = slices.DeleteFunc(known, func(name string) bool { return name == cfg.Stack })
	switch best := stacks.Nearest(wanted, known); {
	case best != "" && qualifiedStackName(ctx, cfg.Sharing.Stack) == qualifiedStackName(ctx, best):
		message += fmt.Sprintf(". It has a file, so deploy it first: `pulumi stack init %[1]s`, `pulumi up --stack %[1]s`", best)
	case best != "":
		message += fmt.Sprintf("; did you mean %s? `pulumi config set --stack %s sharedStack %[1]s`", best, cfg.Stack)
	}
	return message + ". `pulumi stack ls --all` lists the stacks of this backend"
}

// lacking says which outputs the shared parts need and the lender does not have, or has as something else; empty when it has all.
func lacking(cfg *config.Config, lender string, outputs map[string]any) string {
	var missing, odd []string
	for _, part := range cfg.Sharing.Parts {
		for _, output := range lentOutputs[part] {
			kind := "a string"
			_, ok := outputs[output].(string)
			if output == outRulePriorityBase {
				kind = "a number"
				_, ok = outputs[output].(float64)
			}
			switch {
			case ok:
			case outputs[output] == nil:
				missing = append(missing, output)
			default:
				odd = append(odd, fmt.Sprintf("%s is a %T, not %s", output, outputs[output], kind))
			}
		}
	}
	if len(missing)+len(odd) == 0 {
		return ""
	}
	text := fmt.Sprintf("a stack of this program that lends %s; of %q", strings.Join(cfg.Sharing.Parts, ", "), lender)
	if len(missing) > 0 {
		text += fmt.Sprintf(" there is a missing stack output: %s", strings.Join(unique(missing), ", "))
	}
	if len(odd) > 0 {
		text += " " + strings.Join(unique(odd), ", ")
	}
	return text + fmt.Sprintf(". If it was deployed by an older program, deploy it again: `pulumi up --stack %s`", shortName(lender))
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
