package provider

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	construct "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// defaultVpc is awsx:ec2:DefaultVpc: the account's default VPC and its subnets.
type defaultVpc struct {
	pulumi.ResourceState

	VpcID            pulumi.StringOutput      `pulumi:"vpcId"`
	PublicSubnetIDs  pulumi.StringArrayOutput `pulumi:"publicSubnetIds"`
	PrivateSubnetIDs pulumi.StringArrayOutput `pulumi:"privateSubnetIds"`
}

// The data sources' arguments and answers, as far as they are needed.
type (
	getVpcArgs struct {
		Default bool `pulumi:"default"`
	}
	getVpcResult struct {
		ID string `pulumi:"id"`
	}
	filter struct {
		Name   string   `pulumi:"name"`
		Values []string `pulumi:"values"`
	}
	getSubnetsArgs struct {
		Filters []filter `pulumi:"filters"`
	}
	getSubnetsResult struct {
		IDs []string `pulumi:"ids"`
	}
	getSubnetArgs struct {
		ID string `pulumi:"id"`
	}
	getSubnetResult struct {
		ID                  string `pulumi:"id"`
		MapPublicIPOnLaunch bool   `pulumi:"mapPublicIpOnLaunch"`
	}
)

var errNoDefaultVpc = errors.New("unable to find default VPC for this region and account")

func newDefaultVpc(
	ctx *pulumi.Context, name string, _ construct.ConstructInputs, options pulumi.ResourceOption,
) (pulumi.ComponentResource, error) {
	component := &defaultVpc{}
	if err := ctx.RegisterComponentResource("awsx:ec2:DefaultVpc", name, component, options); err != nil {
		return nil, err
	}
	within := []pulumi.InvokeOption{pulumi.Parent(component), pulumi.Version(awsxAWSVersion)}

	var vpc getVpcResult
	if err := ctx.Invoke("aws:ec2/getVpc:getVpc", &getVpcArgs{Default: true}, &vpc, within...); err != nil {
		return nil, err
	}
	if vpc.ID == "" {
		return nil, errNoDefaultVpc
	}
	var subnets getSubnetsResult
	ofVpc := getSubnetsArgs{Filters: []filter{{Name: "vpc-id", Values: []string{vpc.ID}}}}
	if err := ctx.Invoke("aws:ec2/getSubnets:getSubnets", &ofVpc, &subnets, within...); err != nil {
		return nil, err
	}
	public, private := []string{}, []string{}
	for _, id := range subnets.IDs {
		var subnet getSubnetResult
		if err := ctx.Invoke("aws:ec2/getSubnet:getSubnet", &getSubnetArgs{ID: id}, &subnet, within...); err != nil {
			return nil, err
		}
		if subnet.MapPublicIPOnLaunch {
			public = append(public, subnet.ID)
		} else {
			private = append(private, subnet.ID)
		}
	}
	component.VpcID = pulumi.String(vpc.ID).ToStringOutput()
	component.PublicSubnetIDs = pulumi.ToStringArray(public).ToStringArrayOutput()
	component.PrivateSubnetIDs = pulumi.ToStringArray(private).ToStringArrayOutput()
	return component, ctx.RegisterResourceOutputs(component, pulumi.Map{
		"vpcId":            component.VpcID,
		"publicSubnetIds":  component.PublicSubnetIDs,
		"privateSubnetIds": component.PrivateSubnetIDs,
	})
}
