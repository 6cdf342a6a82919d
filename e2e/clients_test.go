package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/scaler/spec"
	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// client is an entry of clients, with changes.
func client(id string, priority int, changes map[string]any) map[string]any {
	entry := map[string]any{
		"id": id, "host": "edit-" + id, "user": "jane", "repository": "https://github.com/" + id + "/site.git", "rulePriority": priority,
	}
	for name, value := range changes {
		entry[name] = value
	}
	return entry
}

// severalClients is prod's first client with others; tokens are their GitHub tokens as JSON.
func severalClients(tokens string, others ...any) settings {
	config := with(map[string]any{"protect": false, "clients": append([]any{"ameliastamps"}, others...)})
	if tokens != "" {
		config["githubTokens"] = sandboxtest.ConfigValue{Value: tokens, Secret: true}
	}
	return config
}

// TestClientsComeAndGo deploys one client, then three, takes one's editor away, gives it back, removes it with all that it is, and takes
// over what it left.
func TestClientsComeAndGo(t *testing.T) {
	t.Parallel()
	w := openDeploymentWith(t, sandboxtest.Options{StateDir: t.TempDir(), SaveOnce: true})
	putOtherZone(t, w.sandbox.Account())
	w.up(w.stack("prod", severalClients("")))
	w.requireNoChanges(w.stack("prod", with(map[string]any{"protect": false, "clients": []any{map[string]any{"id": "ameliastamps"}}})))

	const token = `{"acme":"ghp-acme"}`
	acme, bolt := client("acme", 300, nil), client("bolt", 400, map[string]any{"zone": "example.net", "taskCpu": 1024, "maxCapacity": 1})
	three := w.stack("prod", severalClients(token, acme, bolt))
	requireDataStays(t, w.up(three))
	w.requireNoChanges(three)
	requireClientsAreApart(t, w, three, "ameliastamps", "acme", "bolt")
	requireApartWithoutTheOtherRefusal(t, w, token, acme, bolt)

	gone := client("acme", 300, map[string]any{"active": false})
	two := w.stack("prod", severalClients(token, gone, bolt))
	result := w.up(two)
	requireOnlyAbout(t, result, "acme")
	kept := result.Outputs["keptClients"].Value.(string)
	for _, where := range []string{"acme: files in /clients/acme of fs-", "/acme/", "webordinary/acme/github-token"} {
		require.Contains(t, kept, where)
	}
	requireClientsAreApart(t, w, two, "ameliastamps", "bolt")
	requireOnlyAbout(t, w.up(three), "acme")

	secret := w.resource(three, "secrets-github-token--acme").ID
	without := w.stack("prod", severalClients("", bolt))
	requireOnlyAbout(t, w.up(without), "acme")
	_, there := w.sandbox.Account().Get("aws:secretsmanager/secret:Secret", string(secret))
	require.True(t, there, "the token outlives its client")
	adopting := severalClients(token, acme, bolt)
	adopting["adopt"] = sandboxtest.ConfigValue{Value: map[string]any{"secrets-github-token--acme": string(secret)}}
	back := w.stack("prod", adopting)
	requireOnlyAbout(t, w.up(back), "acme")
	require.Equal(t, secret, w.resource(back, "secrets-github-token--acme").ID)
	w.requireNoChanges(back)
	requireNeighbourKeepsClear(t, w)
	requireApartWherePeopleSignIn(t, w, adopting)
}

// requireApartWherePeopleSignIn: each client's list of invited people is its own as well.
func requireApartWherePeopleSignIn(t *testing.T, w *deployment, config settings) {
	t.Helper()
	clients := withEditors("amelia")
	for id, priority := range map[string]int{"acme": 300, "bolt": 400} {
		clients = append(clients, client(id, priority, map[string]any{"editors": []any{map[string]any{"email": "jane@example.com", "user": "jane"}}}))
	}
	config["auth"], config["clients"] = sandboxtest.ConfigValue{Value: "cognito"}, sandboxtest.ConfigValue{Value: clients}
	asking := w.stack("prod", config)
	w.up(asking)
	require.NotEmpty(t, w.tenant(asking, "acme").editors)
	requireClientsAreApart(t, w, asking, "ameliastamps", "acme", "bolt")
}

