package efs

import (
	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func init() {
	kind.RegisterLookups(map[string]kind.Lookup{
		"aws:efs/getFileSystem:getFileSystem": kind.StateLookup{
			Type: view.TypeFileSystem, By: map[string]string{"fileSystemId": "id", "creationToken": "creationToken"},
			Rename: map[string]string{"fileSystemId": "id"},
		}.Find,
	})
}
