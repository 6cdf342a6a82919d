package ec2

import (
	"fmt"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func init() {
	kind.RegisterLookups(map[string]kind.Lookup{
		"aws:ec2/getVpc:getVpc":         lookupVPC,
		"aws:ec2/getSubnets:getSubnets": lookupSubnets,
		"aws:ec2/getSubnet:getSubnet": kind.StateLookup{
			Type: view.TypeSubnet, By: map[string]string{"id": "id", "cidrBlock": "cidrBlock"},
		}.Find,
		"aws:ec2/getSecurityGroup:getSecurityGroup": kind.StateLookup{
			Type: view.TypeSecurityGroup, By: map[string]string{"id": "id", "name": "name", "vpcId": "vpcId"},
		}.Find,
		"aws:ec2/getManagedPrefixList:getManagedPrefixList": kind.StateLookup{
			Type: view.TypePrefixList, By: map[string]string{"id": "id", "name": "name"},
		}.Find,
	})
}

func lookupVPC(v kind.View, args props.Map) (props.Map, error) {
	list, err := filtered(v.List(view.TypeVPC), args)
	if err != nil {
		return nil, err
	}
	if id, ok := props.String(args, "id"); ok {
		list = slices.DeleteFunc(list, func(r view.Resource) bool { return r.ID != id })
	}
	if cidr, ok := props.String(args, "cidrBlock"); ok {
		list = slices.DeleteFunc(list, func(r view.Resource) bool { return props.Str(r.State, "cidrBlock") != cidr })
	}
	if props.Bool(args, "default") {
		list = slices.DeleteFunc(list, func(r view.Resource) bool { return !props.Bool(r.State, "default") })
	}
	r, err := kind.Only(list, "EC2 VPC", args)
	if err != nil {
		return nil, err
	}
	out := props.CopyMap(r.State)
	out["id"] = props.Of(r.ID)
	return out, nil
}

func lookupSubnets(v kind.View, args props.Map) (props.Map, error) {
	list, err := filtered(v.List(view.TypeSubnet), args)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(list))
	for i, r := range list {
		ids[i] = r.ID
	}
	out := props.CopyMap(args)
	out["id"], out["ids"] = props.Of(view.Region), props.Of(ids)
	return out, nil
}

// filterNames maps EC2's filter names to state properties.
var filterNames = map[string]string{
	"vpc-id": "vpcId", "default-for-az": "defaultForAz", "availability-zone": "availabilityZone", "availability-zone-id": "availabilityZoneId",
	"subnet-id": "id", "cidr-block": "cidrBlock", "cidr": "cidrBlock", "is-default": "default", "isDefault": "default",
	"map-public-ip-on-launch": "mapPublicIpOnLaunch",
}

// filtered applies the "filters" and "tags" arguments of EC2's data sources.
func filtered(list []view.Resource, args props.Map) ([]view.Resource, error) {
	out := slices.Clone(list)
	for _, f := range props.Objects(args, "filters[*]") {
		name := props.Str(f, "name")
		property, ok := filterNames[name]
		if tag, isTag := strings.CutPrefix(name, "tag:"); isTag {
			property, ok = "tags."+tag, true
		}
		if !ok {
			return nil, fmt.Errorf("InvalidParameterValue: the filter '%s' is invalid", name)
		}
		values := props.Strings(f, "values[*]")
		out = slices.DeleteFunc(out, func(r view.Resource) bool { return !slices.Contains(values, propertyText(r, property)) })
	}
	if tags, ok := props.Get(args, "tags"); ok && tags.IsObject() {
		for k, v := range tags.ObjectValue() {
			out = slices.DeleteFunc(out, func(r view.Resource) bool {
				own, _ := props.Get(r.State, "tags")
				return !own.IsObject() || !own.ObjectValue()[k].DeepEquals(v)
			})
		}
	}
	return out, nil
}

func propertyText(r view.Resource, property string) string {
	if property == "id" {
		return r.ID
	}
	v, _ := props.Get(r.State, props.Path(property))
	if v.IsBool() {
		return fmt.Sprint(v.BoolValue())
	}
	if v.IsString() {
		return v.StringValue()
	}
	return ""
}
