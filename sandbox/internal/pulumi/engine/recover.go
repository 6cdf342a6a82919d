package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/account"
)

// settle puts account and state right after a run that was killed in the middle
// of operations. Pulumi records an operation before it begins, and asks the user
// to find out how it ended. Here the account is at hand and nobody is working on
// the stack, so the sandbox can tell:
//
//   - What was made and not recorded is removed from the account: nothing refers
//     to it, and the next update makes it again.
//   - What was being updated or deleted is in the state as it was before, and the
//     next update or refresh does the same again, to the same end.
func (s *Stack) settle(ctx context.Context) error {
	if unfinished, err := s.unfinished(); err != nil || !unfinished {
		return err
	}
	state, err := s.Export()
	if err != nil {
		return err
	}
	made, err := s.sandbox.ledger.unrecorded(s.options.Name, state)
	if err != nil {
		return err
	}
	var told []string
	removed := map[resource.URN]bool{}
	for _, e := range made {
		done, err := s.sandbox.undo(ctx, e, state)
		if err != nil {
			return fmt.Errorf("undo the creation of %s: %w", e.ID, err)
		}
		if done {
			removed[e.URN] = true
			told = append(told, tell("creating", e.URN, "it had been created and was removed again, since nothing refers to it"))
		}
	}
	for _, pending := range state.PendingOperations {
		switch {
		case removed[pending.Resource.URN]:
		case pending.Type == apitype.OperationTypeCreating:
			told = append(told, tell("creating", pending.Resource.URN, "it had not been created"))
		default:
			told = append(told, tell(string(pending.Type), pending.Resource.URN, "it is done again if it is still needed"))
		}
	}
	if len(state.PendingOperations) > 0 {
		if err := dropPending(s.StateFile()); err != nil {
			return err
		}
	}
	if len(told) > 0 {
		s.logf("The last run on stack %s was killed in the middle of:\n%s", s.options.Name, strings.Join(told, "\n"))
	}
	return s.sandbox.ledger.forget(s.options.Name)
}

// unfinished tells whether there may be anything to settle, without taking the
// state apart: that is the common case, and the state may be large.
func (s *Stack) unfinished() (bool, error) {
	if s.sandbox.ledger.open(s.options.Name) {
		return true, nil
	}
	data, err := os.ReadFile(s.StateFile())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return bytes.Contains(data, []byte(pendingMember)), err
}

func tell(what string, urn resource.URN, outcome string) string {
	return fmt.Sprintf("  %s %s (%s): %s", what, urn.Name(), urn.Type(), outcome)
}

// closeLedger forgets what an operation has made if the engine has recorded it
// all. It has not when it was made to stop at once; then the next run settles
// that.
func (s *Stack) closeLedger() error {
	if !s.sandbox.ledger.open(s.options.Name) {
		return nil
	}
	state, err := s.Export()
	if err != nil {
		return err
	}
	made, err := s.sandbox.ledger.unrecorded(s.options.Name, state)
	if err != nil || len(made) > 0 {
		return err
	}
	return s.sandbox.ledger.forget(s.options.Name)
}

// undo removes from the account what was made and not recorded, with what belongs
// to it if the account allows that. It tells whether there was anything.
func (s *Sandbox) undo(ctx context.Context, e entry, state *apitype.DeploymentV3) (bool, error) {
	made, ok := find(e, s.account.List(e.Type), state)
	if !ok {
		return false, nil
	}
	err := s.account.Delete(ctx, account.DeleteRequest{
		URN: made.URN, Type: made.Type, ID: e.ID, Inputs: made.Inputs, State: made.State,
	})
	if err != nil { // such as deletion protection
		err = s.account.Remove(made.Type, made.ID)
	}
	return true, err
}

// find returns the account's resource of an entry. The account keeps a few types
// under another ID than the engine's; there the URN decides, if it is certain:
// one resource has it, and none in the state.
func find(e entry, all []account.Resource, state *apitype.DeploymentV3) (account.Resource, bool) {
	var ofURN []account.Resource
	for _, made := range all {
		if made.URN != string(e.URN) {
			continue
		}
		if made.ID == e.ID {
			return made, true
		}
		ofURN = append(ofURN, made)
	}
	for i := range state.Resources {
		if state.Resources[i].URN == e.URN {
			return account.Resource{}, false
		}
	}
	if len(ofURN) != 1 {
		return account.Resource{}, false
	}
	return ofURN[0], true
}

// pendingMember is where a state keeps its pending operations.
const pendingMember = "pending_operations"

// dropPending removes the pending operations from a state file and leaves
// everything else in it as it is.
func dropPending(path string) error {
	data, err := os.ReadFile(path) //nolint:gosec // a path of our own
	if err != nil {
		return fmt.Errorf("settle the state: %w", err)
	}
	data, err = editJSON(data, func(latest map[string]json.RawMessage) { delete(latest, pendingMember) },
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
