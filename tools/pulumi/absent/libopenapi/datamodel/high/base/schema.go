// Package base names the parts of a schema that the Pulumi CLI mentions. None is ever filled.
package base

import (
	"github.com/pb33f/libopenapi/orderedmap"
	"go.yaml.in/yaml/v4"
)

// Schema is a schema of OpenAPI 3, as far as the CLI mentions it.
type Schema struct {
	Type                                      []string
	Format, Pattern, Description              string
	AllOf, OneOf, AnyOf                       []*SchemaProxy
	Properties                                *orderedmap.Map[string, *SchemaProxy]
	AdditionalProperties, Items               *DynamicValue[*SchemaProxy, bool]
	Discriminator                             *Discriminator
	Required                                  []string
	Enum                                      []*yaml.Node
	Default                                   *yaml.Node
	Nullable, ReadOnly, WriteOnly, Deprecated *bool
	MinLength, MaxLength, MinItems, MaxItems  *int64
	Minimum, Maximum, MultipleOf              *float64
	Extensions                                *orderedmap.Map[string, *yaml.Node]
}

// Low is the schema as it was written.
type Low struct{}

// Hash would tell schemas apart.
func (*Low) Hash() uint64 { return 0 }

// GoLow returns nothing: no schema was ever read.
func (*Schema) GoLow() *Low { return nil }

// MarshalJSONInline has nothing to write.
func (*Schema) MarshalJSONInline() ([]byte, error) { return nil, nil }

// SchemaProxy would lead to a schema.
type SchemaProxy struct{}

// Schema returns nothing: no schema was ever read.
func (*SchemaProxy) Schema() *Schema { return nil }

// DynamicValue is one of two types.
type DynamicValue[A, B any] struct {
	A A
	B B
}

// IsA says whether the first one is set.
func (*DynamicValue[A, B]) IsA() bool { return false }

// Discriminator tells the members of a union apart.
type Discriminator struct {
	PropertyName string
	Mapping      *orderedmap.Map[string, string]
}
