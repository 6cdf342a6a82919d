package provider

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
)

// partialFailure tells the engine that an update failed after the account had changed the resource, as the real provider
// does: the engine keeps the new properties together with the failure, and tries again at the next update. The SDK's
// server has no other way to say so than the error's details.
func partialFailure(cause error, id string, properties resource.PropertyMap) error {
	kept, err := plugin.MarshalProperties(properties, plugin.MarshalOptions{Label: "kept", KeepSecrets: true})
	if err != nil {
		return fmt.Errorf("%w (and what the account kept cannot be told: %w)", cause, err)
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, cause.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: kept, Reasons: []string{cause.Error()},
	})
}
