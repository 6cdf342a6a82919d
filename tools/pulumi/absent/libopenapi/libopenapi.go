// Package libopenapi stands where the Pulumi CLI expects a reader of OpenAPI documents. The CLI needs that for one
// command, `pulumi api`, which calls the service of Pulumi Cloud; compiling the real one takes a fifth of the
// CLI's build. Whoever calls that command is told to take the official release.
package libopenapi

import (
	"errors"

	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// ErrAbsent is what every document is answered with.
var ErrAbsent = errors.New("this Pulumi CLI was built from its module for the sandbox, without the reader of OpenAPI documents: " +
	"install the official release, https://www.pulumi.com/docs/install/")

// Document would be a parsed document; there is none.
type Document struct{}

// Model is the form in which the CLI takes a document of OpenAPI 3.
type Model struct{ Model v3.Document }

// NewDocument refuses with ErrAbsent.
func NewDocument([]byte) (*Document, error) { return nil, ErrAbsent }

// BuildV3Model refuses with ErrAbsent.
func (*Document) BuildV3Model() (*Model, error) { return nil, ErrAbsent }
