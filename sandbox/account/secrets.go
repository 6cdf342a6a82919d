package account

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/account/schema"
)

// MarkSecrets returns properties with every top-level value marked secret that
// is secret in like, or that the provider always masks. The account itself works
// on plain values: whoever passes its answers on to the engine marks them again.
func (a *Account) MarkSecrets(typ string, properties, like resource.PropertyMap) resource.PropertyMap {
	out := make(resource.PropertyMap, len(properties))
	t, known := schema.Lookup(typ)
	for k, v := range properties {
		p := (*schema.Property)(nil)
		if known {
			p = t.Inputs[string(k)]
		}
		secret := like[k].ContainsSecrets() || (p != nil && p.Secret && !v.IsNull())
		if secret && !v.IsSecret() && !v.IsComputed() {
			v = resource.MakeSecret(v)
		}
		out[k] = v
	}
	return out
}
