package account

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// seed.json is what the account holds before anything is deployed: the default
// VPC with its subnets, group, gateway and route table, CloudFront's prefix list,
// the hosted zone, the certificate, and a few policies that AWS manages.
//
//go:embed seed.json
var seedJSON []byte

// DefaultSeed returns what a new account holds. Tests add to it or take from it
// and pass the result to OpenWith.
func DefaultSeed() ([]Resource, error) {
	var raw []struct {
		Type  string         `json:"type"`
		ID    string         `json:"id"`
		State map[string]any `json:"state"`
	}
	if err := json.Unmarshal(seedJSON, &raw); err != nil {
		return nil, fmt.Errorf("embedded seed: %w", err)
	}
	out := make([]Resource, len(raw))
	for i, r := range raw {
		out[i] = Resource{Type: r.Type, ID: r.ID, State: props.Of(r.State).ObjectValue()}
	}
	return out, nil
}
