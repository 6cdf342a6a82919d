package ec2

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// The service answers Amazon EC2, which has a query protocol of its own.
func init() {
	speak := ec2Protocol{wire.Query{Namespace: "http://ec2.amazonaws.com/doc/2016-11-15/"}}
	wire.Register(&wire.Service{Name: "ec2", Protocol: speak, Operations: map[string]wire.Handler{
		"DescribeSubnets":  wire.QueryOperation(describeSubnets),
		"CreateDefaultVpc": wire.QueryOperation(createDefaultVPC),
	}})
}

// ec2Protocol is AWS Query, but that an answer has no Result element, and an error another envelope (EC2 API reference).
type ec2Protocol struct{ wire.Query }

func (p ec2Protocol) Write(w http.ResponseWriter, x *wire.Exchange, result any) {
	wire.WriteXML(w, http.StatusOK, func(e *xml.Encoder) error {
		return e.EncodeElement(result, xml.StartElement{
			Name: xml.Name{Local: x.Operation + "Response"}, Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: p.Namespace}},
		})
	})
}

func (p ec2Protocol) WriteError(w http.ResponseWriter, x *wire.Exchange, e *wire.Error) {
	rendered := p.Names().Of(e)
	wire.WriteXML(w, rendered.Status, func(encoder *xml.Encoder) error {
		return encoder.Encode(struct {
			XMLName   xml.Name `xml:"Response"`
			Code      string   `xml:"Errors>Error>Code"`
			Message   string   `xml:"Errors>Error>Message"`
			RequestID string   `xml:"RequestID"`
		}{Code: rendered.Code, Message: rendered.Message, RequestID: x.RequestID()})
	})
}

type subnetView struct {
	ID            string `xml:"subnetId"`
	ARN           string `xml:"subnetArn"`
	VPC           string `xml:"vpcId"`
	CIDR          string `xml:"cidrBlock"`
	Zone          string `xml:"availabilityZone"`
	ZoneID        string `xml:"availabilityZoneId"`
	State         string `xml:"state"`
	DefaultForAZ  bool   `xml:"defaultForAz"`
	PublicAddress bool   `xml:"mapPublicIpOnLaunch"`
}

// describeSubnets knows the filter by which the default subnets are found.
func describeSubnets(p *wire.Parameters) func(x *wire.Exchange) (any, error) {
	name := p.Text("Filter.1.Name")
	var values []string
	for i := 1; p.Has("Filter.1.Value." + strconv.Itoa(i)); i++ {
		values = append(values, p.Text("Filter.1.Value."+strconv.Itoa(i)))
	}
	return func(x *wire.Exchange) (any, error) {
		if err := x.Allow("ec2:DescribeSubnets", "*", nil); err != nil {
			return nil, err
		}
		if name != "" && name != "default-for-az" {
			return nil, wire.NotSupported("the sandbox does not implement filter %s of DescribeSubnets", name)
		}
		var out struct {
			Subnets []subnetView `xml:"subnetSet>item"`
		}
		for _, r := range x.Store.List(view.TypeSubnet) {
			isDefault := r.State["defaultForAz"].IsBool() && r.State["defaultForAz"].BoolValue()
			if name != "" && !slices.Contains(values, strconv.FormatBool(isDefault)) {
				continue
			}
			out.Subnets = append(out.Subnets, subnetView{
				ID: r.ID, ARN: view.Text(r, "arn"), VPC: view.Text(r, "vpcId"), CIDR: view.Text(r, "cidrBlock"),
				Zone: view.Text(r, "availabilityZone"), ZoneID: view.Text(r, "availabilityZoneId"), State: "available", DefaultForAZ: isDefault,
				PublicAddress: r.State["mapPublicIpOnLaunch"].IsBool() && r.State["mapPublicIpOnLaunch"].BoolValue(),
			})
		}
		return out, nil
	}
}

// createDefaultVPC refuses, since the simulated account always has one.
func createDefaultVPC(*wire.Parameters) func(x *wire.Exchange) (any, error) {
	return func(x *wire.Exchange) (any, error) {
		if err := x.Allow("ec2:CreateDefaultVpc", "*", nil); err != nil {
			return nil, err
		}
		return nil, wire.Refuse("DefaultVpcAlreadyExists", "A Default VPC already exists for this account in this region: %s.", view.DefaultVPCID)
	}
}
