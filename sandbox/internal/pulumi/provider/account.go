package provider

import (
	"context"

	"github.com/webordinary/live-edit/sandbox/internal/account"
)

// Account is what the provider asks of the simulated account. [*account.Account]
// is one.
type Account interface {
	Check(account.CheckRequest) (account.CheckResult, error)
	Diff(account.DiffRequest) (account.DiffResult, error)
	Create(context.Context, account.CreateRequest) (account.Resource, error)
	Read(account.ReadRequest) (res account.Resource, found bool, err error)
	Update(context.Context, account.UpdateRequest) (account.Resource, error)
	Delete(context.Context, account.DeleteRequest) error
	Invoke(context.Context, account.InvokeRequest) (account.InvokeResult, error)
}
