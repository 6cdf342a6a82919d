package infra

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/config"
)

// sharedStack reads the parts that another stack lends (docs/outputs.md).
type sharedStack struct {
	name      string
	reference *pulumi.StackReference
}

// errMissingOutput marks a reference to an output that the other stack does not have.
var errMissingOutput = errors.New("missing stack output")

// newSharedStack refers to the configured stack; nil when nothing is shared.
func newSharedStack(ctx *pulumi.Context, sharing config.Sharing) (*sharedStack, error) {
	if len(sharing.Parts) == 0 {
		return nil, nil //nolint:nilnil // nothing shared is no error, and nobody asks a nil for a part
	}
	name := qualifiedStackName(ctx, sharing.Stack)
	reference, err := pulumi.NewStackReference(ctx, "shared", &pulumi.StackReferenceArgs{Name: pulumi.String(name)})
	if err != nil {
		return nil, fmt.Errorf("refer to stack %q (sharedStack): %w", name, err)
	}
	return &sharedStack{name: name, reference: reference}, nil
}

// qualifiedStackName completes "prod" or "project/prod" to the form that every backend takes.
func qualifiedStackName(ctx *pulumi.Context, name string) string {
	switch strings.Count(name, "/") {
	case 0:
		return fmt.Sprintf("%s/%s/%s", ctx.Organization(), ctx.Project(), name)
	case 1:
		return ctx.Organization() + "/" + name
	default:
		return name
	}
}

// value returns an output of the other stack. That it is there checkSharedStack has seen; GetOutput alone would give nothing,
// and an unknown value in a preview.
func (s *sharedStack) value(output string) pulumi.AnyOutput {
	return s.reference.GetOutput(pulumi.String(output))
}

// text returns a string output of the other stack.
func (s *sharedStack) text(output string) pulumi.StringOutput {
	return s.value(output).ApplyT(func(value any) (string, error) {
		text, ok := value.(string)
		if !ok {
			return "", fmt.Errorf("%w: output %q of stack %q is a %T, not a string", errMissingOutput, output, s.name, value)
		}
		return text, nil
	}).(pulumi.StringOutput)
}

func shortName(stack string) string { return stack[strings.LastIndex(stack, "/")+1:] }

func (s *sharedStack) registry() RegistryOutputs {
	return RegistryOutputs{RepositoryURL: s.text(outRepositoryURL), RepositoryArn: s.text(outRepositoryArn)}
}

func (s *sharedStack) secrets() SecretsOutputs {
	return SecretsOutputs{
		AnthropicAPIKeyArn: s.text(outAnthropicAPIKeyArn),
		GitHubTokenArn:     s.text(outGitHubTokenArn),
		AWSCredentialsArn:  s.text(outAWSCredentialsArn),
	}
}

// workspace reads the other stack's file system. Its security group is handed on only if this stack is in its VPC,
// where the mount targets are.
func (s *sharedStack) workspace(cfg *config.Config, network *Network) WorkspaceOutputs {
	group := pulumi.All(s.text(outWorkspaceSecurityGroupID), s.text(outVpcID), network.VpcID).ApplyT(
		func(values []any) (string, error) {
			id, _ := values[0].(string)
			return id, configError(cfg, s.checkVpc(cfg, values[1], values[2]))
		}).(pulumi.StringOutput)
	return WorkspaceOutputs{
		FileSystemID:         s.text(outFileSystemID),
		FileSystemArn:        s.text(outFileSystemArn),
		ClientAccessPointID:  s.text(outClientAccessPointID),
		ClientAccessPointArn: s.text(outClientAccessPointArn),
		SecurityGroupID:      group,
	}
}

func (s *sharedStack) bucketName() pulumi.StringOutput { return s.text(outWorkspaceBucketName) }

// loadBalancer reads the other stack's load balancer. Its listener is handed on only if this stack fits beside the
// other one: same VPC, a host name and rule priorities of its own.
func (s *sharedStack) loadBalancer(cfg *config.Config, network *Network) LoadBalancerOutputs {
	listener := pulumi.All(
		s.text(outHTTPSListenerArn), s.text(outVpcID), s.text(outEditURL), s.value(outRulePriorityBase), network.VpcID,
	).ApplyT(func(values []any) (string, error) {
		arn, _ := values[0].(string)
		return arn, s.checkRoom(cfg, values[1:])
	}).(pulumi.StringOutput)
	return LoadBalancerOutputs{
		Arn:              s.text(outALBArn),
		DNSName:          s.text(outALBDNSName),
		ZoneID:           s.text(outALBZoneID),
		HTTPSListenerArn: listener,
		SecurityGroupID:  s.text(outALBSecurityGroupID),
		VpcID:            s.text(outVpcID),
	}
}

// checkRoom compares this stack with the lender's VPC, and its clients with the lender's first one. The lender's further clients have been
// seen by checkLender already: a reference to an output that a stack does not have is unknown in a preview.
func (s *sharedStack) checkRoom(cfg *config.Config, lender []any) error {
	base, ok := lender[2].(float64)
	if !ok {
		return fmt.Errorf("%w: output %q of stack %q is a %T, not a number", errMissingOutput, outRulePriorityBase, s.name, lender[2])
	}
	faults := s.checkVpc(cfg, lender[0], lender[3])
	first := lentListener{stack: s.name, urls: []string{fmt.Sprint(lender[1])}, bases: []int{int(base)}}
	for _, client := range cfg.Clients {
		faults = append(faults, checkClient(client, first)...)
	}
	return configError(cfg, faults)
}

