package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/sandboxtest"
)

// Distributions of somebody else's stack, and what ours names its things there.
const (
	distributionA = "EAAAAAAAAAAAAA"
	distributionB = "EBBBBBBBBBBBBB"
	behaviorsName = "webordinary-edit-behaviors"
)

// edgeStack is a sandbox whose account runs the real binaries of its functions, each with its deployed role.
type edgeStack struct {
	*deployment
	api     *sandboxtest.API
	runtime *sandboxtest.Runtime
	deleted *deletions
	// original is the configuration of both distributions before us.
	original string
}

// deletions records in which order resources go.
type deletions struct {
	sandboxtest.ProviderAccount
	mu    sync.Mutex
	names []string
}

func (d *deletions) Delete(ctx context.Context, req sandboxtest.DeleteRequest) error {
	d.mu.Lock()
	d.names = append(d.names, resource.URN(req.URN).Name())
	d.mu.Unlock()
	return d.ProviderAccount.Delete(ctx, req)
}

func newEdgeStack(t *testing.T) *edgeStack {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), operationLimit)
	t.Cleanup(cancel)
	e := &edgeStack{deployment: &deployment{t: t, ctx: ctx}, deleted: &deletions{}}
	e.sandbox, err = sandboxtest.Open(sandboxtest.Options{
		Root: root, StateDir: t.TempDir(), Log: logWriter{t},
		Intercept: func(a sandboxtest.ProviderAccount) sandboxtest.ProviderAccount {
			e.deleted.ProviderAccount = a
			return e.deleted
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, e.sandbox.Close()) })
	e.api, err = sandboxtest.StartAPI(sandboxtest.APIOptions{Store: e.sandbox.Account()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, e.api.Close()) })
	e.runtime = sandboxtest.NewRuntime(sandboxtest.RuntimeOptions{
		Store: e.sandbox.Account(), API: e.api, Builder: sandboxtest.NewBuilder(root, t.TempDir()),
	})
	t.Cleanup(func() { assert.NoError(t, e.runtime.Close()) })
	e.sandbox.Account().Invoker = sandboxtest.Invoker{Runtime: e.runtime}

	text, err := os.ReadFile("../functions/behaviors/testdata/s3-spa.xml")
	require.NoError(t, err)
	_, e.original, _ = strings.Cut(string(text), "?>\n") // the account's API writes its own declaration
	for _, id := range []string{distributionA, distributionB} {
		_, err := sandboxtest.PutDistribution(e.sandbox.Account(), id, e.original, time.Now())
		require.NoError(t, err)
	}
	return e
}

// config is a distribution's present configuration.
func (e *edgeStack) config(id string) string {
	e.t.Helper()
	d, ok, err := sandboxtest.FindDistribution(e.sandbox.Account(), id)
	require.NoError(e.t, err)
	require.True(e.t, ok)
	return d.Config
}

// edit changes a distribution as its owner would.
func (e *edgeStack) edit(id string, change func(string) string) {
	assert.NoError(e.t, sandboxtest.EditDistribution(e.sandbox.Account(), id, time.Now(), change))
}

// requireOurs checks that requests to our paths go to our origin, and that all else is the owner's.
func (e *edgeStack) requireOurs(id string) {
	e.t.Helper()
	config := e.config(id)
	for _, path := range []string{"/api/*", "/preview/*", "/ws/*"} {
		require.Contains(e.t, config, "<PathPattern>"+path+"</PathPattern><TargetOriginId>alb-origin</TargetOriginId>")
	}
	require.Contains(e.t, config, "<DomainName>edit.ameliastamps.com</DomainName>")
	require.Contains(e.t, config, "<FutureSetting mode=", "a setting that no SDK knows")
}

// tick has the schedule call the function, as EventBridge would, and returns how that ended.
func (e *edgeStack) tick(stack *sandboxtest.Stack) *sandboxtest.Invoked {
	e.t.Helper()
	target := e.resource(stack, "edge-schedule-target")
	rule := e.resource(stack, "edge-schedule")
	result, err := e.runtime.Invoke(e.ctx, sandboxtest.Invocation{
		Function: target.Inputs["arn"].(string), Payload: []byte(target.Inputs["input"].(string)),
		Service: "events.amazonaws.com", SourceARN: rule.Outputs["arn"].(string),
	})
	require.NoError(e.t, err)
	require.Empty(e.t, result.LogLost)
	return result
}

