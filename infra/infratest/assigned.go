package infratest

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// assigned answers a registration with an ID and the outputs that AWS would assign, derived from the inputs only. In a
// dry run custom resources have no ID and no assigned outputs.
func assigned(args pulumi.MockResourceArgs, dryRun bool) (string, resource.PropertyMap) {
	outputs := args.Inputs.Copy()
	if !args.Custom {
		// awsx components answer in previews too: they look subnets up.
		for key, value := range componentOutputs(args) {
			outputs[key] = value
		}
		return "", outputs
	}
	if dryRun {
		return "", outputs
	}
	id := args.Name + "-id"
	if args.ID != "" {
		id = args.ID
	}
	if own := text(args.Inputs, "name"); own != "" {
		outputs["name"] = resource.NewProperty(own)
	}
	for key, value := range computed(args) {
		outputs[resource.PropertyKey(key)] = resource.NewPropertyValue(value)
	}
	return idOf(args.TypeToken, id, outputs), outputs
}

func componentOutputs(args pulumi.MockResourceArgs) resource.PropertyMap {
	list := func(ids ...string) []any {
		items := make([]any, 0, len(ids))
		for _, id := range ids {
			items = append(items, id)
		}
		return items
	}
	switch args.TypeToken {
	case "awsx:ec2:DefaultVpc":
		// Out of order, as AWS lists them.
		return resource.NewPropertyMapFromMap(map[string]any{
			"vpcId":            "vpc-0default",
			"publicSubnetIds":  list("subnet-0cccccccc", "subnet-0aaaaaaaa", "subnet-0dddddddd", "subnet-0bbbbbbbb"),
			"privateSubnetIds": list(),
		})
	case "awsx:ec2:Vpc":
		return resource.NewPropertyMapFromMap(map[string]any{
			"vpcId":            "vpc-0dedicated",
			"publicSubnetIds":  list("subnet-0public1", "subnet-0public2"),
			"privateSubnetIds": list("subnet-0private1", "subnet-0private2"),
		})
	}
	return nil
}

func text(inputs resource.PropertyMap, key string) string {
	value := inputs[resource.PropertyKey(key)]
	if value.IsSecret() {
		value = value.SecretValue().Element
	}
	if value.IsString() {
		return value.StringValue()
	}
	return ""
}

// ARN is that of a resource in the mocked account and region.
func ARN(service, rest string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, Region, AccountID, rest)
}

// computed lists what AWS assigns to the types of this program.
func computed(args pulumi.MockResourceArgs) map[string]any {
	name := text(args.Inputs, "name")
	switch args.TypeToken {
	case "aws:cloudwatch/metricAlarm:MetricAlarm":
		return map[string]any{"arn": ARN("cloudwatch", "alarm:"+name)}
	case "aws:ecr/repository:Repository":
		return map[string]any{
			"arn":           ARN("ecr", "repository/"+name),
			"repositoryUrl": fmt.Sprintf("%s.dkr.ecr.%s.amazonaws.com/%s", AccountID, Region, name),
		}
	case "aws:secretsmanager/secret:Secret":
		return map[string]any{"arn": ARN("secretsmanager", "secret:"+name+"-AbCdEf")}
	case "aws:efs/fileSystem:FileSystem":
		return map[string]any{"arn": ARN("elasticfilesystem", "file-system/"+args.Name+"-id")}
	case "aws:efs/accessPoint:AccessPoint":
		return map[string]any{"arn": ARN("elasticfilesystem", "access-point/"+args.Name+"-id")}
	case "aws:s3/bucketV2:BucketV2":
		return map[string]any{"arn": "arn:aws:s3:::" + text(args.Inputs, "bucket")}
	case "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
		return map[string]any{
			"arn": "arn:aws:iam::" + AccountID + ":oidc-provider/" + strings.TrimPrefix(text(args.Inputs, "url"), "https://"),
		}
	case "aws:iam/policy:Policy":
		return map[string]any{"arn": "arn:aws:iam::" + AccountID + ":policy/" + name}
	case "aws:iam/role:Role":
		return map[string]any{"arn": "arn:aws:iam::" + AccountID + ":role/" + name}
	case "aws:lb/loadBalancer:LoadBalancer":
		return map[string]any{
			"arn":       ARN("elasticloadbalancing", "loadbalancer/app/"+name+"/50dc6c495c0c9188"),
			"arnSuffix": "app/" + name + "/50dc6c495c0c9188",
			"dnsName":   name + "-1234567890." + Region + ".elb.amazonaws.com",
			"zoneId":    "Z1H1FL5HABSF5",
		}
	case "aws:lb/targetGroup:TargetGroup":
		return map[string]any{
			"arn":       ARN("elasticloadbalancing", "targetgroup/"+name+"/73e2d6bc24d8a067"),
			"arnSuffix": "targetgroup/" + name + "/73e2d6bc24d8a067",
		}
	case "aws:lb/listener:Listener":
		return map[string]any{"arn": ARN("elasticloadbalancing", "listener/app/"+args.Name)}
	case "aws:lb/listenerRule:ListenerRule":
		return map[string]any{"arn": ARN("elasticloadbalancing", "listener-rule/app/"+args.Name)}
	case "aws:ecs/cluster:Cluster":
		return map[string]any{"arn": ARN("ecs", "cluster/"+name)}
	case "aws:ecs/taskDefinition:TaskDefinition":
		return map[string]any{"arn": ARN("ecs", "task-definition/"+text(args.Inputs, "family")+":1")}
	case "aws:cloudwatch/logGroup:LogGroup":
		return map[string]any{"arn": ARN("logs", "log-group:"+name)}
	case "aws:lambda/function:Function":
		return map[string]any{
			"arn": ARN("lambda", "function:"+name),
			"invokeArn": "arn:aws:apigateway:" + Region + ":lambda:path/2015-03-31/functions/" +
				ARN("lambda", "function:"+name) + "/invocations",
		}
	case "aws:route53/record:Record":
		return map[string]any{"fqdn": name}
	}
	return map[string]any{"arn": ARN(strings.SplitN(strings.TrimPrefix(args.TypeToken, "aws:"), "/", 2)[0], args.Name)}
}

// idOf gives the types whose ID others use the form the real provider gives it.
func idOf(typ, id string, outputs resource.PropertyMap) string {
	switch typ {
	case "aws:ecs/service:Service":
		cluster := text(outputs, "cluster")
		return ARN("ecs", "service/"+cluster[strings.LastIndex(cluster, "/")+1:]+"/"+text(outputs, "name"))
	case "aws:secretsmanager/secret:Secret", "aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup",
		"aws:lb/listener:Listener", "aws:lb/listenerRule:ListenerRule", "aws:ecs/cluster:Cluster", "aws:sns/topic:Topic":
		return text(outputs, "arn")
	case "aws:lambda/function:Function", "aws:iam/role:Role":
		return text(outputs, "name")
	}
	return id
}