// requireDataStays: nothing that holds data is replaced or deleted.
func requireDataStays(t *testing.T, result sandboxtest.Result) {
	t.Helper()
	require.NotEmpty(t, result.Steps)
	for _, step := range result.Steps {
		ok := step.Op == apitype.OpCreate || step.Op == apitype.OpSame || step.Op == apitype.OpUpdate
		require.True(t, ok || !holdingData[step.Type], "%s of %s", step.Op, step.Name)
	}
}

// requireOnlyAbout: a run touched nothing of another client. The file system's policy names every client, the dashboard every alarm, the
// certificates component what is under it.
func requireOnlyAbout(t *testing.T, result sandboxtest.Result, id string) {
	t.Helper()
	own := 0
	for _, step := range result.Steps {
		switch {
		case step.Op == apitype.OpSame || step.Op == apitype.OpRead || strings.HasPrefix(step.Type, "pulumi:"):
		case step.Name == "workspace-policy" && step.Op == apitype.OpUpdate, step.Name == "observability-dashboard" && step.Op == apitype.OpUpdate:
		default:
			own++
			assert.True(t, strings.Contains(step.Name, "--"+id) || step.Name == "workspace-client-"+id, "%s of %s", step.Op, step.Name)
		}
	}
	require.Greater(t, own, 30, "the client's own")
}

// requireNeighbourKeepsClear: dev, which borrows the load balancer, is refused what any of prod's clients has.
func requireNeighbourKeepsClear(t *testing.T, w *deployment) {
	t.Helper()
	for key, values := range map[string]map[string]any{
		"rulePriorityBase":        {"rulePriorityBase": 450},
		"host":                    {"host": "edit-acme"},
		"clients[1].rulePriority": {"clients": []any{"ameliastamps", client("cord", 390, nil)}},
	} {
		_, err := w.stack("dev", with(values)).Preview(w.ctx, sandboxtest.RunOptions{})
		require.ErrorContains(t, err, key)
		require.ErrorContains(t, err, "prod")
	}
	w.up(w.stack("dev", severalClients("", client("acme", 600, map[string]any{"host": "edit-dev-acme"}))))
}

// tenant is what the account has of a client.
type tenant struct {
	id                               string
	task, execution, scaler          string // role ARNs
	point, token, log, service, rule string // ARNs
	cluster, tasks                   string // ARNs
	pointID                          string
	editors                          string // ARN; empty where nobody signs in
}

func (w *deployment) tenant(stack *sandboxtest.Stack, id string) tenant {
	w.t.Helper()
	end := ""
	if id != "ameliastamps" {
		end = "--" + id
	}
	of := func(name, property string) string {
		text, ok := w.resource(stack, name).Outputs[property].(string)
		require.True(w.t, ok, "%s has no %s", name, property)
		return text
	}
	cluster, editors := of("edit"+end+"-cluster", "arn"), ""
	for _, parameter := range w.sandbox.Account().List("aws:ssm/parameter:Parameter") {
		if parameter.State["name"].StringValue() == "/webordinary-edit-editors"+end {
			editors = parameter.State["arn"].StringValue()
		}
	}
	return tenant{
		editors: editors,
		id:      id, task: of("mount-roles-task"+end, "arn"), execution: of("edit"+end+"-execution-role", "arn"), scaler: of("scaler"+end+"-role", "arn"),
		point: of("workspace-client-"+id, "arn"), pointID: string(w.resource(stack, "workspace-client-"+id).ID),
		token: of("secrets-github-token"+end, "arn"), log: of("edit"+end+"-log-group", "arn"),
		service: string(w.resource(stack, "edit"+end+"-service").ID), cluster: cluster,
		tasks: strings.Replace(cluster, ":cluster/", ":task/", 1) + "/0123456789abcdef",
		rule:  of("scaler"+end+"-waker-rule", "arn"),
	}
}

// attempt is something that a client's role does to a client's resource.
type attempt struct {
	name, action string
	// role is the one that uses it; nil where nobody may, not even with what is the client's own.
	role     func(tenant) string
	resource func(tenant) string
	context  func(tenant) sandboxtest.ConditionKeys
}