// TestLifeOfTheEdge plays a distribution of another stack from before us to after us, on the real engine, with the
// function's real binary, the real SDK and the role that the stack deployed. The steps build on each other.
func TestLifeOfTheEdge(t *testing.T) {
	t.Parallel()
	e := newEdgeStack(t)
	off := e.stack("prod", with(map[string]any{"protect": false}))
	preview, err := off.Preview(e.ctx, sandboxtest.RunOptions{})
	require.NoError(t, err)
	require.Contains(t, preview.Stdout, "no distributionId is configured")

	prod := e.stack("prod", with(map[string]any{"protect": false, "distributionId": distributionA}))
	requireEdgeComesUp(e, prod)
	requireWipesAreRepaired(e, prod)
	requireRacesAndFaultsHeal(e, prod)
	requireTheRoleDecides(e, prod)
	requireOwnersSettingsNeedRights(e, prod)
	moved := e.stack("prod", with(map[string]any{"protect": false, "distributionId": distributionB}))
	requireEdgeMoves(e, moved)
	requireEdgeGoesFirst(e, moved)
}

func requireEdgeComesUp(e *edgeStack, prod *sandboxtest.Stack) {
	result := e.up(prod)
	e.requireOurs(distributionA)
	var warnings []string
	for _, d := range result.Diagnostics {
		warnings = append(warnings, d.Message)
	}
	require.Contains(e.t, strings.Join(warnings, "\n"), "CloudFront: custom error responses also replace the answers of /api/*")
	e.requireNoChanges(prod)
	var calls []string
	for _, call := range e.api.Calls() {
		require.Contains(e.t, call.Caller, ":role/"+behaviorsName)
		calls = append(calls, fmt.Sprintf("%s %d", call.Operation, call.Status))
	}
	require.Equal(e.t, []string{"GetDistributionConfig 200", "UpdateDistribution 200"}, calls, "one look, one write, no waiting")
}

// requireWipesAreRepaired puts the owner's configuration back, as the owner's deployment does.
func requireWipesAreRepaired(e *edgeStack, prod *sandboxtest.Stack) {
	quiet := e.tick(prod)
	require.NoError(e.t, quiet.Err())
	require.Contains(e.t, quiet.Log, `"Repaired":0`)
	e.edit(distributionA, func(string) string { return e.original })
	repair := e.tick(prod)
	require.NoError(e.t, repair.Err())
	require.Contains(e.t, repair.Log, `"Repaired":1`)
	require.Contains(e.t, repair.Log, `"Namespace":"Webordinary/Edge"`)
	e.requireOurs(distributionA)
	e.requireNoChanges(prod)
}

// requireRacesAndFaultsHeal lets another writer in between, throttles, and loses the answer of a write.
func requireRacesAndFaultsHeal(e *edgeStack, prod *sandboxtest.Stack) {
	e.edit(distributionA, func(string) string { return e.original })
	raced := 0
	defer e.api.Inject(sandboxtest.Fault{Operation: "UpdateDistribution", Times: 2, Before: func() {
		raced++
		e.edit(distributionA, func(config string) string {
			return strings.Replace(config, "<Comment>", fmt.Sprintf("<Comment>%d ", raced), 1)
		})
	}})()
	defer e.api.Inject(sandboxtest.Fault{Operation: "UpdateDistribution", Times: 1, LoseAnswer: true})()
	defer e.api.Inject(sandboxtest.Fault{
		Operation: "GetDistributionConfig", Times: 1, Error: &sandboxtest.APIError{Kind: sandboxtest.Throttled},
	})()
	require.NoError(e.t, e.tick(prod).Err())
	require.Equal(e.t, 2, raced)
	require.Contains(e.t, e.config(distributionA), "<Comment>2 1 Amelia", "the other writer's changes are there")
	e.requireOurs(distributionA)
	e.edit(distributionA, func(config string) string { return strings.Replace(config, "<Comment>2 1 ", "<Comment>", 1) })
}

