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
	wire.Register(&wire.Service{Name: "cloudfront", Protocol: restXMLProtocol{}, Operations: map[string]wire.Handler{
		"GetDistribution":       getDistribution,
		"GetDistributionConfig": getDistributionConfig,
		"UpdateDistribution":    updateDistribution,
	}})
}

// restXMLProtocol is REST-XML as far as CloudFront's distributions need it: method and path name the operation.
type restXMLProtocol struct{}

// distributionPath splits /2020-05-31/distribution/ID[/config].
func distributionPath(path string) (id string, config, ok bool) {
	rest, ok := strings.CutPrefix(path, "/"+cloudFrontVersion+"/distribution/")
	if !ok {
		return "", false, false
	}
	id, config = strings.CutSuffix(rest, "/config")
	return id, config, id != "" && !strings.Contains(id, "/")
}

func (restXMLProtocol) Operation(x *wire.Exchange) string {
	_, config, ok := distributionPath(x.Request.URL.Path)
	switch method := x.Request.Method; {
	case ok && method == http.MethodGet && config:
		return "GetDistributionConfig"
	case ok && method == http.MethodGet:
		return "GetDistribution"
	case ok && method == http.MethodPut && config:
		return "UpdateDistribution"
	}
	return x.Request.Method + " " + x.Request.URL.Path
}

func (restXMLProtocol) Names() wire.ErrorNames { return wire.XMLNames }

func (restXMLProtocol) Write(w http.ResponseWriter, _ *wire.Exchange, result any) {
	document, _ := result.(string)
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(xml.Header + document)) // the client may be gone
}

func (p restXMLProtocol) WriteError(w http.ResponseWriter, x *wire.Exchange, e *wire.Error) {
	wire.WriteXMLError(w, x, cloudFrontNamespace, p.Names().Of(e))
}

// distribution authorises the action on the distribution that the path names, and finds it.
func distribution(x *wire.Exchange, action string) (*Distribution, error) {
	id, _, _ := distributionPath(x.Request.URL.Path)
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
	return found.Config, nil
}

func getDistribution(x *wire.Exchange) (any, error) {
	found, err := distribution(x, "cloudfront:GetDistribution")
	if err != nil {
		return nil, err
	}
	x.Header.Set("ETag", found.ETag)
	return viewDistribution(found, x.Now), nil
}

// viewDistribution wraps the configuration, as it was sent, into a Distribution document.
func viewDistribution(d *Distribution, now time.Time) string {
	status := "Deployed"
	if now.Before(d.DeployedAt) {
		status = "InProgress"
	}
	var b strings.Builder
	b.WriteString(`<Distribution xmlns="` + cloudFrontNamespace + `">`)
	for _, element := range [][2]string{
		{"Id", d.ID},
		{"ARN", d.ARN},
		{"Status", status},
		{"LastModifiedTime", d.LastModified.UTC().Format("2006-01-02T15:04:05.000Z")},
		{"InProgressInvalidationBatches", "0"},
		{"DomainName", d.DomainName},
	} {
		b.WriteString("<" + element[0] + ">")
		_ = xml.EscapeText(&b, []byte(element[1])) // a Builder never fails
		b.WriteString("</" + element[0] + ">")
	}
	b.WriteString(strings.TrimPrefix(d.Config, xml.Header))
	b.WriteString("</Distribution>")
	return b.String()
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
