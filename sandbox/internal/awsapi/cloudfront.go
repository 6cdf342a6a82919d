package awsapi

import (
	"encoding/xml"
	"net/http"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/world"
)

const (
	cloudFrontVersion   = "2020-05-31"
	cloudFrontNamespace = "http://cloudfront.amazonaws.com/doc/" + cloudFrontVersion + "/"
)

// cloudFrontService answers Amazon CloudFront, REST-XML.
func cloudFrontService() *service {
	return &service{name: "cloudfront", protocol: restXMLProtocol{}, operations: map[string]handler{
		"GetDistribution":       getDistribution,
		"GetDistributionConfig": getDistributionConfig,
		"UpdateDistribution":    updateDistribution,
	}}
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

func (restXMLProtocol) operation(x *exchange) string {
	_, config, ok := distributionPath(x.request.URL.Path)
	switch method := x.request.Method; {
	case ok && method == http.MethodGet && config:
		return "GetDistributionConfig"
	case ok && method == http.MethodGet:
		return "GetDistribution"
	case ok && method == http.MethodPut && config:
		return "UpdateDistribution"
	}
	return x.request.Method + " " + x.request.URL.Path
}

func (restXMLProtocol) names() names { return xmlNames }

func (restXMLProtocol) write(w http.ResponseWriter, _ *exchange, result any) {
	document, _ := result.(string)
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(xml.Header + document)) // the client may be gone
}

func (p restXMLProtocol) writeError(w http.ResponseWriter, x *exchange, e *Error) {
	writeXMLError(w, x, cloudFrontNamespace, p.names().of(e))
}

// distribution authorises the action on the distribution that the path names, and finds it.
func (x *exchange) distribution(action string) (*world.Distribution, error) {
	id, _, _ := distributionPath(x.request.URL.Path)
	arn := "arn:" + view.Partition + ":cloudfront::" + view.AccountID + ":distribution/" + id
	if err := x.allow(action, arn, nil); err != nil {
		return nil, err
	}
	found, ok, err := world.FindDistribution(x.server.options.Store, id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &Error{Code: "NoSuchDistribution", Message: "The specified distribution does not exist.", Status: http.StatusNotFound}
	}
	return found, nil
}

func getDistributionConfig(x *exchange) (any, error) {
	found, err := x.distribution("cloudfront:GetDistributionConfig")
	if err != nil {
		return nil, err
	}
	x.header.Set("ETag", found.ETag)
	return found.Config, nil
}

func getDistribution(x *exchange) (any, error) {
	found, err := x.distribution("cloudfront:GetDistribution")
	if err != nil {
		return nil, err
	}
	x.header.Set("ETag", found.ETag)
	return viewDistribution(found, x.now), nil
}

// viewDistribution wraps the configuration, as it was sent, into a Distribution document.
func viewDistribution(d *world.Distribution, now time.Time) string {
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

func updateDistribution(x *exchange) (any, error) {
	found, err := x.distribution("cloudfront:UpdateDistribution")
	if err != nil {
		return nil, err
	}
	switch match := x.request.Header.Get("If-Match"); match {
	case "":
		return nil, refuse("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
	case found.ETag:
	default:
		return nil, &Error{
			Code: "PreconditionFailed", Status: http.StatusPreconditionFailed,
			Message: "The request failed because it didn't meet the preconditions in one or more request-header fields.",
		}
	}
	updated, err := checkUpdate(found.Config, string(x.body))
	if err != nil {
		return nil, err
	}
	if err := x.checkRights(updated); err != nil {
		return nil, err
	}
	found.SetConfig(strings.TrimPrefix(string(x.body), xml.Header), x.now)
	if err := world.SaveDistribution(x.server.options.Store, found); err != nil {
		return nil, err
	}
	x.header.Set("ETag", found.ETag)
	return viewDistribution(found, x.now), nil
}
