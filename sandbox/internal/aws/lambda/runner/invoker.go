package runner

import (
	"context"
	"fmt"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/webordinary/live-edit/sandbox/internal/account"
)

// Invoker runs functions for the account's Lambda Invocation resources.
type Invoker struct{ Runtime *Runtime }

var _ account.Invoker = Invoker{}

// Invoke implements account.Invoker. A function that fails is an error with its document and the end of its log.
func (i Invoker) Invoke(ctx context.Context, function view.Resource, payload []byte) ([]byte, error) {
	result, err := i.Runtime.Invoke(ctx, Invocation{Function: text(function.State, "name"), Payload: payload})
	if err != nil {
		return nil, err
	}
	if err := result.Err(); err != nil {
		return nil, fmt.Errorf("function %s failed: %w\n%s", function.ID, err, tail(result.Log, shownLog))
	}
	return result.Payload, nil
}

// shownLog is how much of a failed function's log an error shows, in lines.
const shownLog = 20

func tail(text string, lines int) string {
	all := strings.SplitAfter(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "")
}