// attempts are everything that each client has of its own, with the role that uses it.
func attempts(bucket, fileSystem string) []attempt {
	task := func(c tenant) string { return c.task }
	execution := func(c tenant) string { return c.execution }
	all := []attempt{
		{"read its objects", "s3:GetObject", task, func(c tenant) string { return bucket + "/" + c.id + "/x" }, nil},
		{"write its objects", "s3:PutObject", task, func(c tenant) string { return bucket + "/" + c.id + "/x" }, nil},
		{"delete its objects", "s3:DeleteObject", task, func(c tenant) string { return bucket + "/" + c.id + "/x" }, nil},
		{"list its objects", "s3:ListBucket", task, func(tenant) string { return bucket }, func(c tenant) sandboxtest.ConditionKeys {
			return sandboxtest.ConditionKeys{"s3:prefix": {c.id + "/"}}
		}},
		{"read its token", "secretsmanager:GetSecretValue", task, func(c tenant) string { return c.token }, nil},
		{"be handed its token", "secretsmanager:GetSecretValue", execution, func(c tenant) string { return c.token }, nil},
		{"write its log", "logs:PutLogEvents", task, func(c tenant) string { return c.log + ":log-stream:edit/x" }, nil},
		{"write its log at the start", "logs:CreateLogStream", execution, func(c tenant) string { return c.log + ":log-stream:edit/x" }, nil},
		{"protect its tasks", "ecs:UpdateTaskProtection", task, func(c tenant) string { return c.tasks }, nil},
		{"see its tasks' protection", "ecs:GetTaskProtection", task, func(c tenant) string { return c.tasks }, nil},
		{"read who may edit", "ssm:GetParameter", task, func(c tenant) string { return c.editors }, nil},
		{"ask who may edit", "ssm:GetParameter", func(c tenant) string { return c.scaler }, func(c tenant) string { return c.editors }, nil},
		{"invite somebody", "ssm:PutParameter", nil, func(c tenant) string { return c.editors }, nil},
		{"change its token", "secretsmanager:PutSecretValue", nil, func(c tenant) string { return c.token }, nil},
		{"read its log", "logs:GetLogEvents", nil, func(c tenant) string { return c.log + ":log-stream:edit/x" }, nil},
		{"stop its task", "ecs:StopTask", nil, func(c tenant) string { return c.tasks }, nil},
		{"go into its task", "ecs:ExecuteCommand", nil, func(c tenant) string { return c.tasks }, nil},
		{"be root in its files", "elasticfilesystem:ClientRootAccess", nil, func(tenant) string { return fileSystem }, func(c tenant) sandboxtest.ConditionKeys {
			return through(c.point)
		}},
	}
	all = append(all, attemptsOfTheScaler()...)
	for _, action := range []string{"ClientMount", "ClientWrite"} {
		all = append(all, attempt{
			"mount its files (" + action + ")", "elasticfilesystem:" + action, task, func(tenant) string { return fileSystem },
			func(c tenant) sandboxtest.ConditionKeys { return through(c.point) },
		})
	}
	return all
}

// attemptsOfTheScaler are its rights on what a client has of its own.
func attemptsOfTheScaler() []attempt {
	var all []attempt
	for _, right := range spec.Rights() {
		resource := map[spec.Subject]func(tenant) string{
			spec.TheService: func(c tenant) string { return c.service }, spec.ItsTasks: func(c tenant) string { return c.tasks },
			spec.TheWakersRules: func(c tenant) string { return c.rule }, spec.AnyOfItsCluster: func(tenant) string { return "*" },
		}[right.On]
		if resource == nil {
			continue
		}
		for _, action := range right.Actions {
			all = append(all, attempt{
				right.Sid + " (" + action + ")", action, func(c tenant) string { return c.scaler }, resource,
				func(c tenant) sandboxtest.ConditionKeys { return sandboxtest.ConditionKeys{"ecs:cluster": {c.cluster}} },
			})
		}
	}
	return all
}

// through is a mount through an access point.
func through(point string) sandboxtest.ConditionKeys {
	return sandboxtest.ConditionKeys{
		"elasticfilesystem:AccessedViaMountTarget": {"true"}, "aws:SecureTransport": {"true"}, "elasticfilesystem:AccessPointArn": {point},
	}
}

