// Package ssm is AWS Systems Manager in the sandbox: its Parameter Store.
package ssm

import (
	_ "embed"
	"regexp"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("ssm", schemaJSON)
	kind.Register(map[string]*kind.Kind{view.TypeParameter: {
		Unique: []kind.Unique{{
			Paths: []string{"name"}, Code: "ParameterAlreadyExists", Message: "The parameter %s already exists",
			Adopt: "import it by its name, or choose another name",
		}},
		Check:  checkParameter,
		Create: createParameter,
		Update: func(c *kind.Call) error { setVersion(c); return nil },
	}})
}

// Sizes of values (Systems Manager user guide, "Managing parameter tiers").
const (
	maxStandard = 4 << 10
	maxAdvanced = 8 << 10
)

// maxName is what a name may have with the ARN's beginning (API reference, PutParameter).
const maxName = 1011

var parameterName = regexp.MustCompile(`^[A-Za-z0-9_.\-/]+$`)

func checkParameter(c *kind.Checker) {
	if name, ok := c.Text("name"); ok {
		switch {
		case !parameterName.MatchString(name) || len(name) > maxName:
			c.Fail("name", "ValidationException: Parameter name: can't have other characters than letters, digits and _.-/, got %q", name)
		case strings.Contains(name, "/") && !strings.HasPrefix(name, "/"):
			c.Fail("name", "ValidationException: Parameter name must be a fully qualified name: it has a / and does not begin with one, "+
				"got %q", name)
		case reserved(name):
			c.Fail("name", "AccessDeniedException: No access to reserved parameter name: %s", name)
		}
	}
	checkValue(c)
}

func checkValue(c *kind.Checker) {
	most := maxStandard
	if tier, _ := c.Text("tier"); tier == "Advanced" || tier == "Intelligent-Tiering" {
		most = maxAdvanced
	}
	for _, path := range []string{"value", "insecureValue"} {
		value, ok := c.Text(path)
		if ok && len(value) > most {
			c.Fail(path, "ValidationException: the value has %d bytes; a parameter of this tier takes %d", len(value), most)
		}
		if strings.Contains(value, "{{") {
			c.Fail(path, "ValidationException: Parameter value can't contain parameter references ({{...}})")
		}
	}
}

// reserved are names that begin with aws or ssm, with or without a slash.
func reserved(name string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(name), "/"), "/")
	return strings.HasPrefix(first, "aws") || strings.HasPrefix(first, "ssm")
}

func createParameter(c *kind.Call) error {
	c.ID = c.Name()
	c.Default("arn", view.ARN("ssm", "parameter/"+strings.TrimPrefix(c.ID, "/")))
	c.Default("dataType", "text")
	c.Default("tier", "Standard")
	setVersion(c)
	return nil
}

// setVersion counts up, and keeps value and insecureValue alike, as the provider reads both back.
func setVersion(c *kind.Call) {
	version := 1
	if !c.Creating() {
		before, _ := props.Int(c.Old.State, "version")
		if version = before; c.Touches("value", "insecureValue", "type") {
			version++
		}
	}
	c.Set("version", version)
	if c.Str("type") == "SecureString" {
		return
	}
	value := c.Str("value")
	// An update has the old values, too, beside what changed.
	if c.Creating() && props.Has(c.In, "insecureValue") || !c.Creating() && c.Touches("insecureValue") && !c.Touches("value") {
		value = c.Str("insecureValue")
	}
	c.Set("value", value)
	c.Set("insecureValue", value)
}
