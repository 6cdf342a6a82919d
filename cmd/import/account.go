package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/webordinary/live-edit/functions/awslogin"
)

// account looks things up with the AWS SDK. It needs ecr:DescribeRepositories, secretsmanager:DescribeSecret,
// elasticfilesystem:DescribeFileSystems, elasticloadbalancing:DescribeLoadBalancers and DescribeListeners.
type account struct {
	ecr     *ecr.Client
	secrets *secretsmanager.Client
	efs     *efs.Client
	elb     *elb.Client
}

func newAccount(ctx context.Context, region string) (*account, error) {
	cfg, err := awslogin.Load(ctx, config.WithRegion(region))
	if err != nil {
		return nil, err
	}
	return &account{
		ecr: ecr.NewFromConfig(cfg), secrets: secretsmanager.NewFromConfig(cfg),
		efs: efs.NewFromConfig(cfg), elb: elb.NewFromConfig(cfg),
	}, nil
}

// Repository returns the repository's name, which is its provider ID.
func (a *account) Repository(ctx context.Context, name string) (string, error) {
	_, err := a.ecr.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}})
	if _, missing := errors.AsType[*ecrtypes.RepositoryNotFoundException](err); missing {
		return "", nil
	}
	return name, err
}

// Secret returns the secret's complete ARN.
func (a *account) Secret(ctx context.Context, name string) (string, error) {
	found, err := a.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name})
	if _, missing := errors.AsType[*secretstypes.ResourceNotFoundException](err); missing {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if found.DeletedDate != nil {
		return "", fmt.Errorf("it is scheduled for deletion; restore it first: `aws secretsmanager restore-secret --secret-id %s`", name)
	}
	return aws.ToString(found.ARN), nil
}

// FileSystem finds the file system by its Name tag: creation tokens of CDK are not ours.
func (a *account) FileSystem(ctx context.Context, name string) (string, error) {
	var found []string
	pages := efs.NewDescribeFileSystemsPaginator(a.efs, &efs.DescribeFileSystemsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, fs := range page.FileSystems {
			if aws.ToString(fs.Name) == name {
				found = append(found, aws.ToString(fs.FileSystemId))
			}
		}
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%d file systems have that name: %v; rename the ones that are not the workspace", len(found), found)
}

// LoadBalancer returns the load balancer's ARN.
func (a *account) LoadBalancer(ctx context.Context, name string) (string, error) {
	found, err := a.elb.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{name}})
	if _, missing := errors.AsType[*elbtypes.LoadBalancerNotFoundException](err); missing {
		return "", nil
	}
	if err != nil || len(found.LoadBalancers) == 0 {
		return "", err
	}
	return aws.ToString(found.LoadBalancers[0].LoadBalancerArn), nil
}

// Listener returns the ARN of the listener on a port.
func (a *account) Listener(ctx context.Context, loadBalancerArn string, port int32) (string, error) {
	found, err := a.elb.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: &loadBalancerArn})
	if err != nil {
		return "", err
	}
	for _, listener := range found.Listeners {
		if aws.ToInt32(listener.Port) == port {
			return aws.ToString(listener.ListenerArn), nil
		}
	}
	return "", nil
}
