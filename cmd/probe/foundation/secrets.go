package foundation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/webordinary/live-edit/cmd/probe/report"
)

// kinds are the secrets (T00 §2) by the outputs that name them. The container gets the first two; nobody reads the third,
// since the task role has the bucket.
var kinds = []struct {
	output    string
	container bool
}{{"anthropicApiKeyArn", true}, {"githubTokenArn", true}, {"awsCredentialsArn", false}}

// secrets looks for each secret, and for a value of those that the container gets.
func (c *Checker) secrets(ctx context.Context) {
	var faults []report.Fault
	found := 0
	for _, kind := range kinds {
		arn := c.text(kind.output)
		if arn == "" {
			c.Book.Missed(report.Secrets, "the output "+kind.output+" is missing")
			return
		}
		fault, err := c.secretFault(ctx, arn, kind.container)
		if err != nil {
			c.Book.Missed(report.Secrets, err.Error())
			return
		}
		if fault != nil {
			faults = append(faults, *fault)
			continue
		}
		found++
	}
	c.measured(ctx, report.Secrets, fmt.Sprintf("%d of %d", found, len(kinds)), faults...)
}

const currentStage = "AWSCURRENT"

func (c *Checker) secretFault(ctx context.Context, arn string, needsValue bool) (*report.Fault, error) {
	fault := &report.Fault{Asked: "the secret " + secretName(arn), Symptom: report.CannotStart}
	secret, err := c.Secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &arn})
	switch {
	case isError[*secretstypes.ResourceNotFoundException](err):
		fault.Came, fault.Do = "there is none with the ARN of the outputs", "`pulumi refresh --preview-only`, then `pulumi up`"
		return fault, nil
	case err != nil:
		return nil, err
	case secret.DeletedDate != nil:
		fault.Came = "it is scheduled for deletion"
		fault.Do = "`aws secretsmanager restore-secret --secret-id " + secretName(arn) + "`"
		return fault, nil
	case !needsValue:
		return nil, nil
	}
	for _, stages := range secret.VersionIdsToStages {
		if slices.Contains(stages, currentStage) {
			return c.valueFault(ctx, arn, fault)
		}
	}
	fault.Came, fault.Do = "it has no value", putSecret(arn)
	return fault, nil
}

// putSecret is the command that puts a value: read from the terminal without a trace, and without the line break that ends the input.
func putSecret(arn string) string {
	return "`read -rs VALUE; printf %s \"$VALUE\" | aws secretsmanager put-secret-value --secret-id " + secretName(arn) +
		" --secret-string file:///dev/stdin`"
}

// valueFault looks at a value's ends, if it may. A key that ends with a line break is a header that cannot be sent, which looks like a key
// that is wrong (googleapis/google-cloud-python issue 10436).
func (c *Checker) valueFault(ctx context.Context, arn string, fault *report.Fault) (*report.Fault, error) {
	if !c.Values {
		return nil, nil
	}
	value, err := c.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return nil, fmt.Errorf("read %s for -secret-values: %w", secretName(arn), err)
	}
	text := aws.ToString(value.SecretString)
	switch {
	case strings.TrimSpace(text) == "":
		fault.Came = "its value is empty"
	case strings.TrimSpace(text) != text:
		fault.Came = "its value begins or ends with white space or a line break"
	default:
		return nil, nil
	}
	fault.Do = "put it again: " + putSecret(arn)
	return fault, nil
}

// secretName is the name in a secret's ARN, without the six characters that Secrets Manager appends.
func secretName(arn string) string {
	name := arn[strings.LastIndexByte(arn, ':')+1:]
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		return name[:i]
	}
	return name
}

