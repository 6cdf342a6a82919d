package kind

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/account/store"
)

// Call is one create, update or delete of a resource.
type Call struct {
	// View is the account before the call.
	View
	// Tx stages changes of other resources; nil in previews.
	Tx *store.Tx

	Type, URN string
	// In are the inputs (create) or the state with the new inputs (update,
	// delete), without secrets. In a preview values may be unknown.
	In props.Map
	// Changed are the names of the inputs that an update changes; nil otherwise.
	Changed map[string]bool
	// Old is the resource before an update or delete.
	Old Resource
	// DryRun is a preview.
	DryRun bool
	Now    time.Time
	// CodeDir is where function code is kept.
	CodeDir string

	// ID is the store's ID; Create sets it.
	ID string
	// State is what will be kept: the inputs, and what Create and Update set.
	State props.Map

	seed   string
	faults []error
}

// Creating reports whether the call makes a new resource.
func (c *Call) Creating() bool { return c.Changed == nil }

// Touches reports whether the call sets or changes that input.
func (c *Call) Touches(names ...string) bool {
	if c.Changed == nil {
		return true
	}
	for _, n := range names {
		if c.Changed[n] {
			return true
		}
	}
	return false
}

// Refuse adds a fault of one property.
func (c *Call) Refuse(path, code, format string, args ...any) {
	c.faults = append(c.faults, &Error{
		Type: c.Type, Name: NameOf(c.URN, c.ID), Property: path, Value: valueText(c.In, path), Code: code, Message: fmt.Sprintf(format, args...),
	})
}

// Fault adds a failure of the account itself.
func (c *Call) Fault(err error) { c.faults = append(c.faults, err) }

// Forgive drops the faults so far: what the provider removes by itself blocks nothing.
func (c *Call) Forgive() { c.faults = nil }

// Err joins the faults.
func (c *Call) Err() error { return errors.Join(c.faults...) }

// Str returns an input's text, "" when absent or unknown.
func (c *Call) Str(path string) string { return props.Str(c.In, props.Path(path)) }

// Set sets an output.
func (c *Call) Set(name string, value any) { c.State[props.Key(name)] = props.Of(value) }

// Default sets an output unless the inputs give it.
func (c *Call) Default(name string, value any) {
	if v, ok := c.State[props.Key(name)]; !ok || v.IsNull() {
		c.Set(name, value)
	}
}

// Seed returns the text that everything random about the resource derives from:
// the same program gives the same IDs in every new account, and a resource that
// is created again gets others.
func (c *Call) Seed() string {
	if c.seed == "" {
		base := c.Type + "|" + c.URN
		c.seed = base + "|" + strconv.FormatInt(c.Tx.Next("created|"+base), 10)
	}
	return c.seed
}

// Sum is the hash of the seed and a label: the source of what looks random.
func (c *Call) Sum(label string) [sha256.Size]byte {
	return sha256.Sum256([]byte(c.Seed() + "|" + label))
}

// Hex returns n hexadecimal digits that belong to the resource and the label.
func (c *Call) Hex(label string, n int) string {
	sum := c.Sum(label)
	return hex.EncodeToString(sum[:])[:n]
}

// Digits returns n decimal digits, the first of them not 0.
func (c *Call) Digits(label string, n int) string {
	sum := c.Sum(label)
	digits := new(big.Int).SetBytes(sum[:]).String()
	digits = strings.TrimLeft(digits, "0") + "1000000000"
	return digits[:n]
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// Alphanumeric returns n letters and digits.
func (c *Call) Alphanumeric(label string, n int) string {
	sum := c.Sum(label)
	out := make([]byte, n)
	for i := range out {
		out[i] = alphanumeric[int(sum[i])%len(alphanumeric)]
	}
	return string(out)
}

// UUID returns a UUID.
func (c *Call) UUID(label string) string {
	h := c.Hex(label, 32)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

// EC2ID returns an ID as EC2 and EFS make them: prefix, 0, and 16 digits.
func (c *Call) EC2ID(prefix string) string { return prefix + "-0" + c.Hex(prefix, 16) }

// Name returns the name input, or one made from namePrefix as Terraform does:
// the prefix and 26 digits.
func (c *Call) Name() string {
	if n := c.Str("name"); n != "" {
		return n
	}
	name := c.Str("namePrefix") + c.Hex("name", 26)
	c.Set("name", name)
	return name
}

// Checker collects faults that the inputs alone show.
type Checker struct {
	// In are the checked inputs without secrets; values may be unknown.
	In       props.Map
	Failures []Failure
}

// Failure is a faulty property.
type Failure = schema.Failure

// Fail adds a fault.
func (c *Checker) Fail(path, format string, args ...any) {
	c.Failures = append(c.Failures, Failure{Property: path, Reason: fmt.Sprintf(format, args...)})
}

// Text returns the text at a path and whether it is set and known.
func (c *Checker) Text(path string) (string, bool) { return props.String(c.In, props.Path(path)) }

// Int returns the number at a path and whether it is set and known.
func (c *Checker) Int(path string) (int, bool) { return props.Int(c.In, props.Path(path)) }

// Set reports whether an input is set, known or not.
func (c *Checker) Set(path string) bool { return props.Has(c.In, props.Path(path)) }

// FillObject adds what AWS chooses to the parts of an object that are not given.
func (c *Call) FillObject(name string, defaults map[string]any) {
	object := props.Map{}
	if v := c.State[props.Key(name)]; v.IsObject() {
		object = props.CopyMap(v.ObjectValue())
	}
	for k, d := range defaults {
		if v, ok := object[props.Key(k)]; !ok || v.IsNull() {
			object[props.Key(k)] = props.Of(d)
		}
	}
	c.State[props.Key(name)] = props.Of(object)
}

// TextOf is a known text, "" for everything else.
func TextOf(v props.Value) string {
	if v, known := props.Known(v); known && v.IsString() {
		return v.StringValue()
	}
	return ""
}

// Join is the path of a property inside another, which may be the resource itself.
func Join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}
