// Command live-edit is the Pulumi program of webordinary's live editor.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra"
)

func main() {
	pulumi.Run(infra.Deploy)
}
