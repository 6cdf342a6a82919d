// Package route53 is Amazon Route 53 in the sandbox.
package route53

import (
	_ "embed"
	"net/netip"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("route53", schemaJSON)
	kind.Register(route53Kinds())
}

func route53Kinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeRecord: {
			Refs:   []kind.Ref{{Path: "zoneId", To: toZone}},
			Check:  kind.InTurn(checkRecord, checkLabels),
			Verify: verifyRecord,
			Create: createRecord,
		},
	}
}

func checkRecord(c *kind.Checker) {
	typ, _ := c.Text("type")
	records := props.All(c.In, "records[*]")
	if typ == "CNAME" && len(records) > 1 {
		c.Fail("records", "InvalidChangeBatch: a CNAME has exactly one value, this one %d", len(records))
	}
	for _, f := range records {
		if !f.Value.IsString() {
			continue
		}
		value := f.Value.StringValue()
		ip, err := netip.ParseAddr(value)
		switch {
		case typ == "A" && (err != nil || !ip.Is4()):
			c.Fail(f.Path, "InvalidChangeBatch: Invalid Resource Record: ARRDATAIllegalIPv4Address: %q", value)
		case typ == "AAAA" && (err != nil || !ip.Is6()):
			c.Fail(f.Path, "InvalidChangeBatch: Invalid Resource Record: AAAARRDATAIllegalIPv6Address: %q", value)
		case typ == "CNAME" && (err == nil || !strings.Contains(value, ".") || strings.ContainsAny(value, " /:")):
			c.Fail(f.Path, "InvalidChangeBatch: Invalid Resource Record: the value of a CNAME must be a domain name, got %q", value)
		}
	}
}

// fqdn is the full name of a record: names without the zone get it appended.
func fqdn(name, zone string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	zone = strings.TrimSuffix(zone, ".")
	switch {
	case name == "":
		return zone
	case name == zone, strings.HasSuffix(name, "."+zone):
		return name
	default:
		return name + "." + zone
	}
}

func zoneName(c *kind.Call) string {
	zone, _ := toZone.Find(c.View, c.Str("zoneId"))
	return props.Str(zone.State, "name")
}

// verifyRecord: one set per name and type, and a CNAME stands alone and never at
// the zone's own name.
func verifyRecord(c *kind.Call) {
	zone := zoneName(c)
	if zone == "" || c.Str("name") == "" && !props.AnyUnknown(c.In, "name") {
		return
	}
	name, typ := fqdn(c.Str("name"), zone), c.Str("type")
	if typ == "CNAME" && name == strings.TrimSuffix(zone, ".") {
		c.Refuse("name", "InvalidChangeBatch", "RRSet of type CNAME with DNS name %s. is not permitted at apex in zone %s.", name, zone)
	}
	for _, r := range c.By(view.TypeRecord, "zoneId", c.Str("zoneId")) {
		if r.ID == c.Old.ID || (c.DryRun && r.URN == c.URN && c.URN != "") || fqdn(props.Str(r.State, "name"), zone) != name {
			continue
		}
		other := props.Str(r.State, "type")
		switch {
		case other == typ && props.Str(r.State, "setIdentifier") == c.Str("setIdentifier") && !props.Bool(c.In, "allowOverwrite"):
			c.Refuse("name", "InvalidChangeBatch", "Tried to create resource record set [name='%s.', type='%s'] but it already exists: %s", name,
				typ, kind.Describe(r))
		case (other == "CNAME") != (typ == "CNAME"):
			c.Refuse("name", "InvalidChangeBatch", "RRSet of type %s with DNS name %s. is not permitted because a conflicting RRSet of type %s "+
				"with the same DNS name already exists in zone %s.", typ, name, other, zone)
		}
	}
}

func createRecord(c *kind.Call) error {
	zone := zoneName(c)
	name := strings.ToLower(strings.TrimSuffix(c.Str("name"), "."))
	c.ID = c.Str("zoneId") + "_" + name + "_" + c.Str("type")
	if set := c.Str("setIdentifier"); set != "" {
		c.ID += "_" + set
	}
	c.Set("fqdn", fqdn(name, zone))
	return nil
}

var toZone = kind.Target{
	Types: []string{view.TypeZone}, By: []string{"zoneId"}, Generated: true,
	Code: "NoSuchHostedZone", Message: "No hosted zone found with ID: %s",
}

// checkLabels: the limits of DNS names, in Route 53's words.
func checkLabels(c *kind.Checker) {
	name, ok := c.Text("name")
	if !ok {
		return
	}
	const longestLabel, longestName = 63, 255
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if len(label) > longestLabel {
			c.Fail("name", "InvalidChangeBatch: FATAL problem: DomainLabelTooLong (Domain label is too long) encountered with '%s': "+
				"%q has %d characters, a label has at most %d", name, label, len(label), longestLabel)
		}
		if label == "" && name != "" && name != "." {
			c.Fail("name", "InvalidChangeBatch: FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with '%s'", name)
		}
	}
	if len(name) > longestName {
		c.Fail("name", "InvalidChangeBatch: FATAL problem: DomainNameTooLong: it has %d characters, at most %d are allowed",
			len(name), longestName)
	}
}
