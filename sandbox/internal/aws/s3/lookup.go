package s3

import (
	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func init() {
	kind.RegisterLookups(map[string]kind.Lookup{
		"aws:s3/getBucket:getBucket": kind.StateLookup{Type: view.TypeBucket, By: map[string]string{"bucket": "id"}}.Find,
	})
}
