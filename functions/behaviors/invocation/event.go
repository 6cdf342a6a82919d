// Package invocation speaks the protocol of Pulumi's aws.lambda.Invocation with lifecycleScope CRUD: a create, an
// update or a delete each call the function with the resource's input and what the input was before. It also takes the
// schedule's re-merge.
//
// Every call converges from whatever it finds. The provider does not read anything back, stores the new input even
// when an update failed, and replaces by deleting and creating; so neither the state nor the order of calls can be
// relied on, only the distribution itself.
package invocation

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// Action is what a call asks for.
type Action string

// The actions. The first three are the provider's.
const (
	Create  Action = "create"
	Update  Action = "update"
	Delete  Action = "delete"
	Remerge Action = "remerge"
)

// lifecycleKey is the member that the provider adds to the input (terraformKey's default).
const lifecycleKey = "tf"

// event is a call, understood.
type event struct {
	action Action
	// input is complete for a create and an update. For a delete it has at least the distribution and the owner. A
	// re-merge has none.
	input spec.Input
	// previous is what the input was before, as far as it can be read; zero where there was none.
	previous previous
}

// previous is all that matters of a former input. It may come from another version of this program.
type previous struct {
	DistributionID string `json:"distributionId"`
	Owner          string `json:"owner"`
}

// lifecycle is what the provider adds.
type lifecycle struct {
	Action   Action          `json:"action"`
	Previous json.RawMessage `json:"prev_input"`
}

// errUnknownEvent says what the function can be called with.
var errUnknownEvent = errors.New(`want an input with tf.action create, update or delete, as aws.lambda.Invocation ` +
	`sends it with lifecycleScope CRUD, or ` + spec.RemergeEvent)

// parse reads a call. Its errors name the field at fault.
func parse(payload []byte) (event, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(payload, &members); err != nil || members == nil {
		return event{}, fmt.Errorf("event: %.100q is not a JSON object: %w", payload, errUnknownEvent)
	}
	text, crud := members[lifecycleKey]
	if !crud {
		return parseRemerge(members)
	}
	var life lifecycle
	if err := json.Unmarshal(text, &life); err != nil {
		return event{}, fmt.Errorf("%s: %w: %w", lifecycleKey, err, errUnknownEvent)
	}
	delete(members, lifecycleKey)
	input, err := json.Marshal(members)
	if err != nil {
		return event{}, fmt.Errorf("event: %w", err)
	}
	e := event{action: life.Action, previous: readPrevious(life.Previous)}
	switch life.Action {
	case Create, Update:
		e.input, err = spec.Parse(input)
	case Delete:
		e.input, err = parseDelete(input, e.previous)
	default:
		err = fmt.Errorf("%s.action: %q: %w", lifecycleKey, life.Action, errUnknownEvent)
	}
	return e, err
}

func parseRemerge(members map[string]json.RawMessage) (event, error) {
	var action Action
	if err := json.Unmarshal(members["action"], &action); err != nil || action != Remerge || len(members) != 1 {
		return event{}, fmt.Errorf("event: %w", errUnknownEvent)
	}
	return event{action: Remerge}, nil
}

// readPrevious reads a former input: null, empty, or written by another version of this program. What cannot be read
// is treated as not there, because the mark in the distribution says what is ours.
func readPrevious(text json.RawMessage) previous {
	var p previous
	if err := json.Unmarshal(text, &p); err != nil {
		return previous{}
	}
	return p
}

// parseDelete takes what it can get: an input that could not be created must still be deletable.
func parseDelete(text []byte, before previous) (spec.Input, error) {
	p := readPrevious(text)
	in := spec.Input{DistributionID: p.DistributionID, Owner: p.Owner}
	if in.DistributionID == "" {
		in.DistributionID = before.DistributionID
	}
	if in.Owner == "" {
		in.Owner = before.Owner
	}
	var paths struct {
		Behaviors []spec.Behavior `json:"behaviors"`
	}
	if json.Unmarshal(text, &paths) == nil {
		in.Behaviors = paths.Behaviors
	}
	return in, in.ValidateForDelete()
}
