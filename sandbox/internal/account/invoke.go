package account

import (
	"context"
	"fmt"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/store"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Invoke answers a data-source call, such as aws:ec2/getVpc:getVpc. A call that
// finds nothing, or too much, fails like the provider's.
func (a *Account) Invoke(_ context.Context, req InvokeRequest) (InvokeResult, error) {
	find, ok := kind.LookupOf(req.Token)
	if !ok {
		return InvokeResult{}, fmt.Errorf("the sandbox account does not know the function %q; it knows %s",
			req.Token, strings.Join(kind.LookupTokens(), ", "))
	}
	var out props.Map
	err := a.store.View(func(v store.View) error {
		var err error
		out, err = find(v, props.PlainMap(req.Args))
		out = props.CopyMap(out)
		return err
	})
	if err != nil {
		return InvokeResult{}, fmt.Errorf("invoking %s: %w", req.Token, err)
	}
	return InvokeResult{Return: out}, nil
}

// What belongs to no service: the account itself and where it is.
func init() {
	kind.RegisterLookups(map[string]kind.Lookup{
		"aws:index/getCallerIdentity:getCallerIdentity": func(store.View, props.Map) (props.Map, error) {
			return props.Map{
				"accountId": props.Of(view.AccountID), "arn": props.Of(view.CallerARN), "userId": props.Of(view.CallerUserID),
				"id": props.Of(view.AccountID),
			}, nil
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
				"id": props.Of(view.Region), "names": props.Of(view.AvailabilityZones[:]), "zoneIds": props.Of(ids),
				"groupNames": props.Of([]string{view.Region}),
			}, nil
		},
	})
}
