package infra

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
	"github.com/webordinary/live-edit/infra/config"
)

// keeping says how a stack treats what holds data.
type keeping struct {
	protect bool
	adopt   map[string]string
}

// keepingOf is how a stack treats resources that hold data (D6).
func keepingOf(cfg *config.Config) keeping { return keeping{protect: cfg.Protect, adopt: cfg.Adopt} }

// protected returns the options of a child that a protecting stack refuses to destroy or replace. Without protection
// nothing is said: saying false would undo the protection of the component.
func (k keeping) protected(parent pulumi.Resource, own ...pulumi.ResourceOption) []pulumi.ResourceOption {
	opts := component.Child(parent, own...)
	if k.protect {
		opts = append(opts, pulumi.Protect(true))
	}
	return opts
}

// retained returns the options of a child that holds data: destroying the stack leaves it in the account, protect
// refuses the destroy in the first place, and a resource kept by an earlier destroy is imported by its ID.
// Components do not forward these options, so they sit on the child itself (D6).
func (k keeping) retained(parent pulumi.Resource, name string, own ...pulumi.ResourceOption) []pulumi.ResourceOption {
	opts := append(component.Child(parent, own...), pulumi.RetainOnDelete(true))
	if k.protect {
		opts = append(opts, pulumi.Protect(true))
	}
	if id, ok := k.adopt[name]; ok {
		opts = append(opts, pulumi.Import(pulumi.ID(id)))
	}
	return opts
}

// settingOf returns the options of a child that configures a retained resource, such as a bucket's policy: it stays
// with it on destroy, and writing it again replaces it in place, so it needs no import.
func settingOf(parent pulumi.Resource, own ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append(component.Child(parent, own...), pulumi.RetainOnDelete(true))
}