// lentListener is what the clients of a lender have on its listener.
type lentListener struct {
	stack string
	urls  []string
	bases []int
}

// checkLender says what does not fit beside a lender, as far as that does not depend on what only an update knows.
func checkLender(cfg *config.Config, stack string, outputs map[string]any) []config.Fault {
	faults := checkLentWorkspace(cfg, stack, outputs)
	if !cfg.Sharing.Has(config.PartLoadBalancer) {
		return faults
	}
	faults = append(faults, checkLentDoor(cfg, stack, outputs)...)
	faults = append(faults, checkLentListener(cfg, stack, outputs)...)
	return append(faults, checkLentRules(cfg, stack, outputs)...)
}

// checkLentDoor: the load balancer itself asks the issuer, and its way out is the lender's.
func checkLentDoor(cfg *config.Config, stack string, outputs map[string]any) []config.Fault {
	if !cfg.Auth.On() || outputs[outAuth] != nil {
		return nil
	}
	return []config.Fault{{Key: "auth", Value: cfg.Auth.Mode, Expected: fmt.Sprintf("none, as nobody signs in to stack %q: its load balancer "+
		"has no way out to whoever would be asked, so that nobody could. Set auth there as well and deploy it first, or take loadBalancer "+
		"out of shared", stack)}}
}

// checkLentRules counts the rules that both stacks have on the load balancer. Other borrowers' are known to nobody before AWS refuses.
func checkLentRules(cfg *config.Config, stack string, outputs map[string]any) []config.Fault {
	clients := 1
	if bases, several := outputs[outRulePriorityBases].(string); several {
		clients = strings.Count(bases, ",") + 1
	}
	theirs := clients * config.RulesOfClient(outputs[outAuth] != nil)
	room := (config.MaxRules - theirs) / cfg.RulesPerClient()
	if len(cfg.Clients) <= room {
		return nil
	}
	return []config.Fault{{Key: "clients", Value: strconv.Itoa(len(cfg.Clients)), Expected: fmt.Sprintf("at most %d clients beside the %d of "+
		"stack %q: a load balancer has %d rules, of which those have %d, and each client here %d", max(room, 0), clients, stack, config.MaxRules,
		theirs, cfg.RulesPerClient())}}
}

// checkLentWorkspace: what a lender lends is /clients, so a task of this stack would have the files of all its clients.
func checkLentWorkspace(cfg *config.Config, stack string, outputs map[string]any) []config.Fault {
	if !cfg.Sharing.Has(config.PartWorkspace) || outputs[outEditURLs] == nil && outputs[outKeptClients] == nil {
		return nil
	}
	return []config.Fault{{Key: "shared", Value: strings.Join(cfg.Sharing.Parts, ", "), Expected: fmt.Sprintf("parts without workspace: "+
		"stack %q has several clients, whose files this stack's tasks would all see. Take workspace out of shared and this stack has a file "+
		"system of its own, or put the client into the lender's clients", stack)}}
}

// checkLentListener compares this stack's clients with all of a lender's, where it has several.
func checkLentListener(cfg *config.Config, stack string, outputs map[string]any) []config.Fault {
	urls, several := outputs[outEditURLs].(string)
	numbers, numbered := outputs[outRulePriorityBases].(string)
	if !several || !numbered {
		return nil
	}
	lender := lentListener{stack: stack, urls: strings.Split(urls, ",")}
	for _, text := range strings.Split(numbers, ",") {
		if base, err := strconv.Atoi(text); err == nil {
			lender.bases = append(lender.bases, base)
		}
	}
	var faults []config.Fault
	for _, client := range cfg.Clients {
		faults = append(faults, checkClient(client, lender)...)
	}
	return faults
}

// checkClient compares one of our clients with those of the lender.
func checkClient(client config.Client, lender lentListener) []config.Fault {
	var faults []config.Fault
	if url := "https://" + client.Site.FQDN(); slices.Contains(lender.urls, url) {
		faults = append(faults, config.Fault{
			Key: client.Field("host"), Value: client.Site.Host, Expected: fmt.Sprintf("another host than stack %q has: %s", lender.stack, url),
		})
	}
	for _, base := range lender.bases {
		if config.Overlap(client.RulePriorityBase, base) {
			faults = append(faults, config.Fault{
				Key: client.Field("rulePriority"), Value: strconv.Itoa(client.RulePriorityBase), Expected: fmt.Sprintf(
					"a base at least %d away from that of stack %q, %d: their rules stand on one listener", config.RulesPerStack, lender.stack, base),
			})
			break
		}
	}
	return faults
}

// checkVpc compares the lender's VPC with ours.
func (s *sharedStack) checkVpc(cfg *config.Config, theirs, ours any) []config.Fault {
	if theirs == ours {
		return nil
	}
	return []config.Fault{{Key: "dedicatedVpc", Value: fmt.Sprint(cfg.Network.Dedicated), Expected: fmt.Sprintf(
		"the VPC of stack %q, %v, as %s is shared; this stack is in %v", s.name, theirs, strings.Join(cfg.Sharing.Parts, ", "), ours)}}
}

func configError(cfg *config.Config, faults []config.Fault) error {
	if len(faults) == 0 {
		return nil
	}
	return &config.Error{Stack: cfg.Stack, Faults: faults}
}
