package infra_test

import (
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra"
	"github.com/webordinary/live-edit/infra/infratest"
)

var everythingOn struct {
	once sync.Once
	*infratest.Deployment
	err error
}

// allOn is prod with everything switched on that the stack file leaves off.
func allOn(t *testing.T) stack {
	t.Helper()
	everythingOn.once.Do(func() {
		everythingOn.Deployment, everythingOn.err = variation{Config: richConfig(), Secret: richSecrets()}.run(t).Try(infra.Build)
	})
	require.NoError(t, everythingOn.err)
	s := prod(t)
	s.Deployment = everythingOn.Deployment
	return s
}

// inEveryShape runs a test on prod and dev, deployed and previewed, and on prod with everything on.
func inEveryShape(t *testing.T, test func(t *testing.T, s stack)) {
	t.Helper()
	inEachRun(t, test)
	t.Run("prod with everything on", func(t *testing.T) { t.Parallel(); test(t, allOn(t)) })
}

func TestTypeTokensHaveThreeParts(t *testing.T) {
	t.Parallel()
	custom := regexp.MustCompile(`^(aws|awsx):[a-z0-9]+(/[a-zA-Z0-9]+)?:[A-Z][A-Za-z0-9]+$`)
	ours := regexp.MustCompile(`^webordinary:infra:[A-Z][A-Za-z]+$`)
	inEveryShape(t, func(t *testing.T, s stack) {
		for _, r := range s.Resources {
			switch {
			case r.Custom, r.Request.GetRemote():
				assert.Regexp(t, custom, r.Type, r.Name)
			default:
				assert.Regexp(t, ours, r.Type, r.Name)
			}
		}
	})
}

// Whatever is registered belongs to a component, or it would stand loose in `pulumi stack graph`, and an alias or a
// transform of its component would miss it.
func TestEveryResourceDescendsFromAComponent(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, s stack) {
		byURN := map[string]infratest.Resource{}
		for _, r := range s.Resources {
			assert.NotContains(t, byURN, r.URN, "registered twice")
			byURN[r.URN] = r
		}
		root := "urn:pulumi:" + s.Name + "::webordinary-live-edit::pulumi:pulumi:Stack::webordinary-live-edit-" + s.Name
		for _, r := range s.Resources {
			underComponent := strings.HasPrefix(r.Type, "webordinary:infra:")
			steps := 0
			for at := r; at.Parent() != root; at = byURN[at.Parent()] {
				require.Contains(t, byURN, at.Parent(), "%s has an unknown parent", at.Name)
				underComponent = underComponent || strings.HasPrefix(byURN[at.Parent()].Type, "webordinary:infra:")
				if steps++; steps > 10 {
					require.Fail(t, "parents in a circle", r.URN)
				}
			}
			assert.True(t, underComponent, "%s has no component above it", r.URN)
			if parent, ok := byURN[r.Parent()]; ok {
				assert.True(t, strings.HasPrefix(r.Name, parent.Name), "%s is named after its component %s", r.Name, parent.Name)
			}
		}
	})
}

func TestEveryComponentRegistersOutputs(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, s stack) {
		components := 0
		for _, r := range s.Resources {
			if !r.Custom && !r.Request.GetRemote() {
				components++
			}
		}
		require.Greater(t, components, 5)
		assert.Equal(t, components+1, s.OutputsRegistered, "each component and the stack")
	})
}

// What Pulumi leaves alone after creation, because something else owns it. Anything more would hide a drift.
func TestOnlyWhatOthersOwnIsIgnored(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, s stack) {
		for _, r := range s.Resources {
			want := []string(nil)
			switch {
			case r.Name == "edit-service":
				want = []string{"desiredCount"}
			case r.Name == "workspace-file-system":
				want = []string{"creationToken"} // set once, by whoever made it
			case r.Type == "aws:lb/listenerRule:ListenerRule" && strings.Contains(r.Name, "waker"):
				want = []string{"priority"}
			}
			assert.Equal(t, want, r.Request.GetIgnoreChanges(), r.Name)
		}
	})
}

func TestProtectionFollowsTheConfiguration(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, s stack) {
		for _, r := range s.Resources {
			if s.Name == "dev" {
				assert.False(t, r.Request.GetProtect(), r.Name)
			}
			if r.Request.GetImportId() != "" {
				assert.True(t, r.Request.GetRetainOnDelete(), "%s is adopted, so it holds data", r.Name)
			}
		}
	})
	off := variation{Config: map[string]string{"protect": "false"}}.deploy(t)
	for _, r := range off.Resources {
		assert.False(t, r.Request.GetProtect(), r.Name)
	}
}

// A listener holds each priority once, so a replaced rule has to go before its successor comes.
func TestListenerRulesAreDeletedBeforeTheyAreReplaced(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, s stack) {
		rules := s.OfType("aws:lb/listenerRule:ListenerRule")
		assert.GreaterOrEqual(t, len(rules), 3)
		for _, rule := range rules {
			assert.True(t, rule.Request.GetDeleteBeforeReplace(), rule.Name)
		}
	})
}

// A zone has one mount target of a file system: where subnets change places, both go before one comes (D22).
func TestMountTargetsGoTogetherBeforeOneComes(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, s stack) {
		targets := map[string]infratest.Resource{}
		for _, target := range s.OfType("aws:efs/mountTarget:MountTarget") {
			assert.True(t, target.Request.GetDeleteBeforeReplace(), target.Name)
			targets[target.Name] = target
		}
		if len(targets) == 0 { // another stack's
			return
		}
		assert.Len(t, targets, 2)
		first, second := targets["workspace-mount-target-0"], targets["workspace-mount-target-1"]
		assert.Equal(t, []string{first.URN}, second.Request.GetReplaceWith())
	})
}

// A function that starts before its permissions fails its first calls.
func TestFunctionsWaitForTheirPermissions(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, s stack) {
		for _, function := range s.OfType("aws:lambda/function:Function") {
			policies, groups := 0, 0
			for _, urn := range function.Request.GetDependencies() {
				switch resource.URN(urn).Type() {
				case "aws:iam/rolePolicy:RolePolicy":
					policies++
				case "aws:cloudwatch/logGroup:LogGroup":
					groups++
				}
			}
			assert.Positive(t, policies, function.Name)
			assert.Positive(t, groups, "%s: Lambda would create a log group without an end", function.Name)
			assert.Equal(t, "provided.al2023", function.Text("runtime"), function.Name)
			assert.Equal(t, list("arm64"), function.Get("architectures"), function.Name)
			assert.Equal(t, "bootstrap", function.Text("handler"), function.Name)
		}
	})
}

func TestEveryLogGroupForgets(t *testing.T) {
	t.Parallel()
	inEveryShape(t, func(t *testing.T, s stack) {
		for _, group := range s.OfType("aws:cloudwatch/logGroup:LogGroup") {
			days, _ := group.Get("retentionInDays").(float64)
			assert.Positive(t, days, group.Name)
		}
	})
}
