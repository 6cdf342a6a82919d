// Package authz answers what AWS Identity and Access Management would answer: may this role do this action on this
// resource, given these condition keys? It reads the policies that the deployed stack really holds in the simulated
// account, so that a permission missing in the program fails here as it would fail in AWS.
//
// It follows the same-account evaluation logic of the IAM User Guide ("Policy evaluation logic"): an explicit Deny in
// any policy wins, else an Allow in the role's identity-based policies or in the resource's own policy is enough, else
// the request is refused. Whatever this package does not know (an element, a condition operator, a policy variable, a
// permissions boundary, an AWS-managed policy) is an error and never ignored: a silent guess would make the sandbox
// more lenient than AWS.
package authz
