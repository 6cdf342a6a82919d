package world

import (
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/webordinary/live-edit/sandbox/internal/account"
)

var (
	_ view.Store = (*view.Memory)(nil)
	_ view.Store = (*account.Account)(nil)
)
