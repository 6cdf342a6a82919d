package secrets

import (
	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func init() {
	kind.RegisterLookups(map[string]kind.Lookup{
		"aws:secretsmanager/getSecret:getSecret": kind.StateLookup{
			Type: view.TypeSecret, By: map[string]string{"name": "name", "arn": "arn"},
		}.Find,
	})
}
