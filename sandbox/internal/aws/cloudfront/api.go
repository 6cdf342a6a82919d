// Package cloudfront is Amazon CloudFront in the sandbox.
package cloudfront

import (
	"encoding/xml"
	"net/http"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

const (
	cloudFrontVersion   = "2020-05-31"
	cloudFrontNamespace = "http://cloudfront.amazonaws.com/doc/" + cloudFrontVersion + "/"
)

// The service answers Amazon CloudFront, REST-XML.
func init() {
	speak := wire.RESTXML{Namespace: cloudFrontNamespace, Routes: wire.Routes{
		"GET /" + cloudFrontVersion + "/distribution/{id}":        "GetDistribution",
		"GET /" + cloudFrontVersion + "/distribution/{id}/config": "GetDistributionConfig",
		"PUT /" + cloudFrontVersion + "/distribution/{id}/config": "UpdateDistribution",
	}}
	wire.Register(&wire.Service{Name: "cloudfront", Protocol: speak, Operations: map[string]wire.Handler{
		"GetDistribution":       getDistribution,
		"GetDistributionConfig": getDistributionConfig,
		"UpdateDistribution":    updateDistribution,
	}})
}

// distribution authorises the action on the distribution that the path names, and finds it.
func distribution(x *wire.Exchange, action string) (*Distribution, error) {
	id := x.Path("id")
	arn := "arn:" + view.Partition + ":cloudfront::" + view.AccountID + ":distribution/" + id
	if err := x.Allow(action, arn, nil); err != nil {
		return nil, err
	}
	found, ok, err := FindDistribution(x.Store, id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &wire.Error{Code: "NoSuchDistribution", Message: "The specified distribution does not exist.", Status: http.StatusNotFound}
	}
	return found, nil
}

func getDistributionConfig(x *wire.Exchange) (any, error) {
	found, err := distribution(x, "cloudfront:GetDistributionConfig")
	if err != nil {
		return nil, err
	}
	x.Header.Set("ETag", found.ETag)
	return wire.XMLDocument(found.Config), nil
}

func getDistribution(x *wire.Exchange) (any, error) {
	found, err := distribution(x, "cloudfront:GetDistribution")
	if err != nil {
		return nil, err
	}
	x.Header.Set("ETag", found.ETag)
	return viewDistribution(found, x.Now), nil
}

// distributionView is a distribution as the API shows it, around the configuration as it was sent.
type distributionView struct {
	XMLName       xml.Name
	ID            string `xml:"Id"`
	ARN           string `xml:"ARN"`
	Status        string `xml:"Status"`
	Modified      string `xml:"LastModifiedTime"`
	Invalidations int    `xml:"InProgressInvalidationBatches"`
	DomainName    string `xml:"DomainName"`
	Config        string `xml:",innerxml"`
}

func viewDistribution(d *Distribution, now time.Time) distributionView {
	status := "Deployed"
	if now.Before(d.DeployedAt) {
		status = "InProgress"
	}
	return distributionView{
		XMLName: xml.Name{Space: cloudFrontNamespace, Local: "Distribution"}, ID: d.ID, ARN: d.ARN, Status: status,
		Modified: d.LastModified.UTC().Format("2006-01-02T15:04:05.000Z"), DomainName: d.DomainName,
		Config: strings.TrimPrefix(d.Config, xml.Header),
	}
}

func updateDistribution(x *wire.Exchange) (any, error) {
	found, err := distribution(x, "cloudfront:UpdateDistribution")
	if err != nil {
		return nil, err
	}
	switch match := x.Request.Header.Get("If-Match"); match {
	case "":
		return nil, wire.Refuse("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
	case found.ETag:
	default:
		return nil, &wire.Error{
			Code: "PreconditionFailed", Status: http.StatusPreconditionFailed,
			Message: "The request failed because it didn't meet the preconditions in one or more request-header fields.",
		}
	}
	updated, err := checkUpdate(found.Config, string(x.Body))
	if err != nil {
		return nil, err
	}
	if err := checkRights(x, updated); err != nil {
		return nil, err
	}
	found.SetConfig(strings.TrimPrefix(string(x.Body), xml.Header), x.Now)
	if err := SaveDistribution(x.Store, found); err != nil {
		return nil, err
	}
	x.Header.Set("ETag", found.ETag)
	return viewDistribution(found, x.Now), nil
}
