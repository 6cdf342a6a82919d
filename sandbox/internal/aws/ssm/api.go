package ssm

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// The service answers Systems Manager, AWS JSON 1.1.
func init() {
	wire.Register(&wire.Service{Name: "ssm", Protocol: wire.JSON{}, Operations: map[string]wire.Handler{
		"GetParameter": wire.JSONOperation(getParameter),
		"PutParameter": wire.JSONOperation(putParameter),
	}})
}

// find gives the parameter of a name or ARN and authorises the call on it, also when there is none.
func find(x *wire.Exchange, action, name string) (found view.Resource, ok bool, err error) {
	arn := name
	if !strings.HasPrefix(name, "arn:") {
		arn = view.ARN("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
	}
	if err := x.Allow(action, arn, nil); err != nil {
		return found, false, err
	}
	found, ok = view.FindByARN(x.Store, view.TypeParameter, arn)
	return found, ok, nil
}

func getParameter(x *wire.Exchange, in *struct {
	Name           string `json:"Name"`
	WithDecryption bool   `json:"WithDecryption"`
},
) (any, error) {
	found, ok, err := find(x, "ssm:GetParameter", in.Name)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, wire.Refuse("ParameterNotFound", "")
	case view.Text(found, "type") == "SecureString":
		return nil, wire.NotSupported("the sandbox does not implement SecureString parameters")
	}
	version, _ := props.Int(found.State, "version")
	return map[string]any{"Parameter": map[string]any{
		"Name": view.Text(found, "name"), "Type": view.Text(found, "type"), "Value": view.Text(found, "value"), "Version": version,
		"ARN": view.Text(found, "arn"), "DataType": view.Text(found, "dataType"),
	}}, nil
}

// putParameter changes a parameter that there is; the program makes new ones.
func putParameter(x *wire.Exchange, in *struct {
	Name      string `json:"Name"`
	Value     string `json:"Value"`
	Type      string `json:"Type"`
	Overwrite bool   `json:"Overwrite"`
},
) (any, error) {
	found, ok, err := find(x, "ssm:PutParameter", in.Name)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, wire.NotSupported("the sandbox makes no parameter by its API; %s does not exist", in.Name)
	case !in.Overwrite:
		return nil, wire.Refuse("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in "+
			"the request to true.")
	case len(in.Value) > maxStandard:
		return nil, wire.Refuse("ValidationException", "Standard tier parameters support a maximum parameter value of %d characters.",
			maxStandard)
	}
	version := 0
	err = x.Store.Mutate(view.TypeParameter, found.ID, func(state resource.PropertyMap) error {
		if before, ok := props.Int(state, "version"); ok {
			version = before + 1
		}
		for _, name := range []resource.PropertyKey{"value", "insecureValue"} {
			state[name] = resource.NewProperty(in.Value)
		}
		state["version"] = resource.NewProperty(float64(version))
		return nil
	})
	return map[string]any{"Version": version, "Tier": "Standard"}, err
}