// readers asks the policy simulator, for every role of the account, which secrets it may read.
func (c *Checker) readers(ctx context.Context, definition *ecstypes.TaskDefinition) {
	right := map[string]bool{aws.ToString(definition.ExecutionRoleArn): true, aws.ToString(definition.TaskRoleArn): true}
	var arns []string
	for _, kind := range kinds {
		if arn := c.text(kind.output); arn != "" {
			arns = append(arns, arn)
		}
	}
	if len(arns) < len(kinds) {
		c.Book.Missed(report.Readers, "the outputs do not name all secrets")
		return
	}
	roles, err := c.roles(ctx)
	if err != nil {
		c.Book.Missed(report.Readers, err.Error())
		return
	}
	faults, err := c.policyFaults(ctx, arns)
	if err != nil {
		c.Book.Missed(report.Readers, err.Error())
		return
	}
	asked := map[string]bool{}
	for _, role := range roles {
		arn := aws.ToString(role.Arn)
		if c.isReader(&role) && !right[arn] {
			continue
		}
		asked[arn] = true
		may, err := c.mayRead(ctx, arn, arns)
		if err != nil {
			c.Book.Missed(report.Readers, err.Error())
			return
		}
		faults = append(faults, c.readerFaults(arn, right[arn], may)...)
	}
	for arn := range right {
		if !asked[arn] {
			faults = append(faults, report.Fault{
				Asked: "the role " + arn + " of the task definition", Came: "there is none", Do: "`pulumi up` puts it back", Symptom: report.Drift,
			})
		}
	}
	c.measured(ctx, report.Readers, fmt.Sprintf("%d roles asked, 2 may read", len(asked)), faults...)
}

// policyFaults finds secrets with a resource policy. The program gives them none, and the simulator does not look at it.
func (c *Checker) policyFaults(ctx context.Context, secrets []string) ([]report.Fault, error) {
	var faults []report.Fault
	for _, arn := range secrets {
		found, err := c.Secrets.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: &arn})
		switch {
		case isError[*secretstypes.ResourceNotFoundException](err):
			continue // that it is missing is another criterion's
		case err != nil:
			return nil, fmt.Errorf("the resource policy of %s: %w", secretName(arn), err)
		case aws.ToString(found.ResourcePolicy) != "":
			faults = append(faults, report.Fault{
				Asked: "the resource policy of " + secretName(arn), Came: "one that this program did not give it: it lets in whoever it names",
				Do: "read it (`aws secretsmanager get-resource-policy --secret-id " + secretName(arn) + "`) and delete it", Symptom: report.SecretOpen,
			})
		}
	}
	return faults, nil
}

// readerFaults compares what a role may read with what it should.
func (c *Checker) readerFaults(role string, right bool, may map[string]bool) []report.Fault {
	var faults []report.Fault
	for _, kind := range kinds {
		arn := c.text(kind.output)
		asked := fmt.Sprintf("whether role %s may read %s", role[strings.LastIndexByte(role, '/')+1:], secretName(arn))
		switch should := right && kind.container; {
		case should && !may[arn]:
			faults = append(faults, report.Fault{
				Asked: asked, Came: "no", Do: "its policy was changed; `pulumi up` puts it back", Symptom: report.CannotStart,
			})
		case !should && may[arn]:
			faults = append(faults, report.Fault{
				Asked: asked, Came: "yes", Symptom: report.SecretOpen,
				Do: "take secretsmanager:GetSecretValue on it out of the role's policies; if it is meant to read it, name it with -reader",
			})
		}
	}
	return faults
}

// roles lists the roles that people or this account's services use. AWS's own are left out: service-linked roles have
// fixed policies, and those of IAM Identity Center are people's.
func (c *Checker) roles(ctx context.Context) ([]iamtypes.Role, error) {
	var all []iamtypes.Role
	pages := iam.NewListRolesPaginator(c.Roles, &iam.ListRolesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the roles: %w", err)
		}
		for _, role := range page.Roles {
			if path := aws.ToString(role.Path); !strings.HasPrefix(path, "/aws-service-role/") && !strings.HasPrefix(path, "/aws-reserved/") {
				all = append(all, role)
			}
		}
	}
	return all, nil
}

func (c *Checker) isReader(role *iamtypes.Role) bool {
	return slices.Contains(c.Readers, aws.ToString(role.Arn)) || slices.Contains(c.Readers, aws.ToString(role.RoleName))
}

// mayRead says which of the secrets a role's own policies let it read.
func (c *Checker) mayRead(ctx context.Context, role string, secrets []string) (map[string]bool, error) {
	out, err := c.Roles.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &role, ActionNames: []string{"secretsmanager:GetSecretValue"}, ResourceArns: secrets,
	})
	if err != nil {
		return nil, fmt.Errorf("simulate the policies of %s: %w", role, err)
	}
	may := map[string]bool{}
	for _, result := range out.EvaluationResults {
		may[aws.ToString(result.EvalResourceName)] = result.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeAllowed
	}
	return may, nil
}
