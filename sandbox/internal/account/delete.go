package account

import (
	"context"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/store"
)

// Delete removes a resource and what AWS removes with it. One that is gone
// already is not an error; one that something still needs is refused.
func (a *Account) Delete(ctx context.Context, req DeleteRequest) error {
	t, k, err := typeOf(req.Type)
	if err != nil {
		return err
	}
	op := operation{account: a, kind: k, schema: t}
	if props.Bool(req.State, "skipDestroy") {
		return nil // the provider only forgets it
	}
	if req.Type == view.TypeInvocation {
		if err := op.deleteInvocation(ctx, req); err != nil {
			return err
		}
	}
	return a.store.Update(func(tx *store.Tx) error {
		old, ok := tx.Get(req.Type, k.Stored(req.ID, props.PlainMap(req.State)))
		if !ok {
			return nil
		}
		c := op.call(tx, req.Type, req.URN)
		c.Tx, c.Old, c.ID = tx, old, old.ID
		c.In, c.State, c.Changed = old.State, old.State, map[string]bool{}
		// Inputs that only the provider knows may be newer than the account's.
		for _, name := range []string{"forceDestroy", "forceDelete", "forceDetachPolicies", "recoveryWindowInDays"} {
			if v, ok := req.State[props.Key(name)]; ok {
				c.Old = c.Old.Copy()
				c.Old.State[props.Key(name)] = props.Plain(v)
			}
		}
		return k.Remove(c)
	})
}
