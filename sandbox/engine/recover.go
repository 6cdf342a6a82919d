package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/account"
)

// settlePending puts the state right after a run that was killed in the middle
// of operations. Pulumi records an operation before it begins and asks the user
// to find out how it ended; here the account is at hand, and nobody is working on
// the stack, so the sandbox can tell:
//
//   - What was being created is in the account or not, but nothing in the state
//     refers to it yet. It is removed from the account, and the next update
//     creates it again.
//   - What was being updated or deleted is in the state as it was before, and the
//     next update or refresh does the same again, to the same end.
func (s *Stack) settlePending(ctx context.Context) error {
	deployment, err := s.Export()
	if err != nil || len(deployment.PendingOperations) == 0 {
		return err
	}
	var told []string
	for _, pending := range deployment.PendingOperations {
		outcome, err := s.settle(ctx, pending, deployment)
		if err != nil {
			return err
		}
		told = append(told, fmt.Sprintf("  %s %s (%s): %s",
			pending.Type, pending.Resource.URN.Name(), pending.Resource.Type, outcome))
	}
	if err := dropPending(s.StateFile()); err != nil {
		return err
	}
	s.logf("The last run on stack %s was killed in the middle of:\n%s", s.options.Name, strings.Join(told, "\n"))
	return nil
}

// settle puts one operation right and says how.
func (s *Stack) settle(
	ctx context.Context, pending apitype.OperationV2, state *apitype.DeploymentV3,
) (string, error) {
	if pending.Type != apitype.OperationTypeCreating {
		return "it is done again if it is still needed", nil
	}
	orphans := orphansOf(pending.Resource.URN, state, s.sandbox.account.List(string(pending.Resource.Type)))
	for _, orphan := range orphans {
		if err := s.sandbox.discard(ctx, orphan); err != nil {
			return "", fmt.Errorf("undo the creation of %s: %w", orphan.ID, err)
		}
	}
	if len(orphans) == 0 {
		return "it had not been created", nil
	}
	return "it had been created and was removed again, since nothing refers to it", nil
}

// orphansOf returns those of the account's resources that were made for a URN and
// are not in the state. A replacement has the same URN as the resource that it
// replaces, so if the state has the URN, the one that it means must be among
// them: otherwise nothing is certain, and none is an orphan.
func orphansOf(urn resource.URN, state *apitype.DeploymentV3, all []account.Resource) []account.Resource {
	known := map[string]bool{}
	for i := range state.Resources {
		if state.Resources[i].URN == urn {
			known[string(state.Resources[i].ID)] = true
		}
	}
	recognised := len(known) == 0
	var orphans []account.Resource
	for _, made := range all {
		switch {
		case made.URN != string(urn):
		case known[made.ID]:
			recognised = true
		default:
			orphans = append(orphans, made)
		}
	}
	if !recognised {
		return nil
	}
	return orphans
}

// discard removes a resource, with what belongs to it if the account allows it.
func (s *Sandbox) discard(ctx context.Context, made account.Resource) error {
	err := s.account.Delete(ctx, account.DeleteRequest{
		URN: made.URN, Type: made.Type, ID: made.ID, Inputs: made.Inputs, State: made.State,
	})
	if err != nil { // such as deletion protection
		return s.account.Remove(made.Type, made.ID)
	}
	return nil
}

// dropPending removes the pending operations from a state file and leaves
// everything else in it as it is.
func dropPending(path string) error {
	data, err := os.ReadFile(path) //nolint:gosec // a path of our own
	if err != nil {
		return fmt.Errorf("settle the state: %w", err)
	}
	data, err = editJSON(data, func(latest map[string]json.RawMessage) { delete(latest, "pending_operations") },
		"checkpoint", "latest")
	if err != nil {
		return fmt.Errorf("settle the state in %s: %w", path, err)
	}
	return replaceFile(path, data)
}

var errNotThere = errors.New("no such member")

// editJSON edits the object at the path of member names, without touching the
// text of any other value.
func editJSON(data []byte, edit func(map[string]json.RawMessage), path ...string) ([]byte, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, err
	}
	if len(path) == 0 {
		edit(object)
		return encodeJSON(object)
	}
	inner, ok := object[path[0]]
	if !ok {
		return nil, fmt.Errorf("%w: %s", errNotThere, path[0])
	}
	edited, err := editJSON(inner, edit, path[1:]...)
	if err != nil {
		return nil, err
	}
	object[path[0]] = edited
	return encodeJSON(object)
}

// encodeJSON encodes like json.Marshal, but leaves <, > and & as they are.
func encodeJSON(object map[string]json.RawMessage) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(object)
	return out.Bytes(), err
}
