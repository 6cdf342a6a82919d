package account

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/store"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// lookup is one data source: it finds what the arguments ask for.
type lookup func(v store.View, args props.Map) (props.Map, error)

// Invoke answers a data-source call, such as aws:ec2/getVpc:getVpc. A call that
// finds nothing, or too much, fails like the provider's.
func (a *Account) Invoke(_ context.Context, req InvokeRequest) (InvokeResult, error) {
	fn, ok := lookups()[req.Token]
	if !ok {
		return InvokeResult{}, fmt.Errorf("the sandbox account does not know the function %q; it knows %s",
			req.Token, strings.Join(slices.Sorted(maps.Keys(lookups())), ", "))
	}
	var out props.Map
	err := a.store.View(func(v store.View) error {
		var err error
		out, err = fn(v, props.PlainMap(req.Args))
		out = props.CopyMap(out)
		return err
	})
	if err != nil {
		return InvokeResult{}, fmt.Errorf("invoking %s: %w", req.Token, err)
	}
	return InvokeResult{Return: out}, nil
}

func lookups() map[string]lookup {
	out := map[string]lookup{
		"aws:index/getCallerIdentity:getCallerIdentity": func(store.View, props.Map) (props.Map, error) {
			return props.Map{"accountId": props.Of(view.AccountID), "arn": props.Of(view.CallerARN), "userId": props.Of(view.CallerUserID), "id": props.Of(view.AccountID)}, nil
		},
		"aws:index/getRegion:getRegion": func(store.View, props.Map) (props.Map, error) {
			return props.Map{
				"id": props.Of(view.Region), "name": props.Of(view.Region), "description": props.Of("US West (Oregon)"),
				"endpoint": props.Of("ec2." + view.Region + ".amazonaws.com"),
			}, nil
		},
		"aws:index/getPartition:getPartition": func(store.View, props.Map) (props.Map, error) {
			return props.Map{
				"id": props.Of(view.Partition), "partition": props.Of(view.Partition), "dnsSuffix": props.Of("amazonaws.com"),
				"reverseDnsPrefix": props.Of("com.amazonaws"),
			}, nil
		},
		"aws:index/getAvailabilityZones:getAvailabilityZones": func(store.View, props.Map) (props.Map, error) {
			ids := []string{"usw2-az1", "usw2-az2", "usw2-az3", "usw2-az4"}
			return props.Map{
				"id": props.Of(view.Region), "names": props.Of(view.AvailabilityZones[:]), "zoneIds": props.Of(ids), "groupNames": props.Of([]string{view.Region}),
			}, nil
		},
		"aws:ec2/getVpc:getVpc":                 lookupVPC,
		"aws:ec2/getSubnets:getSubnets":         lookupSubnets,
		"aws:route53/getZone:getZone":           lookupZone,
		"aws:acm/getCertificate:getCertificate": lookupCertificate,

		"aws:servicequotas/getServiceQuota:getServiceQuota": lookupQuota,
	}
	for token, s := range simple {
		out[token] = s.find
	}
	return out
}

// simpleLookup describes a data source that returns a resource's state, found by
// any of some arguments.
type simpleLookup struct {
	typ string
	// by maps arguments to the state's properties; "id" is the store's ID.
	by map[string]string
	// rename maps state properties to names of the result.
	rename map[string]string
}

// simple are the data sources that answer with a resource's state.
var simple = map[string]simpleLookup{
	"aws:ec2/getSubnet:getSubnet": {typ: view.TypeSubnet, by: map[string]string{"id": "id", "cidrBlock": "cidrBlock"}},
	"aws:ec2/getSecurityGroup:getSecurityGroup": {
		typ: "aws:ec2/securityGroup:SecurityGroup", by: map[string]string{"id": "id", "name": "name", "vpcId": "vpcId"},
	},
	"aws:ec2/getManagedPrefixList:getManagedPrefixList": {
		typ: "aws:ec2/managedPrefixList:ManagedPrefixList", by: map[string]string{"id": "id", "name": "name"},
	},
	"aws:ecr/getRepository:getRepository":    {typ: "aws:ecr/repository:Repository", by: map[string]string{"name": "name"}},
	"aws:secretsmanager/getSecret:getSecret": {typ: "aws:secretsmanager/secret:Secret", by: map[string]string{"name": "name", "arn": "arn"}},
	"aws:efs/getFileSystem:getFileSystem": {
		typ: "aws:efs/fileSystem:FileSystem", by: map[string]string{"fileSystemId": "id", "creationToken": "creationToken"},
		rename: map[string]string{"fileSystemId": "id"},
	},
	"aws:s3/getBucket:getBucket":             {typ: "aws:s3/bucketV2:BucketV2", by: map[string]string{"bucket": "id"}},
	"aws:lb/getLoadBalancer:getLoadBalancer": {typ: "aws:lb/loadBalancer:LoadBalancer", by: map[string]string{"arn": "id", "name": "name"}},
	"aws:lb/getListener:getListener": {
		typ: "aws:lb/listener:Listener", by: map[string]string{"arn": "id", "loadBalancerArn": "loadBalancerArn", "port": "port"},
	},
	"aws:iam/getRole:getRole": {typ: "aws:iam/role:Role", by: map[string]string{"name": "id"}},
}

func (s simpleLookup) find(v store.View, args props.Map) (props.Map, error) {
	var found []Resource
	for _, r := range v.List(s.typ) {
		if s.matches(r, args) {
			found = append(found, r)
		}
	}
	r, err := only(found, s.typ, args)
	if err != nil {
		return nil, err
	}
	out := props.CopyMap(r.State)
	out["id"] = props.Of(r.ID)
	for name, from := range s.rename {
		out[props.Key(name)] = out[props.Key(from)]
	}
	for arg := range s.by {
		if v, ok := args[props.Key(arg)]; ok {
			out[props.Key(arg)] = v
		}
	}
	return out, nil
}

func (s simpleLookup) matches(r Resource, args props.Map) bool {
	asked := false
	for arg, property := range s.by {
		want, ok := args[props.Key(arg)]
		if !ok || want.IsNull() {
			continue
		}
		asked = true
		have := r.State[props.Key(property)]
		if property == "id" {
			have = props.Of(r.ID)
		}
		if !have.DeepEquals(want) {
			return false
		}
	}
	return asked
}

// only demands exactly one match, as data sources do.
func only(found []Resource, typ string, args props.Map) (Resource, error) {
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return Resource{}, fmt.Errorf("no matching %s found for %v", typ, args.Mappable())
	default:
		return Resource{}, fmt.Errorf("multiple (%d) %s matched %v; use additional constraints to reduce matches to a single one",
			len(found), typ, args.Mappable())
	}
}
