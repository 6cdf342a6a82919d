package config

import "fmt"

// Names are the account-unique names of a stack: the spec's own in prod, the same with a suffix elsewhere, so that
// several stacks live in one account and region. What a further client has of its own ends in its ID besides.
type Names struct{ suffix, client string }

// NewNames returns the naming scheme of stacks with a suffix.
func NewNames(suffix string) Names { return Names{suffix: suffix} }

// Names returns the naming scheme of this configuration.
func (c *Config) Names() Names { return Names{suffix: c.NameSuffix} }

// Repository is the ECR repository (T00 §1).
func (n Names) Repository() string { return "webordinary/claude-code-astro" + n.suffix }

// end is what the names end in that each client has of its own.
func (n Names) end() string {
	if n.client == "" {
		return n.suffix
	}
	return n.suffix + "--" + n.client
}

// Secret is the full name of a Secrets Manager secret (T00 §2). A client's ID stands inside it: names must not end in a hyphen and six
// characters, which is how Secrets Manager ends ARNs.
func (n Names) Secret(name string) string {
	if n.client != "" {
		name = n.client + "/" + name
	}
	return "webordinary/" + name + n.suffix
}

// Workspaces is the file system's name and creation token (T00 §3).
func (n Names) Workspaces() string { return "webordinary-workspaces" + n.suffix }

// WorkspaceBucket is the bucket's name; bucket names are unique in all of AWS, hence the account ID.
func (n Names) WorkspaceBucket(accountID string) string {
	return fmt.Sprintf("webordinary-workspaces%s-%s", n.suffix, accountID)
}

// AuditBucket is the bucket of the audit trail's records.
func (n Names) AuditBucket(accountID string) string {
	return fmt.Sprintf("webordinary-edit-audit%s-%s", n.suffix, accountID)
}

// LoadBalancer is the application load balancer (T00 §4).
func (n Names) LoadBalancer() string { return "webordinary-edit-alb" + n.suffix }

// Cluster is the ECS cluster (T02 §1).
func (n Names) Cluster() string { return "webordinary-edit-cluster" + n.end() }

// Service is the ECS service and the family of its task definitions.
func (n Names) Service() string { return "webordinary-edit" + n.end() }

// TargetGroup is the target group for one kind of traffic: api, preview, ws (T02 §3) or waker.
func (n Names) TargetGroup(kind string) string { return "edit-" + kind + "-tg" + n.end() }

// Role is an IAM role, such as edit-task.
func (n Names) Role(purpose string) string { return "webordinary-" + purpose + n.end() }

// Function is a Lambda function, such as edit-scaler.
func (n Names) Function(purpose string) string { return "webordinary-" + purpose + n.end() }

// ServiceLogGroup is the container's log group.
func (n Names) ServiceLogGroup() string { return "/ecs/" + n.Service() }

// FunctionLogGroup is where Lambda writes a function's log.
func (n Names) FunctionLogGroup(purpose string) string { return "/aws/lambda/" + n.Function(purpose) }

// SecurityGroup is the group of one part: alb, task, workspace, cleanup.
func (n Names) SecurityGroup(part string) string { return "webordinary-edit-" + part + n.end() }

// Origin is our origin's name in a distribution (T02 §6).
func (n Names) Origin() string { return "alb-origin" + n.suffix }

// Suffix is what every name ends in, besides an account ID.
func (n Names) Suffix() string { return n.suffix }

// Other is any further account-unique name, such as an alarm's or a schedule's.
func (n Names) Other(name string) string { return "webordinary-" + name + n.end() }

// nameLimit is a name with the longest form AWS accepts for it.
type nameLimit struct {
	what, name string
	max        int
}

// limits lists every name that a suffix could make too long, with the limits of the AWS API references of ELBv2 (32),
// Lambda and IAM roles (64), S3 (63), ECS (255) and ECR (256).
func (n Names) limits(routes []Route) []nameLimit {
	limits := []nameLimit{
		{"load balancer", n.LoadBalancer(), 32},
		{"cluster", n.Cluster(), 255},
		{"repository", n.Repository(), 256},
		{"workspace bucket", n.WorkspaceBucket("123456789012"), 63},
		{"audit bucket", n.AuditBucket("123456789012"), 63},
	}
	limits = append(limits, n.targetGroupLimits(routes)...)
	for _, purpose := range []string{"edit-scaler", "workspace-cleanup", "edit-behaviors"} {
		limits = append(limits, nameLimit{"function and role", n.Function(purpose), 64})
	}
	return limits
}

// clientLimits lists the names that a client's ID could make too long, with the limits of the API references of ELBv2 (32), Lambda,
// IAM and EventBridge (64) and Secrets Manager (512).
func (n Names) clientLimits(routes []Route) []nameLimit {
	return append(n.targetGroupLimits(routes),
		nameLimit{"function and role", n.Function("edit-scaler"), 64},
		nameLimit{"role", n.Role("edit-execution"), 64},
		nameLimit{"rule", n.Other("edit-mount-failed"), 64},
		nameLimit{"secret", n.Secret("github-token"), 512},
	)
}

// targetGroupLimits are those of the waker's target group and of the routes'.
func (n Names) targetGroupLimits(routes []Route) []nameLimit {
	limits := []nameLimit{{"target group", n.TargetGroup("waker"), 32}}
	for _, r := range routes {
		limits = append(limits, nameLimit{"target group", r.TargetGroup(n), 32})
	}
	return limits
}
