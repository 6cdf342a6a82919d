package elb

import (
	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func init() {
	kind.RegisterLookups(map[string]kind.Lookup{
		"aws:lb/getLoadBalancer:getLoadBalancer": kind.StateLookup{
			Type: view.TypeLoadBalancer, By: map[string]string{"arn": "id", "name": "name"},
		}.Find,
		"aws:lb/getListener:getListener": kind.StateLookup{
			Type: view.TypeListener, By: map[string]string{"arn": "id", "loadBalancerArn": "loadBalancerArn", "port": "port"},
		}.Find,
	})
}
