package iam

import (
	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func init() {
	kind.RegisterLookups(map[string]kind.Lookup{
		"aws:iam/getRole:getRole": kind.StateLookup{Type: view.TypeRole, By: map[string]string{"name": "id"}}.Find,
	})
}
