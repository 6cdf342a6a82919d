package spec

// Subject is what a right is about, as far as AWS lets a policy name it (Service Authorization Reference).
type Subject int

// The subjects. Which ARNs they are is the program's to know.
const (
	// TheService is the ECS service.
	TheService Subject = iota
	// ItsTasks are those of the service's cluster.
	ItsTasks
	// AnyOfItsCluster is everything, on condition that it is of the service's cluster.
	AnyOfItsCluster
	// TheWakersRules are the listener's rules that the function moves.
	TheWakersRules
	// Anything is for actions that take no resource. A test of e2e sees whether they really take none.
	Anything
)

// Right is what the function's role may do.
type Right struct {
	// Sid names the policy's statement, by what the right is for.
	Sid string
	// Actions are IAM's, exact.
	Actions []string
	On      Subject
}

// Rights are what observing, acting and telling how long wakes take need, no less and no more; a test holds them against the
// operations that are called. The right to read who may edit is the sign-in's own (functions/identity).
func Rights() []Right {
	return []Right{
		{Sid: "SeeAndSetTheCount", Actions: []string{"ecs:DescribeServices", "ecs:UpdateService"}, On: TheService},
		{Sid: "ListTheTasks", Actions: []string{"ecs:ListTasks"}, On: AnyOfItsCluster},
		// How old they are, why they stopped, whether a session protects them.
		{Sid: "SeeTheTasks", Actions: []string{"ecs:DescribeTasks", "ecs:GetTaskProtection"}, On: ItsTasks},
		{
			Sid: "SeeRulesAndTargets", On: Anything,
			Actions: []string{"elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTargetHealth"},
		},
		{Sid: "MoveTheWaker", Actions: []string{"elasticloadbalancing:SetRulePriorities"}, On: TheWakersRules},
		// And tell how long wakes take.
		{Sid: "CountTheRequests", Actions: []string{"cloudwatch:GetMetricData"}, On: Anything},
	}
}
