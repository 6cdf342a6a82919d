package e2e

import "testing"

// TestEverythingSwitchedOn deploys prod with all optional parts but CloudFront, which has a life of its own.
func TestEverythingSwitchedOn(t *testing.T) {
	t.Parallel()
	w := newDeployment(t)
	prod := w.stack("prod", with(map[string]any{
		"auditTrail": true, "alarmEmail": "alarms@example.com", "monthlyBudgetUsd": 40,
		"ciRepository": "webordinary/live-edit", "ciStateBucket": "webordinary-state",
		"clients": []any{"ameliastamps", "second"}, "cleanupArchiveAfterDays": 90,
	}))
	w.up(prod)
	w.requireNoChanges(prod)
	for _, name := range []string{"workspace-client-second", "cleanup-function", "scaler-function"} {
		w.resource(prod, name)
	}
}

// TestDedicatedNetwork deploys prod into a VPC of its own, with private subnets and a NAT gateway.
func TestDedicatedNetwork(t *testing.T) {
	t.Parallel()
	w := newDeployment(t)
	prod := w.stack("prod", with(map[string]any{"dedicatedVpc": true}))
	w.up(prod)
	w.requireNoChanges(prod)
	requireRefused(t, w, map[string]any{"dedicatedVpc": true}, "vpcCidr", keyChanges()["vpcCidr"])
	wider := w.stack("prod", with(map[string]any{"dedicatedVpc": true, "natGateways": keyChanges()["natGateways"].value}))
	w.up(wider)
	w.requireNoChanges(wider)
}
