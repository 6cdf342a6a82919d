package view

// What exists before anything is deployed.
const (
	// DefaultVPCID is the default VPC, 172.31.0.0/16.
	DefaultVPCID = "vpc-0d1e5a2b7c3f40918"
	// DefaultSecurityGroupID is that VPC's "default" group.
	DefaultSecurityGroupID = "sg-0c4b8e19a7d2f6530"
	// DefaultInternetGatewayID is that VPC's gateway.
	DefaultInternetGatewayID = "igw-0f3a6c9d2e5b81470"
	// DefaultRouteTableID is that VPC's main route table.
	DefaultRouteTableID = "rtb-0b7d4e1a8c5f29360"
	// HostedZoneName is the public hosted zone.
	HostedZoneName = "ameliastamps.com"
	// HostedZoneID is that zone's ID.
	HostedZoneID = "Z0419532LXT7AMELIA01"
	// CertificateDomain is the issued certificate's domain.
	CertificateDomain = "*.ameliastamps.com"
	// CertificateARN is the issued certificate for CertificateDomain.
	CertificateARN = "arn:aws:acm:us-west-2:942734823970:certificate/5b0f1c9e-7d34-4a6f-9c21-3e8a4d6b7f10"
)

// DefaultSubnetIDs are the default VPC's public subnets, in zones us-west-2a to d.
var DefaultSubnetIDs = [4]string{
	"subnet-0a1c3e5072946b8d1",
	"subnet-0b2d4f6183a57c9e2",
	"subnet-0c3e507294b68daf3",
	"subnet-0d4f6183a5c79eb04",
}

// AvailabilityZones are the region's zones, in the order of DefaultSubnetIDs.
var AvailabilityZones = [4]string{"us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"}
