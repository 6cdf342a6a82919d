package ecr

import (
	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func init() {
	kind.RegisterLookups(map[string]kind.Lookup{
		"aws:ecr/getRepository:getRepository": kind.StateLookup{Type: view.TypeRepository, By: map[string]string{"name": "name"}}.Find,
	})
}
