package sandboxtest

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/definitions"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// The simulated account.
type (
	// Account is one AWS account in one region.
	Account = account.Account
	// Resource is one thing in an account.
	Resource = account.Resource
	// CheckRequest asks for validation of a resource's inputs.
	CheckRequest = account.CheckRequest
	// DiffRequest asks what an update with new inputs would do.
	DiffRequest = account.DiffRequest
	// CreateRequest asks for a new resource.
	CreateRequest = account.CreateRequest
	// DeleteRequest asks for the removal of a resource.
	DeleteRequest = account.DeleteRequest
)

// Who the account is, and what a new one holds.
const (
	AccountID         = view.AccountID
	DefaultVPCID      = view.DefaultVPCID
	HostedZoneName    = view.HostedZoneName
	CertificateARN    = view.CertificateARN
	CertificateDomain = view.CertificateDomain
)

var (
	// AvailabilityZones are the region's zones.
	AvailabilityZones = view.AvailabilityZones
	// DefaultSubnetIDs are the default VPC's subnets, in the order of their zones.
	DefaultSubnetIDs = view.DefaultSubnetIDs
)

// OpenAccount opens the account in a folder, and creates it there when there is none.
func OpenAccount(dir string) (*Account, error) { return account.Open(dir) }

// Decode reads a resource's state into a struct by the JSON names of its fields.
func Decode(state resource.PropertyMap, into any) error { return view.Decode(state, into) }

// DescribedContainers is the form in which DescribeTaskDefinition answers with container definitions.
func DescribedContainers(text string, awsvpc bool) (string, error) {
	return definitions.Described(text, awsvpc)
}
