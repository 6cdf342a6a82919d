// Package v3 names the parts of an OpenAPI 3 document that the Pulumi CLI mentions. None is ever filled.
package v3

import (
	"github.com/pb33f/libopenapi/datamodel/high/base"
	"github.com/pb33f/libopenapi/orderedmap"
	"go.yaml.in/yaml/v4"
)

// The parts of a document, as far as the CLI mentions them.
type (
	Document struct {
		Info       *Info
		Components *Components
		Paths      *Paths
	}
	Info       struct{ Version string }
	Components struct {
		Schemas *orderedmap.Map[string, *base.SchemaProxy]
	}
	Paths struct {
		PathItems *orderedmap.Map[string, *PathItem]
	}
	PathItem  struct{ Get, Put, Post, Delete, Patch, Head *Operation }
	Operation struct {
		OperationId, Summary, Description string
		Tags                              []string
		Deprecated                        *bool
		Extensions                        *orderedmap.Map[string, *yaml.Node]
		Parameters                        []*Parameter
		RequestBody                       *RequestBody
		Responses                         *Responses
	}
	Parameter struct {
		Name, In, Description string
		Required              *bool
		Schema                *base.SchemaProxy
	}
	RequestBody struct {
		Content *orderedmap.Map[string, *MediaType]
	}
	Responses struct {
		Codes   *orderedmap.Map[string, *Response]
		Default *Response
	}
	Response struct {
		Description string
		Content     *orderedmap.Map[string, *MediaType]
	}
	MediaType struct{ Schema *base.SchemaProxy }
)