// requireTheRoleDecides takes a permission away: then the function cannot do it either.
func requireTheRoleDecides(e *edgeStack, prod *sandboxtest.Stack) {
	policy := e.resource(prod, "edge-"+distributionA+"-policy")
	deny := func(old, replacement string) {
		require.NoError(e.t, e.sandbox.Account().Mutate(string(policy.Type), string(policy.ID), func(state resource.PropertyMap) error {
			text := state["policy"].StringValue()
			require.Contains(e.t, text, old)
			state["policy"] = resource.NewProperty(strings.Replace(text, old, replacement, 1))
			return nil
		}))
	}
	e.edit(distributionA, func(string) string { return e.original })
	deny("cloudfront:UpdateDistribution", "cloudfront:GetDistribution")
	require.ErrorContains(e.t, e.tick(prod).Err(), "not authorized to perform: cloudfront:UpdateDistribution")
	require.Equal(e.t, e.original, e.config(distributionA))
	deny(`"cloudfront:GetDistribution"`, `"cloudfront:UpdateDistribution"`)
	require.NoError(e.t, e.tick(prod).Err())
	e.requireOurs(distributionA)
}

// requireOwnersSettingsNeedRights has the owner attach a web ACL and turn logging on: CloudFront then asks whoever updates the
// distribution for rights on them. The refusal names them, and the key grants them.
func requireOwnersSettingsNeedRights(e *edgeStack, prod *sandboxtest.Stack) {
	const acl = "arn:aws:wafv2:us-east-1:942734823970:global/webacl/site/473e64fd-f30b-4765-81a0-62ad96dd167a"
	e.edit(distributionA, func(string) string {
		text := strings.Replace(e.original, "<WebACLId/>", "<WebACLId>"+acl+"</WebACLId>", 1)
		require.Contains(e.t, text, acl)
		return text
	})
	err := e.tick(prod).Err()
	require.ErrorContains(e.t, err, "InvalidWebACLId")
	require.ErrorContains(e.t, err, "wafv2:GetWebACL on "+acl+" (WebACLId)")
	require.ErrorContains(e.t, err, "distributionRights: ["+acl+"]")
	e.up(e.stack("prod", with(map[string]any{
		"protect": false, "distributionId": distributionA, "distributionRights": []any{acl},
	})))
	e.requireOurs(distributionA)
	require.Contains(e.t, e.config(distributionA), acl)
	e.edit(distributionA, func(config string) string {
		return strings.Replace(config, "<WebACLId>"+acl+"</WebACLId>", "<WebACLId/>", 1)
	})
	e.up(prod)
}

// requireEdgeMoves changes the distribution: the former one is cleaned up with the former permission.
func requireEdgeMoves(e *edgeStack, moved *sandboxtest.Stack) {
	e.up(moved)
	require.Equal(e.t, e.original, e.config(distributionA))
	e.requireOurs(distributionB)
	e.requireNoChanges(moved)
}

// requireEdgeGoesFirst destroys the stack: first what could put the behaviors back, then the behaviors, then what is
// behind them.
func requireEdgeGoesFirst(e *edgeStack, moved *sandboxtest.Stack) {
	e.deleted.names = nil
	_, err := moved.Destroy(e.ctx, sandboxtest.RunOptions{})
	require.NoError(e.t, err)
	require.Equal(e.t, e.original, e.config(distributionB))
	at := func(name string) int {
		i := slices.Index(e.deleted.names, name)
		require.GreaterOrEqual(e.t, i, 0, "%s was not deleted", name)
		return i
	}
	behaviors := at("edge-" + distributionB)
	for _, before := range []string{"edge-schedule", "edge-schedule-target", "edge-schedule-permission"} {
		require.Less(e.t, at(before), behaviors, before)
	}
	for _, after := range []string{
		"edge-" + distributionB + "-policy", "edge-function", "edge-role", "dns-record", "edit-service", "edit-api-rule",
		"load-balancer-https-listener", "load-balancer-alb",
	} {
		require.Greater(e.t, at(after), behaviors, after)
	}
}
