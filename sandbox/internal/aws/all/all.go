// Package all is the list of AWS's services that the sandbox knows. Each registers what it is when the program starts: its
// resource types, its data sources, its API.
package all

import (
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/acm" // each of these registers itself
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/autoscaling"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/budgets"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/cloudtrail"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/cloudwatch"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/cognito"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/ec2"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/ecr"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/ecs"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/efs"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/elb"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/events"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/kms"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/lambda"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/quotas"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/route53"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/s3"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/secrets"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/sns"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/sqs"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/ssm"
	_ "github.com/webordinary/live-edit/sandbox/internal/aws/sts"
)
