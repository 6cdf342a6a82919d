package sandboxtest

import (
	"context"

	"github.com/webordinary/live-edit/sandbox/internal/serve"
)

// A deployed stack on localhost.
type (
	// Server is a stack that answers.
	Server = serve.Server
	// ServeOptions say which stack answers, where and how fast.
	ServeOptions = serve.Options
	// ServeDescription is how other programs find it.
	ServeDescription = serve.Description
)

// ContainerPlain is the demo without a supervisor, and so an image of before there was one.
const ContainerPlain = serve.ContainerPlain

// Serve lets a deployed stack answer until the server is closed.
func Serve(ctx context.Context, o ServeOptions) (*Server, error) { return serve.Start(ctx, o) }
