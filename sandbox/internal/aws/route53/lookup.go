package route53

import (
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func init() {
	kind.RegisterLookups(map[string]kind.Lookup{
		"aws:route53/getZone:getZone": lookupZone,
	})
}

func lookupZone(v kind.View, args props.Map) (props.Map, error) {
	list := v.List(view.TypeZone)
	list = slices.Clone(list)
	if id, ok := props.String(args, "zoneId"); ok {
		list = slices.DeleteFunc(list, func(r view.Resource) bool { return r.ID != id })
	}
	if name, ok := props.String(args, "name"); ok {
		name = strings.TrimSuffix(name, ".")
		list = slices.DeleteFunc(list, func(r view.Resource) bool { return strings.TrimSuffix(props.Str(r.State, "name"), ".") != name })
	}
	private := props.Bool(args, "privateZone")
	list = slices.DeleteFunc(list, func(r view.Resource) bool { return props.Bool(r.State, "privateZone") != private })
	r, err := kind.Only(list, "Route53 Hosted Zone", args)
	if err != nil {
		return nil, err
	}
	out := props.CopyMap(r.State)
	out["id"], out["zoneId"] = props.Of(r.ID), props.Of(r.ID)
	return out, nil
}
