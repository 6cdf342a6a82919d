package cost

// Price is one us-west-2 list price.
type Price struct {
	// USD per Unit.
	USD  float64
	Unit string
	// Free is how much of the unit an account gets every month without end (not the first year's free tier).
	Free float64
	// Source is where the figure was read, Date when.
	Source, Date string
}

const readOn = "2026-09"

// The prices of everything that this program deploys or might have deployed instead, in us-west-2.
var (
	FargateVCPU       = Price{0.04048, "vCPU-hour", 0, "aws.amazon.com/fargate/pricing", readOn}
	FargateGB         = Price{0.004445, "GB-hour", 0, "aws.amazon.com/fargate/pricing", readOn}
	FargateARMVCPU    = Price{0.03238, "vCPU-hour", 0, "aws.amazon.com/fargate/pricing", readOn}
	FargateARMGB      = Price{0.00356, "GB-hour", 0, "aws.amazon.com/fargate/pricing", readOn}
	LoadBalancerHour  = Price{0.0225, "hour", 0, "aws.amazon.com/elasticloadbalancing/pricing", readOn}
	LoadBalancerLCU   = Price{0.008, "LCU-hour", 0, "aws.amazon.com/elasticloadbalancing/pricing", readOn}
	PublicIPv4        = Price{0.005, "address-hour", 0, "aws.amazon.com/vpc/pricing", readOn}
	NatGatewayHour    = Price{0.045, "hour", 0, "aws.amazon.com/vpc/pricing", readOn}
	NatGatewayGB      = Price{0.045, "GB", 0, "aws.amazon.com/vpc/pricing", readOn}
	InterfaceEndpoint = Price{0.01, "endpoint-hour", 0, "aws.amazon.com/privatelink/pricing", readOn}
	EFSStandard       = Price{0.30, "GB-month", 0, "aws.amazon.com/efs/pricing", readOn}
	// EFSInfrequent is published with values from 0.016 to 0.025; the specification's 0.025 is the careful one.
	EFSInfrequent   = Price{0.025, "GB-month", 0, "aws.amazon.com/efs/pricing", readOn}
	BackupEFS       = Price{0.05, "GB-month", 0, "aws.amazon.com/backup/pricing", "2026-06"}
	Secret          = Price{0.40, "secret-month", 0, "aws.amazon.com/secrets-manager/pricing", readOn}
	ImageStorage    = Price{0.10, "GB-month", 0, "aws.amazon.com/ecr/pricing", "2026-03"}
	BucketStorage   = Price{0.023, "GB-month", 0, "aws.amazon.com/s3/pricing", readOn}
	FunctionGBs     = Price{0.0000133334, "GB-second", 400_000, "aws.amazon.com/lambda/pricing (arm64)", readOn}
	FunctionRequest = Price{0.0000002, "request", 1_000_000, "aws.amazon.com/lambda/pricing (arm64)", readOn}
	LogIngestion    = Price{0.50, "GB", 5, "aws.amazon.com/cloudwatch/pricing", readOn}
	Alarm           = Price{0.10, "alarm-month", 10, "aws.amazon.com/cloudwatch/pricing", readOn}
	CustomMetric    = Price{0.30, "metric-month", 10, "aws.amazon.com/cloudwatch/pricing", readOn}
	Dashboard       = Price{3.00, "dashboard-month", 3, "aws.amazon.com/cloudwatch/pricing", readOn}
)

// hoursPerMonth is AWS's own month: 8760 hours by 12.
const hoursPerMonth = 730
