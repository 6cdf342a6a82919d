package account

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
)

// typeOf finds the schema and the behaviour of a type.
func typeOf(token string) (*schema.Type, *kind.Kind, error) {
	t, ok := schema.Lookup(token)
	k, known := kind.Of(token)
	if !ok || !known {
		return nil, nil, fmt.Errorf("the sandbox account does not know the resource type %q; it knows what this project deploys: %s",
			token, strings.Join(kind.Types(), ", "))
	}
	return t, k, nil
}

// Check validates inputs and fills in defaults, generated names and tagsAll, the
// resource's own tags on top of the provider's default tags. Values that are not
// known yet pass; secrets stay secret.
func (a *Account) Check(req CheckRequest) (CheckResult, error) {
	t, k, err := typeOf(req.Type)
	if err != nil {
		return CheckResult{}, err
	}
	inputs, failures := t.Check(req.NewInputs, req.OldInputs, namer(req))
	if t.HasTags() {
		inputs[schema.TagsAll] = mergeTags(req.DefaultTags, inputs["tags"])
	}
	plain := props.PlainMap(inputs)
	failures = append(failures, t.CheckPatterns(plain)...)
	failures = append(failures, t.CheckRules(plain)...)
	failures = append(failures, k.CheckInputs(plain)...)
	slices.SortStableFunc(failures, func(a, b Failure) int {
		return cmp.Or(strings.Compare(a.Property, b.Property), strings.Compare(a.Reason, b.Reason))
	})
	return CheckResult{Inputs: inputs, Failures: slices.Compact(failures)}, nil
}

// errNoName is the failure of a stack that switched autonaming off.
var errNoName = errors.New("a name is required: automatic naming is switched off for this stack (pulumi:autonaming)")

func namer(req CheckRequest) schema.Namer {
	name := kind.NameOf(req.URN, "resource")
	return func(p *schema.AutoName) (string, error) {
		switch {
		case req.Autonaming == nil:
			return schema.Generate(p, name, req.RandomSeed)
		case req.Autonaming.Mode == AutonamingDisable:
			return "", errNoName
		case req.Autonaming.Mode == AutonamingEnforce:
			return req.Autonaming.ProposedName, nil
		}
		proposed := p.Prefix + req.Autonaming.ProposedName
		if p.Lower {
			proposed = strings.ToLower(proposed)
		}
		if len(proposed) > p.Max {
			return "", fmt.Errorf("the generated name %q has %d characters, AWS allows %d; give a shorter one", proposed, len(proposed), p.Max)
		}
		return proposed, nil
	}
}

// mergeTags is the provider's tagsAll: a resource's own tag wins over a default
// tag of the same name, whether or not the values are equal.
func mergeTags(defaults map[string]string, own props.Value) props.Value {
	merged := make(props.Map, len(defaults))
	for k, v := range defaults {
		merged[props.Key(k)] = props.Of(v)
	}
	secret := own.ContainsSecrets()
	if own.ContainsUnknowns() {
		return props.Unknown()
	}
	if plain := props.Plain(own); plain.IsObject() {
		for k, v := range plain.ObjectValue() {
			merged[k] = v
		}
	}
	if secret {
		return resource.MakeSecret(resource.NewProperty(merged))
	}
	return resource.NewProperty(merged)
}