// requireClientsAreApart asks the account's own authorisation, by the deployed roles, for every pair of clients and everything that they
// have: each may use its own, and nobody another's.
func requireClientsAreApart(t *testing.T, w *deployment, stack *sandboxtest.Stack, ids ...string) {
	t.Helper()
	acc := w.sandbox.Account()
	authorizer := sandboxtest.NewAuthorizer(acc)
	clients := make([]tenant, 0, len(ids))
	for _, id := range ids {
		clients = append(clients, w.tenant(stack, id))
	}
	bucket := w.resource(stack, "workspace-bucket").Outputs["arn"].(string)
	fileSystem := w.resource(stack, "workspace-file-system")
	refused := 0
	for _, a := range attempts(bucket, fileSystem.Outputs["arn"].(string)) {
		if a.resource(clients[0]) == "" {
			continue
		}
		for _, who := range clients {
			for _, whose := range clients {
				for _, role := range []string{who.task, who.execution, who.scaler} {
					request := sandboxtest.AuthorizationRequest{
						Caller: sandboxtest.Caller{RoleARN: role, SessionARN: role}, Action: a.action, Resource: a.resource(whose),
					}
					if a.context != nil {
						request.Context = a.context(whose)
					}
					decision, err := authorizer.Authorize(request)
					require.NoError(t, err)
					what := fmt.Sprintf("%s: %s of %s: %s", role, a.name, whose.id, decision.Reason())
					switch {
					case a.role == nil || who.id != whose.id:
						assert.False(t, decision.Allowed(), what)
						refused++
					case a.role(who) == role:
						assert.True(t, decision.Allowed(), what)
					}
				}
			}
		}
	}
	everybodys := string(w.resource(stack, "workspace-clients").ID)
	mounts := func(role, point string) string {
		refusal, err := sandboxtest.Mount{
			FileSystemID: string(fileSystem.ID), AccessPointID: point, Zone: sandboxtest.AvailabilityZones[0], RoleARN: role, Encrypted: true,
		}.Refusal(acc, authorizer)
		require.NoError(t, err)
		return refusal
	}
	cleanup := w.resource(stack, "mount-roles-cleanup").Outputs["arn"].(string)
	assert.Empty(t, mounts(cleanup, everybodys), "the cleanup sees everybody's files")
	for _, who := range clients {
		for point, allowed := range map[string]bool{everybodys: false, who.pointID: true, "": false} {
			refusal := mounts(who.task, point)
			assert.Equal(t, allowed, refusal == "", "%s through %q: %s", who.id, point, refusal)
		}
	}
	t.Logf("%d clients, %d attempts on another's things refused", len(clients), refused)
}

// requireApartWithoutTheOtherRefusal: without the statement of D23, which refuses other roles, clients are as far apart as with it: their
// roles have no right to mount but what the file system's policy gives them.
func requireApartWithoutTheOtherRefusal(t *testing.T, w *deployment, tokens string, others ...any) {
	t.Helper()
	config := severalClients(tokens, others...)
	config["refuseOtherRoles"] = sandboxtest.ConfigValue{Value: false}
	lenient := w.stack("prod", config)
	for _, step := range w.up(lenient).Steps {
		require.Equal(t, "workspace-policy", step.Name)
	}
	requireClientsAreApart(t, w, lenient, "ameliastamps", "acme", "bolt")
}

// BenchmarkDeployClients deploys prod with some clients, says how long an update without changes takes that looks at everything, and what
// the clients cost (docs/clients.md has the figures).
func BenchmarkDeployClients(b *testing.B) {
	for _, count := range []int{1, 2, 10, 24} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				w := openDeploymentWith(b, sandboxtest.Options{StateDir: b.TempDir(), SaveOnce: true})
				config := severalClients("", many(count)...)
				config["alarms"] = sandboxtest.ConfigValue{Value: true}
				prod := w.stack("prod", config)
				b.StartTimer()
				result := w.up(prod)
				b.StopTimer()
				estimate := estimated(b, prod)
				b.ReportMetric(float64(len(result.Steps)), "resources")
				b.ReportMetric(estimate.Total(), "USD/month")
				b.StartTimer()
			}
		})
	}
}

// many are clients from 1 up to count.
func many(count int) []any {
	var others []any
	for i := 1; i < count; i++ {
		others = append(others, client(fmt.Sprintf("client-%d", i), 200+100*i, nil))
	}
	return others
}
